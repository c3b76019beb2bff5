package main

import (
	"fmt"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// describe prints which meter it is and what it reports.
func (c *checking) describe(row func(name, format string, args ...any)) {
	r := &c.reading
	standard := r.Standard
	if standard == "" {
		standard = "standard not recognised"
	}
	if r.Version != "" {
		standard += ", version " + explain.Printable([]byte(r.Version))
	}
	if r.Header == "" { // only P1 has one
		row("meter", "%s", standard)
	} else {
		row("meter", "%s (%s)", explain.Printable([]byte(r.Header)), standard)
	}
	if r.EquipmentID != "" {
		row("identifier", "%s", shortened(r.EquipmentID))
	}
	sum := "none: this meter sends none"
	if r.Checksum == meter.ChecksumValid {
		sum = "right"
	}
	row("checksum", "%s", sum)
	if !r.Time.IsZero() {
		row("its clock", "%s", strings.Replace(r.Time.String(), "T", " ", 1))
	}
	name := "reports"
	for line := range wrapped(quantities(&r.Values), 90) {
		row(name, "%s", line)
		name = ""
	}
	if r.Header == "" && !c.total {
		row("totals", "none yet: such a meter mostly sends them in a list of its own, once an hour")
	}
	for i := range r.Channels {
		if ch := &r.Channels[i]; ch.Type != 0 || ch.ID != "" {
			row(fmt.Sprintf("M-Bus %d", i+1), "%s", channel(ch))
		}
	}
}

func quantities(v *meter.Values) (names []string) {
	for q := range meter.NumQuantities {
		if value, ok := v.Get(q); ok {
			unit := meter.Quantities[q].Unit.String()
			names = append(names, strings.TrimSpace(meter.Quantities[q].Help()+": "+value.String()+" "+unit))
		}
	}
	return names
}

// wrapped joins words to lines of at most the given width.
func wrapped(words []string, width int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		line := ""
		for i, word := range words {
			if i < len(words)-1 {
				word += ";"
			}
			if line != "" && len(line)+1+len(word) > width {
				if !yield(line) {
					return
				}
				line = ""
			}
			line = strings.TrimSpace(line + " " + word)
		}
		if line != "" {
			yield(line)
		}
	}
}

func channel(ch *meter.Channel) string {
	text := fmt.Sprintf("%s (type %s)", ch.Type, explain.Printable([]byte(ch.TypeText)))
	if ch.ID != "" {
		text += ", identifier " + shortened(ch.ID)
	}
	if ch.Unit == meter.UnitNone {
		return text + ", no reading yet"
	}
	return fmt.Sprintf("%s, %s %s at %s", text, ch.Value, ch.Unit, strings.Replace(ch.Time.String(), "T", " ", 1))
}

// shortened returns the part of an identifier that may be shown: people post
// the output of a check in forums.
func shortened(id string) string { return "..." + explain.Printable([]byte(meter.LastDigits(id))) }
