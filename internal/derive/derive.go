// Package derive computes what the meter does not say itself: net power,
// totals from tariffs, the flow of gas, and what changed from one reading to
// the next. It knows no clock and no output.
package derive

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Deriver adds derived quantities to the readings of one meter, in their
// order. The zero Deriver with a Zone is ready. It serves one goroutine.
type Deriver struct {
	Zone *time.Location // of the meter's clock

	imports, exports registers
	gas              gas
	usage            meter.Value // last power used; 0 at the start, as smartmeter2mqtt
}

// registers remembers which tariff registers the meter has, so that a total
// is never computed from some of them.
type registers struct {
	seen [5]bool
}

var (
	importTariffs = [5]meter.Quantity{meter.EnergyImportT1, meter.EnergyImportT2, meter.EnergyImportT3, meter.EnergyImportT4, meter.EnergyImportT5}
	exportTariffs = [5]meter.Quantity{meter.EnergyExportT1, meter.EnergyExportT2, meter.EnergyExportT3, meter.EnergyExportT4, meter.EnergyExportT5}
)

// phases are the rows of the power of one phase.
var phases = [3]struct{ in, out, net meter.Quantity }{
	{meter.PowerImportL1, meter.PowerExportL1, meter.PowerNetL1},
	{meter.PowerImportL2, meter.PowerExportL2, meter.PowerNetL2},
	{meter.PowerImportL3, meter.PowerExportL3, meter.PowerNetL3},
}

// Changes is what differs from the reading before; nil is no change.
type Changes struct {
	Usage    *meter.Change // W: power the house uses, or without solar what it takes from the grid
	GasUsage *meter.Change // m3/h: flow, at each new gas reading
}

// Apply adds the derived quantities to r and tells what changed.
func (d *Deriver) Apply(r *meter.Reading) Changes {
	v := &r.Values
	d.imports.total(v, meter.EnergyImportTotal, &importTariffs)
	d.exports.total(v, meter.EnergyExportTotal, &exportTariffs)
	net(v, meter.PowerImport, meter.PowerExport, meter.PowerNet)
	for _, p := range phases {
		net(v, p.in, p.out, p.net)
	}
	var c Changes
	if used, ok := v.Get(meter.HouseUse); ok {
		c.Usage = d.changed(used)
	} else if used, ok := v.Get(meter.PowerNet); ok {
		c.Usage = d.changed(used)
	}
	c.GasUsage = d.gas.apply(r, d.Zone)
	return c
}

func (d *Deriver) changed(used meter.Value) *meter.Change {
	if used.Cmp(d.usage) == 0 {
		return nil
	}
	c := &meter.Change{Previous: d.usage, Value: used}
	d.usage = used
	return c
}

// total adds up the tariffs where the meter sends no total itself. One
// register that is missing, because its line was odd, makes no total: it
// would be too low, and believed.
func (g *registers) total(v *meter.Values, total meter.Quantity, tariffs *[5]meter.Quantity) {
	complete := v.Has(tariffs[0]) && v.Has(tariffs[1])
	var sum meter.Value
	for i, q := range tariffs {
		value, ok := v.Get(q)
		complete = complete && (ok || !g.seen[i])
		g.seen[i] = g.seen[i] || ok
		sum = sum.Add(value)
	}
	if complete && !v.Has(total) {
		v.Set(total, sum)
	}
}

// net is import less export in W; a meter without solar panels may send no
// export.
func net(v *meter.Values, in, out, net meter.Quantity) {
	imported, ok := v.Get(in)
	exported, too := v.Get(out)
	if ok || too {
		v.Set(net, imported.Sub(exported).Shift(3))
	}
}

// gas computes the flow from two readings with different times.
type gas struct {
	id    string
	time  meter.Timestamp
	total meter.Value
	flow  meter.Value
	known bool // flow is
}

// maxFlow bounds what is believed, m3/h: the largest household gas meter (G25)
// passes 40.
var maxFlow = meter.NewValue(40, 0)

func (g *gas) apply(r *meter.Reading, zone *time.Location) *meter.Change {
	c, ok := r.Medium(meter.Gas)
	if !ok || c.Unit != meter.CubicMetre || c.Time.IsZero() {
		g.known = false
		return nil
	}
	if c.ID != g.id || g.time.IsZero() {
		*g = gas{id: c.ID, time: c.Time, total: c.Value}
		return nil
	}
	var change *meter.Change
	if c.Time != g.time {
		change = g.next(c, r.Received, zone)
	}
	if g.known {
		r.Values.Set(meter.GasFlow, g.flow)
	}
	return change
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
	g.flow, g.known = flow, true
	return change
}
