package simulate

import (
	"math"
	"strconv"
	"time"
)

// number is a row of the table of what a layout can print with digits.
type number struct {
	of       func(w *world, i int) int64 // in base units, never below zero
	scale    int64                       // base units in the SI unit
	register bool                        // counts up: shows only what is complete
}

// numbers is the table. The i of most is a phase, a tariff or a quadrant,
// from 1; 0 is all together.
var numbers = map[string]number{
	"import":   {func(w *world, i int) int64 { return w.energy[imported][i] }, 1, true},
	"export":   {func(w *world, i int) int64 { return w.energy[exported][i] }, 1, true},
	"absolute": {func(w *world, _ int) int64 { return w.energy[imported][0] + w.energy[exported][0] }, 1, true},
	"quadrant": {func(w *world, i int) int64 { return w.reactive[i] }, 1, true},

	"reactive.import": {func(w *world, _ int) int64 { return w.reactive[1] + w.reactive[2] }, 1, true},
	"reactive.export": {func(w *world, _ int) int64 { return w.reactive[3] + w.reactive[4] }, 1, true},

	"power.import":    {func(w *world, i int) int64 { return max(w.watts[i], 0) }, 1, false},
	"power.export":    {func(w *world, i int) int64 { return max(-w.watts[i], 0) }, 1, false},
	"var.import":      {func(w *world, i int) int64 { return max(w.vars[i], 0) }, 1, false},
	"var.export":      {func(w *world, i int) int64 { return max(-w.vars[i], 0) }, 1, false},
	"var.quadrant":    {(*world).quadrantPower, 1, false},
	"apparent.import": {func(w *world, i int) int64 { return w.apparentWhere(w.watts[i] >= 0, i) }, 1000, false},
	"apparent.export": {func(w *world, i int) int64 { return w.apparentWhere(w.watts[i] < 0, i) }, 1000, false},
	"factor":          {(*world).factor, 1000, false},
	"current":         {(*world).current, 1000, false},
	"voltage":         {(*world).voltage, 1000, false},
	"frequency":       {(*world).frequency, 1000, false},

	"failures":      {func(w *world, _ int) int64 { return w.short }, 1, true},
	"failures.long": {func(w *world, _ int) int64 { return w.long }, 1, true},
	"sags":          {func(w *world, i int) int64 { return w.sags[i] }, 1, true},
	"swells":        {func(w *world, i int) int64 { return w.swells[i] }, 1, true},

	// The running demand is what the quarter would average if nothing more
	// came: it climbs from zero (current_average_value of a demand register).
	"demand":      {func(w *world, _ int) int64 { return w.quarter[imported] / 900 }, 1, false},
	"peak":        {func(w *world, i int) int64 { return w.peaks[imported][i].watts }, 1, false},
	"peak.export": {func(w *world, i int) int64 { return w.peaks[exported][i].watts }, 1, false},
	"months":      {func(w *world, _ int) int64 { return int64(len(w.histories)) }, 1, true},

	"tariff": {func(w *world, _ int) int64 { return int64(w.tariff) }, 1, true},
	"gas":    {func(w *world, _ int) int64 { return w.captured.gas }, 1_000_000, true},
	"water":  {func(w *world, _ int) int64 { return w.captured.water }, 1_000_000, true},
}

// texts is the table of what a layout can print otherwise.
var texts = map[string]func(w *world, dst []byte) []byte{
	"time":       func(w *world, dst []byte) []byte { return w.appendTime(dst, w.t) },
	"peak.time":  func(w *world, dst []byte) []byte { return w.appendTime(dst, w.peaks[imported][0].at) },
	"gas.time":   func(w *world, dst []byte) []byte { return w.appendTime(dst, w.readAt) },
	"water.time": func(w *world, dst []byte) []byte { return w.appendTime(dst, w.readAt) },
	"gas.clock": func(w *world, dst []byte) []byte { // before DSMR 4 without S or W
		return appendWall(dst, time.Unix(w.readAt, 0).In(w.clock))
	},
	"history": func(w *world, dst []byte) []byte {
		for _, h := range w.histories {
			dst = append(dst, h...)
		}
		return dst
	},
	"log": func(w *world, dst []byte) []byte { // what stands between the outer brackets
		dst = strconv.AppendInt(dst, int64(len(w.failures)), 10)
		dst = append(dst, ")(0-0:96.7.19"...)
		for _, f := range w.failures {
			dst = append(dst, ")("...)
			dst = w.appendTime(dst, f.end)
			dst = append(dst, ")("...)
			dst = appendPadded(dst, f.seconds, 10, 0)
			dst = append(dst, "*s"...)
		}
		return dst
	},
}

func (w *world) quadrantPower(i int) int64 {
	if i != w.quadrant {
		return 0
	}
	return max(w.vars[0], -w.vars[0])
}

// apparent is the apparent power in mVA.
func (w *world) apparent(i int) int64 {
	p, q := float64(w.watts[i]), float64(w.vars[i])
	return int64(1000 * math.Sqrt(p*p+q*q)) // whole numbers and one root: the same everywhere
}

func (w *world) apparentWhere(so bool, i int) int64 {
	if !so {
		return 0
	}
	return w.apparent(i)
}

// factor is the power factor in thousandths.
func (w *world) factor(i int) int64 {
	s := w.apparent(i)
	if s == 0 {
		return 1000
	}
	return min(max(w.watts[i], -w.watts[i])*1_000_000/s, 1000)
}

// voltage of a phase in mV: it wanders, sinks under load and rises with the
// sun.
func (w *world) voltage(i int) int64 {
	if w.down[i] > 0 {
		return 0
	}
	mV := 231_500 + 3*w.wander(chanceVoltage+uint64(i)<<40, w.t, 300) - w.watts[i]
	if w.t <= w.calm[i] {
		mV += w.upset[i]
	}
	return mV
}

// current of a phase in mA; meters print it without a direction.
func (w *world) current(i int) int64 {
	u := w.voltage(i)
	if u == 0 {
		return 0
	}
	return w.apparent(i) * 1000 / u
}

// frequency of the grid in mHz.
func (w *world) frequency(int) int64 { return 50_000 + w.wander(chanceFrequency, w.t, 60)/16 }
