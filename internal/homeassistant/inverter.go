package homeassistant

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Inverter lists the entities that an inverter can have.
var Inverter = func() []Entity {
	of := func(q meter.SolarQuantity, e meter.Entity) Entity {
		return Entity{Entity: e, Value: func(dst []byte, v *View) ([]byte, bool) {
			n, ok := v.Solar.Get(q)
			return number(dst, n.Shift(e.Shift), ok)
		}}
	}
	rare := func(key, name, unit, class string, precision int) meter.Entity {
		return meter.Entity{Key: key, Name: name, Unit: unit, Class: class, State: "measurement", Precision: precision, Rare: true}
	}
	status := meter.Entity{Key: "status", Name: "Status", Class: "enum", Options: meter.SolarStatuses()}
	temperature := of(meter.SolarTemperature, meter.Entity{Key: "temperature", Unit: "°C", Class: "temperature", State: "measurement", Precision: 1})
	temperature.Diagnostic = true
	return []Entity{
		of(meter.SolarACPower, meter.Entity{Key: "power", Unit: "W", Class: "power", State: "measurement"}),
		of(meter.SolarLifetime, meter.Entity{Key: "energy_total", Unit: "kWh", Shift: -3, Class: "energy", State: "total_increasing", Precision: 3}),
		{Entity: status, Diagnostic: true, Value: func(dst []byte, v *View) ([]byte, bool) {
			return text(dst, v.Solar.Status.String())
		}},
		temperature,
		of(meter.SolarACPowerL1, rare("power_l1", "Power L1", "W", "power", 0)),
		of(meter.SolarACPowerL2, rare("power_l2", "Power L2", "W", "power", 0)),
		of(meter.SolarACPowerL3, rare("power_l3", "Power L3", "W", "power", 0)),
		of(meter.SolarACVoltageL1, rare("voltage_l1", "Voltage L1", "V", "voltage", 1)),
		of(meter.SolarACVoltageL2, rare("voltage_l2", "Voltage L2", "V", "voltage", 1)),
		of(meter.SolarACVoltageL3, rare("voltage_l3", "Voltage L3", "V", "voltage", 1)),
		of(meter.SolarACCurrentL1, rare("current_l1", "Current L1", "A", "current", 2)),
		of(meter.SolarACCurrentL2, rare("current_l2", "Current L2", "A", "current", 2)),
		of(meter.SolarACCurrentL3, rare("current_l3", "Current L3", "A", "current", 2)),
		of(meter.SolarACFrequency, rare("frequency", "", "Hz", "frequency", 2)),
		of(meter.SolarDCPower, rare("dc_power", "DC power", "W", "power", 0)),
		of(meter.SolarDCVoltage, rare("dc_voltage", "DC voltage", "V", "voltage", 1)),
		of(meter.SolarDCCurrent, rare("dc_current", "DC current", "A", "current", 2)),
	}
}()
