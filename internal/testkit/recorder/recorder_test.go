package recorder_test

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit/recorder"
)

// TestSeries checks the rules on the table that the test against Home Assistant
// Core checks on Core.
func TestSeries(t *testing.T) {
	for _, s := range recorder.Series {
		t.Run(s.Name, func(t *testing.T) {
			booked := recorder.Statistics{Class: s.Class}
			for _, state := range s.States {
				booked.Record(state)
			}
			sum, state, ok := booked.Sum()
			if !ok {
				if s.Sum != "" {
					t.Errorf("there is no sum, want %s", s.Sum)
				}
				return
			}
			if sum.String() != s.Sum || state.String() != s.State {
				t.Errorf("sum %s, state %s, want %s, %s", sum, state, s.Sum, s.State)
			}
			if booked.Resets != s.Resets {
				t.Errorf("%d new beginnings, want %d", booked.Resets, s.Resets)
			}
		})
	}
}
