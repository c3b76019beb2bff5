package meter

import "time"

// SolarQuantity is something that a solar inverter can report as a number.
// Its row in SolarQuantities tells all about it.
type SolarQuantity uint8

// The quantities of an inverter, in the order of their JSON.
const (
	SolarLifetime SolarQuantity = iota
	SolarTemperature
	SolarACCurrent
	SolarACCurrentL1
	SolarACCurrentL2
	SolarACCurrentL3
	SolarACVoltageL1
	SolarACVoltageL2
	SolarACVoltageL3
	SolarACPower
	SolarACPowerL1
	SolarACPowerL2
	SolarACPowerL3
	SolarACFrequency
	SolarApparentPower
	SolarReactivePower
	SolarPowerFactor
	SolarDCCurrent
	SolarDCVoltage
	SolarDCPower
	NumSolarQuantities // how many there are
)

// SolarInfo is what the program knows of a quantity of an inverter.
type SolarInfo struct {
	JSON string // name in the inverter's JSON: smartmeter2mqtt's, ours in the same style
	Unit string // in which samples keep it
	What string // for people, but for the phase

	Phase  uint8  // 1 to 3; 0: all
	Metric string // name in Prometheus, after smartmeter_
}

// SolarQuantities is the table of what an inverter can report.
var SolarQuantities = [NumSolarQuantities]SolarInfo{
	SolarLifetime:      {"lifetimeProduction", "Wh", "energy produced since the inverter was made", 0, "solar_lifetime_production_joules_total"},
	SolarTemperature:   {"temperature", "°C", "temperature of the heat sink, or of the cabinet", 0, "solar_temperature_celsius"},
	SolarACCurrent:     {"acTotalCurrent", "A", "current, all phases", 0, "solar_ac_total_current_amperes"},
	SolarACCurrentL1:   {"acCurrentPhaseA", "A", "current", 1, "solar_phase_ac_current_amperes"},
	SolarACCurrentL2:   {"acCurrentPhaseB", "A", "current", 2, "solar_phase_ac_current_amperes"},
	SolarACCurrentL3:   {"acCurrentPhaseC", "A", "current", 3, "solar_phase_ac_current_amperes"},
	SolarACVoltageL1:   {"acVoltagePhaseA", "V", "voltage", 1, "solar_phase_ac_voltage_volts"},
	SolarACVoltageL2:   {"acVoltagePhaseB", "V", "voltage", 2, "solar_phase_ac_voltage_volts"},
	SolarACVoltageL3:   {"acVoltagePhaseC", "V", "voltage", 3, "solar_phase_ac_voltage_volts"},
	SolarACPower:       {"acPower", "W", "power delivered; below 0 it is used, at night", 0, "solar_ac_power_watts"},
	SolarACPowerL1:     {"acPowerPhaseA", "W", "power delivered", 1, "solar_phase_ac_power_watts"},
	SolarACPowerL2:     {"acPowerPhaseB", "W", "power delivered", 2, "solar_phase_ac_power_watts"},
	SolarACPowerL3:     {"acPowerPhaseC", "W", "power delivered", 3, "solar_phase_ac_power_watts"},
	SolarACFrequency:   {"acFrequency", "Hz", "frequency of the grid", 0, "solar_ac_frequency_hertz"},
	SolarApparentPower: {"apparentPower", "VA", "apparent power", 0, "solar_apparent_power_voltamperes"},
	SolarReactivePower: {"reactivePower", "var", "reactive power", 0, "solar_reactive_power_vars"},
	SolarPowerFactor:   {"powerFactor", "%", "power factor", 0, "solar_power_factor_ratio"},
	SolarDCCurrent:     {"dcCurrent", "A", "current of the panels", 0, "solar_dc_current_amperes"},
	SolarDCVoltage:     {"dcVoltage", "V", "voltage of the panels", 0, "solar_dc_voltage_volts"},
	SolarDCPower:       {"dcPower", "W", "power of the panels", 0, "solar_dc_power_watts"},
}

// SolarStatus is what an inverter does, numbered as SunSpec's models 101 to
// 113 do. 0 is unknown.
type SolarStatus uint8

// solarStatuses are the states of SunSpec model 103, point St.
var solarStatuses = [...]string{"", "off", "sleeping", "starting", "producing", "throttled", "shutting_down", "fault", "standby"}

// SolarStatuses are the names of all states, for an enum.
func SolarStatuses() []string { return solarStatuses[1:] }

// String is the state's name, or empty.
func (s SolarStatus) String() string {
	if int(s) < len(solarStatuses) {
		return solarStatuses[s]
	}
	return ""
}

// Asleep reports whether the inverter produces nothing and will go away before
// long: off, sleeping, shutting down or in standby.
func (s SolarStatus) Asleep() bool { return s == 1 || s == 2 || s == 6 || s == 8 }

// Solar is what an inverter reported at one time. It is a value: never changed
// once published.
type Solar struct {
	Received     time.Time // our clock
	Manufacturer string
	Model        string
	Version      string // of its software
	Serial       string
	ModelID      int // the SunSpec model that was read, such as 103
	Status       SolarStatus

	values [NumSolarQuantities]Value
	set    uint32
}

// Set records v as the value of q.
func (s *Solar) Set(q SolarQuantity, v Value) {
	s.values[q] = v
	s.set |= 1 << q
}

// Get returns the value of q; false when it was not reported.
func (s *Solar) Get(q SolarQuantity) (Value, bool) {
	return s.values[q], s.set&(1<<q) != 0
}

// Clear forgets q.
func (s *Solar) Clear(q SolarQuantity) { s.set &^= 1 << q }

// AppendJSON writes the sample as one object, with the names of
// smartmeter2mqtt; what the inverter does not report is left out.
func (s *Solar) AppendJSON(dst []byte) []byte {
	w := writer{append(dst, '{')}
	w.text("manufacturer", s.Manufacturer)
	w.text("model", s.Model)
	w.text("version", s.Version)
	w.text("serial", s.Serial)
	w.value("did", NewValue(int64(s.ModelID), 0))
	for q := range NumSolarQuantities {
		if q == SolarACCurrent && s.Status != 0 { // where smartmeter2mqtt has it
			w.value("status", NewValue(int64(s.Status), 0))
			w.text("statusText", s.Status.String())
		}
		if v, ok := s.Get(q); ok {
			w.value(SolarQuantities[q].JSON, v)
		}
	}
	w.key("ts")
	w.dst = append(w.dst, '"')
	w.dst = s.Received.AppendFormat(w.dst, time.RFC3339)
	return append(w.dst, '"', '}')
}
