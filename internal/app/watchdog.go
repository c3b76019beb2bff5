package app

import (
	"errors"
	"sync/atomic"
	"time"
)

// stuck is longer than the work on one read, or an evaluation of the vitals,
// ever takes.
const stuck = 10 * time.Second

// watchdog reports whether this program's main loop is alive. Its times are
// nanoseconds since start: the clock that never jumps.
type watchdog struct {
	start   time.Time
	working atomic.Int64 // since when one read's bytes are worked on; 0: waiting for the meter
	beaten  atomic.Int64 // when the loop beat last
}

// beat records that the loop turns.
func (w *watchdog) beat() { w.beaten.Store(int64(time.Since(w.start))) }

// busy records that work on bytes begins at now, idle that it has ended.
func (w *watchdog) busy(now time.Time) { w.working.Store(max(1, int64(now.Sub(w.start)))) }

func (w *watchdog) idle() { w.working.Store(0) }

// health returns nil while the main loop is alive. It does not depend on the
// meter or the broker: a restart mends neither.
func (w *watchdog) health() error {
	now := int64(time.Since(w.start))
	if now-w.beaten.Load() > int64(stuck) {
		return errors.New("the main loop has stopped")
	}
	if working := w.working.Load(); working > 0 && now-working > int64(stuck) {
		return errors.New("the main loop is stuck while processing the meter's data")
	}
	return nil
}
