package homeassistant

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// Groups are the groups of quantities that the household has, each at its
// number. A quantity of another group is shown nowhere.
type Groups [1 << 8]bool

// groupNames are the names of groups for ever; their numbers may change.
var groupNames = []struct {
	name  string
	group meter.Group
}{{"export", meter.GroupExport}, {"l1", meter.GroupL1}, {"l2", meter.GroupL2}, {"l3", meter.GroupL3}}

func (g *Groups) has(group meter.Group) bool {
	switch group {
	case meter.GroupNone:
		return true
	case meter.GroupPhases:
		return g[meter.GroupL2] || g[meter.GroupL3]
	}
	return g[group]
}

// Learn looks for the first value of a group that is not zero.
func (g *Groups) Learn(v *meter.Values) {
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

// Names returns what to remember of the groups.
func (g *Groups) Names() (names []string) {
	for _, row := range groupNames {
		if g[row.group] {
			names = append(names, row.name)
		}
	}
	return names
}

// Restore takes the groups that an earlier run knew.
func (g *Groups) Restore(names []string) {
	for _, name := range names {
		for _, row := range groupNames {
			g[row.group] = g[row.group] || row.name == name
		}
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
