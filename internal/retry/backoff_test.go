package retry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

func TestBackoff(t *testing.T) {
	b := retry.Backoff{First: time.Second, Last: 5 * time.Second}
	for _, want := range []time.Duration{1, 2, 4, 5, 5} {
		if next, got := b.Pause(), b.Next(); got != want*time.Second || next != got {
			t.Errorf("got %v and %v, want %v", next, got, want*time.Second)
		}
	}
	b.Reset()
	if got := b.Next(); got != time.Second {
		t.Errorf("after a success: %v", got)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		b := retry.Backoff{First: time.Second, Last: time.Minute}
		waits, start := 0, time.Now()
		for b.Wait(ctx) {
			waits++
		}
		if took := time.Since(start); waits != 2 || took != 3500*time.Millisecond {
			t.Errorf("waited %d times in %v", waits, took)
		}
	})
}
