package mqtt

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// maxAge is how old an M-Bus meter's reading may be: gas meters report once an
// hour, water meters once a day.
const maxAge = 24 * time.Hour

// submeter is a meter that hangs on the electricity meter by M-Bus, in the slot
// that the household gave it.
type submeter struct {
	*device
	medium  meter.Medium
	slot    int // of its medium, from 1
	kind    meter.DeviceType
	unit    meter.Unit // of its total, for as long as the meter is the same
	id      string     // identifier as printed
	number  uint32     // of the meter in its slot; 0: not heard in this run
	channel meter.Channel
	clock   meter.Timestamp
	moved   time.Time // our clock when its reading changed
	grew    time.Time // our clock when its value did, in this run; zero: never
	fresh   bool      // with a reading that it did not have before
}

// submeter returns the meter in that slot of the medium.
func (m *metered) submeter(medium meter.Medium, slot int, kind meter.DeviceType, unit meter.Unit) *submeter {
	for _, sub := range m.submeters {
		if sub.medium == medium && sub.slot == slot {
			return sub
		}
	}
	parent := m.home.bridge
	if m.electricity.IsKnown() {
		parent = m.electricity
	}
	sub := &submeter{medium: medium, slot: slot, kind: kind, unit: unit}
	name, entities := homeassistant.MBus(medium, kind, unit)
	sub.device = m.home.add(m, m.names.submeter(medium, slot), name, slot, entities, parent)
	sub.device.channel = &sub.channel
	m.submeters = append(m.submeters, sub)
	return sub
}

// learnSubmeter takes the channel's reading.
func (m *metered) learnSubmeter(sub *submeter, c *meter.Channel, r *meter.Reading) {
	isOther := sub.number != 0 && sub.number != c.Meter.Meter || sub.id != "" && sub.id != c.Meter.ID
	if c.Unit != sub.unit && sub.IsKnown() && !isOther {
		return // an odd line: a meter does not change its unit
	}
	sub.number = c.Meter.Meter
	if sub.id != c.Meter.ID {
		m.replaced(sub.device, sub.id, c.Meter.ID)
		sub.id = c.Meter.ID
	}
	if sub.unit != c.Unit || sub.kind != c.Type {
		sub.unit, sub.kind, sub.Unsaved = c.Unit, c.Type, true
		sub.Become(homeassistant.MBus(sub.medium, c.Type, c.Unit))
	}
	if sub.channel.Unit != meter.UnitNone && sub.channel.Value != c.Value {
		sub.grew = r.Received
	}
	sub.fresh = *c != sub.channel
	if sub.fresh || c.Time.IsZero() {
		sub.moved = r.Received
	}
	sub.clock, sub.channel = r.Time, *c

	m.view.Channel = &sub.channel
	sub.Identify(homeassistant.Identity{ID: sub.id})
	sub.Learn(&m.view, &m.groups)
	if m.electricity.IsKnown() && sub.Parent != m.electricity.Device {
		sub.Parent, sub.Stale = m.electricity.Device, true
	}
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

// inverter is the solar inverter: a device of its own below the bridge. All of
// it that can be known stands in the last sample.
type inverter struct {
	*device
	last  *meter.Solar
	lasts time.Duration // how long a sample is valid
}

// learnSample takes what the inverter says.
func (h *home) learnSample(sample *meter.Solar) {
	first := h.meters[0]
	h.inverter.last, first.view.Solar = sample, sample
	h.inverter.Describe(homeassistant.Information{
		Manufacturer: sample.Manufacturer, Model: sample.Model, Serial: sample.Serial, Version: sample.Version,
	})
	h.inverter.Learn(&first.view, &first.groups)
}

// ends returns when the last sample stops being valid; zero for never.
func (v *inverter) ends() time.Time {
	if v == nil || v.last == nil || v.shown != online {
		return time.Time{}
	}
	return v.last.Received.Add(v.lasts)
}

// answers reports whether the inverter was heard of late.
func (v *inverter) answers(now time.Time) bool {
	return v.last != nil && now.Before(v.last.Received.Add(v.lasts))
}
