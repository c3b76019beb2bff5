package cosem

import (
	"fmt"
	"math"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Doubt is a kind of values that was withheld, and the numbers that contradict
// each other.
type Doubt struct {
	Kind     Kind
	Quantity meter.Quantity // the voltage that cannot be, else 0
	Value    meter.Value    // that voltage
	Power    float64        // apparent power that the message gives, VA
	Product  float64        // volts times amperes, summed over the phases, VA
}

// String describes the contradiction for a log or a page, in signs that need no
// translation.
func (d Doubt) String() string {
	if d.Kind == Voltage {
		return fmt.Sprintf("%s = %s V, ≠ 80 … 300 V", meter.Quantities[d.Quantity].JSON, d.Value)
	}
	return fmt.Sprintf("U × I = %.0f VA ≠ %.0f VA", d.Product, d.Power)
}

// What a phase of a house can have. 80 V is half of the lowest that a meter
// measures (IT nets have 230 V between phases, 133 V to earth).
var (
	minVoltage = meter.NewValue(80, 0)
	maxVoltage = meter.NewValue(300, 0)
)

// IsVoltage reports whether n * 10^exp V is a voltage that a phase can have.
func IsVoltage(n int64, exp int8) bool {
	v := meter.NewValue(n, uint8(-exp))
	return v.Cmp(minVoltage) >= 0 && v.Cmp(maxVoltage) <= 0
}

// maxDirect is the largest current of a meter that carries it itself, in A;
// above it there are current transformers, whose scale makers change.
const maxDirect = 125

// factorTen lies between one power of ten and the next: a load that changes
// between the moments at which a meter takes power and current stays below,
// another scale of the currents lies above.
const factorTen = 3

var (
	voltages = [3]meter.Quantity{meter.VoltageL1, meter.VoltageL2, meter.VoltageL3}
	currents = [3]meter.Quantity{meter.CurrentL1, meter.CurrentL2, meter.CurrentL3}
)

// checkScales takes out what cannot be: a voltage that no phase has, currents
// that cannot carry the power. A phase without voltage, beside one that has
// some, is no phase: IT nets have no voltage on L2, one-phase houses none on
// L2 and L3.
func (r *Reader) checkScales(m *Message) {
	values := &r.reading.Values
	live := false
	for _, q := range voltages {
		v, ok := values.Get(q)
		live = live || ok && v.Sign() != 0
	}
	for phase, q := range voltages {
		v, ok := values.Get(q)
		switch {
		case !ok || !live:
		case v.Sign() == 0:
			values.Clear(q)
			if i, ok := values.Get(currents[phase]); ok && i.Sign() == 0 {
				values.Clear(currents[phase])
			}
		case v.Cmp(minVoltage) < 0 || v.Cmp(maxVoltage) > 0:
			values.Clear(q)
			r.doubts = append(r.doubts, Doubt{Kind: Voltage, Quantity: q, Value: v})
		}
	}
	r.checkCurrents(m)
}

// checkCurrents compares the apparent power that flows in the phases with the
// one that the meter reports. The former is the latter or more, but for what
// the phases of a net without neutral conductor share and what rounding takes;
// ten times too little or too much is another scale. A scale that was refuted
// stays so until a message proves it.
func (r *Reader) checkCurrents(m *Message) {
	power, ok := r.apparent()
	f := r.flow()
	if !ok || f.product+f.rounding == 0 {
		return
	}
	carried := f.product + f.rounding
	if f.phases == 2 {
		// The current of the third is not measured: what flows through it
		// returns through the others, and is their sum at most.
		carried *= 2
	}
	switch {
	case power > factorTen*carried+100, f.largest > maxDirect && f.product > factorTen*power:
		r.refuted = true
		m.rescaleCurrents(power / f.product)
	case power > 500 && isNear(f.product/power):
		r.refuted = false
	}
	if !r.refuted {
		return
	}
	r.doubts = append(r.doubts, Doubt{Kind: Current, Power: power, Product: f.product})
	for _, q := range currents {
		r.reading.Values.Clear(q)
	}
	r.reading.Values.Clear(meter.CurrentSum)
	r.reading.Values.Clear(meter.CurrentNeutral)
}

// flow is what the voltages and currents of a reading make.
type flow struct {
	product  float64 // VA
	rounding float64 // VA that the decimals of the currents hide
	largest  float64 // A
	phases   int     // with a current
}

func (r *Reader) flow() (f flow) {
	var volts, amperes, resolution float64
	for phase := range currents {
		if v, ok := r.reading.Values.Get(voltages[phase]); ok {
			volts = max(volts, v.Float64())
		}
		if i, ok := r.reading.Values.Get(currents[phase]); ok {
			a := math.Abs(i.Float64())
			amperes += a
			f.largest = max(f.largest, a)
			resolution += math.Pow10(-i.Decimals())
			f.phases++
		}
	}
	f.product, f.rounding = volts*amperes, volts*resolution
	return f
}

// isNear reports whether volts times amperes can be the apparent power that a
// meter sends in the same message.
func isNear(ratio float64) bool { return ratio > 0.85 && ratio < 1.2 }

// rescaleCurrents gives currents whose scale was refuted the power of ten that
// fits, if one does: as they are shown to people, not as they are published.
func (m *Message) rescaleCurrents(ratio float64) {
	shift := math.Round(math.Log10(ratio))
	if math.Abs(shift) > 3 || !isNear(math.Pow10(int(shift))/ratio) {
		return
	}
	for i := range m.Objects {
		if o := &m.Objects[i]; o.Assumed && o.Code.Kind() == Current {
			o.Exp += int8(shift)
		}
	}
}

// apparent returns the apparent power of active and reactive power, VA.
func (r *Reader) apparent() (float64, bool) {
	net := func(in, out meter.Quantity) (float64, bool) {
		a, ok := r.reading.Values.Get(in)
		b, also := r.reading.Values.Get(out)
		return a.Float64() - b.Float64(), ok || also
	}
	active, ok := net(meter.PowerImport, meter.PowerExport)
	reactive, _ := net(meter.PowerReactiveImport, meter.PowerReactiveExport)
	return 1000 * math.Hypot(active, reactive), ok
}
