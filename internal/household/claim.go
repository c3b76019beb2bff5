package household

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// claim is the identifier that counts in a slot, beside one that wants to and
// one that did.
type claim struct {
	id     string // empty: none was said yet
	meter  uint32 // number of the meter in the slot, less one
	last   uint32 // highest number that was given, less one
	rival  rival
	former former
}

// rival is an identifier that was said instead of the one that counts.
type rival struct {
	id        string
	since     time.Time
	telegrams int
}

// former is the identifier that counted before.
type former struct {
	id    string
	meter uint32
	left  time.Time
}

// identity returns what a reading says of the meter whose identifier is printed
// as id.
func (c *claim) identity(slot uint8, id string, e evidence) meter.Identity {
	return meter.Identity{Slot: slot, Meter: c.meter + 1, ID: c.id, Rival: c.isRival(id), Booting: e.isBooting}
}

// isRival reports whether the identifier is not the one that counts.
func (c *claim) isRival(id string) bool { return id != c.id && c.id != "" && !isBlank(id) }

// hear takes the identifier that a telegram prints, and returns what becomes of
// it; 0 where there is nothing to tell.
func (c *claim) hear(id string, e evidence) Kind {
	switch {
	case id == c.id:
		if c.rival.telegrams > 0 {
			c.rival = rival{}
		}
		return 0
	case e.isBooting || isBlank(id):
		return 0
	}
	c.rival.hear(id, e.now)
	isRepeated := e.isChecked || c.rival.telegrams >= bareRepeats
	switch {
	case c.id == "":
		if isRepeated {
			c.id, c.rival = id, rival{}
			return Met
		}
	case isRepeated && id == c.former.id && e.now.Sub(c.former.left).Abs() <= returns:
		c.take(id, c.former.meter, e.now)
		return Replaced
	case c.rival.isSettled(e):
		c.take(id, c.last+1, e.now)
		return Replaced
	case c.rival.telegrams == e.telegrams():
		return Waits
	}
	return 0
}

// take makes another identifier the one that counts.
func (c *claim) take(id string, number uint32, now time.Time) {
	*c = claim{id: id, meter: number, last: max(c.last, number), former: former{c.id, c.meter, now}}
}

// hear counts a telegram that says the identifier.
func (r *rival) hear(id string, now time.Time) {
	if r.id != id || r.telegrams == 0 || now.Before(r.since) {
		*r = rival{id: id, since: now}
	}
	r.telegrams++
}

// isSettled reports whether the identifier was said often and long enough.
func (r *rival) isSettled(e evidence) bool {
	return r.telegrams >= e.telegrams() && e.now.Sub(r.since) >= Wait
}

// isBlank reports whether an identifier as printed, plain or in hex, is none:
// nothing but zeros, Fs or blanks.
func isBlank(id string) bool {
	plain, coded := true, len(id)%2 == 0
	for i := range len(id) {
		switch id[i] {
		case 0, ' ', '0', 'F', 'f', 0xFF:
		default:
			plain = false
		}
		if coded && i%2 == 1 {
			switch id[i-1 : i+1] {
			case "00", "20", "30", "46", "66", "FF", "ff": // NUL, blank, 0, F, f and all ones
			default:
				coded = false
			}
		}
	}
	return plain || coded
}
