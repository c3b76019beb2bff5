package decode

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/sml"
)

// steady is how many messages in a row must show a hint, or no longer show it:
// a register has a whole number of kilowatt-hours now and then, and a load may
// change between the moments at which a meter takes power and current.
const steady = 5

// hints watches messages of DLMS or SML for what they show beside their readings:
// a cause that is a hint, or diagnosis.Waiting for nothing. The zero hints has
// seen nothing.
type hints struct {
	hint   diagnosis.Cause
	detail string
	next   diagnosis.Cause // of the last messages
	run    int             // how many of these there were
}

// record takes what a message shows.
func (h *hints) record(next diagnosis.Cause, detail string) {
	if next != h.next {
		h.next, h.run = next, 0
	}
	if h.run++; h.run >= steady && next != h.hint {
		h.hint, h.detail = next, detail
	}
}

// hintOf returns what a message shows.
func (r *Reader) hintOf(m *cosem.Message) (diagnosis.Cause, string) {
	switch doubts := r.pushes.reader.Doubts(); {
	case len(doubts) > 0:
		return diagnosis.Scale, ": " + doubts[0].String()
	case r.pushes.reader.Scale.WattHours(m) == 0 && m.EnergyScale == cosem.ScaleUndecided:
		return diagnosis.Undecided, ""
	case m.Protocol == "sml" && sml.Locked(m):
		return diagnosis.Locked, ""
	}
	return diagnosis.Waiting, ""
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
func (r *Reader) Hint() (diagnosis.Cause, string) { return r.pushes.hints.hint, r.pushes.hints.detail }
