package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// State is what a Guard takes from one run to the next: the totals that it
// believed last. Its JSON form is kept on disk.
type State struct {
	Meter     string              `json:"meter,omitempty"`    // equipment identifier
	Energies  map[string]Believed `json:"energies,omitempty"` // by the key of their entity
	Submeters []BelievedSubmeter  `json:"submeters,omitempty"`
}

// Believed is a total and when it was there.
type Believed struct {
	Value meter.Value `json:"value"`
	At    time.Time   `json:"at"`
}

// BelievedSubmeter is the total of an M-Bus meter.
type BelievedSubmeter struct {
	Medium  string `json:"medium"` // as the JSON socket names it
	ID      string `json:"id,omitempty"`
	Channel int    `json:"channel"`
	Unit    string `json:"unit"`
	Believed
}

// State returns what the Guard believes now.
func (g *Guard) State() State {
	s := State{Meter: g.meter.id, Energies: make(map[string]Believed)}
	for _, q := range energies {
		if t := &g.energies[q]; t.known {
			s.Energies[meter.Quantities[q].Entity.Key] = t.keep()
		}
	}
	for i := range g.submeters {
		if m := &g.submeters[i]; m.known {
			s.Submeters = append(s.Submeters, BelievedSubmeter{
				Medium: meter.Media[m.medium].JSON, ID: m.id, Channel: m.channel, Unit: m.truth.unit.String(), Believed: m.keep(),
			})
		}
	}
	return s
}

// Restore makes the Guard begin where an earlier one ended. What it does not
// understand it leaves out. It is for a Guard that has seen no reading yet.
func (g *Guard) Restore(s State) {
	g.meter.id = s.Meter
	for _, q := range energies {
		if b, ok := s.Energies[meter.Quantities[q].Entity.Key]; ok {
			g.energies[q].restore(b, meter.Quantities[q].Unit)
		}
	}
	for _, b := range s.Submeters[:min(len(s.Submeters), maxSubmeters)] {
		u, shift, ok := meter.ParseUnit(b.Unit)
		if !ok || shift != 0 {
			continue
		}
		for m := range meter.NumMedia {
			if meter.Media[m].JSON == b.Medium {
				g.submeters = append(g.submeters, submeter{medium: m, channel: b.Channel, identity: identity{id: b.ID}})
				g.submeters[len(g.submeters)-1].restore(b.Believed, u)
			}
		}
	}
}

// keep leaves out the clock that never jumps, which ends with this run.
func (t *total) keep() Believed {
	return Believed{t.truth.value, t.truth.at.UTC().Truncate(time.Second)}
}

// restore supposes that the total had waited for as long as any does: nobody
// knows, and at the start of a machine its clock may be wrong.
func (t *total) restore(b Believed, u meter.Unit) {
	t.accept(b.Value, u, b.At)
	t.truth.moved = b.At.Add(-checked.idle)
}
