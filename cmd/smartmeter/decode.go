package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// decodeCommand explains the telegrams in files or on standard input. The exit
// code is exitBad when one of them is bad or a file has none.
func decodeCommand(flags *flag.FlagSet) func(invocation) int {
	asJSON := flags.Bool("json", false, "print one JSON object for each telegram")
	key := flags.String("key", "", "key of an encrypting meter, 32 hex `digits`")
	aad := flags.String("aad", "", "additional authenticated data, hex `digits`: 30 and the authentication key")
	return func(call invocation) int {
		keys, err := parseKeys(*key, cmp.Or(*aad, config.DefaultAAD))
		if err != nil {
			return call.fail(exitCall, err)
		}
		print := table{colour: isTerminal(call.stdout)}.print
		if *asJSON {
			print = printJSON
		}
		out := bufio.NewWriter(call.stdout)
		names := call.args
		if len(names) == 0 {
			names = []string{"-"}
		}
		code := exitGood
		for _, name := range names {
			// Captures may be of any age, so each file's frame counters are new.
			d := decoder{out: out, print: print, failures: map[error]int{}}
			if !d.file(call, name, keys) {
				code = exitBad
			}
		}
		return code
	}
}

// file explains one file, prints what is wrong with it, and reports whether all
// of it is good.
func (d *decoder) file(call invocation, name string, keys cipher.Keys) (good bool) {
	in := call.stdin
	if name == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			call.fail(exitBad, err)
			return false
		}
		defer f.Close()
		in = f
	}
	frames, err := d.decode(capture.Plain(in), keys)
	for cause, n := range d.failures {
		what := "frame"
		if isCipher(cause) {
			what = "encrypted frame"
		}
		if cause == cipher.ErrKey {
			cause = fmt.Errorf("%w: compare -key with what the grid operator sent, digit by digit", cause)
		}
		call.fail(exitBad, fmt.Errorf("%s: %s: %w", name, count(n, what), cause))
	}
	if d.title != "" {
		call.fail(exitBad, fmt.Errorf("%s: the meter with the system title %s encrypts: "+
			"ask the grid operator for its key, then use -key", name, d.title))
	}
	if frames.Repeats > 0 {
		call.fail(exitBad, fmt.Errorf("%s: left out as a repeat: %s", name, count(int(frames.Repeats), "encrypted frame")))
	}
	switch {
	case err != nil:
		call.fail(exitBad, fmt.Errorf("reading %s: %w", name, err))
	case !d.foundAny():
		call.fail(exitBad, d.noMessage(name))
	}
	return err == nil && d.found > 0 && d.good == d.found && len(d.failures) == 0
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// noMessage says that there was none, and what there was of one.
func (d *decoder) noMessage(name string) error {
	if d.parts > 0 {
		return fmt.Errorf("%s holds no whole message of a meter: %s came, but a part of the message is missing; "+
			"capture for longer (smartmeter capture -for 5m)", name, count(int(d.parts), "whole frame"))
	}
	return fmt.Errorf("%s holds no message of a meter: no line that begins with \"/\", "+
		"and no whole frame of HDLC, M-Bus or SML", name)
}

func parseKeys(key, aad string) (cipher.Keys, error) {
	k, err := cipher.ParseKey(key)
	if err != nil {
		return cipher.Keys{}, fmt.Errorf("-key: %w", err)
	}
	a, err := cipher.ParseAAD(aad)
	if err != nil {
		return cipher.Keys{}, fmt.Errorf("-aad: %w", err)
	}
	return cipher.Keys{Key: k, AAD: a}, nil
}

// printer prints a message; err is why its reading must not be trusted.
type printer func(out io.Writer, m decode.Message, err error)

// decoder explains the telegrams of a file.
type decoder struct {
	out   *bufio.Writer
	print printer

	found, good int
	failures    map[error]int // frames that gave no message, by cause
	title       string        // of a meter that encrypts, in hexadecimal
	parts       uint64        // whole frames that completed no message
}

// causes are the errors by which failed frames are counted.
var causes = []error{
	cipher.ErrNoKey, cipher.ErrKey, cipher.ErrFrame, cipher.ErrUnverified,
	dsmr.ErrChecksum, dsmr.ErrDamaged, decode.ErrLayout,
}

// foundAny reports whether there was a message, whatever became of it.
func (d *decoder) foundAny() bool { return d.found > 0 || len(d.failures) > 0 }

func (d *decoder) fail(m decode.Message) {
	cause := m.Err
	for _, known := range causes {
		if errors.Is(m.Err, known) {
			cause = known
		}
	}
	d.failures[cause]++
	if m.Title != nil {
		d.title = fmt.Sprintf("%X", m.Title)
	}
}

func isCipher(cause error) bool {
	return slices.Index(causes, cause) >= 0 && slices.Index(causes, cause) < 4
}

func (d *decoder) decode(file io.Reader, keys cipher.Keys) (cipher.Stats, error) {
	r, values := decode.NewReader(decode.Options{Keys: keys}), derive.Deriver{Zone: time.Local}
	r.Reset(file)
	for header := ""; ; {
		m, more := r.Next()
		switch {
		case !more:
			d.parts = r.Parts()
			return r.Frames(), r.Err()
		case m.Reading == nil:
			if m.Err != nil {
				d.fail(m)
			}
			continue
		}
		// A file may have telegrams of several meters.
		err := m.Err
		if h := m.Reading.Header; h != header && errors.Is(err, dsmr.ErrDamaged) {
			err = alone(m.Telegram)
		}
		header = m.Reading.Header
		if err == nil {
			values.Apply(m.Reading)
		} else { // the app drops it: the next reading must not depend on it
			aside := values
			aside.Apply(m.Reading)
		}
		d.print(d.out, m, err)
		d.found++
		if err == nil {
			d.good++
		}
		if err := d.out.Flush(); err != nil { // a live stream shows each telegram at once
			return r.Frames(), err
		}
	}
}

// alone returns the error of a telegram that is read without those before it.
func alone(t frame.Telegram) error {
	_, err := new(dsmr.Parser).Parse(t, time.Now())
	return err
}

// printJSON prints a message as one line: its kind, its objects as they were
// sent, and its reading as on the JSON socket.
func printJSON(out io.Writer, m decode.Message, _ error) {
	line := append([]byte(`{"checksum":"`), m.Reading.Checksum.String()...)
	line = append(line, '"')
	if m.Telegram.Truncated {
		line = append(line, `,"truncated":true`...)
	}
	line = meter.AppendText(append(line, `,"header":`...), m.Reading.Header)
	line = meter.AppendText(append(line, `,"protocol":`...), m.Protocol())
	line = append(line, `,"objects":[`...)
	first := true
	for o := range m.Objects() {
		if !first {
			line = append(line, ',')
		}
		first = false
		line = meter.AppendText(append(line, `{"obis":`...), o.OBIS)
		line = append(line, `,"values":[`...)
		for i, v := range o.Values {
			if i > 0 {
				line = append(line, ',')
			}
			line = meter.AppendText(line, v)
		}
		line = append(line, `]}`...)
	}
	line = append(line, `],"reading":`...)
	line = append(m.Reading.AppendJSON(line, time.Local), '}', '\n')
	_, _ = out.Write(line) // bufio keeps the error for Flush
}
