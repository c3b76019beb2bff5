package cosem

import (
	"math"
	"time"
)

// EnergyRule decides whether a meter counts its registers in Wh or in 10 Wh,
// where its messages do not tell (Kamstrup). It sums up the power that the
// meter reports and compares that with the growth of the register.
//
// Between two values of a register, of which the second is n counts higher,
// the energy is more than n-1 and less than n+1 counts. The power is known
// only at the messages; the sum of power times time is wrong by no more than
// the sum of the changes of power times time, if the power does not rise and
// fall again between two messages, for which a fifth is allowed. A unit is
// decided when this interval of energy meets the one of the register, the
// other unit's does not, and the register grew by five counts at least.
//
// The zero EnergyRule has decided nothing. A decision is checked for ever,
// because meters were seen to change their unit over night; it takes two
// intervals in a row that say so to change one.
type EnergyRule struct {
	// Fixed is the user's word, in Wh; 0: there is none.
	Fixed int64

	meter   string // whose registers these are
	decided int64  // Wh a count, 0: not yet
	against int    // intervals in a row that contradict what was decided

	last  sample
	sides [2]growth // import, export
}

// The units that are told apart, in Wh.
const (
	oneWattHour  = 1
	tenWattHours = 10
)

const (
	// maxGap is how long the power may stay unknown within an interval: lists
	// come each 10 s at the slowest, so some may be lost.
	maxGap = time.Minute
	// minCounts keeps what the register rounds off below a fifth.
	minCounts = 5
	// spikes is what the power may do between two messages and back again.
	spikes = 0.2
	// maxInterval bounds the sums: a register that has not grown for a day
	// tells nothing.
	maxInterval = 25 * time.Hour
	// turnover is how many intervals in a row change a decision.
	turnover = 2
)

type sample struct {
	at    time.Time
	power [2]float64 // W
}

// growth is what happened since a register's value was seen first.
type growth struct {
	started bool
	since   time.Time
	from    int64   // counts
	energy  float64 // Wh that the power gave
	wrong   float64 // Wh by which that may be wrong
}

// EnergyState is what an EnergyRule keeps over a restart.
type EnergyState struct {
	Meter     string `json:"meter"`
	WattHours int64  `json:"wattHours"` // a count; 0: not decided
}

// State returns what to keep.
func (r *EnergyRule) State() EnergyState { return EnergyState{r.meter, r.decided} }

// Restore takes up what State returned.
func (r *EnergyRule) Restore(s EnergyState) {
	if s.WattHours == oneWattHour || s.WattHours == tenWattHours {
		r.meter, r.decided = s.Meter, s.WattHours
	}
}

// setMeter records which meter sent the message, "" where that is not known. What
// was decided for another one is forgotten.
func (r *EnergyRule) setMeter(meter string) {
	if meter == "" || meter == r.meter {
		return
	}
	if r.meter != "" {
		*r = EnergyRule{Fixed: r.Fixed}
	}
	r.meter = meter
}

// WattHours returns what a count of a message's registers is worth, 0 when that
// is not known yet.
func (r *EnergyRule) WattHours(m *Message) int64 {
	switch {
	case m.EnergyScale == ScaleGiven:
		return oneWattHour
	case r.Fixed != 0:
		return r.Fixed
	case r.decided != 0:
		return r.decided
	case m.EnergyScale == ScalePresumed:
		return tenWattHours
	}
	return 0
}

// apply sets a register's scale, and reports whether it is known. Zero is zero in
// any unit. A register whose scale is not known has no unit.
func (r *EnergyRule) apply(m *Message, o *Object) bool {
	switch unit := r.WattHours(m); {
	case o.Number == 0, unit == oneWattHour:
		return true
	case unit == tenWattHours:
		o.Exp++
		return true
	}
	o.Unit = NoUnit
	return false
}

// observe records the powers and registers of a message.
func (r *EnergyRule) observe(m *Message, at time.Time) {
	if m.EnergyScale == ScaleGiven {
		return
	}
	next := sample{at: at}
	powers, counts := 0, [2]int64{-1, -1}
	for i := range m.Objects {
		o := &m.Objects[i]
		side := int(o.Code.C()) - 1
		if o.Type != Number || o.Code.E() != 0 || side < 0 || side > 1 || !o.Code.IsElectric() {
			continue
		}
		switch o.Code.D() {
		case 7:
			next.power[side] = float64(o.Number) * math.Pow10(int(o.Exp))
			powers |= 1 << side
		case 8:
			counts[side] = o.Number
		}
	}
	if powers == 0 {
		return
	}
	r.add(next)
	for side := range r.sides {
		if counts[side] >= 0 {
			r.grown(side, counts[side], at)
		}
	}
}

// add adds the energy that the power gave since the message before.
func (r *EnergyRule) add(next sample) {
	gap := next.at.Sub(r.last.at)
	if r.last.at.IsZero() || gap <= 0 || gap > maxGap {
		r.sides = [2]growth{}
		r.last = next
		return
	}
	for side := range r.sides {
		a, b := r.last.power[side], next.power[side]
		r.sides[side].energy += (a + b) / 2 * gap.Hours()
		r.sides[side].wrong += math.Abs(a-b) / 2 * gap.Hours()
	}
	r.last = next
}

// grown compares the growth of a register with the energy, and decides.
func (r *EnergyRule) grown(side int, counts int64, at time.Time) {
	g := &r.sides[side]
	n := counts - g.from
	if !g.started || n < 0 || at.Sub(g.since) > maxInterval {
		*g = growth{started: true, since: at, from: counts}
		return
	}
	if n < minCounts {
		return
	}
	wrong := g.wrong + spikes*g.energy
	fits := func(unit float64) bool {
		return g.energy-wrong < float64(n+1)*unit && g.energy+wrong > float64(n-1)*unit
	}
	one, ten := fits(oneWattHour), fits(tenWattHours)
	switch {
	case one && !ten:
		r.decide(oneWattHour)
	case ten && !one:
		r.decide(tenWattHours)
	case one && ten:
		return // a longer interval tells more
	}
	*g = growth{started: true, since: at, from: counts}
}

func (r *EnergyRule) decide(unit int64) {
	switch {
	case r.decided == 0, r.decided == unit:
		r.decided, r.against = unit, 0
	default:
		if r.against++; r.against >= turnover {
			r.decided, r.against = unit, 0
		}
	}
}
