// Package explain says what the lines of a telegram mean, for people: the
// decode command prints it, the page shows it.
package explain

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Telegram is a telegram explained. All its texts are printable.
type Telegram struct {
	Header   string `json:"header"`             // without its "/"
	Standard string `json:"standard,omitempty"` // "DSMR 5.0"; empty: not recognised
	Checksum string `json:"checksum"`           // valid, invalid or absent
	Bad      string `json:"bad,omitempty"`      // why it gives no reading; empty: it does

	Cause   diagnosis.Cause `json:"-"`       // of Bad
	Entries []Entry         `json:"entries"` // in the order of the telegram
}

// Entry is a number of a telegram, or an object that has none.
type Entry struct {
	OBIS    string   `json:"obis"`    // empty: it belongs to the object before
	Meaning string   `json:"meaning"` // empty as well
	Known   bool     `json:"known"`   // the program knows the object
	Value   string   `json:"value"`   // with as many decimals as the meter prints
	Unit    string   `json:"unit,omitempty"`
	Notes   []string `json:"notes,omitempty"` // times, decoded text, what a code stands for
}

// Text explains the first telegram of a text; false when there is none. lax
// is for a meter that is known to send wrong checksums.
func Text(text []byte, lax bool, received time.Time) (Telegram, bool) {
	r := decode.NewReader(decode.Options{Lax: lax, Now: func() time.Time { return received }})
	r.Reset(bytes.NewReader(text))
	for {
		m, more := r.Next()
		if !more {
			return Telegram{}, false
		}
		if m.Reading != nil {
			return Of(m, m.Err), true
		}
	}
}

// Of explains a message; err is why its reading must not be trusted.
func Of(m decode.Message, err error) Telegram {
	e := Telegram{
		Header: Printable([]byte(m.Reading.Header)), Standard: m.Reading.Standard, Checksum: m.Reading.Checksum.String(), Entries: []Entry{},
	}
	if err != nil {
		e.Bad, e.Cause = err.Error(), decode.CauseOf(err)
	}
	for o := range m.Objects() {
		e.Entries = append(e.Entries, entries(o)...)
	}
	return e
}

// entries makes a line of every number of an object; what stands before it,
// times for the most part, are its notes.
func entries(o dsmr.Object) []Entry {
	meaning, known := dsmr.Meaning(o.OBIS)
	if !known {
		meaning = "? unknown object"
	}
	list := []Entry{{OBIS: Printable(o.OBIS), Meaning: meaning, Known: known}}
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
			list = append(list, Entry{Known: known})
		}
		e := &list[len(list)-1]
		e.Value, e.Unit, e.Notes = number, unit, notes
		filled, notes = true, nil
	}
	last := &list[len(list)-1]
	last.Notes = append(last.Notes, notes...)
	if note := state(o.OBIS, last.Value); note != "" {
		last.Notes = append(last.Notes, note)
	}
	return list
}

// state returns what a code stands for.
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
	v, left, isNumber := dsmr.Number(text)
	if !isNumber || len(left) > 0 || !bytes.Contains(text, []byte(".")) && len(text) >= 12 {
		return "", "", false
	}
	// As many decimals as the meter prints: they show its resolution.
	number = strings.TrimLeft(string(text), " ")
	if v.Sign() < 0 {
		return number, Printable(bytes.TrimSpace(rest)), true
	}
	number = strings.TrimLeft(number, "0")
	if number == "" || number[0] == '.' {
		number = "0" + number
	}
	return number, Printable(bytes.TrimSpace(rest)), true
}

// explain makes a note of what is no number: a time is written as one, hex text
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
		return Printable(bracket) + " = " + Printable(bytes.TrimSpace(text))
	}
	return Printable(bracket)
}

// Printable keeps a terminal safe from what a telegram may hold.
func Printable(p []byte) string {
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
