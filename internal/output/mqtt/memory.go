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
	Groups  []string              `json:"groups"`            // of the first meter
	Further map[string][]string   `json:"further,omitempty"` // those of the others, by slot
	Devices map[string]remembered `json:"devices"`           // by slot

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
		Groups: s.meters[0].groups.Names(), Devices: make(map[string]remembered),
		Run: s.claims.last, StandsBy: s.claims.role == standingBy,
	}
	s.claims.unsaved = false
	for _, d := range s.devices {
		d.Unsaved = false
		if d.IsKnown() {
			m.Devices[d.Slot] = remembered{Identity: d.Said(), Components: d.Platforms()}
		}
	}
	for i, of := range s.meters {
		of.remember(&m)
		if i > 0 {
			if m.Further == nil {
				m.Further = make(map[string][]string)
			}
			m.Further[of.slot] = of.groups.Names()
		}
	}
	return m
}

// remember adds what there is to keep of the meter beside its devices' own.
func (m *metered) remember(all *memory) {
	if r, ok := all.Devices[m.slot]; ok {
		r.ID = m.meterID
		all.Devices[m.slot] = r
	}
	for _, sub := range m.submeters {
		if r, ok := all.Devices[sub.Slot]; ok {
			r.ID, r.Type, r.Unit = sub.id, sub.kind, sub.unit.String()
			all.Devices[sub.Slot] = r
		}
	}
}

// restore continues an earlier run.
func (s *session) restore(m memory) {
	s.claims.last = m.Run
	if m.StandsBy {
		s.claims.role = standingBy
	}
	for _, d := range s.devices {
		if r, ok := m.Devices[d.Slot]; ok {
			d.Restore(r.Identity, r.Components)
		}
	}
	for i, of := range s.meters {
		groups := m.Further[of.slot]
		if i == 0 {
			groups = m.Groups
		}
		of.groups.Restore(groups)
		of.restore(&m)
	}
}

// restore continues an earlier run's meter, whose electricity meter is there
// already.
func (m *metered) restore(all *memory) {
	m.meterID = all.Devices[m.slot].ID
	for i := range meter.NumMedia {
		for number := 1; number <= household.MaxSame; number++ {
			r, ok := all.Devices[m.names.submeter(i, number)]
			if unit, _, isUnit := meter.ParseUnit(r.Unit); ok && isUnit {
				sub := m.submeter(i, number, r.Type, unit)
				sub.id = r.ID
				sub.Restore(r.Identity, r.Components)
			}
		}
	}
}
