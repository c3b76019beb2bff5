package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	beat    = 5 * time.Second        // how often the vitals are evaluated while nothing arrives
	glance  = 500 * time.Millisecond // how soon after bytes that gave no reading
	refresh = time.Minute            // how often an unchanged status is published
)

// vitals is the state of the meter's line: whether telegrams arrive, and what is
// wrong if not.
type vitals struct {
	watchdog
	hub   *hub.Hub[meter.Status]
	names config.Names // of options in advice

	timer *time.Timer // of the next evaluation; each telegram postpones it

	mode func() string // of the line, as status.Source has it; nil: it has none

	mu       sync.Mutex
	status   meter.Status
	shown    status.Line   // without what stands adds
	silence  time.Duration // longest normal pause between telegrams
	judge    *diagnosis.Judge
	log      causeLog
	clock    clockCheck
	opened   bool // the line was opened before
	glancing bool // an evaluation is due soon

	published time.Time // when the status was published last
}

func newVitals(slot string, names config.Names, log *slog.Logger) *vitals {
	now := time.Now()
	v := &vitals{
		watchdog: watchdog{start: now}, hub: new(hub.Hub[meter.Status]), names: names,
		status: meter.Status{
			Slot: slot, Started: now, Verdict: diagnosis.Waiting.String(), Text: diagnosis.Waiting.Text(meter.English),
		},
		published: now,
		shown:     status.Line{Slot: slot, Source: status.Source{Kind: "none", State: status.None, Since: now}},
		judge:     diagnosis.New(now),
		log:       causeLog{log: log, since: now},
		clock:     clockCheck{log: log},
		timer:     time.NewTimer(beat),
	}
	v.hub.Publish(v.status)
	return v
}

// reads sets which line is read. It must be called before the line is.
func (v *vitals) reads(kind, name string, mode func() string) {
	v.shown.Source = status.Source{Kind: kind, Name: name, State: status.Lost, Since: v.start}
	v.mode = mode
	v.clock.other = v.clock.other || kind == fileKind
}

// unset records that no source is set, and which devices there are.
func (v *vitals) unset(devices []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.judge.Unset(devices)
	now := time.Now()
	v.log.said(diagnosis.Unset, now) // the caller logs it
	v.evaluate(now)
}

// watch returns r with its bytes recorded, and the time of work on them. scanned
// returns the scanner's counts; the reading goroutine calls it.
func (v *vitals) watch(r io.Reader, scanned func() frame.Stats) io.Reader {
	return &watched{r, v, scanned}
}

type watched struct {
	r       io.Reader
	v       *vitals
	scanned func() frame.Stats
}

// Read waits for the meter.
func (w *watched) Read(p []byte) (int, error) {
	w.v.scanned(w.scanned())
	w.v.idle()
	n, err := w.r.Read(p)
	now := time.Now()
	w.v.busy(now)
	w.v.mu.Lock()
	w.v.judge.Bytes(p[:n], now)
	w.v.shown.Counters.Bytes += uint64(n)
	w.v.glance()
	w.v.mu.Unlock()
	return n, err
}

// telegram records a good telegram; at is the time in it. silence is the longest
// normal pause until the next.
func (v *vitals) telegram(r *meter.Reading, at time.Time, silence time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.status.Alive {
		v.status.Interval = r.Received.Sub(v.status.Last)
	}
	v.status.Telegrams++
	v.shown.Counters.Telegrams++
	v.shown.Meter = &status.Meter{
		Header: r.Header, Standard: r.Standard, Version: r.Version,
		Serial: meter.LastDigits(r.Identifier()), Tariffs: r.Tariffs.Names(),
	}
	v.status.Last, v.silence = r.Received, silence
	v.judge.Good(r.Received, silence)
	v.log.good++
	v.clock.check(r.Received, at)
	v.setAlive(true)
	v.evaluate(r.Received)
	v.beat()
	v.timer.Reset(beat)
}

// hint records what a person could do to get more out of the readings.
func (v *vitals) hint(hint diagnosis.Cause, detail string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.judge.Hint(hint, detail)
}

// damaged records a telegram that gave no reading.
func (v *vitals) damaged(cause error) {
	if errors.Is(cause, dsmr.ErrTruncated) {
		return // counted as cut off
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	why := decode.CauseOf(cause)
	counted := why
	if why == diagnosis.Cut { // it has an end, and nothing else
		counted = diagnosis.Damaged
	}
	v.shown.Counters.Rejected[counted]++
	v.status.Errors = v.shown.Counters.Bad()
	v.judge.Bad(why, time.Now())
	v.log.bad++
	v.glance()
}

// scanned records the scanner's counts since the start: telegrams that never
// ended, and bytes outside telegrams.
func (v *vitals) scanned(s frame.Stats) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if cut := s.Cut - v.shown.Counters.Rejected[diagnosis.Cut]; cut > 0 {
		v.judge.Cut(cut, time.Now())
		v.log.bad += cut
		v.glance()
	}
	v.shown.Counters.Rejected[diagnosis.Cut], v.shown.Counters.Skipped = s.Cut, s.Skipped
	v.status.Errors = v.shown.Counters.Bad()
}

// held counts totals that are newly held back from entities.
func (v *vitals) held(n uint64) {
	if n == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status.Held += n
	v.shown.Counters.Held += n
	v.hub.Publish(v.status)
}

var states = map[source.State]status.State{
	source.Opened: status.Opened, source.Alive: status.Alive, source.Lost: status.Lost,
}

// changed records a change of the line.
func (v *vitals) changed(e source.Event, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if state := states[e.State]; state != v.shown.Source.State {
		v.shown.Source.State, v.shown.Source.Since = state, now
	}
	v.shown.Source.Cause = ""
	switch e.State {
	case source.Opened:
		if v.opened {
			v.shown.Source.Reconnects++
		}
		v.opened = true
	case source.Alive:
		v.log.said(diagnosis.Good, now) // by the source
	case source.Lost:
		v.shown.Source.Cause = e.Err.Error()
		v.setAlive(false)
		switch {
		case e.Said:
			v.log.said(e.Cause, now)
		case e.Cause == diagnosis.Missing && v.log.told == diagnosis.Gone: // the cable that was pulled
			v.log.told = e.Cause
		}
	}
	e.Report(v.judge, now)
	if e.State != source.Alive { // the reading that caused it comes next
		v.evaluate(now)
	}
}

func (v *vitals) setAlive(alive bool) {
	if v.status.Alive != alive {
		v.status.Alive = alive
		v.hub.Publish(v.status)
	}
}

// run evaluates the vitals while no telegrams do so. Waking up each second
// beside the telegrams would cost as much as they do.
func (v *vitals) run(ctx context.Context) error {
	for {
		v.beat()
		select {
		case <-ctx.Done():
			return nil
		case now := <-v.timer.C:
			v.timer.Reset(beat)
			v.mu.Lock()
			v.evaluate(now)
			v.mu.Unlock()
		}
	}
}

// glance schedules an evaluation soon, while there are no readings. Callers hold
// v.mu.
func (v *vitals) glance() {
	if !v.status.Alive && !v.glancing {
		v.glancing = true
		v.timer.Reset(glance)
	}
}

// evaluate finds the cause, publishes changes and logs them. Callers hold v.mu.
func (v *vitals) evaluate(now time.Time) {
	v.glancing = false
	if last := v.status.Last; !last.IsZero() && now.Sub(last) > v.silence {
		v.setAlive(false)
	}
	found := v.judge.Find(now)
	stands := status.VerdictOf(found, v.names)
	changed := stands.Name != v.status.Verdict || stands.Problem != v.status.Problem
	if changed || now.Sub(v.published) >= refresh {
		v.published = now
		v.status.Verdict, v.status.Problem = stands.Name, stands.Problem
		v.status.Text, v.status.Next, v.status.Share = stands.Text, stands.Next, stands.Share
		v.hub.Publish(v.status)
	}
	v.log.write(found, now)
}

// stands returns the state of the line at now.
func (v *vitals) stands(now time.Time) status.Line {
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.shown
	l.Verdict = status.VerdictOf(v.judge.Find(now), v.names)
	if v.mode != nil {
		l.Source.Mode = v.mode()
	}
	if last := v.status.Last; !last.IsZero() {
		l.Source.Last = &last
	}
	l.Counters.Interval = v.status.Interval.Seconds()
	return l
}
