package status

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
)

// WriteText writes the snapshot for people, a few lines for a terminal.
func (s *Snapshot) WriteText(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	for _, l := range s.Each() {
		if len(s.Lines) > 0 {
			row("slot", "%s", l.Slot)
		}
		l.writeText(row, s.Time)
		if len(s.Lines) > 0 {
			fmt.Fprintln(w)
		}
	}
	row("program", "version %s, running for %v", s.Version, age(s.Started, s.Time))
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\noutput\tclients\tsent\tdropped\terrors\tlast success\tlast error\n")
	for _, o := range s.Outputs {
		clients, success := "-", "never"
		if o.Clients != nil {
			clients = fmt.Sprint(*o.Clients)
		}
		if o.LastSuccess != nil && o.Sent > 0 { // to open a port is one, too
			success = fmt.Sprintf("%v ago", age(*o.LastSuccess, s.Time))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\n", o.Name, clients, o.Sent, o.Dropped, o.Errors, success, quiet.Printable(o.LastError))
	}
	return w.Flush()
}

// writeText writes a row for each thing that there is to know of a line.
func (l *Line) writeText(row func(name, format string, args ...any), now time.Time) {
	row("verdict", "%s", l.verdict(now))
	if l.Verdict.Next != "" {
		row("next step", "%s", l.Verdict.Next)
	}
	row("source", "%s", l.source(now))
	if m := l.Meter; m != nil {
		row("meter", "%s", m.text())
	}
	row("telegrams", "%s", l.telegrams(now))
	row("bytes", "%d, %d of them outside telegrams", l.Counters.Bytes, l.Counters.Skipped)
	if l.Counters.Held > 0 {
		row("held totals", "%d", l.Counters.Held)
	}
}

// age is how long ago something was.
func age(t, now time.Time) time.Duration { return now.Sub(t).Round(time.Second) }

func (l *Line) verdict(now time.Time) string {
	text := l.Verdict.Name + ": " + l.Verdict.Text
	if l.Verdict.Share > 0 {
		text += fmt.Sprintf(" (%d %% of the telegrams)", l.Verdict.Share)
	}
	return text + fmt.Sprintf(", for %v", age(l.Verdict.Since, now))
}

func (l *Line) source(now time.Time) string {
	source := &l.Source
	if source.State == None {
		return "none is set"
	}
	text := source.Kind + " " + source.Name
	if source.Mode != "" {
		text += ", " + source.Mode
	}
	state := string(source.State)
	if source.State == Opened {
		state = "open"
	}
	text += fmt.Sprintf(", %s for %v", state, age(source.Since, now))
	if source.Cause != "" {
		text += " (" + quiet.Printable(source.Cause) + ")"
	}
	if source.Reconnects == 1 {
		return text + ", opened again once"
	}
	return text + fmt.Sprintf(", opened again %d times", source.Reconnects)
}

func (m *Meter) text() string {
	text := cmp.Or(m.Header, m.Standard) // only P1 has a header
	if m.Version != "" {
		text += ", version " + m.Version
	}
	if m.Serial != "" {
		text += ", number ..." + m.Serial
	}
	return quiet.Printable(text)
}

func (l *Line) telegrams(now time.Time) string {
	c := &l.Counters
	text := fmt.Sprintf("%d good", c.Telegrams)
	if last := l.Source.Last; last != nil {
		text += fmt.Sprintf(", the last %v ago", age(*last, now))
	}
	if c.Interval > 0 {
		text += fmt.Sprintf(", one every %.3g s", c.Interval)
	}
	if c.Bad() == 0 {
		return text
	}
	var kinds []string
	for _, cause := range diagnosis.Counted() {
		if n := c.Rejected[cause]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %d", cause.Count(), n))
		}
	}
	return text + fmt.Sprintf("; %d bad (%s)", c.Bad(), strings.Join(kinds, ", "))
}
