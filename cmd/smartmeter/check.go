package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// enough is the number of telegrams, or of encrypted frames that cannot be
// opened, after which everything is known.
const enough = 3

// checkCommand prints what a line sends, which settings fit, which meter it is,
// and what to do next. The exit code is exitGood when readings arrive.
func checkCommand(flags *flag.FlagSet) func(invocation) int {
	var on lineFlags
	on.add(flags)
	return func(call invocation) int {
		m, keys, err := on.load(call.environ)
		if err != nil {
			return call.fail(exitCall, err)
		}
		line, err := on.choose(m, call.stdout)
		if err != nil {
			return call.fail(exitCall, err)
		}
		how := fmt.Sprintf("for at most %s; it stops as soon as everything is known", on.length)
		if on.length == 0 {
			how = "until everything is known, or Ctrl-C"
		}
		fmt.Fprintf(call.stdout, "Listening to %s %s.\n\n", line.port.Name, how)
		c := &checking{listener: newListener(m, keys), out: call.stdout}
		c.onBytes, c.onChange, c.onBad, c.onGood = c.heard, c.changed, c.dropped, c.telegram
		c.listen(line.port, on.length)
		c.report(&line, m, on.serial != "" || on.network != "")
		if c.good > 0 {
			return exitGood
		}
		return exitBad
	}
}

// checking is a check in progress.
type checking struct {
	listener
	out     io.Writer
	reading meter.Reading // the last good one
	first   time.Time     // when the first good one came
	total   bool          // a good telegram had a total of the energy
	locked  int           // encrypted frames that could not be opened
	said    bool          // it was printed that bytes arrive
}

func (c *checking) say(now time.Time, format string, args ...any) {
	fmt.Fprintf(c.out, "%5.1f s  %s\n", now.Sub(c.start).Seconds(), fmt.Sprintf(format, args...))
}

func (c *checking) enough() {
	c.known = true
	c.stop()
}

func (c *checking) changed(e source.Event, now time.Time) {
	switch e.State {
	case source.Opened:
		c.say(now, "the line is open")
	case source.Lost:
		c.said = false
		if !errors.Is(e.Err, source.ErrEnd) {
			c.say(now, "no data: %v", e.Err)
		}
	}
}

func (c *checking) heard(_ []byte, now time.Time) {
	if !c.said {
		c.said = true
		c.say(now, "bytes arrive")
	}
	if c.judge.Find(now).Cause.Hopeless() {
		c.enough()
	}
}

func (c *checking) dropped(cause error) {
	c.say(time.Now(), "a telegram is dropped: %v", cause)
	if errors.Is(cause, cipher.ErrNoKey) || errors.Is(cause, cipher.ErrKey) {
		if c.locked++; c.locked >= enough && c.good == 0 {
			c.enough()
		}
	}
}

func (c *checking) telegram(r *meter.Reading) {
	if c.good == 1 {
		c.first = r.Received
		if mode := c.source.Mode(); mode != "" {
			c.say(r.Received, "the meter speaks %s", mode)
		}
	}
	c.reading = *r
	c.total = c.total || r.Values.Has(meter.EnergyImportTotal) || r.Values.Has(meter.EnergyImportT1)
	c.say(r.Received, "a good telegram")
	if c.good >= enough && !c.hinting {
		c.enough()
	}
}

// report prints what was found.
func (c *checking) report(l *line, m chosen, flagged bool) {
	fmt.Fprintln(c.out)
	if c.known {
		fmt.Fprintf(c.out, "Everything is known after %s.\n\n", time.Since(c.start).Round(time.Second))
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("arrived", "%s", c.arrived())
	if c.good > 0 {
		c.describe(row)
	}
	c.settings(row, l, m, flagged)
	_ = w.Flush() // to standard output, or a buffer
	fmt.Fprintln(c.out)
	c.explain(c.out, l, m)
}

func (c *checking) arrived() string {
	text := fmt.Sprintf("%d bytes, %d good telegrams, %d bad", c.bytes, c.good, c.bad)
	if c.good > 1 {
		every := c.reading.Received.Sub(c.first) / time.Duration(c.good-1)
		text += fmt.Sprintf("; one every %.1f s", every.Seconds())
	}
	return text
}

// settings prints which options to set.
func (c *checking) settings(row func(name, format string, args ...any), l *line, m chosen, flagged bool) {
	device, lineMode, address := m.lineOptions()
	names := config.Names{}
	switch name, mode, serial := strings.Cut(l.port.Name, " ("); {
	case l.ofApp:
		row("settings", "those of the running app")
	case c.good == 0:
	case serial:
		mode = strings.TrimSuffix(mode, ")")
		if strings.HasPrefix(mode, "auto") {
			mode = "auto (it is " + c.mode + ")"
		}
		row("settings", "%s=%s, %s=%s%s", names.In(device), name, names.In(lineMode), mode, asGiven(flagged))
	default:
		row("settings", "%s=%s%s", names.In(address), name, asGiven(flagged))
	}
}

func asGiven(flagged bool) string {
	if flagged {
		return ""
	}
	return ", as they are"
}

// explain prints the cause and what to do next.
func (l *listener) explain(out io.Writer, on *line, m chosen) {
	found := l.judge.Find(time.Now())
	if l.good > 0 && found.Cause == diagnosis.Waiting {
		found.Cause = diagnosis.Good
	}
	stands := status.VerdictOf(found, config.Names{})
	if on.ofApp && l.good == 0 && (l.bytes == 0 || found.Cause == diagnosis.Waiting) {
		// The raw socket starts a client at a telegram, so the app knows more.
		if v, err := appVerdict(m); err == nil {
			stands = v
		}
	}
	fmt.Fprintf(out, "Verdict: %s.\n", stands.Text)
	if stands.Share > 0 && found.Cause == diagnosis.Degraded {
		fmt.Fprintf(out, "%d %% of the telegrams are damaged.\n", stands.Share)
	}
	next := stands.Next
	if l.busy {
		next += ". If that program is this app, listen to its raw socket: -network 127.0.0.1:3020"
	}
	if next == "" && l.good == 0 {
		next = "Listen for longer (-for 5m)"
	}
	if next != "" {
		if !strings.HasSuffix(next, "?") {
			next += "."
		}
		fmt.Fprintf(out, "Next: %s\n", next)
	}
}

// appVerdict asks the running app for its verdict.
func appVerdict(m chosen) (status.Verdict, error) {
	var s status.Snapshot
	text, err := ask(string(m.health), "/status")
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	l, _ := s.Find(m.Slot)
	return l.Verdict, err
}
