// Package household answers, once for every reader of a reading, which meter
// speaks in it and whether it was replaced. It gives the electricity meter and
// each M-Bus meter a lasting slot: the first gas meter has slot 1 of gas, which
// entities call p1_gas, whatever channel it is on.
//
// # The rule
//
// An identifier of zeros, Fs or blanks is none, and says nothing. Of any other,
//
//   - the first counts at once; without a checksum when a second telegram
//     repeats it;
//   - another one counts after [Wait] and five telegrams in which the one
//     before was not said any more, without a checksum ten;
//   - one that counted within the last day counts again at once, without a
//     checksum when a second telegram repeats it.
//
// Until another identifier counts, the meter is the one before, and the guard
// judges what is said in its place. Telegrams of a meter whose clock is not set
// (it has just booted: registers and identifiers are zeros, or foreign) count
// for nothing. A meter without any identifier is always the same one.
//
// An M-Bus meter is known by its identifier on whatever channel; without one
// by the channel. A meter that is not known yet stands in for one that the
// telegram lacks. Where none is lacking, the first of a medium gets its slot at
// once; the next one replaces a meter that no longer reports (not for a day, or
// not while the newcomer had three readings), or gets the second slot when
// both report. It is shown nowhere until then. The water that carried the heat
// has no slot beside the meter that counts the heat.
package household

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Wait is how long another identifier must be said before it counts. Meters
// have sent foreign identifiers for the minutes that their boot takes.
const Wait = 15 * time.Minute

const (
	checkedTelegrams = 5  // that say another identifier before it counts
	bareTelegrams    = 10 // the same without a checksum
	bareRepeats      = 2  // telegrams without a checksum that say a first identifier

	returns = 24 * time.Hour // within which an identifier that counted counts again
)

// Household identifies the meters of one line's readings, in their order. The
// zero Household with a Zone is ready. It serves one goroutine.
type Household struct {
	Zone *time.Location // of the meter's clock

	claim  claim
	clock  clock
	media  [meter.NumMedia]medium
	events []Event
}

// Event is what a person may want to know of the household.
type Event struct {
	Kind        Kind
	Electricity bool         // about the electricity meter; else about
	Medium      meter.Medium // the M-Bus meter
	Slot        uint8        // of that meter; 0 of LeftOut
	From, To    string       // identifiers, as printed
}

// Kind is the kind of an Event.
type Kind uint8

// The kinds of events.
const (
	Met      Kind = iota + 1 // the slot's first identifier counts from now on
	Waits                    // another meter is said in the slot, and may count soon
	Replaced                 // another meter has the slot from now on
	LeftOut                  // a third meter of one medium, for which there is no slot
)

// evidence is how much a telegram proves.
type evidence struct {
	now       time.Time
	isChecked bool
	isBooting bool
}

// telegrams returns how many must say another identifier before it counts.
func (e evidence) telegrams() int {
	if e.isChecked {
		return checkedTelegrams
	}
	return bareTelegrams
}

// Identify sets the Meter of the reading and of each of its channels. The
// events are valid until the next Identify.
func (h *Household) Identify(r *meter.Reading) []Event {
	h.events = h.events[:0]
	e := evidence{now: r.Received, isChecked: r.Checksum == meter.ChecksumValid}
	e.isBooting = h.clock.isUnset(r.Time, r.ClockUnset, e.now)
	from := h.claim.id
	if kind := h.claim.hear(r.EquipmentID, e); kind > 0 {
		h.events = append(h.events, Event{Kind: kind, Electricity: true, Slot: 1, From: from, To: r.EquipmentID})
	}
	r.Meter = h.claim.identity(1, r.EquipmentID, e)
	h.channels(r, e)
	return h.events
}

// clock is whether a meter's clock is set.
type clock struct {
	lost time.Time // when it was found not to be set; zero: it is
}

// clockless is for how long a clock may be unset before nobody waits for it any
// more.
const clockless = 48 * time.Hour

// epoch is before all meters with a P1 port. After a boot their clocks begin
// years before it.
var epoch, _ = meter.NewTimestamp(2007, 1, 1, 0, 0, 0, 0)

// isUnset reports whether the meter's clock is not set: it says a time that
// cannot be.
func (c *clock) isUnset(t meter.Timestamp, isNone bool, now time.Time) bool {
	if !isNone && (t.IsZero() || t.Compare(epoch) >= 0) {
		c.lost = time.Time{}
		return false
	}
	if c.lost.IsZero() || now.Before(c.lost) {
		c.lost = now
	}
	return now.Sub(c.lost) < clockless
}
