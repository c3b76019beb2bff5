package guard_test

import (
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestLifetime(t *testing.T) {
	const tick = 20 * time.Second
	for _, test := range []struct {
		name   string
		values []int64 // Wh, one a tick; below zero: the inverter is away for as many hours
		want   []int64
	}{
		{"goes on", []int64{5000, 5001, 5020}, []int64{5000, 5001, 5020}},
		{"a low value", []int64{5000, 12, 5001}, []int64{5000, 5000, 5001}},
		{"a jump", []int64{5000, 900_000, 5001}, []int64{5000, 5000, 5001}},
		{"the night", []int64{5000, -10, 5003}, []int64{5000, 5003}},
		{"a week away", []int64{5000, -168, 105_003}, []int64{5000, 105_003}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l guard.Lifetime
			now := time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)
			i := 0
			for _, v := range test.values {
				if v < 0 {
					now = now.Add(time.Duration(-v) * time.Hour)
					continue
				}
				now = now.Add(tick)
				got, ok := l.Apply(meter.NewValue(v, 0), now)
				if !ok || got.Int() != test.want[i] {
					t.Errorf("value %d: got %v, %v, want %d", i, got, ok, test.want[i])
				}
				i++
			}
		})
	}
}

// TestLifetimeAnew: what counts anew is believed when it lasts, and not for as
// long as an inverter may take to wake up.
func TestLifetimeAnew(t *testing.T) {
	const tick = 10 * time.Second
	var l guard.Lifetime
	now := time.Date(2026, 6, 1, 5, 0, 0, 0, time.UTC)
	apply := func(v int64) int64 {
		now = now.Add(tick)
		got, ok := l.Apply(meter.NewValue(v, 0), now)
		if !ok {
			t.Fatalf("%d: nothing is known", v)
		}
		return got.Int()
	}
	apply(9_000_000)
	for v := range int64(60) { // ten minutes
		if got := apply(v + 1); got != 9_000_000 {
			t.Fatalf("sample %d that counts anew: got %d", v+1, got)
		}
	}
	if got := apply(9_000_060); got != 9_000_060 {
		t.Errorf("it goes on as before: got %d", got)
	}
	from := now
	for v := range int64(600) {
		if got := apply(v + 1); got == v+1 {
			if after := now.Sub(from); after < 15*time.Minute || after > 16*time.Minute {
				t.Errorf("another inverter is believed after %v", after)
			}
			return
		}
	}
	t.Error("another inverter is never believed")
}
