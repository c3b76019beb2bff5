package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestSupervise: a task that fails or panics is run again with growing pauses, and
// the log tells each cause once.
func TestSupervise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		var runs []time.Duration
		err := supervise(ctx, "part", slog.New(slog.NewTextHandler(&log, nil)), func(ctx context.Context) error {
			runs = append(runs, time.Since(start))
			switch len(runs) {
			case 1, 2:
				return errors.New("broken pipe")
			case 3:
				var list []int
				_ = list[len(runs)]
			case 4:
				return nil
			}
			cancel()
			<-ctx.Done()
			return nil
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
		want := []time.Duration{0, 1 * time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second}
		if len(runs) != len(want) || runs[4] != want[4] {
			t.Errorf("runs at %v, want %v", runs, want)
		}
		for text, n := range map[string]int{"broken pipe": 1, "panic": 1, "ended unexpectedly": 1} {
			if got := strings.Count(log.String(), text); (got > 0) != (n > 0) || got > 3 {
				t.Errorf("%q stands %d times in the log: %s", text, got, &log)
			}
		}
	})
}
