package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// replay runs the app with a file in the meter's place.
func replay(args, environ []string, stdin io.Reader, stderr io.Writer) int {
	flags := flag.NewFlagSet("smartmeter replay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	speed := flags.Float64("speed", 1, "how many `times` faster than it was; 0: as fast as possible")
	loop := flags.Bool("loop", false, "repeat until Ctrl-C")
	if err := flags.Parse(args); err != nil {
		return parsed(err)
	}
	if flags.NArg() != 1 || *speed < 0 {
		fmt.Fprintln(stderr, "smartmeter: give one file to replay (- is standard input), and a speed of 0 or more")
		return exitCall
	}
	name, in := flags.Arg(0), stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			fmt.Fprintf(stderr, "smartmeter: %v\n", err)
			return exitBad
		}
		defer f.Close()
		in = f
	}
	c, err := capture.Read(in)
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: reading %s: %v\n", name, err)
		return exitBad
	}
	if len(c.Records) == 0 {
		fmt.Fprintf(stderr, "smartmeter: %s is empty: there is nothing to replay\n", name)
		return exitBad
	}
	port := source.Replay(filepath.Base(name), c.Records, *speed, *loop)
	data, err := replayFolder(environ)
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: making a folder for state (or name one with SMARTMETER_DATA): %v\n", err)
		return exitBad
	}
	defer os.RemoveAll(data)
	environ = append(slices.Clone(environ), dataVariable+data)
	return runApp(environ, stderr, app.Deps{Replay: &port})
}

const dataVariable = "SMARTMETER_DATA="

// replayFolder makes a folder for the state of a replay: what another meter's
// totals were must not be remembered as this one's. It is within the folder
// that is set, where there is one, as in the image, which has no other.
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
