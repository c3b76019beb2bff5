// Package recorder models what Home Assistant books: the sum that its
// long-term statistics make of the states of an entity that counts. The
// program does not use it. The test against Home Assistant Core
// (test/homeassistant) feeds the same series of states to Core's own recorder
// and compares.
//
// The rules are those of compile_statistics in Core's sensor integration
// (homeassistant/components/sensor/recorder.py, 2026.11):
//
//   - Only numbers count; unknown, unavailable and text are skipped.
//   - The first number is the zero point.
//   - The sum moves by the difference to the number before, also downwards.
//   - A total_increasing that falls below 90 % of the number before has begun
//     anew at zero: all that it shows is booked. A smaller fall is no new
//     beginning (Core logs a warning), it lowers the sum.
//   - A negative number of a total_increasing is skipped, except as zero point.
//   - A total without last_reset never begins anew.
//
// Core computes every five minutes and takes state and sum over from the five
// minutes before, through restarts too. Each period repeats the last state of
// the one before, which changes nothing, so the model needs no clock.
package recorder

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// Class is the state class of an entity that counts.
type Class string

// The classes of which Core makes a sum. No entity of this program has a
// last_reset.
const (
	Total           Class = "total"
	TotalIncreasing Class = "total_increasing"
)

// Statistics is what Core's statistics know of one entity. A Statistics with a
// Class is ready; sums are exact, where Core's are floats.
type Statistics struct {
	Class  Class
	Resets int // new beginnings
	Dips   int // falls to 90 % and more, which are no new beginning

	known bool // there is a zero point
	state meter.Value
	sum   meter.Value
}

// Record takes the next state of the entity, as Core's state machine writes it.
func (s *Statistics) Record(state string) {
	v, err := meter.ParseValue(state)
	switch {
	case err != nil:
		return
	case !s.known:
		s.known = true
	case s.Class != TotalIncreasing:
		s.sum = s.sum.Add(v.Sub(s.state))
	case v.Sign() < 0:
		return
	case v.Float64() < 0.9*s.state.Float64():
		s.Resets++
		s.sum = s.sum.Add(v)
	default:
		if v.Cmp(s.state) < 0 {
			s.Dips++
		}
		s.sum = s.sum.Add(v.Sub(s.state))
	}
	s.state = v
}

// Sum returns what is booked since the zero point, and the last number; false
// before the first.
func (s *Statistics) Sum() (sum, state meter.Value, ok bool) { return s.sum, s.state, s.known }
