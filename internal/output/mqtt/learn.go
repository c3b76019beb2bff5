package mqtt

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// maxAge is how old an M-Bus meter's reading may be: gas meters report once
// an hour, water meters once a day.
const maxAge = 24 * time.Hour

// learn brings the devices up to date and tells which M-Bus meters have
// a reading that they did not have before.
func (s *session) learn(r *meter.Reading) (moved [meter.NumMedia]bool) {
	s.groups.learn(&r.Values)
	if s.electricity.known() || electric(&r.Values) {
		s.electricity.identify(identity{r.Header, r.EquipmentID, r.Standard})
		s.electricity.learn(&s.view, &s.groups)
	}
	for m := range meter.NumMedia {
		c, ok := r.Medium(m)
		if !ok || c.Unit == meter.UnitNone {
			continue
		}
		sub := s.submeters[m]
		switch {
		case sub == nil:
			sub = s.submeter(m, c.Unit)
		case sub.unit == c.Unit:
		case sub.channel.ID == c.ID:
			continue // an odd line: a meter does not change its unit
		default:
			sub.unit, sub.components, sub.stale = c.Unit, mbus(m, c.Unit), true
		}
		moved[m] = sub.take(c, r)
		s.view.channel = &sub.channel
		sub.identify(identity{id: c.ID})
		sub.learn(&s.view, &s.groups)
		if s.electricity.known() && sub.parent != s.electricity {
			sub.parent, sub.stale = s.electricity, true
		}
	}
	return moved
}

func (s *session) submeter(m meter.Medium, unit meter.Unit) *submeter {
	info := &meter.Media[m]
	sub := &submeter{device: newDevice(s.topic, s.slot+"_"+info.Slot, info.Device, mbus(m, unit)), unit: unit}
	sub.device.channel = &sub.channel
	s.add(&sub.device, s.bridge)
	s.submeters[m] = sub
	return sub
}

// groups are the groups of quantities that the household has, each at its
// number.
type groups [1 << 8]bool

func (g *groups) has(group meter.Group) bool {
	switch group {
	case meter.GroupNone:
		return true
	case meter.GroupPhases:
		return g[meter.GroupL2] || g[meter.GroupL3]
	}
	return g[group]
}

// learn looks for the first value of a group that is not zero.
func (g *groups) learn(v *meter.Values) {
	for q := range meter.NumQuantities {
		group := meter.Quantities[q].Entity.Group
		if g[group] || group == meter.GroupNone || group == meter.GroupPhases {
			continue
		}
		if value, ok := v.Get(q); ok && value.Sign() != 0 {
			g[group] = true
		}
	}
}

// electric tells whether there is anything of an electricity meter: a
// Warmtelink has none.
func electric(v *meter.Values) bool {
	for q := range meter.NumQuantities {
		if v.Has(q) && meter.Quantities[q].Entity.Key != "" {
			return true
		}
	}
	return false
}

// submeter is a meter that hangs on the electricity meter by M-Bus.
type submeter struct {
	device
	unit    meter.Unit    // of its total, for as long as the meter is the same
	channel meter.Channel // its last reading
	clock   meter.Timestamp
	moved   time.Time // our clock when its reading changed
}

// take notes the channel's reading and tells whether it is another one than
// before.
func (s *submeter) take(c *meter.Channel, r *meter.Reading) bool {
	fresh := *c != s.channel
	if fresh || c.Time.IsZero() {
		s.moved = r.Received
	}
	s.clock = r.Time
	s.channel = *c
	return fresh
}

// reports tells whether the meter still reports, judged by the clock of the
// electricity meter; without one (DSMR 2.2) by when its reading last changed.
func (s *submeter) reports(r *meter.Reading, zone *time.Location) bool {
	if r.Time.IsZero() {
		return r.Received.Sub(s.moved) <= maxAge
	}
	t := s.channel.Time
	if t.IsZero() {
		t = s.clock
	}
	return r.Time.Time(zone, r.Received).Sub(t.Time(zone, r.Received)) <= maxAge
}
