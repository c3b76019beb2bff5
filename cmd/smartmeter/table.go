package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// table prints a telegram for a person: a line a value, with what it means.
type table struct{ colour bool }

// The colours of a terminal (ECMA-48).
const (
	red         = "\x1b[31m"
	green       = "\x1b[32m"
	dim         = "\x1b[2m"
	plainColour = "\x1b[0m"
)

// isTerminal tells whether w is looked at, and colours are not unwanted
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

// entry is a line of the table.
type entry struct {
	obis, meaning, value, unit string
	notes                      []string
}

func (t table) print(out io.Writer, telegram dsmr.Telegram, r *meter.Reading, err error) {
	standard := r.Standard
	if standard == "" {
		standard = "standard not recognised"
	}
	verdict := t.paint(green, "good")
	if err != nil {
		verdict = t.paint(red, "bad: "+err.Error())
	}
	fmt.Fprintf(out, "/%s\n%s, checksum %s: %s\n\n", printable([]byte(r.Header)), standard, telegram.Checksum, verdict)
	var text bytes.Buffer
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "OBIS\tMEANING\tVALUE\tUNIT\tNOTES")
	unknown := map[int]bool{} // lines of the table
	line := 0
	for o := range dsmr.Objects(telegram.Body()) {
		_, known := dsmr.Meaning(o.OBIS)
		for _, e := range entries(o) {
			fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\n", e.obis, e.meaning, e.value, e.unit, strings.Join(e.notes, ", "))
			line++
			unknown[line] = !known
		}
	}
	_ = columns.Flush() // a bytes.Buffer takes all
	line = 0
	for row := range strings.Lines(text.String()) {
		row = strings.TrimRight(row, " \n")
		if unknown[line] {
			row = t.paint(dim, row)
		}
		fmt.Fprintln(out, row)
		line++
	}
	fmt.Fprintln(out)
}

// entries makes a line of every number of an object; what stands before it,
// times for the most part, are its notes.
func entries(o dsmr.Object) []entry {
	meaning, known := dsmr.Meaning(o.OBIS)
	if !known {
		meaning = "? unknown object"
	}
	list := []entry{{obis: printable(o.OBIS), meaning: meaning}}
	filled := false
	var notes []string
	for _, bracket := range o.Values {
		number, unit, isNumber := quantity(bracket)
		if !isNumber || len(o.Values) > 1 && unit == "" && !strings.Contains(number, ".") {
			if note := explain(bracket); note != "" {
				notes = append(notes, note)
			}
			continue
		}
		if last := len(notes) - 1; unit == "" && last >= 0 {
			// DSMR 2 and 3 print the unit in a bracket of its own.
			if _, _, ok := meter.ParseUnit(notes[last]); ok {
				unit, notes = notes[last], notes[:last]
			}
		}
		if filled {
			list = append(list, entry{})
		}
		e := &list[len(list)-1]
		e.value, e.unit, e.notes = number, unit, notes
		filled, notes = true, nil
	}
	last := &list[len(list)-1]
	last.notes = append(last.notes, notes...)
	if note := state(o.OBIS, last.value); note != "" {
		last.notes = append(last.notes, note)
	}
	return list
}

// state tells what a code stands for.
func state(obis []byte, value string) string {
	id, _, _ := strings.Cut(string(obis), "*")
	code, err := strconv.ParseUint(value, 10, 8)
	switch {
	case strings.HasSuffix(id, ":17.0.0"), strings.HasSuffix(id, "1.4.0") && strings.HasPrefix(value, "99"):
		if strings.Trim(value, "9.0") == "" && strings.HasPrefix(value, "99") {
			return "no limit"
		}
	case err != nil:
	case strings.HasSuffix(id, ":24.1.0"):
		return meter.DeviceType(code).String()
	case strings.HasSuffix(id, ":96.3.10"):
		return choice(code, "disconnected", "connected", "ready to be connected")
	case strings.HasSuffix(id, ":24.4.0"):
		return choice(code, "closed", "open", "ready to be opened")
	}
	return ""
}

func choice(code uint64, names ...string) string {
	if code < uint64(len(names)) {
		return names[code]
	}
	return ""
}

// quantity splits "002000.123*kWh"; leading zeros go. Twelve digits and more
// without a point are a time or an identifier.
func quantity(bracket []byte) (number, unit string, ok bool) {
	text, rest, starred := bytes.Cut(bracket, []byte("*"))
	if !starred {
		end := len(text)
		for end > 0 && (text[end-1] > '9' || text[end-1] == ' ') { // "221.2V"
			end--
		}
		if _, _, known := meter.ParseUnit(text[end:]); known {
			text, rest = text[:end], text[end:]
		}
	}
	v, err := meter.ParseValue(text)
	if err != nil || !bytes.Contains(text, []byte(".")) && len(text) >= 12 {
		return "", "", false
	}
	// As many decimals as the meter prints: they tell its resolution.
	number = strings.TrimLeft(string(text), "0")
	if number == "" || number[0] == '.' {
		number = "0" + number
	}
	if v.Sign() < 0 {
		number = string(text)
	}
	return number, printable(bytes.TrimSpace(rest)), true
}

// explain makes a note of what is no number: a time is told as one, hex text
// is decoded beside its digits.
func explain(bracket []byte) string {
	if len(bracket) == 0 {
		return ""
	}
	if stamp, ok := dsmr.ParseTimestamp(bracket); ok {
		text := strings.Replace(stamp.String(), "T", " ", 1)
		switch summer, known := stamp.Summer(); {
		case summer:
			return text + " summer time"
		case known:
			return text + " standard time"
		}
		return text
	}
	if text, ok := dsmr.HexText(bracket); ok && len(bracket) >= 8 {
		return printable(bracket) + " = " + printable(bytes.TrimSpace(text))
	}
	return printable(bracket)
}

// printable keeps a terminal safe from what a telegram may hold.
func printable(p []byte) string {
	if len(p) > 80 {
		p = append(p[:77:77], "..."...)
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(p))
}
