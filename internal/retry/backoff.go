package retry

import (
	"context"
	"time"
)

// Backoff is the pause before a failing thing is tried again: First, and then
// twice as long each time up to Last. A Backoff with these two set is ready.
type Backoff struct {
	First, Last time.Duration
	pause       time.Duration // the next; 0: First
}

// Pause returns how long the next pause is.
func (b *Backoff) Pause() time.Duration { return max(b.pause, b.First) }

// Next returns the next pause, and doubles the one after it.
func (b *Backoff) Next() time.Duration {
	pause := b.Pause()
	b.pause = min(2*pause, b.Last)
	return pause
}

// Reset begins with First again, because the thing works.
func (b *Backoff) Reset() { b.pause = 0 }

// Wait waits for the next pause; false: ctx has ended.
func (b *Backoff) Wait(ctx context.Context) bool { return Sleep(ctx, b.Next()) }

// Sleep waits that long; false: ctx has ended.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
