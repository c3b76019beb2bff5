package mqtt

import (
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// metered is one of the household's electricity meters, with the M-Bus meters
// that hang on it: its devices, what they show, and how its line stands.
type metered struct {
	names
	home        *home
	isSum       bool // of all others: it has no line, and no topics but its device's
	electricity *device
	submeters   []*submeter

	announcer homeassistant.Announcer
	groups    homeassistant.Groups
	rates     homeassistant.Rates
	view      homeassistant.View
	lists     lists  // published as attributes
	meterID   string // equipment identifier of the electricity meter, as printed
	line      line
	compat    compat
}

// line is what is known of the meter's line.
type line struct {
	status meter.Status
	lastAt time.Time // when the time of the last telegram was taken for the bridge
	shown  time.Time // that time
	newest *meter.Update
	fresh  bool // there was a reading since the line came to life
}

// lists are the attributes' source, as far as published.
type lists struct {
	peaks    []meter.Peak
	failures []meter.Failure
}

// newMetered returns a meter without devices.
func newMetered(o *Options, h *home, of Meter, isFirst bool) *metered {
	n := names{o.Topic, of.Slot, o.DiscoveryPrefix}
	m := &metered{names: n, home: h, isSum: of.IsSum}
	m.rates.Interval = time.Duration(o.Interval) * time.Second
	m.view.Zone, m.view.Language, m.view.Options = o.Zone, o.Language, o.Names.In
	m.announcer = homeassistant.Announcer{
		ConnectedTopic: n.connected(),
		Origin:         homeassistant.Origin{Name: homeassistant.OriginName, Version: o.Version, SupportURL: o.SupportURL},
		Language:       o.Language,
		Slot:           n.slot,
		Groups:         &m.groups,
		Page:           o.Page,
	}
	prefix := n.topic
	if !isFirst {
		prefix += "/" + n.slot
	}
	if !m.isSum {
		m.compat = newCompat(prefix, o)
	}
	return m
}

// learn brings the meter's devices up to date. A telegram of a meter that does
// not count yet, perhaps of somebody else's, teaches nothing of the electricity
// meter. That it exports also shows in a total that is held back, as a first one
// without a checksum is: an entity is hidden or not when it is first announced.
func (m *metered) learn(u *meter.Update) {
	r := u.Entities()
	m.view.Reading = r
	if !r.Meter.Rival {
		if m.groups.Learn(&u.Reading.Values) {
			m.electricity.Stale, m.electricity.Unsaved = true, true
		}
		if m.electricity.IsKnown() || homeassistant.IsElectric(&r.Values) {
			if id := r.Meter.ID; id != "" && id != m.meterID {
				m.replaced(m.electricity, m.meterID, id)
				m.meterID = id
			}
			m.electricity.Identify(homeassistant.Identity{Header: r.Header, ID: r.Meter.ID})
			m.electricity.Learn(&m.view, &m.groups)
		}
	}
	for _, sub := range m.submeters {
		sub.fresh = false
	}
	for i := range r.Channels {
		c := &r.Channels[i]
		medium, ok := c.Type.Medium()
		if ok && c.Unit != meter.UnitNone && c.Meter.Slot > 0 && c.Meter.Slot <= household.MaxSame {
			m.learnSubmeter(m.submeter(medium, int(c.Meter.Slot), c.Type, c.Unit), c, r)
		}
	}
}

// replaced logs that another meter took the place of the one before.
func (m *metered) replaced(d *device, from, to string) {
	d.Unsaved = true
	if from != "" {
		m.home.log.Info("another meter has taken the place of the one before; its entities and their history stay",
			"device", d.Slot, "before", meter.LastDigits(from), "now", meter.LastDigits(to))
	}
}

// learnedLists reports whether the attributes of the electricity meter changed
// since they were published.
func (m *metered) learnedLists(r *meter.Reading) bool {
	if slices.Equal(m.lists.peaks, r.PeakHistory) && slices.Equal(m.lists.failures, r.Failures) {
		return false
	}
	m.lists = lists{r.PeakHistory, r.Failures}
	return true
}

// isAlive reports whether the meter's entities may be shown.
func (m *metered) isAlive() bool { return m.line.status.Alive && m.line.fresh }

// isBehind reports whether the electricity meter's state on the broker is older
// than the newest reading in what it shows only now and then.
func (m *metered) isBehind() bool {
	return m.rates.IsFresh || m.rates.IsBehind(m.line.newest.Entities())
}
