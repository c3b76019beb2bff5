package web

import (
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
	total  bool // counts what has passed
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
	meter.UnitNone:          {"", 0, 1, 1, false},
	meter.KilowattHour:      {"_joules", 3, hour, 1, true},
	meter.Kilowatt:          {"_watts", 3, 1, 1, false},
	meter.Watt:              {"_watts", 0, 1, 1, false},
	meter.KilovarHour:       {"_var_seconds", 3, hour, 1, true},
	meter.Kilovar:           {"_vars", 3, 1, 1, false},
	meter.KilovoltAmpere:    {"_voltamperes", 3, 1, 1, false},
	meter.Volt:              {"_volts", 0, 1, 1, false},
	meter.Ampere:            {"_amperes", 0, 1, 1, false},
	meter.Hertz:             {"_hertz", 0, 1, 1, false},
	meter.Second:            {"_seconds", 0, 1, 1, false},
	meter.CubicMetre:        {"_cubic_metres", 0, 1, 1, true},
	meter.CubicMetrePerHour: {"_cubic_metres_per_second", 0, 1, hour, false},
	meter.Gigajoule:         {"_joules", 9, 1, 1, true},
}

// solarMeasures are the units of inverters.
var solarMeasures = map[string]measure{
	"Wh": {"_joules", 0, hour, 1, true}, "W": measures[meter.Watt], "A": measures[meter.Ampere], "V": measures[meter.Volt],
	"Hz": measures[meter.Hertz], "VA": {"_voltamperes", 0, 1, 1, false}, "var": {"_vars", 0, 1, 1, false},
	"°C": {"_celsius", 0, 1, 1, false}, "%": {"_ratio", -2, 1, 1, false},
}

// family is a metric family of quantities that differ in a label.
type family[Q any] struct {
	name, kind, help string
	measure          measure
	members          []member[Q]
}

type member[Q any] struct {
	quantity Q
	labels   []string // a name and a value, or none
}

// keyless names the quantities that have no entity to name them.
var keyless = map[meter.Quantity]string{
	meter.SolarPower: "solar_power", meter.GasFlow: "gas_flow", meter.PowerAbsolute: "power_absolute", meter.PowerSigned: "power_signed",
	meter.VoltageAverageL1: "voltage_average_l1", meter.VoltageAverageL2: "voltage_average_l2", meter.VoltageAverageL3: "voltage_average_l3",
	meter.CurrentSum: "current_sum", meter.GridVoltage: "grid_voltage",
}

// families are those of the meter's quantities, in the order of their table.
var families = func() (list []*family[meter.Quantity]) {
	byName := make(map[string]*family[meter.Quantity])
	for q, info := range meter.Quantities {
		quantity := meter.Quantity(q)
		key := info.Entity.Key
		if key == "" {
			key = keyless[quantity]
		}
		unit := measures[info.Unit]
		switch {
		case info.Entity.Class == "enum" && quantity != meter.Tariff:
			unit.suffix = "_state"
		case info.Entity.Class == "power_factor":
			unit.suffix = "_ratio"
		}
		unit.total = unit.total || info.Entity.State == "total_increasing"
		list = join(list, byName, "smartmeter_", key, info.Help, unit, quantity)
	}
	return list
}()

// solarFamilies are those of the inverter.
var solarFamilies = func() (list []*family[meter.SolarQuantity]) {
	byName := make(map[string]*family[meter.SolarQuantity])
	for q, info := range meter.SolarQuantities {
		key := strings.NewReplacer("_phase_a", "_l1", "_phase_b", "_l2", "_phase_c", "_l3").Replace(snake(info.JSON))
		list = join(list, byName, "smartmeter_solar_", key, "inverter: "+info.Help, solarMeasures[info.Unit], meter.SolarQuantity(q))
	}
	return list
}()

// join adds a quantity to its family. A phase, a tariff and a channel are
// labels, in a family beside that of the whole: a sum over it must not count
// twice.
func join[Q any](list []*family[Q], byName map[string]*family[Q], prefix, key, help string, unit measure, q Q) []*family[Q] {
	var labels []string
	if base, phase, ok := cutLast(key, "_l"); ok {
		key, labels = "phase_"+base, []string{"phase", "L" + phase}
		help = strings.TrimSuffix(help, ", L"+phase) + ", by phase"
	} else if base, tariff, ok := cutLast(key, "_tariff_"); ok {
		key, labels = "tariff_"+base, []string{"tariff", tariff}
		help = strings.TrimSuffix(help, ", tariff "+tariff) + ", by tariff"
	} else if base, channel, ok := cutLast(key, "relay_"); ok {
		key, labels = "relay"+base, []string{"channel", channel}
		help = "relays of M-Bus channels: 0 disconnected, 1 connected, 2 ready to be connected"
	} else if key == "breaker" {
		help = "breaker: 0 disconnected, 1 connected, 2 ready to be connected"
	}
	name, kind := prefix+key+unit.suffix, gauge
	if unit.total {
		name, kind = prefix+strings.TrimSuffix(key, "_total")+unit.suffix+"_total", counter
	}
	f, ok := byName[name]
	if !ok {
		f = &family[Q]{name: name, kind: kind, help: strings.ToUpper(help[:1]) + help[1:] + ".", measure: unit}
		byName[name] = f
		list = append(list, f)
	}
	f.members = append(f.members, member[Q]{q, labels})
	return list
}

// cutLast splits "energy_tariff_1" at "_tariff_" where a digit follows.
func cutLast(key, at string) (before, digit string, ok bool) {
	i := strings.LastIndex(key, at)
	if i < 0 || i+len(at) != len(key)-1 || key[len(key)-1] < '0' || key[len(key)-1] > '9' {
		return key, "", false
	}
	return key[:i], key[len(key)-1:], true
}

// snake writes acPowerPhaseA as ac_power_phase_a.
func snake(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
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
