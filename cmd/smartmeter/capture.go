package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// captureCommand writes what arrives, or redacts a file. The exit code is
// exitBad when nothing arrived.
func captureCommand(flags *flag.FlagSet) func(invocation) int {
	var on lineFlags
	on.add(flags)
	redact := flags.Bool("redact", false, "replace what identifies the meter")
	last := flags.Bool("last", false, "use what the app has buffered of the last minutes")
	to := flags.String("o", "", "`file` to write to; none: standard output")
	return func(call invocation) int {
		if len(call.args) == 1 && *last {
			return call.fail(exitCall, errors.New("give a file or -last, not both"))
		}
		m, keys, err := on.load(call.environ)
		if err != nil {
			return call.fail(exitCall, err)
		}
		code := exitGood
		write := func(out io.Writer) error {
			switch {
			case len(call.args) == 1:
				return captureFile(call.args[0], call.stdin, *redact, keys, out)
			case *last:
				return captureLast(m, *redact, keys, out)
			}
			var err error
			code, err = captureLine(&on, m, *redact, keys, out, call.stderr)
			return err
		}
		if *to == "" || *to == "-" {
			err = write(call.stdout)
		} else {
			err = store.Replace(*to, 0o644, write)
		}
		switch {
		case err == nil:
			return code
		case errors.Is(err, errNothing): // said already, with the reason
			return exitBad
		case code == exitGood:
			code = exitBad
		}
		if errors.Is(err, capture.ErrEncrypted) { // it names an option
			err = errors.New(config.NamesFor(call.environ, meter.English).In(err.Error()))
		}
		return call.fail(code, err)
	}
}

// errNothing keeps an existing file from being replaced by an empty capture.
var errNothing = errors.New("nothing arrived")

// captureFile makes a capture from a file; see readCapture.
func captureFile(name string, stdin io.Reader, redact bool, keys cipher.Keys, out io.Writer) error {
	c, err := readCapture(name, stdin)
	if err != nil {
		return err
	}
	if c.Program == "" {
		c.Program = app.Program()
	}
	return writeCapture(c, redact, keys, out)
}

// readCapture reads a capture, raw bytes or encrypted frames in hex digits from
// a file; - is standard input.
func readCapture(name string, stdin io.Reader) (*capture.Capture, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	c, err := capture.Read(in)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return c, nil
}

func writeCapture(c *capture.Capture, redact bool, keys cipher.Keys, out io.Writer) error {
	if redact {
		var err error
		if c, err = c.Redact(keys); err != nil {
			return err
		}
	}
	return c.Write(out)
}

// captureLast asks the running app for what it has buffered.
func captureLast(m chosen, redact bool, keys cipher.Keys, out io.Writer) error {
	if m.health == "" {
		return errors.New("the running app cannot be asked: its health check is switched off (SMARTMETER_HEALTH=0)")
	}
	text, err := ask(string(m.health), "/capture?redact=no&meter="+m.Slot)
	if err != nil {
		return fmt.Errorf("asking the running app (without -last, this command listens itself): %w", err)
	}
	c, err := capture.Read(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("reading the app's answer: %w", err)
	}
	return writeCapture(c, redact, keys, out)
}

// captureLine listens and writes what arrives: at once, or at the end if it is
// redacted, because that needs all of it.
func captureLine(on *lineFlags, m chosen, redact bool, keys cipher.Keys, out, stderr io.Writer) (int, error) {
	line, err := on.choose(m, stderr)
	if err != nil {
		return exitCall, err
	}
	how := "for " + on.length.String() + "; Ctrl-C ends it earlier"
	if on.length == 0 {
		how = "until Ctrl-C"
	}
	fmt.Fprintf(stderr, "Capturing from %s %s.\n", line.port.Name, how)

	all := capture.Capture{Header: capture.Header{Made: time.Now(), Program: app.Program(), Source: line.port.Name}}
	l := newListener(m, keys)
	add := func(r capture.Record) { all.Records = append(all.Records, r) }
	var failed error
	if !redact {
		w, err := capture.NewWriter(out, all.Header)
		if err != nil {
			return exitBad, err
		}
		add = func(r capture.Record) {
			if err := w.Write(r); err != nil {
				failed = err
				l.stop()
			}
		}
	}
	l.onBytes = func(p []byte, now time.Time) {
		if redact && l.bytes > capture.MaxSize {
			failed = errors.New("too much to redact at once: capture for a shorter time")
			l.stop()
			return
		}
		add(capture.Record{At: now.Sub(l.start), Data: append([]byte(nil), p...)})
	}
	l.onChange = func(e source.Event, now time.Time) {
		switch e.State {
		case source.Opened:
			add(capture.Record{At: now.Sub(l.start), Kind: capture.Opened})
		case source.Lost:
			add(capture.Record{At: now.Sub(l.start), Kind: capture.Lost, Text: e.Err.Error()})
		}
	}
	l.onBad = func(cause error) {
		if redact && errors.Is(cause, cipher.ErrNoKey) { // no need to go on
			failed = capture.ErrEncrypted
			l.stop()
		}
	}
	l.listen(line.port, on.length)
	if failed != nil {
		return exitBad, failed
	}
	if redact {
		all.Source = l.source.Name()
		if err := writeCapture(&all, true, keys, out); err != nil {
			return exitBad, err
		}
	}
	fmt.Fprintf(stderr, "%d bytes in %s, %d good telegrams and %d bad.\n",
		l.bytes, time.Since(l.start).Round(time.Second), l.good, l.bad)
	if l.good == 0 {
		l.explain(stderr, &line, m)
	}
	if l.bytes == 0 {
		return exitBad, errNothing
	}
	return exitGood, nil
}
