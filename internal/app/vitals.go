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
	beat      = time.Second      // how often the vitals are looked at
	refresh   = time.Minute      // how often they are published without a change
	summary   = 15 * time.Minute // one log line a kind of damage in this time
	impatient = 30 * time.Second // without any telegram: the first line comes sooner
	stuck     = 10 * time.Second // one read's work takes no longer, by far
)

// vitals tells how the meter's line stands: whether telegrams arrive, what is
// wrong with them, and whether this program's main loop is alive.
type vitals struct {
	log *slog.Logger
	hub *hub.Hub[meter.Status]

	bytes   atomic.Uint64 // read from the line
	working atomic.Int64  // since when one read's bytes are worked on, ns; 0: waiting for the meter
	beaten  atomic.Int64  // when run looked last, ns

	mu       sync.Mutex
	status   meter.Status
	patience time.Duration // how long a silence is normal
	damage   map[error]uint64
	since    time.Time // the damage is counted
	good     uint64    // telegrams in that time
	noise    uint64    // bytes at the last summary
	start    time.Time // for durations: the clock that never jumps
}

func newVitals(log *slog.Logger) *vitals {
	now := time.Now()
	v := &vitals{
		log: log, hub: new(hub.Hub[meter.Status]), damage: make(map[error]uint64),
		status: meter.Status{Started: now}, since: now, start: now,
	}
	v.beaten.Store(int64(time.Since(now)))
	return v
}

// watch counts the bytes of r and tells waiting from working.
func (v *vitals) watch(r io.Reader) io.Reader { return &watched{r, v} }

type watched struct {
	r io.Reader
	v *vitals
}

// Read waits for the meter.
func (w *watched) Read(p []byte) (int, error) {
	w.v.idle()
	n, err := w.r.Read(p)
	w.v.bytes.Add(uint64(n))
	w.v.working.Store(max(1, int64(time.Since(w.v.start))))
	return n, err
}

// idle tells that no bytes are worked on.
func (v *vitals) idle() { v.working.Store(0) }

// telegram records a good one.
func (v *vitals) telegram(now time.Time, patience time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.status.Alive {
		v.status.Interval = now.Sub(v.status.Last)
	}
	v.status.Telegrams++
	v.good++
	v.status.Last, v.patience = now, patience
	v.setAlive(true)
}

// damaged records one that gave no reading.
func (v *vitals) damaged(cause error, now time.Time) {
	if errors.Is(cause, dsmr.ErrTruncated) {
		return // the line was lost in its middle, which is said already
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status.Errors++
	v.damage[cause]++
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

// run looks at the vitals once a second.
func (v *vitals) run(ctx context.Context) error {
	defer v.beaten.Store(0)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	published := time.Now()
	for {
		v.beaten.Store(max(1, int64(time.Since(v.start))))
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			v.look(now)
			if now.Sub(published) >= refresh {
				published = now
				v.mu.Lock()
				v.hub.Publish(v.status)
				v.mu.Unlock()
			}
		}
	}
}

func (v *vitals) look(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.status.Alive && now.Sub(v.status.Last) > v.patience {
		v.setAlive(false)
	}
	age := now.Sub(v.since)
	if age < summary && !(v.status.Telegrams == 0 && age >= impatient && v.since.Equal(v.start)) {
		return
	}
	bytes := v.bytes.Load()
	switch {
	case len(v.damage) > 0:
		for cause, n := range v.damage {
			v.log.Warn(complaint(cause), "damaged", n, "good", v.good, "in", age.Round(time.Second))
		}
	case v.good == 0 && bytes > v.noise:
		v.log.Warn("bytes arrive from the meter, but no telegram: is the serial mode right (option serial.mode; 9600 7E1 for DSMR 2 and 3)? "+
			"A cable without inverter, an encrypting meter or a reader that sends another format look like this too", "bytes", bytes-v.noise, "in", age.Round(time.Second))
	}
	clear(v.damage)
	v.since, v.good, v.noise = now, 0, bytes
}

// complaint says what damage means and what to do.
func complaint(cause error) string {
	switch {
	case errors.Is(cause, dsmr.ErrChecksum):
		return "telegrams with a wrong checksum were dropped: bytes were lost or changed on the way. Now and then is normal; " +
			"else try a shorter cable or another USB port, and set the option checksum to off only for a meter that is known to send wrong ones"
	case errors.Is(cause, dsmr.ErrNoChecksum):
		return "telegrams without the checksum that this meter sends were dropped: does something on the way cut or rewrite them? " +
			"If it always does, set the option checksum to off"
	}
	return "damaged telegrams were dropped (" + cause.Error() + "): try a shorter cable or another USB port"
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
