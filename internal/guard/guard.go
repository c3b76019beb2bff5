// Package guard keeps wrong totals from entities. Home Assistant takes a total
// that falls below 90 % for a meter that began anew at zero, so that one wrong
// zero books the use of years once more, for ever. Entities are therefore shown
// only what is believed:
//
//	goes on: rises no faster than the connection delivers
//	  ┌────┐
//	  ▼    │       falls, or rises faster
//	trusted ───────────────────────────────► doubted ◄─┐ another value:
//	  ▲  ▲                                    │    │ └──┘ its wait begins
//	  │  └──── goes on where the trust ended ─┘    │
//	  └─────────────── confirmed ◄─────────────────┘
//	                   stays: see rules
//
// While a total is doubted, entities show the one that was trusted last, or
// nothing where there is none. What is confirmed is trusted from then on. A
// total of which nothing is known begins as doubted; see rules.first. Each
// register of the electricity meter and each M-Bus meter is such a total.
//
// The total of a direction is the sum of its tariffs where the meter prints
// none. It is made of what is trusted of each tariff that the meter ever had,
// so it never lacks one whose line is missing. Of a meter that prints a total
// no sum is ever made.
//
// Nothing is lost by waiting: registers count on meanwhile, and what is shown
// in the end is the same number.
package guard

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Guard judges the totals of one line's readings. The zero Guard is ready. It
// knows no clock but Reading.Received and serves one goroutine.
type Guard struct {
	meter      uint32 // number of the electricity meter; 0: not known yet
	energies   [meter.NumQuantities]total
	directions [len(meter.Sums)]direction
	power      float64 // of the last telegram, kW
	wasRival   bool    // the last telegram was of a meter that does not count yet
	isComplete bool    // what an earlier run knew is all that it showed
	submeters  [meter.NumMedia][household.MaxSame]submeter
	house      houseEnergy

	firsts uint64 // totals of which something was known for the first time
	held   []substitute
	events []Event
}

// substitute is what is shown instead of a total that is held back.
type substitute struct {
	subject Subject
	channel int // of the M-Bus meter, from 0
	line    line
	isKnown bool // there is something to show
}

// Event is what a person may want to know of a Guard's work.
type Event struct {
	Kind    Kind
	Subject Subject
	From    meter.Value // Held: last trusted. Returned: wrong. Else: last of the old line, 0 of another unit
	To      meter.Value // what came now
	Unit    meter.Unit

	// Booked tells, of Confirmed and Replaced, that Home Assistant cannot see
	// a new meter in this and books the difference as used: To is not below 90 %
	// of From.
	Booked bool
}

// Kind is the kind of an Event.
type Kind uint8

// The kinds of events.
const (
	Held      Kind = iota + 1 // a total is held back
	Returned                  // it goes on as before; what was held back was wrong
	Confirmed                 // what was held back persisted, and is taken
	Replaced                  // another meter; its totals are taken as they are
)

// Subject is what an Event is about: a quantity of the electricity meter, or
// the total of an M-Bus meter.
type Subject struct {
	Slot     uint8          // of the M-Bus meter, from 1; 0: the electricity meter
	Medium   meter.Medium   // of the M-Bus meter
	Quantity meter.Quantity // of the electricity meter; of Replaced any
}

// Key is the key of the entity that shows the total.
func (s Subject) Key() string {
	if s.Slot > 0 {
		return meter.Media[s.Medium].Key
	}
	return meter.Quantities[s.Quantity].Entity.Key
}

// Judge judges the totals of the next reading, which household has identified
// and to which nothing was added yet. The events are valid until the next Judge.
func (g *Guard) Judge(r *meter.Reading) []Event {
	g.held, g.events = g.held[:0], g.events[:0]
	isChecked := r.Checksum == meter.ChecksumValid
	g.electricity(r, isChecked)
	for i := range r.Channels {
		if c := &r.Channels[i]; c.Meter.Slot > 0 && c.Unit != meter.UnitNone {
			g.channel(r, i, isChecked)
		}
	}
	return g.events
}

// Show returns what entities may show of the reading that was judged last, to
// which derived quantities may have been added: nil for r itself, or a copy in
// which totals that are held back stand as they were last trusted, or not at
// all. The copy may be kept.
func (g *Guard) Show(r *meter.Reading) *meter.Reading {
	var shown *meter.Reading
	edit := func() *meter.Reading {
		if shown == nil {
			edited := *r
			shown = &edited
		}
		return shown
	}
	for i := range g.held {
		s := &g.held[i]
		switch {
		case s.subject.Slot > 0:
			c := &edit().Channels[s.channel]
			c.Value, c.Unit = s.line.value, s.line.unit
		case s.isKnown:
			edit().Values.Set(s.subject.Quantity, s.line.value)
		default:
			edit().Values.Clear(s.subject.Quantity)
		}
	}
	for i := range g.directions {
		d, q := &g.directions[i], meter.Sums[i].Total
		t := &g.energies[q]
		v, ok := r.Values.Get(q)
		switch {
		case d.isNow: // judged as it is
		case d.isShown(t):
			if !ok || v.Cmp(t.truth.value) != 0 {
				edit().Values.Set(q, t.truth.value)
			}
		case ok:
			edit().Values.Clear(q)
		}
	}
	return shown
}

// Firsts returns how many totals were trusted for the first time in this run.
func (g *Guard) Firsts() uint64 { return g.firsts }

// booked reports whether Home Assistant's statistics take the step for use: a
// total_increasing sensor begins anew only below 90 % of its last value.
func booked(from, to meter.Value) bool {
	if from.Sign() <= 0 {
		return to.Sign() > 0
	}
	return !IsReset(from, to) && to.Cmp(from) != 0
}

// IsReset reports whether Home Assistant takes the step for a meter that began
// anew at 0.
func IsReset(from, to meter.Value) bool { return to.Float64() < 0.9*from.Float64() }

// record notes what becomes of a total that was judged.
func (g *Guard) record(v verdict, s Subject, channel int, t *total, now meter.Value) {
	e := Event{Subject: s, To: now, From: t.was, Unit: t.truth.unit}
	switch v {
	case doubted:
		e.Kind, e.From = Held, t.truth.value
	case returned:
		e.Kind = Returned
	case confirmed:
		e.Kind, e.Booked = Confirmed, booked(t.was, now)
	}
	if e.Kind > 0 {
		g.events = append(g.events, e)
	}
	switch {
	case v == unknown, (v == doubted || v == held) && t.kept:
		g.held = append(g.held, substitute{s, channel, line{}, false})
	case v == doubted, v == held:
		g.held = append(g.held, substitute{s, channel, t.truth, true})
	}
}
