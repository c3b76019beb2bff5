package decode

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/sml"
)

// Hint is what the last messages of DLMS or SML showed beside their readings.
type Hint uint8

// The hints.
const (
	NoHint    Hint = iota
	Locked         // the meter sends whole kilowatt-hours and no power
	Doubtful       // values contradict each other
	Undecided      // nobody knows the unit of the registers
)

// steady is how many messages in a row must show a hint, or no longer show it:
// a register has a whole number of kilowatt-hours now and then, and a load may
// change between the moments at which a meter takes power and current.
const steady = 5

// hints watches messages for hints.
type hints struct {
	hint   Hint
	detail string
	next   Hint // of the last messages
	run    int  // how many of these there were
}

func (h *hints) see(next Hint, detail string) {
	if next != h.next {
		h.next, h.run = next, 0
	}
	if h.run++; h.run >= steady && next != h.hint {
		h.hint, h.detail = next, detail
	}
}

// hintOf returns what a message shows.
func (r *Reader) hintOf(m *cosem.Message) (Hint, string) {
	switch doubts := r.pushes.reader.Doubts(); {
	case len(doubts) > 0:
		return Doubtful, ": " + doubts[0].String()
	case r.pushes.reader.Scale.WattHours(m) == 0 && m.EnergyScale == cosem.ScaleUndecided:
		return Undecided, ""
	case m.Protocol == "sml" && sml.Locked(m):
		return Locked, ""
	}
	return NoHint, ""
}

// Hinting reports whether the last messages showed something else than Hint says,
// which more of them will prove or not.
func (r *Reader) Hinting() bool { return r.pushes.hints.next != r.pushes.hints.hint }

// Unit returns what was decided of the unit that the totals count in, where the
// meter's messages do not tell.
func (r *Reader) Unit() cosem.EnergyState { return r.pushes.reader.Scale.State() }

// RestoreUnit takes up what Unit returned in another run.
func (r *Reader) RestoreUnit(s cosem.EnergyState) { r.pushes.reader.Scale.Restore(s) }

// Hint returns what the last messages showed, and the numbers that contradict
// each other where that is it.
func (r *Reader) Hint() (Hint, string) { return r.pushes.hints.hint, r.pushes.hints.detail }
