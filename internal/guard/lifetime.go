package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// inverterRules are how much is believed of an inverter's lifetime energy, in
// Wh: no household inverter delivers more than 100 kW. Modbus vouches for what
// it carries, but inverters have been seen to count anew for a while after
// they woke up: if that were believed, Home Assistant would book all that the
// inverter ever made once more when it ends. A new inverter can wait.
var inverterRules = rules{
	rate: 100_000, idle: time.Hour, first: 1, brief: wait{5, household.Wait}, long: wait{5, household.Wait},
}

// Lifetime guards the lifetime energy of a solar inverter, as Guard does the
// meter's totals. The zero Lifetime is ready.
type Lifetime struct{ total total }

// Apply takes the next value in Wh and returns the one that is believed; false
// while there is none.
func (l *Lifetime) Apply(v meter.Value, now time.Time) (meter.Value, bool) {
	l.total.judge(&sample{value: v, at: now, isFresh: true, isLate: v.Sign() == 0}, &inverterRules)
	return l.total.truth.value, l.total.known
}

// Believed is what is believed now, for the next run; false while there is
// nothing.
func (l *Lifetime) Believed() (Believed, bool) { return l.total.keep(), l.total.known }

// Restore goes on where an earlier run ended.
func (l *Lifetime) Restore(b Believed) { l.total.restore(b, meter.UnitNone) }
