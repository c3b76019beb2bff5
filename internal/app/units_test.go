package app

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestUnitsAreKept: what a day of power showed of the unit of the totals is not
// to be shown again after a restart, and not told twice.
func TestUnitsAreKept(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	now := noon
	push := simulate.NewPush(simulate.Kamstrup, simulate.Options{Seed: 3, Start: noon})
	line, w := io.Pipe()
	go func() {
		for at := noon; at.Before(noon.Add(6 * time.Hour)); at = at.Add(10 * time.Second) {
			w.Write(push.Message(at))
		}
		w.Close()
	}()
	var log testkit.Log
	s := store.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	r := decode.NewReader(decode.Options{Now: func() time.Time { return now }, Keys: cipher.Keys{Key: push.Encrypter.Key[:], AAD: append([]byte{0x30}, push.Encrypter.AuthKey[:]...)}})
	u := newUnits("p1", s, r, slog.New(slog.NewTextHandler(&log, nil)))
	r.Reset(line)
	for m, more := r.Next(); more; m, more = r.Next() {
		if m.Err != nil {
			t.Fatal(m.Err)
		}
		u.note(r)
		now = now.Add(10 * time.Second)
	}
	u.save()
	got := r.Unit()
	if got.WattHours != 10 || got.Meter == "" || log.Count("10 Wh") != 1 {
		t.Fatalf("decided %+v; the log has\n%s", got, log.String())
	}
	r = decode.NewReader(decode.Options{})
	u = newUnits("p1", s, r, slog.New(slog.NewTextHandler(&log, nil)))
	u.note(r)
	if r.Unit() != got || log.Count("10 Wh") != 1 {
		t.Errorf("after the restart %+v, want %+v; the log has\n%s", r.Unit(), got, log.String())
	}
	if newUnits("p2", s, r, nil).said != (cosem.EnergyState{}) {
		t.Error("another slot takes it up")
	}
}
