package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// replayCommand runs the app with a file in the meter's place.
func replayCommand(flags *flag.FlagSet) func(invocation) int {
	speed := flags.Float64("speed", 1, "how many `times` faster than it was; 0: as fast as possible")
	loop := flags.Bool("loop", false, "repeat until Ctrl-C")
	var slot string
	addMeter(flags, &slot)
	return func(call invocation) int {
		if len(call.args) == 0 || *speed < 0 {
			err := errors.New("give one file to replay (- is standard input), and a speed of 0 or more")
			return call.fail(exitCall, err)
		}
		name := call.args[0]
		c, err := readCapture(name, call.stdin)
		if err != nil {
			return call.fail(exitBad, err)
		}
		// A capture may be of a line without telegrams; any other file is a mistake.
		if c.Program == "" {
			if err := holdsMessage(c, name); err != nil {
				return call.fail(exitBad, err)
			}
		}
		port := source.Replay(filepath.Base(name), c.Records, *speed, *loop)
		data, err := replayFolder(call.environ)
		if err != nil {
			return call.fail(exitBad, fmt.Errorf("making a folder for state (or name one with SMARTMETER_DATA): %w", err))
		}
		defer os.RemoveAll(data)
		call.args = nil
		call.environ = append(slices.Clone(call.environ), dataVariable+data)
		return runApp(call, app.Deps{Replay: &port, ReplayAs: slot})
	}
}

// holdsMessage returns an error when there is no message of a meter in the
// capture, not even a damaged or an encrypted one.
func holdsMessage(c *capture.Capture, name string) error {
	var text bytes.Buffer
	for _, r := range c.Records {
		text.Write(r.Data)
	}
	d := decoder{
		out:      bufio.NewWriter(io.Discard),
		print:    func(io.Writer, decode.Message, error) {},
		failures: make(map[error]int),
	}
	if _, err := d.decode(&text, cipher.Keys{}); err != nil {
		return err
	}
	if !d.foundAny() {
		return d.noMessage(name)
	}
	return nil
}

const dataVariable = "SMARTMETER_DATA="

// replayFolder makes a folder for the state of a replay, whose totals must not
// mix with those of the real meter. It is inside the configured folder, if there
// is one: the image has no other.
func replayFolder(environ []string) (string, error) {
	within := ""
	for _, v := range environ {
		if name, set := strings.CutPrefix(v, dataVariable); set {
			within = name
		}
	}
	if within != "" {
		if err := os.MkdirAll(within, 0o755); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(within, "smartmeter-replay-*")
}
