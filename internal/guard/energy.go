package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// direction is what is known of the total of one direction.
type direction struct {
	printed   bool // the meter prints a total, so that no sum is made; for ever
	isNow     bool // it is in this reading
	isPresent bool // one of its tariffs is
	isDoubted bool // a sum of tariffs that stands still, because one of them is doubted
}

// energies are the registers of an electricity meter.
var energies = meter.Where(func(i *meter.Info) bool { return i.Unit.Total() })

func (g *Guard) electricity(r *meter.Reading, isChecked bool) {
	if g.meter == 0 {
		g.meter = r.Meter.Meter
	}
	isReplaced := g.meter != r.Meter.Meter
	g.meter = r.Meter.Meter
	power := largestPower(&r.Values)
	rules := energyRules(min(power, g.power), isChecked)
	g.power = power
	switch {
	case isReplaced:
		g.replace(r, &rules)
	case g.wasRival && !r.Meter.Rival:
		g.forgetRival()
	}
	g.wasRival = r.Meter.Rival
	for i := range meter.Sums {
		d := &g.directions[i]
		d.isNow = r.Values.Has(meter.Sums[i].Total)
		d.printed = d.printed || d.isNow && !r.Meter.Rival
	}
	s := sample{at: r.Received, isFresh: true, isBooting: r.Meter.Booting, isRival: r.Meter.Rival}
	s.isZero = isAllZero(r)
	for _, q := range energies {
		v, ok := r.Values.Get(q)
		if !ok {
			continue
		}
		t := &g.energies[q]
		s.value, s.unit, s.isLate = v, meter.Quantities[q].Unit, !t.known && (s.isZero || g.joins(q))
		if v := g.judge(t, &s, &rules); v != believed {
			g.record(v, Subject{Quantity: q}, 0, t, s.value)
		}
	}
	for i := range meter.Sums {
		g.sum(i, r, &rules)
	}
}

// forgetRival forgets what a meter said that does not count after all, in
// registers that ours lacks too.
func (g *Guard) forgetRival() {
	for _, q := range energies {
		g.energies[q].next = doubt{}
	}
}

// isAllZero reports whether all registers are 0, as while a meter boots. One
// that is 0 beside others is what houses without solar panels have.
func isAllZero(r *meter.Reading) bool {
	for _, q := range energies {
		if v, ok := r.Values.Get(q); ok && v.Sign() != 0 {
			return false
		}
	}
	return true
}

// judge judges a value, and counts the totals of which something is known for
// the first time.
func (g *Guard) judge(t *total, s *sample, r *rules) verdict {
	wasKnown := t.known
	v := t.judge(s, r)
	if t.known && !wasKnown {
		g.firsts++
	}
	return v
}

// directionOf is the direction of a tariff's register plus one; 0 of others.
var directionOf = func() (of [meter.NumQuantities]uint8) {
	for i := range meter.Sums {
		for _, q := range meter.Sums[i].Tariffs {
			of[q] = uint8(i + 1)
		}
	}
	return of
}()

// joins reports whether a first value of the register adds to a sum that is
// shown.
func (g *Guard) joins(q meter.Quantity) bool {
	i := int(directionOf[q]) - 1
	return i >= 0 && !g.directions[i].printed && g.energies[meter.Sums[i].Total].known
}

// sum makes the total of a direction from its tariffs. Each was judged; only a
// first sum may have to wait: for tariffs of which nothing is known yet, and
// where there is one tariff alone, because another one's line may be missing.
func (g *Guard) sum(i int, r *meter.Reading, rules *rules) {
	d, t := &g.directions[i], &g.energies[meter.Sums[i].Total]
	d.isPresent, d.isDoubted = false, false
	if d.printed {
		return
	}
	s := &sample{unit: meter.KilowattHour, at: r.Received, isFresh: true, isLate: true, isBooting: r.Meter.Booting}
	known, waiting := 0, 0
	d.isDoubted = r.Meter.Rival
	for _, q := range meter.Sums[i].Tariffs {
		part := &g.energies[q]
		d.isPresent = d.isPresent || r.Values.Has(q)
		d.isDoubted = d.isDoubted || part.known && (part.doubt.isOpen || g.isBehind(part, t, r.Received, r.Values.Has(q)))
		if !part.known && !r.Values.Has(q) && !r.Meter.Rival && part.doubt.isSteady(r.Received, rules) {
			*part = total{known: true, truth: part.doubt.line}
		}
		switch {
		case part.known:
			known++
			s.value = s.value.Add(part.truth.value)
		case part.doubt.isOpen:
			waiting++
		}
	}
	switch {
	case r.Meter.Rival && d.isPresent: // its line is known when it counts
		s.isRival, s.value = true, meter.Value{}
		for _, q := range meter.Sums[i].Tariffs {
			v, _ := r.Values.Get(q)
			s.value = s.value.Add(v)
		}
		g.judge(t, s, rules)
	case !d.isPresent || known == 0 || d.isDoubted: // it stands still
	case t.known || known > 1 && waiting == 0:
		if !t.known {
			g.firsts++
		}
		*t = total{known: true, truth: t.truth}
		t.take(s)
	case waiting == 0:
		g.judge(t, s, rules)
	}
}

// gone is for how long the line of a tariff is missed that was there when an
// earlier run was saved: entities may have seen a sum with more of it since.
const gone = 24 * time.Hour

// isBehind reports whether the sum that entities saw last may be made of more
// of a tariff's register, its part, than is known.
func (g *Guard) isBehind(part, sum *total, now time.Time, isPresent bool) bool {
	isGone := g.isComplete || part.truth.at.Before(sum.truth.at) || passed(part.truth.at, now) >= gone
	return part.kept && (isPresent || !isGone)
}

// isShown reports whether the direction's sum is shown beside this reading.
func (d *direction) isShown(t *total) bool { return !d.printed && d.isPresent && t.known && !t.kept }

// replace begins the registers of another electricity meter, all of them at
// once: a sum of registers of two meters would be a total of neither.
func (g *Guard) replace(r *meter.Reading, rules *rules) {
	e := Event{Kind: Replaced, Unit: meter.KilowattHour, Subject: Subject{Quantity: meter.EnergyImportTotal}}
	var before, after meter.Value // of the import
	for _, q := range meter.Sums[0].Tariffs {
		if v, ok := r.Values.Get(q); ok {
			after = after.Add(v)
		}
	}
	if t := &g.energies[meter.EnergyImportTotal]; t.known {
		before = t.truth.value
	}
	if v, ok := r.Values.Get(meter.EnergyImportTotal); ok {
		after = v
	}
	e.From, e.To = before, after
	for _, q := range energies {
		t := &g.energies[q]
		v, ok := r.Values.Get(q)
		if !ok {
			t.renew()
			continue
		}
		s := &sample{value: v, unit: meter.Quantities[q].Unit, at: r.Received}
		e.Booked = e.Booked || t.known && !t.fits(s, rules) && booked(t.truth.value, v)
		t.renew()
	}
	g.directions = [len(meter.Sums)]direction{}
	g.house.imported, g.house.exported = counter{}, counter{}
	g.events = append(g.events, e)
}
