package derive

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// The Belgian capacity tariff bills the highest average power of a quarter of
// an hour: the mean of the months' peaks. The meter tells the demand of the
// running quarter (1.4.0), which climbs from zero to the quarter's average
// (current_average_value of a demand register), the peak of the month (1.6.0)
// and the peaks of the months before (98.1.0). From these and the meter's
// clock comes what one can act upon. Nothing of the quarter is remembered between
// readings, so a clock that jumps spoils nothing after it.

const (
	// quarter is how long the demand is averaged, in seconds. Quarters begin
	// at the clock's full ones.
	quarter = 15 * 60

	// settles is for how many seconds of a quarter the demand may still be
	// that of the quarter before.
	settles = 10

	// shortest bounds what may be used in a quarter's last seconds: nearly
	// anything, for the tariff, but what is switched on then runs on.
	shortest = 60

	// volts is the voltage between a phase and the neutral conductor.
	volts = 230

	// maxMonths is how many months the tariff averages. Meters keep thirteen,
	// in an order of their own.
	maxMonths = 12
)

var (
	// leastBilled is the peak, in kW, that Flanders bills at least (the only
	// region with this tariff): one below it costs nothing.
	leastBilled = meter.NewValue(25, 1)

	// mostPower is maxPower as a Value.
	mostPower = meter.NewValue(552, 1)
)

// demand keeps the mean of the last history, which changes once a month.
type demand struct {
	history []meter.Peak
	mean    meter.Value
	known   bool
	most    meter.Value // highest power imported so far, kW
}

func (d *demand) apply(r *meter.Reading) {
	if h := r.PeakHistory; len(h) != len(d.history) || len(h) > 0 && &h[0] != &d.history[0] {
		d.history = h // shared between readings, and never changed
		d.mean, d.known = averagePeak(h)
	}
	if d.known {
		r.Values.Set(meter.DemandPeakAverage, d.mean)
	}
	average, has := r.Values.Get(meter.DemandAverage)
	if !has || r.Time.IsZero() {
		return
	}
	elapsed := r.Time.Wall().Unix() % quarter // all zones are whole quarters off
	average = running(average, elapsed)
	if power, ok := r.Values.Get(meter.PowerImport); ok {
		if power.Cmp(mostPower) <= 0 {
			d.most = larger(d.most, power)
		}
		if expected, ok := forecast(average, power, elapsed); ok {
			r.Values.Set(meter.DemandForecast, expected)
		}
	}
	if r.PeakMonth.Valid || len(r.PeakHistory) > 0 { // a month begins without a peak
		if room, ok := headroom(average, r.PeakMonth.Demand, elapsed); ok {
			if most, ok := d.delivers(r).MulDiv(1000, 1, 0); ok && room.Cmp(most) > 0 {
				room = most
			}
			r.Values.Set(meter.DemandHeadroom, room)
		}
	}
}

// delivers returns the power, in kW, that the connection delivers: its limiter
// or its fuses where the meter reports them, else the most that it has ever
// delivered as far as the meter and this run know, or what is billed at least.
func (d *demand) delivers(r *meter.Reading) meter.Value {
	if limit, ok := connection(&r.Values); ok {
		return limit
	}
	most := larger(larger(leastBilled, d.most), r.PeakMonth.Demand)
	for _, peak := range r.PeakHistory {
		most = larger(most, peak.Demand)
	}
	return most
}

// connection returns the power, in kW, that limiter or fuses allow; false where
// the meter does not report them or reports that there is no limit.
func connection(v *meter.Values) (meter.Value, bool) {
	limit := func(q meter.Quantity) (meter.Value, bool) {
		value, ok := v.Get(q)
		return value, ok && value.Sign() > 0 && !meter.Quantities[q].Unlimited(value)
	}
	for _, q := range [...]meter.Quantity{meter.LimiterPower, meter.LimiterApparent} {
		if kilowatts, ok := limit(q); ok {
			return kilowatts, true
		}
	}
	phases := int64(1)
	for _, q := range [...]meter.Quantity{meter.VoltageL2, meter.VoltageL3} {
		if v.Has(q) {
			phases++
		}
	}
	for _, q := range [...]meter.Quantity{meter.FuseL1, meter.LimiterCurrent} { // the phases' fuses are alike
		if amperes, ok := limit(q); ok {
			return amperes.MulDiv(volts*phases, 1000, 3)
		}
	}
	return meter.Value{}, false
}

func larger(a, b meter.Value) meter.Value {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

// running returns the demand of the running quarter, in kW, so many seconds
// after its beginning. More than a connection delivers in that time is what
// is left of the quarter before.
func running(average meter.Value, elapsed int64) meter.Value {
	if elapsed >= settles {
		return average
	}
	if most, ok := mostPower.MulDiv(elapsed, quarter, 3); ok && average.Cmp(most) > 0 {
		return meter.Value{}
	}
	return average
}

// forecast returns the demand at the quarter's end, in kW with three
// decimals, if the power stays as it is. A number beyond 64 bits is false.
func forecast(average, power meter.Value, elapsed int64) (meter.Value, bool) {
	rest, ok := power.MulDiv(quarter-elapsed, quarter, 3)
	if !ok {
		return meter.Value{}, false
	}
	return average.Add(rest).MulDiv(1, 1, 3)
}

// headroom returns the power, in whole W, that may be used on average from now
// to the quarter's end without a new peak of the month that is billed. It is
// 0 once the quarter is above the peak already: no power undoes that. A number
// beyond 64 bits is false.
func headroom(average, peak meter.Value, elapsed int64) (meter.Value, bool) {
	if peak.Cmp(leastBilled) < 0 {
		peak = leastBilled
	}
	left := peak.Sub(average).Shift(3)
	if left.Sign() <= 0 {
		return meter.Value{}, true
	}
	return left.MulDiv(quarter, max(quarter-elapsed, shortest), 0)
}

// averagePeak is the mean of the newest months' peaks, in kW with three
// decimals; of a meter that is younger than a year, of the months it has.
func averagePeak(history []meter.Peak) (meter.Value, bool) {
	var sum meter.Value
	var n int64
	for i := range history {
		if !history[i].Valid {
			continue
		}
		newer := 0
		for j := range history {
			if history[j].Valid && history[j].Month.Compare(history[i].Month) > 0 {
				newer++
			}
		}
		if newer < maxMonths {
			sum = sum.Add(history[i].Demand)
			n++
		}
	}
	if n == 0 {
		return meter.Value{}, false
	}
	return sum.MulDiv(1, n, 3)
}
