package source

import (
	"testing"
	"time"
)

func TestHowLongSilenceIsNormal(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	const silent = -1 // the limit passed without a byte
	tests := []struct {
		name  string
		after []time.Duration // since the start a telegram came, or silent
		want  time.Duration
	}{
		{"nothing known", nil, 15 * time.Second},
		{"silent once", []time.Duration{silent}, 30 * time.Second},
		{"silent twice", []time.Duration{silent, silent}, time.Minute},
		{"one telegram tells no interval", []time.Duration{silent, 40 * time.Second}, 30 * time.Second},
		{"every second", []time.Duration{0, time.Second, 2 * time.Second}, 15 * time.Second},
		{"every ten seconds", []time.Duration{0, 10 * time.Second}, 50 * time.Second},
		{"an interval ends the patience", []time.Duration{silent, silent, 0, time.Second}, 15 * time.Second},
		{"the longest counts", []time.Duration{0, 10 * time.Second, 11 * time.Second, 12 * time.Second}, 50 * time.Second},
		{"a night", []time.Duration{0, 8 * time.Hour}, 50 * time.Minute},
		{"a night is forgotten", []time.Duration{0, 8 * time.Hour, 28801e9, 28802e9, 28803e9, 28804e9, 28805e9, 28806e9, 28807e9, 28808e9}, 15 * time.Second},
		{"a clock set back", []time.Duration{time.Hour, 0, 10 * time.Second}, 50 * time.Second},
		{"silence of a known meter", []time.Duration{0, time.Second, silent}, 30 * time.Second},
		{"silence of a slow meter", []time.Duration{0, 10 * time.Second, silent}, 50 * time.Second},
		{"a gateway every five minutes", []time.Duration{silent, silent, 0, silent, 5 * time.Minute}, 25 * time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r rhythm
			for _, d := range test.after {
				if d == silent {
					r.silence()
				} else {
					r.beat(start.Add(d))
				}
			}
			if got := r.limit(); got != test.want {
				t.Errorf("limit() = %v, want %v", got, test.want)
			}
		})
	}
	var r rhythm
	for range 100_000 {
		r.silence()
	}
	if got := r.limit(); got != mostPatience {
		t.Errorf("after endless silence limit() = %v, want %v", got, mostPatience)
	}
}
