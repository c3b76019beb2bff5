package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
)

// table prints a telegram for people: one line per value, with its meaning.
type table struct{ colour bool }

// The colours of a terminal (ECMA-48).
const (
	red         = "\x1b[31m"
	green       = "\x1b[32m"
	dim         = "\x1b[2m"
	plainColour = "\x1b[0m"
)

// isTerminal reports whether w is a terminal that may show colours
// (no-color.org).
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (t table) paint(colour, text string) string {
	if !t.colour {
		return text
	}
	return colour + text + plainColour
}

func (t table) print(out io.Writer, m decode.Message, err error) {
	e := explain.Of(m, err)
	standard := e.Standard
	if standard == "" {
		standard = "standard not recognised"
	}
	verdict := t.paint(green, "good")
	if e.Bad != "" {
		verdict = t.paint(red, "bad: "+e.Bad)
	}
	if m.Pushed == nil {
		fmt.Fprintf(out, "/%s\n", e.Header)
	}
	fmt.Fprintf(out, "%s, checksum %s: %s\n\n", standard, e.Checksum, verdict)
	var text bytes.Buffer
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "OBIS\tMEANING\tVALUE\tUNIT\tNOTES")
	for _, e := range e.Entries {
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\n", e.OBIS, e.Meaning, e.Value, e.Unit, strings.Join(e.Notes, ", "))
	}
	_ = columns.Flush() // a bytes.Buffer takes all
	line := 0
	for row := range strings.Lines(text.String()) {
		row = strings.TrimRight(row, " \n")
		if line > 0 && !e.Entries[line-1].Known {
			row = t.paint(dim, row)
		}
		fmt.Fprintln(out, row)
		line++
	}
	fmt.Fprintln(out)
}
