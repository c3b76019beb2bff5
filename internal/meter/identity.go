package meter

import (
	"encoding/hex"
	"strings"
)

// Identity is which meter of the household speaks in a part of a reading: what
// the household stage decided, once and for every output. What the telegram
// prints beside it (Reading.EquipmentID, Channel.ID) can be damaged, or that of
// a meter that does not count yet.
type Identity struct {
	Slot    uint8  // 1: the first meter of its kind, 2: the second; 0: it has no slot, and no entity shows it
	Meter   uint32 // number of the meter in its slot, from 1; another number is another meter
	ID      string // equipment identifier that counts, as printed; empty: the meter has none
	Rival   bool   // the telegram names another meter, which does not count yet
	Booting bool   // its clock is not set, as after a boot: nothing here is evidence of another meter or total
}

// Identifier returns the electricity meter's equipment identifier: the one that
// counts, or the printed one where none counts (yet).
func (r *Reading) Identifier() string {
	if r.Meter.ID != "" {
		return r.Meter.ID
	}
	return r.EquipmentID
}

// Identifier returns the M-Bus meter's equipment identifier, as that of Reading.
func (c *Channel) Identifier() string {
	if c.Meter.ID != "" {
		return c.Meter.ID
	}
	return c.ID
}

// fewestDigits is how many bytes an identifier of digits alone has at least to
// be read as text: fewer could be a plain number whose digits look like it.
const fewestDigits = 6

// Label returns an equipment identifier as the meter's label prints it. Most
// telegrams print the label's text as hex digits; what is not such a text stays
// as it is: 12345678 is none, because no label has the byte 12.
func Label(id string) string {
	decoded, err := hex.DecodeString(id)
	if err != nil {
		return id
	}
	digits, letters := 0, 0
	for _, c := range decoded {
		switch {
		case c < ' ' || c > '~':
			return id
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			letters++
		}
	}
	text := strings.TrimSpace(string(decoded))
	if letters == 0 && (digits < fewestDigits || digits < len(text)) {
		return id
	}
	return text
}

// shownDigits is how much of an identifier is shown where others may read it:
// enough to tell two meters apart.
const shownDigits = 4

// LastDigits returns the end of an equipment identifier, as it stands on the
// meter's label: what log, page and commands show of it.
func LastDigits(id string) string {
	id = Label(id)
	return id[max(0, len(id)-shownDigits):]
}
