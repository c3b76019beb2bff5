package mqtt

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// memory is what the next run must know of this one: what was announced, so
// that it is announced again before the first telegram, also what only shows by
// day, and removed when a later version has it no more.
type memory struct {
	Groups  []string              `json:"groups"`
	Devices map[string]remembered `json:"devices"` // by slot

	Run      string `json:"run,omitempty"`      // instance of the last run that published the slot
	StandsBy bool   `json:"standsBy,omitempty"` // while another program publishes it
}

// remembered is what is kept of a device.
type remembered struct {
	homeassistant.Identity
	Type       meter.DeviceType  `json:"type,omitempty"` // of an M-Bus meter
	Unit       string            `json:"unit,omitempty"`
	Components map[string]string `json:"components"` // platforms by key
}

// unsaved reports whether there is something new to remember.
func (s *session) unsaved() bool {
	for _, d := range s.devices {
		if d.Unsaved {
			return true
		}
	}
	return s.claims.unsaved
}

// memory returns what to keep, and takes it for kept.
func (s *session) memory() memory {
	m := memory{
		Groups: s.groups.Names(), Devices: make(map[string]remembered),
		Run: s.claims.last, StandsBy: s.claims.role == standingBy,
	}
	s.claims.unsaved = false
	for _, d := range s.devices {
		d.Unsaved = false
		if d.IsKnown() {
			m.Devices[d.Slot] = remembered{Identity: d.Said(), Components: d.Platforms()}
		}
	}
	if r, ok := m.Devices[s.slot]; ok {
		r.ID = s.meterID
		m.Devices[s.slot] = r
	}
	for _, sub := range s.submeters {
		if r, ok := m.Devices[sub.Slot]; ok {
			r.ID, r.Type, r.Unit = sub.id, sub.kind, sub.unit.String()
			m.Devices[sub.Slot] = r
		}
	}
	return m
}

// restore continues an earlier run.
func (s *session) restore(m memory) {
	s.claims.last = m.Run
	if m.StandsBy {
		s.claims.role = standingBy
	}
	s.groups.Restore(m.Groups)
	s.meterID = m.Devices[s.slot].ID
	for _, d := range s.devices {
		if r, ok := m.Devices[d.Slot]; ok {
			d.Restore(r.Identity, r.Components)
		}
	}
	for i := range meter.NumMedia {
		for number := 1; number <= household.MaxSame; number++ {
			r, ok := m.Devices[s.names.submeter(i, number)]
			if unit, _, isUnit := meter.ParseUnit(r.Unit); ok && isUnit {
				sub := s.home.submeter(i, number, r.Type, unit)
				sub.id = r.ID
				sub.Restore(r.Identity, r.Components)
			}
		}
	}
}
