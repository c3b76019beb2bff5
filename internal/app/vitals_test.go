package app

import (
	"bytes"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

func newTestVitals() (*vitals, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return newVitals("p1", config.Names{}, slog.New(slog.NewTextHandler(log, nil))), log
}

func (v *vitals) goodAt(at, clock time.Time) {
	v.telegram(&meter.Reading{Received: at}, clock, 15*time.Second)
}

// TestVerdictIsTold: once a change, not before half a minute, and its end too.
func TestVerdictIsTold(t *testing.T) {
	v, log := newTestVitals()
	r := v.watch(bytes.NewReader(simulate.Noise(1, 4000)), func() frame.Stats { return frame.Stats{} })
	if _, err := r.Read(make([]byte, 4000)); err != nil {
		t.Fatal(err)
	}
	v.lookAt(v.start.Add(diagnosis.Patience))
	if log.Len() > 0 {
		t.Errorf("too early: %s", log)
	}
	for range 5 {
		v.lookAt(v.start.Add(diagnosis.Patience + time.Second))
	}
	if got := strings.Count(log.String(), "the speed or the parity is wrong"); got != 1 {
		t.Errorf("told %d times, want once: %s", got, log)
	}
	v.damaged(dsmr.ErrChecksum)
	v.lookAt(v.start.Add(diagnosis.Patience + 2*time.Second))
	if !strings.Contains(log.String(), "their checksum is wrong") {
		t.Errorf("another verdict is not told: %s", log)
	}
	v.goodAt(v.start.Add(diagnosis.Patience+3*time.Second), time.Time{})
	if !strings.Contains(log.String(), "readings have resumed") {
		t.Errorf("the end is not told: %s", log)
	}
}

// TestSilenceIsNoVerdict: the source tells that itself.
func TestSilenceIsNoVerdict(t *testing.T) {
	v, log := newTestVitals()
	v.lookAt(v.start.Add(time.Hour))
	if log.Len() > 0 {
		t.Errorf("got %s", log)
	}
}

// TestPulledCableIsToldOnce: that the device is gone, and half a minute later
// not there, is one thing to whoever pulled the cable; the source has told it.
func TestPulledCableIsToldOnce(t *testing.T) {
	v, log := newTestVitals()
	v.goodAt(v.start, time.Time{})
	v.changed(source.Event{State: source.Lost, Err: source.ErrGone, Cause: diagnosis.Gone, Said: true}, v.start.Add(time.Second))
	v.changed(source.Event{State: source.Lost, Err: fs.ErrNotExist, Cause: diagnosis.Missing}, v.start.Add(2*time.Second))
	for s := range 60 {
		v.lookAt(v.start.Add(time.Duration(s) * time.Second))
	}
	if s, _ := v.hub.Latest(); log.Len() > 0 || s.Verdict != "device_missing" || !s.Problem {
		t.Errorf("%+v, log: %s", s, log)
	}
	v.lookAt(v.start.Add(summary + 3*time.Second))
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "still no readings") {
		t.Errorf("a quarter of an hour later: %s", got)
	}
}

func TestAlive(t *testing.T) {
	v, _ := newTestVitals()
	status := func() meter.Status { s, _ := v.hub.Latest(); return s }
	at := v.start
	for range 3 {
		at = at.Add(10 * time.Second)
		v.goodAt(at, time.Time{})
	}
	if !status().Alive {
		t.Fatal("telegrams arrive, and it is not alive")
	}
	v.lookAt(at.Add(15 * time.Second))
	if !status().Alive {
		t.Error("dead within the normal silence")
	}
	v.lookAt(at.Add(16 * time.Second))
	if status().Alive {
		t.Error("alive although nothing comes")
	}
	v.goodAt(at.Add(20*time.Second), time.Time{})
	v.changed(source.Event{State: source.Lost, Err: io.EOF}, at)
	if s := status(); s.Alive || s.Telegrams != 4 || s.Interval != 10*time.Second {
		t.Errorf("after the loss: got %+v", s)
	}
}

// TestSummary: damaged telegrams among good ones are told at most every
// quarter of an hour, as a number.
func TestSummary(t *testing.T) {
	v, log := newTestVitals()
	for i := range 1000 {
		at := v.start.Add(time.Duration(i) * time.Second)
		v.goodAt(at, time.Time{})
		if i%100 == 0 {
			v.damaged(dsmr.ErrChecksum)
		}
		v.lookAt(at)
	}
	if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "damaged=9 good=901") {
		t.Errorf("got %d lines, want 1 with 9 of 901: %s", got, log)
	}
	if s := v.status; s.Errors != 10 {
		t.Errorf("got %d errors, want 10", s.Errors)
	}
}

func TestClockIsReported(t *testing.T) {
	for _, test := range []struct {
		name string
		off  time.Duration
		want string
	}{
		{"right", time.Minute, ""},
		{"an hour", time.Hour, "time zone"},
		{"the year 2000", -26 * 365 * 24 * time.Hour, "clock is wrong"},
		{"the future", 48 * time.Hour, "clock is wrong"},
	} {
		v, log := newTestVitals()
		for i := range 3 {
			at := v.start.Add(time.Duration(i) * time.Second)
			v.goodAt(at, at.Add(test.off))
		}
		if test.want == "" {
			if log.Len() > 0 {
				t.Errorf("%s: got %s", test.name, log)
			}
			continue
		}
		if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), test.want) {
			t.Errorf("%s: got %s", test.name, log)
		}
		v.goodAt(v.start.Add(time.Minute), v.start.Add(time.Minute))
		if !strings.Contains(log.String(), "correct again") {
			t.Errorf("%s: its end is not told: %s", test.name, log)
		}
	}
}

func TestHealth(t *testing.T) {
	v, _ := newTestVitals()
	if err := v.health(); err != nil {
		t.Errorf("at the start: %v", err)
	}
	v.start = v.start.Add(-time.Minute)
	if err := v.health(); err == nil {
		t.Error("healthy although nothing looked for a minute")
	}
	v.beaten.Store(int64(time.Since(v.start)))
	v.working.Store(1)
	if err := v.health(); err == nil {
		t.Error("healthy although one read takes a minute")
	}
	v.idle()
	if err := v.health(); err != nil {
		t.Errorf("waiting for the meter: %v", err)
	}
}

// lookAt is the timer's look.
func (v *vitals) lookAt(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.evaluate(now)
}

// TestProblem: who listens to the status hears of a problem once it lasts,
// and of its end.
func TestProblem(t *testing.T) {
	v, log := newTestVitals()
	status := func() meter.Status { s, _ := v.hub.Latest(); return s }
	v.changed(source.Event{State: source.Lost, Err: io.EOF, Cause: diagnosis.Refused, Help: "Check it", Said: true}, v.start)
	if s := status(); s.Problem || s.Verdict != "refused" || s.Next != "Check it" {
		t.Errorf("at first: got %+v", s)
	}
	v.lookAt(v.start.Add(diagnosis.Patience + time.Second))
	if s := status(); !s.Problem || s.Verdict != "refused" {
		t.Errorf("later: got %+v", s)
	}
	if log.Len() > 0 {
		t.Errorf("the source has said it, and the log says it again: %s", log)
	}
	for minute := range 61 {
		v.lookAt(v.start.Add(time.Duration(minute+1) * time.Minute))
	}
	if got := strings.Count(log.String(), "still no readings: the network reader refuses"); got != 4 || strings.Count(log.String(), "\n") != got {
		t.Errorf("told %d times in an hour, want 4: %s", got, log)
	}
	v.changed(source.Event{State: source.Opened}, v.start.Add(2*time.Hour))
	v.changed(source.Event{State: source.Alive}, v.start.Add(2*time.Hour))
	v.goodAt(v.start.Add(2*time.Hour), time.Time{})
	if s := status(); s.Problem || s.Verdict != "good" {
		t.Errorf("at the end: got %+v", s)
	}
	if strings.Contains(log.String(), "go on") {
		t.Errorf("the source says that they do, and the log says it again: %s", log)
	}
}
