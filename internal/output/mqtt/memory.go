package mqtt

import (
	"regexp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// memory is what the next run must know of this one: which meter has which
// slot, so that a swap is seen, and what was announced, so that it is
// announced again before the first telegram, also what only shows by day, and
// removed when a later version has it no more.
type memory struct {
	Groups  []string              `json:"groups"`
	Devices map[string]remembered `json:"devices"` // by slot

	Run      string `json:"run,omitempty"`      // instance of the last run that published the slot
	StandsBy bool   `json:"standsBy,omitempty"` // while another program publishes it
}

// remembered is what is kept of a device.
type remembered struct {
	ID         string            `json:"id,omitempty"` // equipment identifier as printed
	Header     string            `json:"header,omitempty"`
	Standard   string            `json:"standard,omitempty"`
	Unit       string            `json:"unit,omitempty"`
	Components map[string]string `json:"components"` // platforms by key
}

// groupNames are the names of groups for ever; their numbers may change.
var groupNames = map[string]meter.Group{
	"export": meter.GroupExport, "l1": meter.GroupL1, "l2": meter.GroupL2, "l3": meter.GroupL3,
}

// unsaved tells whether there is something new to remember.
func (s *session) unsaved() bool {
	for _, d := range s.devices {
		if d.unsaved {
			return true
		}
	}
	return s.claims.unsaved
}

// memory returns what to keep, and takes it for kept.
func (s *session) memory() memory {
	m := memory{Devices: make(map[string]remembered), Run: s.claims.last, StandsBy: s.claims.role == standingBy}
	s.claims.unsaved = false
	for _, name := range []string{"export", "l1", "l2", "l3"} {
		if s.groups[groupNames[name]] {
			m.Groups = append(m.Groups, name)
		}
	}
	for _, d := range s.devices {
		d.unsaved = false
		if d.known() {
			m.Devices[d.slot] = remembered{ID: d.said.id, Header: d.said.header, Standard: d.said.standard, Components: d.platforms()}
		}
	}
	for i := range s.submeters {
		for _, sub := range s.submeters[i] {
			if r, ok := m.Devices[sub.slot]; ok {
				r.ID, r.Unit = sub.id, sub.unit.String()
				m.Devices[sub.slot] = r
			}
		}
	}
	if e, ok := m.Devices[s.electricity.slot]; ok {
		e.ID = s.meterID
		m.Devices[s.electricity.slot] = e
	}
	return m
}

// restore continues an earlier run.
func (s *session) restore(m memory) {
	s.claims.last = m.Run
	if m.StandsBy {
		s.claims.role = standingBy
	}
	for _, name := range m.Groups {
		if g, ok := groupNames[name]; ok {
			s.groups[g] = true
		}
	}
	s.bridge.restore(m.Devices[s.bridge.slot])
	if s.inverter != nil {
		s.inverter.restore(m.Devices[s.inverter.slot])
	}
	if r, ok := m.Devices[s.electricity.slot]; ok {
		s.electricity.restore(r)
		s.meterID = r.ID
	}
	for i := range meter.NumMedia {
		for number := 1; number <= household.MaxSame; number++ {
			r, ok := m.Devices[submeterSlot(s.slot, i, number)]
			unit, _, readable := meter.ParseUnit(r.Unit)
			if !ok || !readable {
				continue
			}
			sub := s.submeter(i, number, unit)
			sub.id = r.ID
			sub.device.restore(r)
		}
	}
}

// platforms lists the components that Home Assistant knows of the device.
func (d *device) platforms() map[string]string {
	list := make(map[string]string)
	for i := range d.components {
		if d.seen[i] {
			list[d.components[i].Key] = d.components[i].on()
		}
	}
	for key, platform := range d.gone {
		list[key] = platform
	}
	return list
}

var componentKey = regexp.MustCompile("^[a-z0-9_]+$")

// restore takes what an earlier run announced of the device. What this version
// does not have, or on another platform, is to be removed.
func (d *device) restore(r remembered) {
	d.identify(identity{r.Header, r.ID, r.Standard})
	d.stale = true
	for key, platform := range r.Components {
		ours := false
		for i := range d.components {
			if c := &d.components[i]; c.Key == key {
				d.seen[i] = true
				ours = c.on() == platform
			}
		}
		switch platform {
		case platformSensor, platformBinarySensor, platformButton:
			if !ours && componentKey.MatchString(key) {
				if d.gone == nil {
					d.gone = make(map[string]string)
				}
				d.gone[key] = platform
			}
		}
	}
}

// forget leaves out what was removed, once Home Assistant was told.
func (d *device) forget() {
	if len(d.gone) > 0 {
		d.gone, d.stale, d.unsaved = nil, true, true
	}
}
