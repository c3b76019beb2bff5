package mqtt

import (
	"log/slog"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// home is the devices of a household, with what they show.
type home struct {
	names
	bridge      *device
	electricity *device
	submeters   []*submeter
	inverter    *inverter // nil: there is none
	devices     []*device // all of them, parents first

	groups  homeassistant.Groups
	rates   homeassistant.Rates
	view    homeassistant.View
	lists   lists  // published as attributes
	meterID string // equipment identifier of the electricity meter, as printed
	log     *slog.Logger
}

// lists are the attributes' source, as far as published.
type lists struct {
	peaks    []meter.Peak
	failures []meter.Failure
}

func newHome(o *Options, n names) home {
	h := home{names: n, log: o.Log}
	h.rates.Interval = time.Duration(o.Interval) * time.Second
	h.view.Zone, h.view.Language = o.Zone, o.Language
	h.bridge = h.add(n.bridge(), "Smartmeter", 1, homeassistant.Bridge(n.slot), nil)
	h.bridge.Describe(homeassistant.Information{Model: "P1 port reader", Version: o.Version})
	for _, e := range homeassistant.Bridge(n.slot) {
		if e.Key != homeassistant.RemoveFormerKey { // until something is found
			h.bridge.Add(e.Key)
		}
	}
	h.electricity = h.add(n.slot, "Electricity meter", 1, homeassistant.Electricity, h.bridge)
	if o.Solar > 0 {
		d := h.add(n.solar(), "Solar inverter", 1, homeassistant.Inverter, h.bridge)
		h.inverter = &inverter{device: d, lasts: o.Solar}
	}
	return h
}

// add makes a device known. All but the bridge can be unavailable while this
// program runs.
func (h *home) add(slot, name string, number int, entities []homeassistant.Entity, parent *device) *device {
	topics := homeassistant.Topics{State: h.state(slot), Config: h.config(slot)}
	if parent != nil {
		topics.Availability = h.availability(slot)
	}
	d := &device{Device: homeassistant.NewDevice(slot, name, number, entities, topics)}
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

// learn brings the devices up to date. A telegram of a meter that does not
// count yet, perhaps of somebody else's, teaches nothing of the electricity
// meter.
func (h *home) learn(r *meter.Reading) {
	h.view.Reading = r
	if !r.Meter.Rival {
		if h.groups.Learn(&r.Values) {
			h.electricity.Stale, h.electricity.Unsaved = true, true
		}
		if h.electricity.IsKnown() || homeassistant.IsElectric(&r.Values) {
			if id := r.Meter.ID; id != "" && id != h.meterID {
				h.replaced(h.electricity, h.meterID, id)
				h.meterID = id
			}
			h.electricity.Identify(homeassistant.Identity{Header: r.Header, ID: r.Meter.ID})
			h.electricity.Learn(&h.view, &h.groups)
		}
	}
	for _, sub := range h.submeters {
		sub.fresh = false
	}
	for i := range r.Channels {
		c := &r.Channels[i]
		m, ok := c.Type.Medium()
		if ok && c.Unit != meter.UnitNone && c.Meter.Slot > 0 && c.Meter.Slot <= household.MaxSame {
			h.learnSubmeter(h.submeter(m, int(c.Meter.Slot), c.Type, c.Unit), c, r)
		}
	}
}

// replaced logs that another meter took the place of the one before.
func (h *home) replaced(d *device, from, to string) {
	d.Unsaved = true
	if from != "" {
		h.log.Info("another meter has taken the place of the one before; its entities and their history stay",
			"device", d.Slot, "before", tail(from), "now", tail(to))
	}
}

// tail returns as much of an identifier as a log may show.
func tail(id string) string {
	id = homeassistant.Serial(id)
	return id[max(len(id)-4, 0):]
}

// learnedLists reports whether the attributes of the electricity meter changed
// since they were published.
func (h *home) learnedLists(r *meter.Reading) bool {
	if slices.Equal(h.lists.peaks, r.PeakHistory) && slices.Equal(h.lists.failures, r.Failures) {
		return false
	}
	h.lists = lists{r.PeakHistory, r.Failures}
	return true
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
	return h.view.Reading != nil && d.IsKnown()
}
