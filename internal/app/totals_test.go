package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

func newTestTotals(dir string) (*totals, *bytes.Buffer) {
	log := new(bytes.Buffer)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return newTotals("p1", time.UTC, store.Open(dir, logger), logger), log
}

// total feeds a reading of one register and returns what entities show.
func (t *totals) total(at time.Time, id, kWh string) string {
	v, err := meter.ParseValue(kWh)
	if err != nil {
		panic(err)
	}
	r := &meter.Reading{Received: at, Checksum: meter.ChecksumValid, EquipmentID: id}
	r.Values.Set(meter.EnergyImportTotal, v)
	t.identify(r)
	t.judge(r)
	u := meter.Update{Reading: *r}
	u.Guarded = t.show(&u.Reading)
	shown, ok := u.Entities().Values.Get(meter.EnergyImportTotal)
	if !ok {
		return "nothing"
	}
	return shown.String()
}

// TestTotalsAreSaidOnce: what is held back is told with its end, and the same
// total again only after a quarter of an hour, with how often it was.
func TestTotalsAreSaidOnce(t *testing.T) {
	totals, log := newTestTotals(t.TempDir())
	at := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	next := func(kWh string) { at = at.Add(10 * time.Second); totals.total(at, "A", kWh) }
	next("12345")
	for range 89 { // a zero every twenty seconds, for half an hour
		next("0")
		next("12345")
	}
	for range 91 {
		next("99999")
	}
	want := `level=INFO msg="a total is held back from the entities: it fell. It is shown again when it continues as before, or when the new value persists" total=energy_import_total from=12345 to=0 unit=kWh
level=INFO msg="the total continues as before; what was held back was wrong" total=energy_import_total from=0 to=12345 unit=kWh
level=INFO msg="a total is held back from the entities: it fell. It is shown again when it continues as before, or when the new value persists" total=energy_import_total from=12345 to=0 unit=kWh again=44
level=INFO msg="the total continues as before; what was held back was wrong" total=energy_import_total from=0 to=12345 unit=kWh
level=WARN msg="the total that was held back is confirmed and shown now. Home Assistant counts the difference as used: correct it under Developer tools, Statistics" total=energy_import_total from=12345 to=99999 unit=kWh
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	log.Reset()
	at = at.Add(time.Hour)
	for range 91 {
		next("5")
	}
	want = `level=INFO msg="a total is held back from the entities: it fell. It is shown again when it continues as before, or when the new value persists" total=energy_import_total from=99999 to=5 unit=kWh again=44
level=WARN msg="the total that was held back is confirmed and shown now. Was the meter replaced? If not, look at the energy dashboard; statistics are corrected under Developer tools, Statistics" total=energy_import_total from=99999 to=5 unit=kWh
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestReplacedMeterIsSaid, as a warning where statistics need a person.
func TestReplacedMeterIsSaid(t *testing.T) {
	for _, test := range []struct{ kWh, level, advice string }{
		{"0.1", "level=INFO", "shown as they are\""},
		{"40000", "level=WARN", "counts the difference"},
	} {
		totals, log := newTestTotals(t.TempDir())
		at := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
		totals.total(at, "4B38A", "12345")
		for range 15 {
			at = at.Add(time.Minute)
			if got := totals.total(at, "4B38B", test.kWh); got != "12345" {
				t.Errorf("shown is %s, want 12345", got)
			}
		}
		log.Reset() // that it is held back
		for range 2 {
			at = at.Add(time.Minute)
			if got := totals.total(at, "4B38B", test.kWh); got != test.kWh {
				t.Errorf("shown is %s, want %s", got, test.kWh)
			}
		}
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, test.level) || !strings.Contains(got, test.advice) || strings.Contains(got, "4B38") {
			t.Errorf("%s: got %s", test.kWh, got)
		}
	}
}

// TestTotalsAreKept: written when a total is first trusted, every quarter of an
// hour and at the end, and only when there is something to write.
func TestTotalsAreKept(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "totals_p1.json")
	synctest.Test(t, func(t *testing.T) {
		first, _ := newTestTotals(dir)
		saved := func() bool {
			synctest.Wait()
			data, err := os.ReadFile(file)
			if err == nil {
				err = os.Remove(file)
			}
			return err == nil && bytes.Contains(data, []byte("energy_import_total"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- first.run(ctx) }()
		first.total(time.Now(), "A", "100")
		if !saved() {
			t.Error("not written when it was trusted")
		}
		first.total(time.Now(), "A", "100")
		time.Sleep(saveEvery - time.Second)
		if saved() {
			t.Error("written too early")
		}
		time.Sleep(time.Second)
		if !saved() {
			t.Error("not written after a quarter of an hour")
		}
		time.Sleep(saveEvery)
		if saved() {
			t.Error("written although nothing came")
		}
		first.total(time.Now(), "A", "100.1")
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	second, log := newTestTotals(dir)
	if got := second.total(time.Now(), "A", "0"); got != "nothing" {
		t.Errorf("a zero first: entities show %s, want nothing: %s", got, log)
	}
}

// TestDamagedTotals costs the memory of the last run, and nothing else.
func TestDamagedTotals(t *testing.T) {
	for _, content := range []string{"", "{", `{"energies": {"energy_import_total": {"value": "x"}}}`, `[]`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "totals_p1.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		totals, log := newTestTotals(dir)
		if got := totals.total(time.Now(), "A", "5"); got != "5" || strings.Count(log.String(), "level=WARN") != 1 {
			t.Errorf("%q: entities show %s, the log says %s", content, got, log)
		}
	}
}
