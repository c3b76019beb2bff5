package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// State is what a Guard takes from one run to the next. Its JSON form is kept
// on disk.
type State struct {
	Meter     uint32              `json:"meter,omitempty"`    // number of the electricity meter in its slot
	Energies  map[string]Believed `json:"energies,omitempty"` // by the key of their entity
	Printed   []string            `json:"printed,omitempty"`  // totals that the meter prints, so that no sum is made
	Submeters []Submeter          `json:"submeters,omitempty"`
	Complete  bool                `json:"complete,omitempty"` // saved at the end of a run, so that it showed no more than this
	House     *House              `json:"house,omitempty"`    // nil: nothing is counted
}

// House is the energy of the house, in kWh, and the totals that it was counted
// at.
type House struct {
	Imported *meter.Value `json:"imported,omitempty"`
	Exported *meter.Value `json:"exported,omitempty"`
	Produced *meter.Value `json:"produced,omitempty"`
	Inverter string       `json:"inverter,omitempty"` // serial number
	Used     meter.Value  `json:"used"`
	Shown    meter.Value  `json:"shown"`
}

// Believed is a total and when it was there, and what is doubted of it.
type Believed struct {
	Value *meter.Value `json:"value,omitempty"` // nil: nothing is trusted yet
	At    time.Time    `json:"at,omitzero"`
	Doubt *Doubt       `json:"doubt,omitempty"`
}

// Submeter is the total of an M-Bus meter.
type Submeter struct {
	Medium string          `json:"medium"` // as the JSON socket names it
	Slot   int             `json:"slot"`
	Meter  uint32          `json:"meter,omitempty"` // its number in the slot
	Unit   string          `json:"unit"`
	Time   meter.Timestamp `json:"time,omitzero"` // of the reading that was judged last
	Believed
}

// Doubt is a line of values that is doubted. Its values are kept and its wait
// begins anew: nobody knows what came between two runs.
type Doubt struct {
	Value  meter.Value `json:"value"`
	Unit   string      `json:"unit"`
	At     time.Time   `json:"at"`
	First  meter.Value `json:"first"`
	Count  int         `json:"count"`
	Breaks int         `json:"breaks,omitempty"`
	Quiet  bool        `json:"quiet,omitempty"`
	Long   bool        `json:"long,omitempty"`
}

// State returns what the Guard believes and doubts now.
func (g *Guard) State() State {
	s := State{Meter: g.meter, Energies: make(map[string]Believed)}
	for _, q := range energies {
		if t := &g.energies[q]; t.known || t.doubt.isOpen {
			s.Energies[meter.Quantities[q].Entity.Key] = t.keep()
		}
	}
	for i := range meter.Sums {
		if g.directions[i].printed {
			s.Printed = append(s.Printed, meter.Quantities[meter.Sums[i].Total].Entity.Key)
		}
	}
	for m := range meter.NumMedia {
		for slot := range g.submeters[m] {
			if t := &g.submeters[m][slot]; t.known || t.doubt.isOpen {
				s.Submeters = append(s.Submeters, Submeter{
					Medium: meter.Media[m].JSON, Slot: slot + 1, Meter: t.meter, Unit: t.truth.unit.String(),
					Time: t.judged.time, Believed: t.keep(),
				})
			}
		}
	}
	if g.house.isKnown {
		s.House = g.house.keep()
	}
	return s
}

// Restore makes the Guard begin where an earlier one ended. What it does not
// understand it leaves out. It is for a Guard that has seen no reading yet.
func (g *Guard) Restore(s State) {
	g.meter, g.isComplete, g.house = s.Meter, s.Complete, s.House.restore(s.Complete)
	for _, q := range energies {
		if b, ok := s.Energies[meter.Quantities[q].Entity.Key]; ok {
			g.energies[q].restore(b, meter.Quantities[q].Unit)
		}
	}
	for i := range meter.Sums {
		for _, key := range s.Printed {
			g.directions[i].printed = g.directions[i].printed || key == meter.Quantities[meter.Sums[i].Total].Entity.Key
		}
	}
	for _, b := range s.Submeters {
		m, isMedium := meter.MediumByJSON(b.Medium)
		u, shift, isUnit := meter.ParseUnit(b.Unit)
		if !isMedium || b.Slot < 1 || b.Slot > household.MaxSame || b.Value != nil && (!isUnit || shift != 0) {
			continue
		}
		t := &g.submeters[m][b.Slot-1]
		t.restore(b.Believed, u)
		t.meter, t.judged.time = b.Meter, b.Time
		t.judged.value, t.judged.unit = t.truth.value, t.truth.unit
		if b.Doubt != nil {
			t.judged.value, t.judged.unit = t.doubt.value, t.doubt.unit
		}
	}
}

func (h *houseEnergy) keep() *House {
	kept := func(c counter) *meter.Value {
		if !c.isKnown {
			return nil
		}
		return &c.value
	}
	return &House{kept(h.imported), kept(h.exported), kept(h.produced), h.inverter, h.used, h.shown}
}

func (k *House) restore(isComplete bool) houseEnergy {
	if k == nil {
		return houseEnergy{}
	}
	counted := func(v *meter.Value) counter {
		if v == nil {
			return counter{}
		}
		return counter{*v, true}
	}
	return houseEnergy{
		imported: counted(k.Imported), exported: counted(k.Exported), produced: counted(k.Produced), inverter: k.Inverter,
		used: k.Used, shown: k.Shown, isKnown: true, isKept: !isComplete,
	}
}

// keep leaves out the clock that never jumps, which ends with this run.
func (t *total) keep() Believed {
	var b Believed
	if t.known {
		v := t.truth.value
		b.Value, b.At = &v, wall(t.truth.at)
	}
	b.Doubt = t.doubt.keep()
	return b
}

func (d *doubt) keep() *Doubt {
	if !d.isOpen {
		return nil
	}
	return &Doubt{d.value, d.unit.String(), wall(d.at), d.first, d.count, d.breaks, d.quiet, d.long}
}

func wall(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// restore supposes that the total had waited for as long as any does: nobody
// knows, and at the start of a machine its clock may be wrong.
func (t *total) restore(b Believed, u meter.Unit) {
	if b.Value != nil {
		t.known, t.kept, t.truth = true, true, line{*b.Value, u, b.At, b.At.Add(-checked.idle)}
	}
	t.doubt = b.Doubt.restore()
}

func (d *Doubt) restore() doubt {
	if d == nil {
		return doubt{}
	}
	unit, _, _ := meter.ParseUnit(d.Unit)
	return doubt{line{d.Value, unit, d.At, d.At}, d.First, time.Time{}, d.Count, d.Breaks, true, d.Quiet, d.Count, d.Long}
}
