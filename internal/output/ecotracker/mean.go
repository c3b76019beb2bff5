package ecotracker

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	span       = time.Minute // that the mean is of
	mostPowers = 128         // of a meter that speaks each half second
)

// mean is the mean power of the last minute. The zero mean has no power.
type mean struct{ powers []power }

type power struct {
	sequence uint64
	at       time.Time
	watts    meter.Value
}

// add remembers a reading's power, once.
func (m *mean) add(v *emulate.View) {
	if n := len(m.powers); n > 0 && m.powers[n-1].sequence >= v.Sequence {
		return
	}
	m.powers = append(m.powers, power{v.Sequence, v.Received, v.Power})
	first := max(0, len(m.powers)-mostPowers)
	for v.Received.Sub(m.powers[first].at) >= span {
		first++
	}
	m.powers = append(m.powers[:0], m.powers[first:]...)
}

// of returns the mean up to a reading that was added.
func (m *mean) of(v *emulate.View) meter.Value {
	var sum meter.Value
	for _, p := range m.powers {
		sum = sum.Add(p.watts)
	}
	if average, ok := sum.MulDiv(1, int64(max(1, len(m.powers))), 0); ok {
		return average
	}
	return v.Power
}
