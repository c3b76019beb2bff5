package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// measure is how Prometheus writes a unit: the base unit, spelt out at the end
// of the name (prometheus.io/docs/practices/naming).
type measure struct {
	suffix string
	shift  int   // powers of ten
	times  int64 // after that
	over   int64
}

// value brings a value to the base unit, exactly but for a flow.
func (m *measure) value(v meter.Value) meter.Value {
	v = v.Shift(m.shift)
	if m.times == 1 && m.over == 1 {
		return v
	}
	decimals := uint8(v.Decimals())
	if m.over > 1 {
		decimals += 6
	}
	out, ok := v.MulDiv(m.times, m.over, min(decimals, meter.MaxScale))
	if !ok {
		return v
	}
	return out
}

const hour = 3600 // seconds

var measures = [...]measure{
	meter.UnitNone:          {"", 0, 1, 1},
	meter.KilowattHour:      {"_joules", 3, hour, 1},
	meter.Kilowatt:          {"_watts", 3, 1, 1},
	meter.Watt:              {"_watts", 0, 1, 1},
	meter.KilovarHour:       {"_var_seconds", 3, hour, 1},
	meter.Kilovar:           {"_vars", 3, 1, 1},
	meter.KilovoltAmpere:    {"_voltamperes", 3, 1, 1},
	meter.Volt:              {"_volts", 0, 1, 1},
	meter.Ampere:            {"_amperes", 0, 1, 1},
	meter.Hertz:             {"_hertz", 0, 1, 1},
	meter.Second:            {"_seconds", 0, 1, 1},
	meter.CubicMetre:        {"_cubic_metres", 0, 1, 1},
	meter.CubicMetrePerHour: {"_cubic_metres_per_second", 0, 1, hour},
	meter.Gigajoule:         {"_joules", 9, 1, 1},
}

// solarMeasures are the units of inverters.
var solarMeasures = map[string]measure{
	"Wh": {"_joules", 0, hour, 1}, "W": measures[meter.Watt], "A": measures[meter.Ampere], "V": measures[meter.Volt],
	"Hz": measures[meter.Hertz], "VA": {"_voltamperes", 0, 1, 1}, "var": {"_vars", 0, 1, 1},
	"°C": {"_celsius", 0, 1, 1}, "%": {"_ratio", -2, 1, 1},
}

// family is a metric family of quantities that differ in a label. A phase, a
// tariff and a channel are labels, in a family beside that of the whole: a sum
// over it must not count twice.
type family[Q any] struct {
	name, kind, help string
	measure          measure
	members          []member[Q]
}

type member[Q any] struct {
	quantity Q
	labels   []string // a name and a value, or none
}

// families are those of the meter's quantities, in the order of their table.
var families = func() (list []*family[meter.Quantity]) {
	for q := range meter.NumQuantities {
		info := &meter.Quantities[q]
		help := info.What
		if info.Traits.Switch {
			if info.Traits.Channel > 0 {
				help += "s of M-Bus channels"
			}
			help += ": 0 disconnected, 1 connected, 2 ready to be connected"
		}
		list = join(list, info.Metric, help, measures[info.Unit], info.Traits, q)
	}
	return list
}()

// solarFamilies are those of the inverter.
var solarFamilies = func() (list []*family[meter.SolarQuantity]) {
	for q := range meter.NumSolarQuantities {
		info := &meter.SolarQuantities[q]
		list = join(list, info.Metric, "inverter: "+info.What, solarMeasures[info.Unit], meter.Traits{Phase: info.Phase}, q)
	}
	return list
}()

// join adds a quantity to the family of that name.
func join[Q any](list []*family[Q], name, help string, unit measure, traits meter.Traits, q Q) []*family[Q] {
	var labels []string
	switch {
	case traits.Phase > 0:
		labels, help = []string{"phase", fmt.Sprintf("L%d", traits.Phase)}, help+", by phase"
	case traits.Tariff > 0:
		labels, help = []string{"tariff", fmt.Sprint(traits.Tariff)}, help+", by tariff"
	case traits.Channel > 0:
		labels = []string{"channel", fmt.Sprint(traits.Channel)}
	}
	name = "smartmeter_" + name
	i := slices.IndexFunc(list, func(f *family[Q]) bool { return f.name == name })
	if i < 0 {
		i = len(list)
		kind := gauge
		if strings.HasSuffix(name, "_total") {
			kind = counter
		}
		list = append(list, &family[Q]{name: name, kind: kind, help: strings.ToUpper(help[:1]) + help[1:] + ".", measure: unit})
	}
	list[i].members = append(list[i].members, member[Q]{q, labels})
	return list
}

// write writes the samples that get has a value for.
func (f *family[Q]) write(e *exposition, get func(Q) (meter.Value, bool)) {
	begun := false
	for _, m := range f.members {
		v, ok := get(m.quantity)
		if !ok {
			continue
		}
		if !begun {
			e.family(f.name, f.kind, f.help)
			begun = true
		}
		e.sample(f.measure.value(v), m.labels...)
	}
}
