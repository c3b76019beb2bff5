package homeassistant

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// totalsEvery is how often totals move at most: Home Assistant writes every
// step into its database, and its statistics look every five minutes.
const totalsEvery = time.Minute

// early is how much sooner than the interval says a state may come: meters
// that send every ten seconds are not exact.
const early = 500 * time.Millisecond

// Rates decides what the entities of an electricity meter show: the mean
// since the last state of what fluctuates, totals now and then, anything else
// as it is now. At interval 0 that is every telegram as it came.
type Rates struct {
	Interval time.Duration
	Shown    *meter.Reading // what the entities show; nil before the first
	IsFresh  bool           // there was a reading since the last state

	sums     [meter.NumQuantities]sum
	own      meter.Reading // shown at intervals above 0
	totalsAt time.Time     // when totals moved
}

// sum is what a mean is made of.
type sum struct {
	of meter.Value
	n  int64
}

// averaged are the quantities that are shown as a mean, and totals those that
// move now and then only: what counts energy, and what changes slowly.
var (
	averaged = meter.Where(func(i *meter.Info) bool { return i.Entity.Mean })
	totals   = meter.Where(func(i *meter.Info) bool { return i.Unit.Total() || i.Entity.Slow })
)

// Add takes a reading into the means.
func (r *Rates) Add(reading *meter.Reading) {
	r.IsFresh = true
	if r.Interval == 0 {
		return
	}
	for _, q := range averaged {
		if v, ok := reading.Values.Get(q); ok {
			s := &r.sums[q]
			s.of, s.n = s.of.Add(v), s.n+1
		}
	}
}

// Drop forgets the means: the meter was away, and what it said before does not
// tell about now.
func (r *Rates) Drop() { r.sums, r.IsFresh = [meter.NumQuantities]sum{}, false }

// IsDue reports whether the next state is due, so long after the last.
func (r *Rates) IsDue(since time.Duration) bool { return since >= r.Interval-early }

// Turns reports whether the tariff changes with the next reading. The totals that
// belong to the old one are shown first then.
func (r *Rates) Turns(reading, next *meter.Reading) bool {
	if r.Interval == 0 {
		return false
	}
	before, known := reading.Values.Get(meter.Tariff)
	after, told := next.Values.Get(meter.Tariff)
	return known && told && before.Cmp(after) != 0
}

// Take brings what is shown up to the reading, the newest. Totals move when
// they are due, or with all.
func (r *Rates) Take(now time.Time, reading *meter.Reading, all bool) {
	if r.Interval == 0 {
		r.Shown, r.IsFresh = reading, false
		return
	}
	before, means := r.own.Values, r.IsFresh || r.Shown == nil
	keep := !all && r.Shown != nil && now.Sub(r.totalsAt) < totalsEvery-early
	r.own, r.Shown = *reading, &r.own
	if keep {
		r.hold(totals, &before)
	} else {
		r.totalsAt = now
	}
	if !means { // no telegram since: the means are those of the last state
		r.hold(averaged, &before)
		return
	}
	for _, q := range averaged {
		if s := &r.sums[q]; s.n > 0 {
			if mean, ok := s.of.MulDiv(1, s.n, decimals(q, reading)); ok {
				r.own.Values.Set(q, mean)
			}
		}
	}
	r.Drop()
}

// IsBehind reports whether a total moved that the entities do not show yet.
func (r *Rates) IsBehind(reading *meter.Reading) bool {
	if r.Interval == 0 || r.Shown == nil {
		return false
	}
	for _, q := range totals {
		if v, ok := reading.Values.Get(q); ok {
			if shown, _ := r.own.Values.Get(q); shown != v {
				return true
			}
		}
	}
	return false
}

// hold shows the quantities as they were before.
func (r *Rates) hold(list []meter.Quantity, before *meter.Values) {
	for _, q := range list {
		if v, ok := before.Get(q); ok {
			r.own.Values.Set(q, v)
		}
	}
}

// decimals is how many a mean has: those of the meter, or those that its
// entity shows where the meter gives fewer.
func decimals(q meter.Quantity, reading *meter.Reading) uint8 {
	v, _ := reading.Values.Get(q)
	e := &meter.Quantities[q].Entity
	return uint8(min(max(v.Decimals(), e.Precision+e.Shift), meter.MaxScale))
}
