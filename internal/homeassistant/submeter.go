package homeassistant

import (
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// MBus returns the English name of an M-Bus meter and the entities that it can
// have. Unit and class of the total follow the unit that the meter prints: gas
// may come in kWh, heat in GJ or m³. A heat meter of type 012 that counts m³
// counts the hot water that a district heating delivers to the tap.
func MBus(m meter.Medium, t meter.DeviceType, unit meter.Unit) (name string, list []Entity) {
	info := &meter.Media[m]
	name = info.Device
	total := meter.Entity{Key: info.Key, Name: info.Name, Unit: unit.Symbol(), State: "total_increasing", Precision: 3}
	if t == meter.TypeHeatFlow && unit == meter.CubicMetre {
		name, total.Name = meter.Media[meter.WarmWater].Device, meter.Media[meter.WarmWater].Name
	}
	switch unit {
	case meter.CubicMetre:
		total.Class = info.Class
	case meter.KilowattHour, meter.Gigajoule:
		total.Class = "energy"
	}
	if total.Name == "" && total.Class == "" {
		total.Name = "Total" // without a class nothing else names it
	}
	// The device's slot names the medium already: p1_gas_total.
	id := func(key string) string { return strings.TrimPrefix(key, info.Slot+"_") }
	list = []Entity{{Entity: total, ID: id(total.Key), Value: func(dst []byte, v *View) ([]byte, bool) {
		return number(dst, v.Channel.Value, v.Channel.Unit != meter.UnitNone)
	}}}
	if info.FlowKey != "" {
		flow := meter.Entity{Key: info.FlowKey, Name: "Gas flow", Unit: meter.CubicMetrePerHour.Symbol(), Class: "volume_flow_rate", State: "measurement", Precision: 3}
		list = append(list, Entity{Entity: flow, ID: id(flow.Key), Value: quantity(meter.GasFlow, flow)})
	}
	valve := meter.Entity{Key: "valve", Name: "Valve", Class: "enum", Options: []string{"closed", "open", "ready"}, Rare: true}
	return name, append(list,
		Entity{Entity: meter.Entity{Key: "last_reading", Name: "Last reading", Class: "timestamp", Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) { return timestamp(dst, v.Channel.Time, v) }},
		Entity{Entity: valve, Value: func(dst []byte, v *View) ([]byte, bool) {
			return option(dst, valve.Options, int64(v.Channel.Valve)-1), v.Channel.Valve > 0
		}})
}
