// Package guard keeps wrong totals from entities: a total is shown only while
// it is believed. It knows no clock and no output.
package guard

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Guard keeps wrong totals from entities. Home Assistant takes a total that
// falls for a new meter that began at zero, so that one wrong zero books the
// use of years once more. The Guard holds back a total that falls, and one
// that rises faster than the connection delivers, until that
//
//   - lasts a minute and five telegrams, without a checksum two minutes and
//     ten; of an M-Bus meter three readings of different times; and its values
//     follow each other all the while,
//   - or comes with another equipment identifier: the meter was replaced.
//
// Meanwhile entities show the last total that was believed. A total that is
// the sum of tariffs is held back with any of them.
//
// The zero Guard is ready and believes the first telegram, one without a
// checksum when the second agrees. It knows no clock but Reading.Received and
// serves one goroutine.
type Guard struct {
	energies  [meter.NumQuantities]total
	meter     identity
	power     float64 // of the last telegram, kW
	submeters []submeter
	telegrams uint64

	shown  *meter.Reading // nil: nothing is held back
	events []Event
}

// Event is what a person may want to know of a Guard's work.
type Event struct {
	Kind    Kind
	Subject Subject
	From    meter.Value // Held: last believed. Returned: wrong. Confirmed, Replaced: last of the old line, 0 of another unit
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
	Channel  int            // of the M-Bus meter, from 1; 0: the electricity meter
	Medium   meter.Medium   // of the M-Bus meter
	Quantity meter.Quantity // of the electricity meter; of Replaced any
}

// Key is the key of the entity that shows the total.
func (s Subject) Key() string {
	if s.Channel > 0 {
		return meter.Media[s.Medium].Key
	}
	return meter.Quantities[s.Quantity].Entity.Key
}

// energies are the registers of an electricity meter, sums after their parts.
var energies = func() (list []meter.Quantity) {
	for q := range meter.NumQuantities {
		if u := meter.Quantities[q].Unit; (u == meter.KilowattHour || u == meter.KilovarHour) && partsOf(q) == nil {
			list = append(list, q)
		}
	}
	return append(list, meter.EnergyImportTotal, meter.EnergyExportTotal)
}()

func partsOf(q meter.Quantity) *[5]meter.Quantity {
	switch q {
	case meter.EnergyImportTotal:
		return &meter.ImportTariffs
	case meter.EnergyExportTotal:
		return &meter.ExportTariffs
	}
	return nil
}

// Apply judges the totals of the next reading. It returns what entities may
// show: nil for r itself, or a copy in which totals that are held back stand
// as they were last believed, or not at all. The events are valid until the
// next Apply.
func (g *Guard) Apply(r *meter.Reading) (*meter.Reading, []Event) {
	g.shown, g.events = nil, g.events[:0]
	g.telegrams++
	isChecked := r.Checksum == meter.ChecksumValid
	g.electricity(r, isChecked)
	for i := range r.Channels {
		g.channel(r, i, isChecked)
	}
	return g.shown, g.events
}

func (g *Guard) electricity(r *meter.Reading, isChecked bool) {
	if g.meter.replaced(r.EquipmentID, isChecked) {
		g.replace(r)
		return
	}
	power := largestPower(&r.Values)
	rules := energyRules(max(power, g.power), isChecked)
	g.power = power
	doubts := false
	for _, q := range energies {
		v, ok := r.Values.Get(q)
		if !ok {
			continue
		}
		t := &g.energies[q]
		follows := doubts && g.follows(q, v, &r.Values)
		verdict := t.judge(v, meter.Quantities[q].Unit, r.Received, &rules, true, follows)
		g.tell(verdict, Subject{Quantity: q}, t, v)
		switch verdict {
		case doubted, held:
			doubts = true
			g.copy(r).Values.Set(q, t.truth.value)
		case unknown:
			doubts = true
			g.copy(r).Values.Clear(q)
		}
	}
}

// follows tells whether v is the sum of tariffs of which some are held back.
func (g *Guard) follows(q meter.Quantity, v meter.Value, values *meter.Values) bool {
	parts := partsOf(q)
	if parts == nil {
		return false
	}
	doubts := false
	var sum meter.Value
	for _, part := range parts {
		if p, ok := values.Get(part); ok {
			sum = sum.Add(p)
			doubts = doubts || g.energies[part].doubt.held > 0
		}
	}
	return doubts && v.Cmp(sum) == 0
}

// replace takes the registers of another electricity meter.
func (g *Guard) replace(r *meter.Reading) {
	e := Event{Kind: Replaced, Unit: meter.KilowattHour, Subject: Subject{Quantity: meter.EnergyImportTotal}}
	for _, q := range energies {
		t := &g.energies[q]
		v, ok := r.Values.Get(q)
		if !ok {
			*t = total{}
			continue
		}
		if t.known && q == e.Subject.Quantity {
			e.From, e.To = t.truth.value, v
		}
		e.Booked = e.Booked || t.known && booked(t.truth.value, v)
		t.accept(v, meter.Quantities[q].Unit, r.Received)
	}
	g.events = append(g.events, e)
}

// booked tells whether Home Assistant's statistics take the step for use: a
// total_increasing sensor begins anew only below 90 % of its last value.
func booked(from, to meter.Value) bool {
	if from.Sign() <= 0 {
		return to.Sign() > 0
	}
	return to.Float64() >= 0.9*from.Float64() && to.Cmp(from) != 0
}

// tell makes an event of a verdict that somebody may want to know.
func (g *Guard) tell(v verdict, s Subject, t *total, now meter.Value) {
	e := Event{Subject: s, To: now, From: t.was, Unit: t.truth.unit}
	switch v {
	case doubted:
		e.Kind, e.From = Held, t.truth.value
	case returned:
		e.Kind = Returned
	case confirmed:
		e.Kind, e.Booked = Confirmed, booked(t.was, now)
	default:
		return
	}
	g.events = append(g.events, e)
}

// copy makes, once a reading, the copy that is shown instead of it. It is
// published, so it is never used again.
func (g *Guard) copy(r *meter.Reading) *meter.Reading {
	if g.shown == nil {
		shown := *r
		g.shown = &shown
	}
	return g.shown
}

// identity is an equipment identifier, and one that is perhaps the next.
type identity struct {
	id, next string
	seen     int // telegrams in a row that say next
}

// another takes what a telegram says instead of the identifier, and tells
// whether that is proved now.
func (i *identity) another(id string, isChecked bool) bool {
	if id != i.next {
		i.next, i.seen = id, 0
	}
	i.seen++
	return isChecked || i.seen >= bareIDs
}

// replaced takes what a telegram says, which may be nothing, and tells whether
// the meter is another one from now on.
func (i *identity) replaced(id string, isChecked bool) bool {
	switch {
	case id == "":
		return false
	case id == i.id:
		i.next = ""
		return false
	case !i.another(id, isChecked):
		return false
	}
	first := i.id == ""
	*i = identity{id: id}
	return !first
}
