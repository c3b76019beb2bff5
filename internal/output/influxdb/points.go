package influxdb

import (
	"slices"
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
//	power-total{meter}    T1Used, T2Used, T1Delivered, T2Delivered, ... kWh, ReactiveT1Used, ... kvarh: every total of the electricity meter;
//	                      TotalUsed, TotalDelivered where there are no tariffs that make them up
//	power-usage{tarrif}   usage, house, production                      W
//	gas-total{meter}      used                                          m3
//	water-total{meter}, warm-water-total, heat-total, cooling-total, electricity-total
//	solar{invertor}       lifetime-production (Wh), ac-power (W)
//
// Where there are several meters, what is of one has the tag slot.
type encoder struct {
	lines     lineprotocol.Encoder
	zone      *time.Location
	isSeveral bool // there are several meters
	count     int  // lines

	submeters map[string]*[meter.MaxChannels]meter.Channel // as they were last written, by the slot of their meter
}

func newEncoder(zone *time.Location, isSeveral bool) *encoder {
	e := &encoder{zone: zone, isSeveral: isSeveral, submeters: make(map[string]*[meter.MaxChannels]meter.Channel)}
	e.lines.SetPrecision(lineprotocol.Millisecond)
	e.lines.SetLax(true) // the names are ours and right, and tag values are looked at
	return e
}

// totals are the fields of power-total, and powers those of power-usage.
var (
	totals = meter.Where(func(i *meter.Info) bool { return i.Influx != "" && i.Unit.Total() })
	powers = meter.Where(func(i *meter.Info) bool { return i.Influx != "" && !i.Unit.Total() })
)

// reading adds the points of a reading of the meter in that slot. Their time is
// the meter's own. Zeros are values.
func (e *encoder) reading(slot string, r *meter.Reading) {
	at := e.time(r.Time, r)
	p := point{encoder: e, measurement: "power-total", slot: slot, tag: "meter", value: r.Identifier(), at: at}
	for _, q := range totals {
		if !summed(q, r) {
			p.quantity(q, r)
		}
	}
	p.end()

	p = point{encoder: e, measurement: "power-usage", slot: slot, at: at}
	var number [4]byte
	if tariff, ok := r.Values.Get(meter.Tariff); ok && tariff.Int() >= 0 && tariff.Int() <= 99 {
		p.tag, p.value = "tarrif", string(tariff.Append(number[:0]))
	}
	for _, q := range powers {
		p.quantity(q, r)
	}
	p.end()

	for i := range r.Channels {
		e.submeter(slot, i, r)
	}
}

// summed reports whether q is a sum of tariffs that the reading has too.
func summed(q meter.Quantity, r *meter.Reading) bool {
	return slices.ContainsFunc(meter.Sums[:], func(s meter.Sum) bool {
		return s.Total == q && slices.ContainsFunc(s.Tariffs, r.Values.Has)
	})
}

// submeter adds the reading of the i-th channel, once: each telegram till the
// next one repeats it. A channel that has no slot is not the household's.
func (e *encoder) submeter(slot string, i int, r *meter.Reading) {
	c := &r.Channels[i]
	m, ok := c.Type.Medium()
	written := e.submeters[slot]
	if written == nil {
		written = new([meter.MaxChannels]meter.Channel)
		e.submeters[slot] = written
	}
	if !ok || !meter.Media[m].Names(c.Unit) || !c.Time.IsZero() && *c == written[i] {
		return
	}
	if of, ok := r.Member(m, max(c.Meter.Slot, 1)); !ok || of != c || c.Meter.Slot > 1 && !tagged(c.Identifier()) {
		return // nothing would tell the points of a second meter from the first one's
	}
	written[i] = *c
	p := point{encoder: e, measurement: meter.Media[m].Influx, slot: slot, tag: "meter", value: c.Identifier(), at: e.time(c.Time, r)}
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
	slot        string // of the meter; empty: it is of none
	tag, value  string // no tag where the value is empty, or none that a line can hold
	at          time.Time
	open        bool
}

func (p *point) quantity(q meter.Quantity, r *meter.Reading) {
	if v, ok := r.Values.Get(q); ok {
		p.add(meter.Quantities[q].Influx, v)
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
	isSlot := p.isSeveral && p.slot != ""
	if isSlot && p.tag >= "slot" { // databases want tags in order
		p.lines.AddTag("slot", p.slot)
	}
	if tagged(p.value) {
		p.lines.AddTag(p.tag, p.value)
	}
	if isSlot && p.tag < "slot" {
		p.lines.AddTag("slot", p.slot)
	}
}

func (p *point) end() {
	if p.open {
		p.lines.EndLine(p.at)
		p.count++
	}
}

// tagged reports whether a line can have that tag value.
func tagged(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && s[len(s)-1] != '\\'
}
