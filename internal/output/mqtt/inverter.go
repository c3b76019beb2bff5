package mqtt

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// inverter is the solar inverter: a device of its own below the bridge, whose
// slot is <slot>_solar. All of it that can be known stands in the last sample.
type inverter struct {
	*device
	topic string // of the whole sample
	last  *meter.Solar
	lasts time.Duration // how long a sample tells how the inverter stands
}

// solar lists the entities that an inverter can have.
var solar = func() []component {
	of := func(q meter.SolarQuantity, e meter.Entity) component {
		return component{Entity: e, value: func(dst []byte, v *view) ([]byte, bool) {
			n, ok := v.solar.Get(q)
			return number(dst, n.Shift(e.Shift), ok)
		}}
	}
	rare := func(key, name, unit, class string, precision int) meter.Entity {
		return meter.Entity{Key: key, Name: name, Unit: unit, Class: class, State: "measurement", Precision: precision, Rare: true}
	}
	status := meter.Entity{Key: "status", Name: "Status", Class: "enum", Options: meter.SolarStatuses()}
	temperature := of(meter.SolarTemperature, meter.Entity{Key: "temperature", Unit: "°C", Class: "temperature", State: "measurement", Precision: 1})
	temperature.diagnostic = true
	return []component{
		of(meter.SolarACPower, meter.Entity{Key: "power", Unit: "W", Class: "power", State: "measurement"}),
		of(meter.SolarLifetime, meter.Entity{Key: "energy_total", Unit: "kWh", Shift: -3, Class: "energy", State: "total_increasing", Precision: 3}),
		{Entity: status, diagnostic: true, value: func(dst []byte, v *view) ([]byte, bool) {
			return text(dst, v.solar.Status.String())
		}},
		temperature,
		of(meter.SolarACPowerL1, rare("power_l1", "Power phase L1", "W", "power", 0)),
		of(meter.SolarACPowerL2, rare("power_l2", "Power phase L2", "W", "power", 0)),
		of(meter.SolarACPowerL3, rare("power_l3", "Power phase L3", "W", "power", 0)),
		of(meter.SolarACVoltageL1, rare("voltage_l1", "Voltage phase L1", "V", "voltage", 1)),
		of(meter.SolarACVoltageL2, rare("voltage_l2", "Voltage phase L2", "V", "voltage", 1)),
		of(meter.SolarACVoltageL3, rare("voltage_l3", "Voltage phase L3", "V", "voltage", 1)),
		of(meter.SolarACCurrentL1, rare("current_l1", "Current phase L1", "A", "current", 2)),
		of(meter.SolarACCurrentL2, rare("current_l2", "Current phase L2", "A", "current", 2)),
		of(meter.SolarACCurrentL3, rare("current_l3", "Current phase L3", "A", "current", 2)),
		of(meter.SolarACFrequency, rare("frequency", "", "Hz", "frequency", 2)),
		of(meter.SolarDCPower, rare("dc_power", "DC power", "W", "power", 0)),
		of(meter.SolarDCVoltage, rare("dc_voltage", "DC voltage", "V", "voltage", 1)),
		of(meter.SolarDCCurrent, rare("dc_current", "DC current", "A", "current", 2)),
	}
}()

// solarSlot is the slot of a meter's inverter.
func solarSlot(slot string) string { return slot + "_solar" }

// addInverter makes the device, for a program that reads one.
func (s *session) addInverter(lasts time.Duration) {
	d := newDevice(s.topic, solarSlot(s.slot), "Solar inverter", solar)
	s.inverter = &inverter{device: s.add(&d, s.bridge), topic: s.topic + "/status/solar", lasts: lasts}
}

// sampled takes what the inverter says.
func (s *session) sampled(now time.Time, sample *meter.Solar) []message {
	s.begin()
	v := s.inverter
	v.last, s.view.solar = sample, sample
	said := information{manufacturer: sample.Manufacturer, model: sample.Model, serial: sample.Serial, version: sample.Version}
	if merged := v.info.merge(said); merged != v.info {
		v.info = merged
		v.stale = true
	}
	v.learn(&s.view, &s.groups)
	if !s.online {
		return nil
	}
	s.whole()
	if s.discovery {
		s.announceDevice(now, v.device, false)
	}
	if v.shown != online || now.Sub(v.stateAt) >= s.rates.interval-early {
		s.state(now, v.device)
	}
	s.available(now)
	return s.out
}

// whole sends the whole sample, as smartmeter2mqtt does.
func (s *session) whole() {
	start := len(s.buf)
	s.buf = s.inverter.last.AppendJSON(s.buf)
	s.emit(s.inverter.topic, s.buf[start:len(s.buf):len(s.buf)], 0, true)
}

// ends is when the last sample tells no more how the inverter stands; zero for
// never.
func (v *inverter) ends() time.Time {
	if v == nil || v.last == nil || v.shown != online {
		return time.Time{}
	}
	return v.last.Received.Add(v.lasts)
}

// answers tells whether the inverter was heard of late.
func (v *inverter) answers(now time.Time) bool {
	return v.last != nil && now.Before(v.last.Received.Add(v.lasts))
}
