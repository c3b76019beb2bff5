package mqtt

import (
	"log/slog"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// home is the meters of a household and the devices of all of them.
type home struct {
	names    // of the first meter
	meters   []*metered
	bridge   *device
	inverter *inverter // nil: there is none
	devices  []*device // all of them, parents first
	log      *slog.Logger
}

func newHome(o *Options) *home {
	h := &home{log: o.Log}
	var slots []string
	for i, m := range o.Meters {
		h.meters = append(h.meters, newMetered(o, h, m, i == 0))
		if !m.IsSum {
			slots = append(slots, m.Slot)
		}
	}
	first := h.meters[0]
	h.names = first.names
	entities := append(homeassistant.Bridge(slots...), emulatedEntities(o.Emulated)...)
	h.bridge = h.add(first, h.names.bridge(), "Smartmeter", 1, entities, nil)
	h.bridge.Describe(homeassistant.Information{Model: "P1 port reader", Version: o.Version})
	for _, e := range entities {
		if e.Key != homeassistant.RemoveFormerKey { // until something is found
			h.bridge.Add(e.Key)
		}
	}
	for _, m := range h.meters {
		name := "Electricity meter"
		if m.isSum {
			name, m.announcer.Slot = "All electricity meters", first.slot // it is named by no meter
		}
		m.electricity = h.add(m, m.slot, name, 1, homeassistant.Electricity, h.bridge)
	}
	if o.Solar > 0 {
		d := h.add(first, h.solar(), "Solar inverter", 1, homeassistant.Inverter, h.bridge)
		h.inverter = &inverter{device: d, lasts: o.Solar}
	}
	return h
}

// add makes a device of a meter known.
func (h *home) add(m *metered, slot, name string, number int, entities []homeassistant.Entity, parent *device) *device {
	topics := homeassistant.Topics{State: h.state(slot), Availability: h.availability(slot), Config: h.config(slot)}
	d := &device{Device: homeassistant.NewDevice(slot, name, number, entities, topics), of: m}
	if parent != nil {
		d.Parent = parent.Device
	}
	h.devices = append(h.devices, d)
	return d
}

// device returns the device of that slot, nil if there is none so far.
func (h *home) device(slot string) *device {
	for _, d := range h.devices {
		if d.Slot == slot {
			return d
		}
	}
	return nil
}

// meter returns the meter in that slot; what names none is of the first.
func (h *home) meter(slot string) *metered {
	for _, m := range h.meters {
		if m.slot == slot {
			return m
		}
	}
	return h.meters[0]
}

// areAlive reports whether telegrams of all meters arrive.
func (h *home) areAlive() bool {
	for _, m := range h.meters {
		if !m.isSum && !m.line.status.Alive {
			return false
		}
	}
	return true
}

// slots are those of all devices that there can be, by the topic of their
// announcement.
func (h *home) slots() map[string]string {
	list := make(map[string]string)
	for _, slot := range []string{h.names.bridge(), h.solar()} {
		list[h.config(slot)] = slot
	}
	for _, m := range h.meters {
		if m.isSum {
			list[m.config(m.slot)] = m.slot
			continue
		}
		for topic, slot := range m.slots() {
			list[topic] = slot
		}
	}
	return list
}

// claimTopics are the topics where this program finds others that publish one
// of its meters.
func (h *home) claimTopics(discovery bool) (list []string) {
	for _, m := range h.meters {
		if !m.isSum {
			list = append(list, m.claims(discovery)...)
		}
	}
	return list
}

// hasState reports whether a device has a state to publish: something of it came
// in this run.
func (h *home) hasState(d *device) bool {
	switch {
	case d == h.bridge:
		return true
	case h.inverter != nil && d == h.inverter.device:
		return h.inverter.last != nil
	case d.channel != nil && d.channel.Unit == meter.UnitNone:
		return false
	}
	return d.of.view.Reading != nil && d.IsKnown()
}
