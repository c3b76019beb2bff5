package status

import (
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
	row("verdict", "%s", s.verdict())
	if s.Verdict.Next != "" {
		row("next step", "%s", s.Verdict.Next)
	}
	row("source", "%s", s.source())
	if m := s.Meter; m != nil {
		row("meter", "%s", m.text())
	}
	row("telegrams", "%s", s.telegrams())
	row("bytes", "%d, %d of them outside of telegrams", s.Counters.Bytes, s.Counters.Skipped)
	if s.Counters.Held > 0 {
		row("held totals", "%d", s.Counters.Held)
	}
	row("program", "version %s, runs for %v", s.Version, s.age(s.Started))
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\noutput\tclients\tsent\tdropped\terrors\tlast success\tlast error\n")
	for _, o := range s.Outputs {
		clients, success := "-", "never"
		if o.Clients != nil {
			clients = fmt.Sprint(*o.Clients)
		}
		if o.LastSuccess != nil {
			success = fmt.Sprintf("%v ago", s.age(*o.LastSuccess))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\n", o.Name, clients, o.Sent, o.Dropped, o.Errors, success, quiet.Printable(o.LastError))
	}
	return w.Flush()
}

// age is how long ago something was.
func (s *Snapshot) age(t time.Time) time.Duration { return s.Time.Sub(t).Round(time.Second) }

func (s *Snapshot) verdict() string {
	text := s.Verdict.Name + ": " + s.Verdict.Text
	if s.Verdict.Share > 0 {
		text += fmt.Sprintf(" (%d %%)", s.Verdict.Share)
	}
	return text + fmt.Sprintf(", for %v", s.age(s.Verdict.Since))
}

func (s *Snapshot) source() string {
	source := &s.Source
	if source.State == None {
		return "none is set"
	}
	text := source.Kind + " " + source.Name
	if source.Mode != "" {
		text += ", " + source.Mode
	}
	text += fmt.Sprintf(", %s for %v", source.State, s.age(source.Since))
	if source.Cause != "" {
		text += " (" + quiet.Printable(source.Cause) + ")"
	}
	return text + fmt.Sprintf(", opened again %d times", source.Reconnects)
}

func (m *Meter) text() string {
	text := m.Header
	if m.Version != "" {
		text += ", version " + m.Version
	}
	if m.Serial != "" {
		text += ", number ..." + m.Serial
	}
	return quiet.Printable(text)
}

func (s *Snapshot) telegrams() string {
	c := &s.Counters
	text := fmt.Sprintf("%d good", c.Telegrams)
	if last := s.Source.Last; last != nil {
		text += fmt.Sprintf(", the last %v ago", s.age(*last))
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
