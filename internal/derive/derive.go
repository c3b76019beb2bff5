// Package derive computes what the meter does not say itself: net power,
// totals from tariffs, the flow of gas, where the running quarter of an hour
// leads to, and what changed from one reading to the next. It knows no clock
// and no output.
package derive

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Deriver adds derived quantities to the readings of one meter, in their
// order. The zero Deriver with a Zone is ready. It serves one goroutine; a
// copy goes its own way.
type Deriver struct {
	Zone *time.Location // of the meter's clock

	seen  [meter.NumQuantities]uint8 // readings for which a register is still expected
	gas   gas
	peaks demand
	usage meter.Value // last power used; 0 at the start, as smartmeter2mqtt
}

// memory is for how many readings a register is missed: nothing is computed
// from some of the registers while one has been lost on the way, but a
// register that was only ever damage is forgotten.
const memory = 10

// pair is two powers and what is left of them.
type pair struct{ in, out, net meter.Quantity }

// phases are the rows of the power of one phase.
var phases = [3]pair{
	{meter.PowerImportL1, meter.PowerExportL1, meter.PowerNetL1},
	{meter.PowerImportL2, meter.PowerExportL2, meter.PowerNetL2},
	{meter.PowerImportL3, meter.PowerExportL3, meter.PowerNetL3},
}

// Changes is what differs from the reading before; nil is no change.
type Changes struct {
	Usage    *meter.Change // W: power the house uses, or without solar what it takes from the grid
	GasUsage *meter.Change // m3/h: flow, at each new gas reading
}

// Apply adds the derived quantities to r and tells what changed. What the
// solar panels give is in r already, where somebody knows it.
func (d *Deriver) Apply(r *meter.Reading) Changes {
	for i := range meter.Sums {
		d.total(r, &meter.Sums[i])
	}
	sum, complete := d.phases(r)
	if known, lost := d.net(r, meter.PowerImport, meter.PowerExport, meter.PowerNet); !known && !lost && complete {
		setPower(r, sum)
	}
	if net, ok := r.Values.Get(meter.PowerNet); ok && r.Header != "" {
		r.Values.Set(meter.PowerNet, whole(net)) // as smartmeter2mqtt has it, which reads telegrams only
	}
	House(r)
	d.peaks.apply(r)
	var c Changes
	if used, ok := r.Values.Get(meter.HouseUse); ok {
		c.Usage = d.changed(used)
	} else if used, ok := r.Values.Get(meter.PowerNet); ok {
		c.Usage = d.changed(used)
	}
	c.GasUsage = d.gas.apply(r, d.Zone)
	return c
}

// take returns a register, and whether nothing can be computed because it is
// missing: it was there a moment ago, or its line was odd.
func (d *Deriver) take(r *meter.Reading, q meter.Quantity) (v meter.Value, has, missing bool) {
	if v, has = r.Values.Get(q); has {
		d.seen[q] = memory
		return v, true, false
	}
	missing = d.seen[q] > 0 || r.Values.Odd(q)
	if d.seen[q] > 0 {
		d.seen[q]--
	}
	return v, false, missing
}

func (d *Deriver) changed(used meter.Value) *meter.Change {
	if used.Cmp(d.usage) == 0 {
		return nil
	}
	c := &meter.Change{Previous: d.usage, Value: used}
	d.usage = used
	return c
}

// total adds up the tariffs where the meter sends no total itself. A register
// that is missing makes no total: it would be too low, and believed. So does a
// single tariff of a telegram without checksum, whose other line may be lost.
func (d *Deriver) total(r *meter.Reading, s *meter.Sum) {
	var sum meter.Value
	count, complete := 0, true
	for _, q := range s.Tariffs {
		v, has, missing := d.take(r, q)
		if has {
			sum = sum.Add(v)
			count++
		}
		complete = complete && !missing
	}
	if complete && !r.Values.Has(s.Total) && (count > 1 || count == 1 && r.Checksum == meter.ChecksumValid) {
		r.Values.SetSum(s.Total, sum)
	}
}

// net sets import less export in W; a meter without solar panels may send no
// export. It reports whether the net power is known, and else whether that is
// because a register is missing.
func (d *Deriver) net(r *meter.Reading, in, out, net meter.Quantity) (known, lost bool) {
	imported, hasImport, lostImport := d.take(r, in)
	exported, hasExport, lostExport := d.take(r, out)
	known = (hasImport || hasExport) && !lostImport && !lostExport
	if known {
		r.Values.Set(net, imported.Sub(exported).Shift(3))
	}
	return known, lostImport || lostExport
}

// phases sets the net power of each phase and returns their sum in W, which is
// complete when there is one and no register of any phase is missing.
func (d *Deriver) phases(r *meter.Reading) (sum meter.Value, complete bool) {
	missing := false
	for _, p := range phases {
		known, lost := d.net(r, p.in, p.out, p.net)
		if known {
			v, _ := r.Values.Get(p.net)
			sum = sum.Add(v)
			complete = true
		}
		missing = missing || lost
	}
	return sum, complete && !missing
}

// setPower sets the power of a meter that sends only that of its phases
// (Lithuania's longest list has neither 1.7.0 nor 16.7.0). The meter's total
// is their net: what one phase exports another one may use.
func setPower(r *meter.Reading, net meter.Value) {
	imported, exported := net.Shift(-3).Split()
	r.Values.Set(meter.PowerImport, imported)
	r.Values.Set(meter.PowerExport, exported)
	r.Values.Set(meter.PowerNet, net)
}

// House sets what the house uses, in whole W: what comes from the grid and from
// the panels.
func House(r *meter.Reading) {
	net, hasNet := r.Values.Get(meter.PowerNet)
	solar, hasSolar := r.Values.Get(meter.SolarPower)
	if !hasNet || !hasSolar {
		return
	}
	r.Values.Set(meter.HouseUse, whole(net.Add(solar)))
}

// whole rounds to a whole number.
func whole(v meter.Value) meter.Value {
	if rounded, ok := v.MulDiv(1, 1, 0); ok {
		return rounded
	}
	return v
}

// gas computes the flow from two readings with different times.
type gas struct {
	id    string // of the meter, and
	meter uint32 // its number in its slot
	time  meter.Timestamp
	total meter.Value
	flow  meter.Value
	known bool  // flow is
	step  int64 // seconds between the readings that it is from
}

// maxFlow bounds what is believed, m3/h: the largest household gas meter (G25)
// passes 40.
var maxFlow = meter.NewValue(40, 0)

func (g *gas) apply(r *meter.Reading, zone *time.Location) *meter.Change {
	c, ok := r.Member(meter.Gas, 1)
	if !ok || c.Unit != meter.CubicMetre || c.Time.IsZero() {
		g.known = false
		return nil
	}
	id := c.Identifier()
	if g.time.IsZero() || c.Meter.Meter != g.meter || id != g.id && g.id != "" {
		*g = gas{id: id, meter: c.Meter.Meter, time: c.Time, total: c.Value}
		return nil
	}
	g.id = id
	var change *meter.Change
	if c.Time != g.time && !c.Meter.Rival && !c.Meter.Booting {
		change = g.next(c, r.Received, zone)
	}
	if g.known && !g.stale(r, zone) {
		r.Values.Set(meter.GasFlow, g.flow)
	}
	return change
}

// stale tells by the meter's own clock that the next reading is overdue.
func (g *gas) stale(r *meter.Reading, zone *time.Location) bool {
	if r.Time.IsZero() {
		return false
	}
	age := r.Time.Time(zone, r.Received).Sub(g.time.Time(zone, r.Received))
	return age > time.Duration(2*g.step)*time.Second+10*time.Minute
}

func (g *gas) next(c *meter.Channel, received time.Time, zone *time.Location) *meter.Change {
	seconds := int64(c.Time.Time(zone, received).Sub(g.time.Time(zone, received)) / time.Second)
	used := c.Value.Sub(g.total)
	g.time, g.total = c.Time, c.Value
	if seconds <= 0 {
		g.known = false
		return nil
	}
	flow, ok := used.MulDiv(3600, seconds, 3)
	if !ok || flow.Sign() < 0 || flow.Cmp(maxFlow) > 0 {
		g.known = false
		return nil
	}
	change := &meter.Change{Value: flow}
	if g.known {
		change.Previous = g.flow
	}
	g.flow, g.known, g.step = flow, true, seconds
	return change
}
