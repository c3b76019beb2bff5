package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// decode explains the telegrams of files or of standard input. It gives
// exitBad when one of them is bad or a file has none.
func decode(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("smartmeter decode", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print one JSON object a telegram")
	key := flags.String("key", "", "key of an encrypting meter, 32 hex `digits`")
	aad := flags.String("aad", config.DefaultAAD, "additional authenticated data, hex `digits`: 30 and the authentication key")
	if err := flags.Parse(args); err != nil {
		return parsed(err)
	}
	keys, err := parseKeys(*key, *aad)
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: %v\n", err)
		return exitCall
	}
	out := bufio.NewWriter(stdout)
	print := table{colour: isTerminal(stdout)}.print
	if *asJSON {
		print = printJSON
	}
	code := exitGood
	one := func(name string, r io.Reader) {
		// Captures may be of any age, so each file's frame counters are new.
		decrypter := dsmr.NewDecrypter(capture.Plain(r), keys)
		failures := map[error]int{}
		decrypter.Notify = func(n dsmr.Notice) { failures[n.Err]++ }
		found, good, err := decodeAll(decrypter, decrypter.Gap, out, print)
		delete(failures, nil) // how a frame was verified
		for cause, n := range failures {
			fmt.Fprintf(stderr, "smartmeter: %s: %d encrypted frames: %v\n", name, n, cause)
		}
		if repeats := decrypter.Stats().Repeats; repeats > 0 {
			fmt.Fprintf(stderr, "smartmeter: %s: %d encrypted frames were there before and are left out\n", name, repeats)
		}
		switch {
		case err != nil:
			fmt.Fprintf(stderr, "smartmeter: reading %s: %v\n", name, err)
		case found == 0 && len(failures) == 0:
			fmt.Fprintf(stderr, "smartmeter: %s holds no telegram: none of its lines begins with \"/\"\n", name)
		}
		if err != nil || found == 0 || good < found || len(failures) > 0 {
			code = exitBad
		}
	}
	if flags.NArg() == 0 {
		one("standard input", stdin)
	}
	for _, name := range flags.Args() {
		if name == "-" {
			one("standard input", stdin)
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			fmt.Fprintf(stderr, "smartmeter: %v\n", err)
			code = exitBad
			continue
		}
		one(name, f)
		if err := f.Close(); err != nil {
			fmt.Fprintf(stderr, "smartmeter: %v\n", err)
		}
	}
	return code
}

func parseKeys(key, aad string) (dsmr.Keys, error) {
	k, err := dsmr.ParseKey(key)
	if err != nil {
		return dsmr.Keys{}, fmt.Errorf("-key: %w", err)
	}
	a, err := dsmr.ParseAAD(aad)
	if err != nil {
		return dsmr.Keys{}, fmt.Errorf("-aad: %w", err)
	}
	return dsmr.Keys{Key: k, AAD: a}, nil
}

type printer func(io.Writer, dsmr.Telegram, *meter.Reading, error)

func decodeAll(r io.Reader, gap func() bool, out *bufio.Writer, print printer) (found, good int, err error) {
	s, p, d := dsmr.NewScanner(r), new(dsmr.Parser), derive.Deriver{Zone: time.Local}
	s.Gap = gap
	for header := ""; s.Scan(); {
		// A file may have telegrams of several meters.
		if h := string(s.Telegram().Header()); h != header {
			header, p = h, new(dsmr.Parser)
		}
		reading, err := p.Parse(s.Telegram(), time.Now())
		if err == nil {
			d.Apply(reading)
		} else { // the app drops it: the next reading must not depend on it
			aside := d
			aside.Apply(reading)
		}
		print(out, s.Telegram(), reading, err)
		found++
		if err == nil {
			good++
		}
		if err := out.Flush(); err != nil { // who reads a live stream wants each telegram at once
			return found, good, err
		}
	}
	return found, good, s.Err()
}

func printJSON(out io.Writer, t dsmr.Telegram, r *meter.Reading, _ error) {
	line := append([]byte(`{"checksum":"`), t.Checksum.String()...)
	line = append(line, '"')
	if t.Truncated {
		line = append(line, `,"truncated":true`...)
	}
	line = meter.AppendText(append(line, `,"header":`...), r.Header)
	line = append(line, `,"objects":[`...)
	first := true
	for o := range dsmr.Objects(t.Body()) {
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
	line = append(r.AppendJSON(line, time.Local), '}', '\n')
	_, _ = out.Write(line) // bufio keeps the error for Flush
}
