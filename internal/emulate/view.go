package emulate

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// View is what an emulated meter tells of one reading of the real one, with the
// offset in its powers. It is shared and never changed.
type View struct {
	Sequence uint64         // of the reading: 1 is the first since the start; the same number is the same reading
	Received time.Time      // our clock, when the power came
	Interval time.Duration  // between readings, as far as it is known
	Reading  *meter.Reading // all that the meter reports, without the offset; its totals are those that entities show

	Power          meter.Value // W, import positive
	Phases         [3]Phase    // as far as the meter reports them
	Import, Export Optional    // kWh, totals that never fall
}

// Phase is what the meter reports of one phase.
type Phase struct {
	Power   Optional // W, import positive, with its share of the offset
	Voltage Optional // V
	Current Optional // A, as the meter gives it: mostly without a sign
}

// Optional is a value that a meter may not report.
type Optional struct {
	meter.Value
	Valid bool
}

// The quantities of the phases.
var (
	powers   = [3]meter.Quantity{meter.PowerNetL1, meter.PowerNetL2, meter.PowerNetL3}
	voltages = [3]meter.Quantity{meter.VoltageL1, meter.VoltageL2, meter.VoltageL3}
	currents = [3]meter.Quantity{meter.CurrentL1, meter.CurrentL2, meter.CurrentL3}
)

// newView returns what is told of a reading that has the power.
func newView(r *meter.Reading, offset int) *View {
	v := &View{Reading: r, Import: optional(r, meter.EnergyImportTotal), Export: optional(r, meter.EnergyExportTotal)}
	v.Power, _ = r.Values.Get(meter.PowerNet)
	for i := range v.Phases {
		v.Phases[i] = Phase{optional(r, powers[i]), optional(r, voltages[i]), optional(r, currents[i])}
	}
	if !v.Phases[0].Voltage.Valid { // of a meter that does not say which phase it is
		v.Phases[0].Voltage = optional(r, meter.VoltageAny)
	}
	if !v.Phases[0].Current.Valid {
		v.Phases[0].Current = optional(r, meter.CurrentAny)
	}
	if offset != 0 {
		v.add(offset)
	}
	return v
}

func optional(r *meter.Reading, q meter.Quantity) Optional {
	v, ok := r.Values.Get(q)
	return Optional{v, ok}
}

// mostMilliwatts bounds what shares are computed from, so that three of them
// fit into 64 bits: no connection has a terawatt.
const mostMilliwatts = 1_000_000_000_000_000

// add adds the offset in W to the power, and to each phase in proportion to its
// own power, whichever its direction. Where no phase has any, they share alike.
func (v *View) add(offset int) {
	v.Power = v.Power.Add(meter.NewValue(int64(offset), 0))
	var weights [3]int64
	var sum, count int64
	largest := -1
	for i, p := range v.Phases {
		if !p.Power.Valid {
			continue
		}
		weights[i] = max(-mostMilliwatts, min(p.Power.Shift(3).Int(), mostMilliwatts))
		if weights[i] < 0 {
			weights[i] = -weights[i]
		}
		sum += weights[i]
		count++
		if largest < 0 || weights[i] > weights[largest] {
			largest = i
		}
	}
	if count == 0 {
		return
	}
	whole := meter.NewValue(int64(offset), 0)
	left := whole
	for i := range v.Phases {
		p := &v.Phases[i].Power
		if !p.Valid || i == largest {
			continue
		}
		share, ok := whole.MulDiv(1, count, 0)
		if sum > 0 {
			share, ok = whole.MulDiv(weights[i], sum, 0)
		}
		if ok {
			p.Value = p.Add(share)
			left = left.Sub(share)
		}
	}
	v.Phases[largest].Power.Value = v.Phases[largest].Power.Add(left) // so that the shares add up
}

// Split returns the power of three phases that together have the whole power,
// for a device that always has three: as the meter reports them, or all on the
// first where it reports none.
func (v *View) Split() (powers [3]meter.Value) {
	known := false
	for i, p := range v.Phases {
		if p.Power.Valid {
			powers[i], known = p.Power.Value, true
		}
	}
	if !known {
		powers[0] = v.Power
	}
	return powers
}

// Age returns how old the power is.
func (v *View) Age(now time.Time) time.Duration { return max(0, now.Sub(v.Received)) }

const (
	// unknownInterval is taken until the second reading: the longest of P1.
	unknownInterval = 10 * time.Second
	// leastPatience lets a telegram or two of a meter that speaks each second be
	// lost, as one that was damaged is.
	leastPatience = 5 * time.Second
	beats         = 3 // as many intervals may pass without a reading
	// longBeats is of meters that speak so seldom that three of their intervals
	// would be minutes.
	longBeats    = 1.5
	longPatience = 30 * time.Second
)

// Fresh reports whether the power is no older than the meter's own rhythm
// allows: what is older is never told.
func (v *View) Fresh(now time.Time) bool { return v.Age(now) <= patience(v.Interval) }

func patience(interval time.Duration) time.Duration {
	long := max(longPatience, time.Duration(longBeats*float64(interval)))
	return max(leastPatience, min(beats*interval, long))
}
