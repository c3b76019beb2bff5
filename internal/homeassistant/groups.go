package homeassistant

import (
	"slices"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Groups are the groups of quantities that the household has. A quantity of
// another group is shown nowhere.
type Groups struct {
	known   [1 << 8]bool              // by group
	counted [meter.NumQuantities]bool // registers hidden while they are zero that were not
}

// groupNames are the names of groups for ever; their numbers may change.
var groupNames = []struct {
	name  string
	group meter.Group
}{{"export", meter.GroupExport}, {"l1", meter.GroupL1}, {"l2", meter.GroupL2}, {"l3", meter.GroupL3}}

// hideable are the registers that are hidden while they are zero.
var hideable = meter.Where(func(i *meter.Info) bool { return i.Entity.Hidden == meter.HiddenWhileZero })

func (g *Groups) has(group meter.Group) bool {
	switch group {
	case meter.GroupNone:
		return true
	case meter.GroupPhases:
		return g.known[meter.GroupL2] || g.known[meter.GroupL3]
	}
	return g.known[group]
}

// Learn looks for the first value of a group, and of a register, that is not
// zero. It reports whether there is one.
func (g *Groups) Learn(v *meter.Values) (isNew bool) {
	for q := range meter.NumQuantities {
		e := &meter.Quantities[q].Entity
		isGroup := !g.known[e.Group] && e.Group != meter.GroupNone && e.Group != meter.GroupPhases
		isRegister := !g.counted[q] && e.Hidden == meter.HiddenWhileZero
		if !isGroup && !isRegister {
			continue
		}
		if value, ok := v.Get(q); ok && value.Sign() != 0 {
			g.known[e.Group] = g.known[e.Group] || isGroup
			g.counted[q] = isRegister || g.counted[q]
			isNew = true
		}
	}
	return isNew
}

// Names returns what to remember of the groups: their names, and the keys of
// registers that are not zero.
func (g *Groups) Names() (names []string) {
	for _, row := range groupNames {
		if g.known[row.group] {
			names = append(names, row.name)
		}
	}
	for _, q := range hideable {
		if g.counted[q] {
			names = append(names, meter.Quantities[q].Entity.Key)
		}
	}
	return names
}

// Restore takes what an earlier run remembered.
func (g *Groups) Restore(names []string) {
	for _, row := range groupNames {
		g.known[row.group] = g.known[row.group] || slices.Contains(names, row.name)
	}
	for _, q := range hideable {
		g.counted[q] = g.counted[q] || slices.Contains(names, meter.Quantities[q].Entity.Key)
	}
}

// IsElectric reports whether there is anything of an electricity meter: a
// Warmtelink has none.
func IsElectric(v *meter.Values) bool {
	for q := range meter.NumQuantities {
		if v.Has(q) && meter.Quantities[q].Entity.Key != "" {
			return true
		}
	}
	return false
}
