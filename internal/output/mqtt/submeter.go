package mqtt

import (
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// maxAge is how old an M-Bus meter's reading may be: gas meters report once an
// hour, water meters once a day.
const maxAge = 24 * time.Hour

// submeter is a meter that hangs on the electricity meter by M-Bus, in the slot
// that the household gave it.
type submeter struct {
	device
	medium  meter.Medium
	unit    meter.Unit // of its total, for as long as the meter is the same
	id      string     // identifier as printed
	number  uint32     // of the meter in its slot; 0: not heard in this run
	channel meter.Channel
	clock   meter.Timestamp
	moved   time.Time // our clock when its reading changed
	grew    time.Time // our clock when its value did, in this run; zero: never
	fresh   bool      // with a reading that it did not have before
}

func (s *session) learnSubmeters(r *meter.Reading) {
	for m := range s.submeters {
		for _, sub := range s.submeters[m] {
			sub.fresh = false
		}
	}
	for i := range r.Channels {
		c := &r.Channels[i]
		m, ok := c.Type.Medium()
		if !ok || c.Unit == meter.UnitNone || c.Meter.Slot == 0 || c.Meter.Slot > household.MaxSame {
			continue
		}
		sub := s.submeter(m, int(c.Meter.Slot), c.Unit)
		s.take(sub, c, r)
		s.view.channel = &sub.channel
		sub.identify(identity{id: sub.id})
		sub.learn(&s.view, &s.groups)
		if s.electricity.known() && sub.parent != s.electricity {
			sub.parent, sub.stale = s.electricity, true
		}
	}
}

// submeter returns the slot of the medium's first meter, or of its second.
func (s *session) submeter(m meter.Medium, number int, unit meter.Unit) *submeter {
	for _, sub := range s.submeters[m] {
		if max(1, sub.info.number) == number {
			return sub
		}
	}
	info := &meter.Media[m]
	sub := &submeter{device: newDevice(s.topic, submeterSlot(s.slot, m, number), info.Device, mbus(m, unit)), medium: m, unit: unit}
	if number > 1 {
		sub.info.number = number
	}
	sub.device.channel = &sub.channel
	parent := s.bridge
	if s.electricity.known() {
		parent = s.electricity
	}
	s.add(&sub.device, parent)
	s.submeters[m] = append(s.submeters[m], sub)
	return sub
}

// submeterSlot is p1_water, of the second meter p1_water_2.
func submeterSlot(slot string, m meter.Medium, number int) string {
	slot += "_" + meter.Media[m].Slot
	if number > 1 {
		slot += "_" + strconv.Itoa(number)
	}
	return slot
}

// take notes the channel's reading.
func (s *session) take(sub *submeter, c *meter.Channel, r *meter.Reading) {
	isOther := sub.number != 0 && sub.number != c.Meter.Meter || sub.id != "" && sub.id != c.Meter.ID
	if c.Unit != sub.unit && sub.known() && !isOther {
		return // an odd line: a meter does not change its unit
	}
	sub.number = c.Meter.Meter
	if sub.id != c.Meter.ID {
		s.swapped(&sub.device, sub.id, c.Meter.ID)
		sub.id = c.Meter.ID
	}
	if sub.unit != c.Unit {
		sub.unit, sub.components, sub.stale = c.Unit, mbus(sub.medium, c.Unit), true
	}
	if sub.channel.Unit != meter.UnitNone && sub.channel.Value != c.Value {
		sub.grew = r.Received
	}
	sub.fresh = *c != sub.channel
	if sub.fresh || c.Time.IsZero() {
		sub.moved = r.Received
	}
	sub.clock = r.Time
	sub.channel = *c
}

// reports reports whether the meter still does, judged by the clock of the
// electricity meter; without one (DSMR 2.2) by when its reading last changed.
// A value that moves is a report too, where the meter's own time stands still.
func (s *submeter) reports(r *meter.Reading, zone *time.Location) bool {
	if s.channel.Unit == meter.UnitNone {
		return false // known from an earlier run only
	}
	if !s.grew.IsZero() && r.Received.Sub(s.grew) <= maxAge {
		return true
	}
	if r.Time.IsZero() {
		return r.Received.Sub(s.moved) <= maxAge
	}
	t := s.channel.Time
	if t.IsZero() {
		t = s.clock
	}
	return t.IsZero() || r.Time.Time(zone, r.Received).Sub(t.Time(zone, r.Received)) <= maxAge
}
