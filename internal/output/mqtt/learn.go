package mqtt

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// learn brings the devices up to date. A telegram of a meter that does not
// count yet, perhaps of somebody else's, teaches nothing of the electricity
// meter.
func (s *session) learn(r *meter.Reading) {
	if !r.Meter.Rival {
		s.groups.learn(&r.Values)
		if s.electricity.known() || electric(&r.Values) {
			if id := r.Meter.ID; id != "" && id != s.meterID {
				s.swapped(s.electricity, s.meterID, id)
				s.meterID = id
			}
			s.electricity.identify(identity{r.Header, r.Meter.ID, r.Standard})
			s.electricity.learn(&s.view, &s.groups)
		}
	}
	s.learnSubmeters(r)
}

// swapped tells that another meter took the place of the one before.
func (s *session) swapped(d *device, from, to string) {
	d.unsaved = true
	if from != "" {
		s.log.Info("another meter has taken the place of the one before; its entities and their history stay",
			"device", d.slot, "before", tail(from), "now", tail(to))
	}
}

// tail is as much of an identifier as may be told.
func tail(id string) string {
	id = serial(id)
	return id[max(len(id)-4, 0):]
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
