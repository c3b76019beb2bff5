package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	beat     = 5 * time.Second  // how often the vitals are looked at while nothing arrives
	refresh  = time.Minute      // how often they are published without a change
	summary  = 15 * time.Minute // damaged telegrams among good ones: a line at most this often
	patience = 30 * time.Second // without a good telegram until the verdict is told
	stuck    = 10 * time.Second // one read's work takes no longer, by far
)

// vitals tells how the meter's line stands: whether telegrams arrive, what is
// wrong with them, and whether this program's main loop is alive.
type vitals struct {
	log   *slog.Logger
	hub   *hub.Hub[meter.Status]
	start time.Time // for durations: the clock that never jumps

	working atomic.Int64 // since when one read's bytes are worked on, ns since start; 0: waiting for the meter
	beaten  atomic.Int64 // when run looked last, ns since start

	timer *time.Timer // the next look; each telegram puts it off

	mu       sync.Mutex
	status   meter.Status
	silence  time.Duration // how long one is normal
	evidence dsmr.Evidence // since the last good telegram
	told     dsmr.Verdict  // the verdict in the log
	since    time.Time     // good and bad are counted
	good     uint64
	bad      uint64
	clock    clockCheck

	published time.Time // the status, without a change
}

func newVitals(log *slog.Logger) *vitals {
	now := time.Now()
	v := &vitals{
		log: log, hub: new(hub.Hub[meter.Status]), start: now,
		status: meter.Status{Started: now}, since: now, told: dsmr.VerdictGood,
		timer: time.NewTimer(beat), published: now,
	}
	v.hub.Publish(v.status)
	return v
}

// watch notices the bytes of r and tells waiting from working.
func (v *vitals) watch(r io.Reader) io.Reader { return &watched{r, v} }

type watched struct {
	r io.Reader
	v *vitals
}

// Read waits for the meter.
func (w *watched) Read(p []byte) (int, error) {
	w.v.idle()
	n, err := w.r.Read(p)
	w.v.working.Store(max(1, int64(time.Since(w.v.start))))
	w.v.mu.Lock()
	w.v.evidence.Bytes(p[:n])
	w.v.mu.Unlock()
	return n, err
}

// idle tells that no bytes are worked on.
func (v *vitals) idle() { v.working.Store(0) }

// telegram records a good one. silence is how long one is normal.
func (v *vitals) telegram(r *meter.Reading, at time.Time, silence time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.status.Alive {
		v.status.Interval = r.Received.Sub(v.status.Last)
	}
	v.status.Telegrams++
	v.good++
	v.status.Last, v.silence = r.Received, silence
	v.evidence.Reset()
	if v.told != dsmr.VerdictGood {
		v.told = dsmr.VerdictGood
		v.log.Info("readings go on")
	}
	v.clock.check(v.log, r.Received, at)
	v.setAlive(true)
	v.look(r.Received)
	v.beaten.Store(int64(time.Since(v.start)))
	v.timer.Reset(beat)
}

// damaged records a telegram that gave no reading.
func (v *vitals) damaged(cause error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.evidence.Telegram(cause)
	if !errors.Is(cause, dsmr.ErrTruncated) { // counted as cut off
		v.status.Errors++
		v.bad++
	}
}

// cutOff records n telegrams that never ended.
func (v *vitals) cutOff(n uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.evidence.Cut(n)
	v.status.Errors += n
	v.bad += n
}

// held counts totals that are held back from entities from now on.
func (v *vitals) held(n uint64) {
	if n == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status.Held += n
	v.hub.Publish(v.status)
}

// lost records that the line is gone.
func (v *vitals) lost() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.setAlive(false)
}

func (v *vitals) setAlive(alive bool) {
	if v.status.Alive != alive {
		v.status.Alive = alive
		v.hub.Publish(v.status)
	}
}

// run looks at the vitals when no telegram has done so for a while. Waking up
// each second beside the telegrams would cost as much as they do.
func (v *vitals) run(ctx context.Context) error {
	for {
		v.beaten.Store(int64(time.Since(v.start)))
		select {
		case <-ctx.Done():
			return nil
		case now := <-v.timer.C:
			v.timer.Reset(beat)
			v.mu.Lock()
			v.look(now)
			v.mu.Unlock()
		}
	}
}

// look says what there is to say. The lock is held.
func (v *vitals) look(now time.Time) {
	if now.Sub(v.published) >= refresh {
		v.published = now
		v.hub.Publish(v.status)
	}
	last := v.status.Last
	if last.IsZero() {
		last = v.start
	} else if now.Sub(last) > v.silence {
		v.setAlive(false)
	}
	if now.Sub(last) > patience {
		if verdict := v.evidence.Verdict(); verdict != v.told && advice[verdict] != "" {
			v.told = verdict
			v.log.Warn(advice[verdict], "verdict", verdict.String())
		}
	}
	if age := now.Sub(v.since); age >= summary {
		if v.bad > 0 && v.good > 0 {
			v.log.Warn("some telegrams were damaged and dropped; now and then is normal, else try a shorter cable or another USB port",
				"damaged", v.bad, "good", v.good, "in", age.Round(time.Second))
		}
		v.since, v.good, v.bad = now, 0, 0
	}
}

// health is nil while the main loop is alive. It does not depend on the meter
// or the broker: a restart mends neither.
func (v *vitals) health() error {
	now := int64(time.Since(v.start))
	if beaten := v.beaten.Load(); now-beaten > int64(stuck) {
		return errors.New("the main loop has stopped")
	}
	if working := v.working.Load(); working > 0 && now-working > int64(stuck) {
		return errors.New("the main loop is stuck with the meter's bytes")
	}
	return nil
}

// The meter's clock is reported when it is off by more than these.
const (
	clockOff    = 30 * time.Minute // a wrong time zone here, or a wrong clock there
	clockInsane = 24 * time.Hour
)

// clockCheck reports a meter's clock that is off, once until it is right.
type clockCheck struct{ off bool }

func (c *clockCheck) check(log *slog.Logger, received, at time.Time) {
	if at.IsZero() {
		return
	}
	by := at.Sub(received).Round(time.Minute)
	switch off := by.Abs() > clockOff; {
	case off == c.off:
	case !off:
		log.Info("the meter's clock is right again")
	case by.Abs() > clockInsane:
		log.Warn("the meter's clock is wrong: the readings go on, but every time that the meter tells is off. Its owner, the grid operator, can set it",
			"meter", at.Format(time.RFC3339), "off", by)
	default:
		log.Warn("the meter's clock differs from this machine's: is the time zone right (TZ; Home Assistant's is taken under it)?",
			"meter", at.Format(time.RFC3339), "off", by)
	}
	c.off = by.Abs() > clockOff
}
