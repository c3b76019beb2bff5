package influxdb

import (
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// clockInsane is how far a meter's clock may be off before its time is not
// taken: such points would be lost in a database that forgets the old.
const clockInsane = 24 * time.Hour

// encoder makes lines of the InfluxDB line protocol. Measurements, tags and
// fields are smartmeter2mqtt's, misspellings included, because dashboards know
// them; what it did not have is named in the same way.
//
//	power-total{meter}    T1Used, T2Used, T1Delivered, T2Delivered, ... kWh; TotalUsed, TotalDelivered where there are no tariffs
//	power-usage{tarrif}   usage, house, production                      W
//	gas-total{meter}      used                                          m3
//	water-total{meter}, warm-water-total, heat-total, cooling-total, electricity-total
//	solar{invertor}       lifetime-production (Wh), ac-power (W)
type encoder struct {
	lines lineprotocol.Encoder
	zone  *time.Location
	count int // lines

	submeters [meter.NumMedia]meter.Channel // as they were last written
}

func newEncoder(zone *time.Location) *encoder {
	e := &encoder{zone: zone}
	e.lines.SetPrecision(lineprotocol.Millisecond)
	e.lines.SetLax(true) // the names are ours and right, and tag values are looked at
	return e
}

// totals are the fields of power-total.
var totals = [...]struct {
	field string
	of    meter.Quantity
}{
	{"T1Used", meter.EnergyImportT1}, {"T2Used", meter.EnergyImportT2}, {"T3Used", meter.EnergyImportT3}, {"T4Used", meter.EnergyImportT4},
	{"T1Delivered", meter.EnergyExportT1}, {"T2Delivered", meter.EnergyExportT2}, {"T3Delivered", meter.EnergyExportT3}, {"T4Delivered", meter.EnergyExportT4},
}

// measurements are those of M-Bus meters.
var measurements = [meter.NumMedia]string{
	meter.Gas: "gas-total", meter.Water: "water-total", meter.WarmWater: "warm-water-total", meter.Heat: "heat-total",
	meter.Cooling: "cooling-total", meter.SubElectricity: "electricity-total",
}

// reading adds the points of a reading. Their time is the meter's own. Zeros
// are values.
func (e *encoder) reading(r *meter.Reading) {
	at := e.time(r.Time, r)
	p := point{encoder: e, measurement: "power-total", tag: "meter", value: r.EquipmentID, at: at}
	for i := range totals {
		p.field(totals[i].field, r.Values.Get, totals[i].of)
	}
	if !p.open {
		p.field("TotalUsed", r.Values.Get, meter.EnergyImportTotal)
		p.field("TotalDelivered", r.Values.Get, meter.EnergyExportTotal)
	}
	p.end()

	p = point{encoder: e, measurement: "power-usage", at: at}
	var number [4]byte
	if tariff, ok := r.Values.Get(meter.Tariff); ok && tariff.Int() >= 0 && tariff.Int() <= 99 {
		p.tag, p.value = "tarrif", string(tariff.Append(number[:0]))
	}
	p.field("usage", r.Values.Get, meter.PowerNet)
	p.field("house", r.Values.Get, meter.HouseUse)
	p.field("production", r.Values.Get, meter.SolarPower)
	p.end()

	for m := range meter.NumMedia {
		e.submeter(m, r)
	}
}

// submeter adds the reading of an M-Bus meter, once: each telegram till the
// next one repeats it.
func (e *encoder) submeter(m meter.Medium, r *meter.Reading) {
	c, ok := r.Member(m, 1)
	if !ok || !meter.Media[m].Names(c.Unit) || !c.Time.IsZero() && *c == e.submeters[m] {
		return
	}
	e.submeters[m] = *c
	p := point{encoder: e, measurement: measurements[m], tag: "meter", value: c.ID, at: e.time(c.Time, r)}
	p.add("used", c.Value)
	p.end()
}

// solar adds the point of an inverter's sample.
func (e *encoder) solar(s *meter.Solar) {
	p := point{encoder: e, measurement: "solar", tag: "invertor", value: s.Serial, at: s.Received}
	if energy, ok := s.Get(meter.SolarLifetime); ok {
		p.start()
		e.lines.AddField("lifetime-production", lineprotocol.IntValue(energy.Int()))
	}
	if power, ok := s.Get(meter.SolarACPower); ok {
		p.add("ac-power", power)
	}
	p.end()
}

// time is when the meter measured, or when the telegram came where the meter
// tells no time, or one that cannot be.
func (e *encoder) time(t meter.Timestamp, r *meter.Reading) time.Time {
	if t.IsZero() {
		return r.Received
	}
	at := t.Time(e.zone, r.Received)
	if !r.Time.IsZero() && at.Sub(r.Received).Abs() > clockInsane && r.Time.Time(e.zone, r.Received).Sub(r.Received).Abs() > clockInsane {
		return r.Received
	}
	return at
}

// take returns the lines made since, in a buffer that the caller keeps, and how
// many they are.
func (e *encoder) take() ([]byte, int) {
	lines, count := e.lines.Bytes(), e.count
	e.lines.SetBuffer(nil)
	e.count = 0
	return lines, count
}

// point is one line that begins with its first field.
type point struct {
	*encoder
	measurement string
	tag, value  string // no tag where the value is empty, or none that a line can hold
	at          time.Time
	open        bool
}

func (p *point) field(name string, get func(meter.Quantity) (meter.Value, bool), q meter.Quantity) {
	if v, ok := get(q); ok {
		p.add(name, v)
	}
}

func (p *point) add(name string, v meter.Value) {
	if f, ok := lineprotocol.FloatValue(v.Float64()); ok {
		p.start()
		p.lines.AddField(name, f)
	}
}

func (p *point) start() {
	if p.open {
		return
	}
	p.open = true
	p.lines.StartLine(p.measurement)
	if tagged(p.value) {
		p.lines.AddTag(p.tag, p.value)
	}
}

func (p *point) end() {
	if p.open {
		p.lines.EndLine(p.at)
		p.count++
	}
}

// tagged tells whether a line can have that tag value.
func tagged(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && s[len(s)-1] != '\\'
}
