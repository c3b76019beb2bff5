package web

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// told is what /api/history says.
type told struct {
	Start int64
	Step  int64
	Net   []*int
	Solar []*int
	House []*int
	Today map[string]any

	Yesterday map[string]any
}

func (p *past) told(t *testing.T, now time.Time) told {
	t.Helper()
	var got told
	text := p.AppendJSON(nil, now)
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return got
}

// day tells the account of the day: its begin and the values by name.
func (p *past) day(t *testing.T, now time.Time) map[string]any {
	t.Helper()
	return plain(p.told(t, now).Today)
}

// plain takes the units from the values of a day.
func plain(day map[string]any) map[string]any {
	for name, value := range day {
		if m, ok := value.(map[string]any); ok {
			day[name] = m["value"]
		}
	}
	return day
}

func folder(t *testing.T) *store.Store {
	t.Helper()
	return store.Open(t.TempDir(), slog.New(slog.DiscardHandler))
}

type values map[meter.Quantity]meter.Value

// at is a reading with the values and, if id is not empty, a gas meter.
func at(when time.Time, v values, id string, gas meter.Value) *meter.Update {
	u := &meter.Update{Reading: meter.Reading{Received: when, EquipmentID: "E1"}}
	for q, value := range v {
		u.Reading.Values.Set(q, value)
	}
	if id != "" {
		u.Reading.Channels[0] = meter.Channel{Type: meter.TypeGas, ID: id, Unit: meter.CubicMetre, Value: gas}
	}
	return u
}

func watts(n int64) meter.Value { return meter.NewValue(n, 0) }
func kwh(thousandths int64) values {
	return values{meter.EnergyImportTotal: meter.NewValue(thousandths, 3)}
}

func TestHour(t *testing.T) {
	p := newPast(folder(t), "p1", time.UTC)
	start := time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
	if got := p.told(t, start); got.Net != nil || got.Today != nil || got.Step != 10 {
		t.Errorf("before the first reading: %+v", got)
	}
	for n, w := range []int64{100, 200, 301, -500, -500} { // 0, 4, 8, 12 and 16 s
		p.add(at(start.Add(time.Duration(n)*4*time.Second), values{meter.PowerNet: watts(w), meter.HouseUse: watts(2 * w)}, "", meter.Value{}))
	}
	p.add(at(start.Add(40*time.Second), values{meter.PowerNet: watts(7)}, "", meter.Value{}))
	got := p.told(t, start.Add(45*time.Second))
	if len(got.Net) != 360 || len(got.House) != 360 || got.Solar != nil {
		t.Fatalf("%d, %d and %d steps", len(got.Net), len(got.House), len(got.Solar))
	}
	if want := start.Unix() + 50 - 3600; got.Start != want {
		t.Errorf("start %d, want %d", got.Start, want)
	}
	number := func(n int) *int { return &n }
	if diff := cmp.Diff([]*int{nil, number(200), number(-500), nil, nil, number(7)}, got.Net[354:]); diff != "" {
		t.Errorf("net (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]*int{nil, number(401), number(-1000), nil, nil, nil}, got.House[354:]); diff != "" {
		t.Errorf("house (-want +got):\n%s", diff)
	}
	// An hour later nothing is left, and a new reading stands alone.
	if got := p.told(t, start.Add(time.Hour+50*time.Second)); got.Net != nil {
		t.Errorf("an hour later: %v", got.Net)
	}
	p.add(at(start.Add(time.Hour), values{meter.PowerNet: watts(1)}, "", meter.Value{}))
	got = p.told(t, start.Add(time.Hour))
	if there := slices.DeleteFunc(got.Net, func(n *int) bool { return n == nil }); len(there) != 3 || *there[2] != 1 { // 10 and 40 s, and now
		t.Errorf("an hour later: %d values", len(there))
	}
	// A clock that was set back shows no future.
	if got := p.told(t, start.Add(-time.Hour)); slices.ContainsFunc(got.Net, func(n *int) bool { return n != nil }) {
		t.Errorf("an hour before: %v", got.Net)
	}
}

func TestToday(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	files := folder(t)
	p := newPast(files, "p1", zone)
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, zone)
	want := func(what string, now time.Time, since string, rest map[string]any) {
		t.Helper()
		rest["since"] = since
		if diff := cmp.Diff(rest, p.day(t, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	p.add(at(noon, kwh(100_000), "", meter.Value{}))
	want("at the start", noon, "2026-03-28T12:00:00+01:00", map[string]any{"import": 0.0})
	p.add(at(noon.Add(time.Minute), kwh(100_000), "", meter.Value{})) // no gas meter yet
	p.add(at(noon.Add(time.Hour), kwh(101_250), "G1", meter.NewValue(500, 2)))
	p.add(at(noon.Add(2*time.Hour), kwh(101_500), "G1", meter.NewValue(525, 2)))
	want("later", noon, "2026-03-28T12:00:00+01:00", map[string]any{"import": 1.5, "gas": 0.25})

	p = newPast(files, "p1", zone)
	p.add(at(noon.Add(3*time.Hour), kwh(102_000), "G1", meter.NewValue(530, 2)))
	want("started again", noon, "2026-03-28T12:00:00+01:00", map[string]any{"import": 2.0, "gas": 0.3})

	// The night in which the clock goes forward.
	p.add(at(time.Date(2026, 3, 28, 23, 59, 50, 0, zone), kwh(110_000), "G1", meter.NewValue(600, 2)))
	p.add(at(time.Date(2026, 3, 29, 0, 0, 0, 0, zone), kwh(110_001), "G1", meter.NewValue(600, 2)))
	p.add(at(time.Date(2026, 3, 29, 12, 0, 0, 0, zone), kwh(111_000), "G1", meter.NewValue(650, 2)))
	want("the next day", noon, "2026-03-29T00:00:00+01:00", map[string]any{"import": 1.0, "gas": 0.5})

	// Nothing came for an hour around midnight.
	p.add(at(time.Date(2026, 3, 29, 23, 30, 0, 0, zone), kwh(115_000), "G1", meter.NewValue(700, 2)))
	p.add(at(time.Date(2026, 3, 30, 0, 30, 0, 0, zone), kwh(116_000), "G1", meter.NewValue(700, 2)))
	p.add(at(time.Date(2026, 3, 30, 1, 0, 0, 0, zone), kwh(116_500), "G1", meter.NewValue(701, 2)))
	want("after a gap", noon, "2026-03-30T00:30:00+02:00", map[string]any{"import": 0.5, "gas": 0.01})

	// Another gas meter, and an electricity meter that was set back.
	p.add(at(time.Date(2026, 3, 30, 2, 0, 0, 0, zone), kwh(1000), "G2", meter.NewValue(900, 2)))
	want("replaced", noon, "2026-03-30T00:30:00+02:00", map[string]any{"import": 1.5, "gas": 0.01})
	p.add(at(time.Date(2026, 3, 30, 3, 0, 0, 0, zone), kwh(1250), "G2", meter.NewValue(910, 2)))
	want("and on", noon, "2026-03-30T00:30:00+02:00", map[string]any{"import": 1.75, "gas": 0.11})

	// A total that the telegram leaves out once is not lost.
	p.add(at(time.Date(2026, 3, 30, 3, 0, 1, 0, zone), nil, "", meter.Value{}))
	want("left out", noon, "2026-03-30T00:30:00+02:00", map[string]any{"import": 1.75, "gas": 0.11})

	p = newPast(files, "p1", zone)
	p.add(at(time.Date(2026, 3, 31, 6, 0, 0, 0, zone), kwh(2000), "G2", meter.NewValue(950, 2)))
	want("started again on another day", noon, "2026-03-31T06:00:00+02:00", map[string]any{"import": 0.0, "gas": 0.0})
}

// The day before is told where both of its midnights were seen.
func TestYesterday(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	files := folder(t)
	p := newPast(files, "p1", zone)
	add := func(when time.Time, thousandths int64) {
		p.add(at(when, kwh(thousandths), "G1", meter.NewValue(thousandths, 5)))
	}
	on := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, zone) }
	want := func(what string, rest map[string]any) {
		t.Helper()
		if diff := cmp.Diff(rest, plain(p.told(t, on(28, 0, 0)).Yesterday)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	add(on(27, 12, 0), 1000)
	add(on(27, 23, 59), 2000)
	add(on(28, 0, 0), 2500)
	want("the first midnight", nil)
	add(on(28, 12, 0), 3000)
	add(on(28, 23, 59), 5000)
	add(on(29, 0, 0), 5500) // the day on which the clock goes forward
	want("a whole day", map[string]any{"import": 3.0, "gas": 0.03})
	add(on(29, 12, 0), 6000)
	want("noon", map[string]any{"import": 3.0, "gas": 0.03})
	p = newPast(files, "p1", zone)
	add(on(29, 13, 0), 6500)
	want("started again", map[string]any{"import": 3.0, "gas": 0.03})
	add(on(29, 23, 50), 7000)
	add(on(30, 0, 1), 8000)
	want("a short day", map[string]any{"import": 2.0, "gas": 0.02})
	add(on(30, 12, 0), 9000)
	add(on(31, 12, 0), 9500)
	want("nothing came over midnight", nil)
}

// A clock that is set back for a while, as at the start of a machine without a
// battery for it, costs nothing of the day's account.
func TestTodayClockSetBack(t *testing.T) {
	files := folder(t)
	p := newPast(files, "p1", time.UTC)
	on := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	add := func(when time.Time, thousandths int64) { p.add(at(when, kwh(thousandths), "", meter.Value{})) }
	want := func(what string, now time.Time, since string, imported float64) {
		t.Helper()
		if diff := cmp.Diff(map[string]any{"since": since, "import": imported}, p.day(t, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	add(on(27, 23, 59), 1000)
	add(on(28, 0, 0), 1000)
	add(on(28, 0, 10), 2000)
	add(on(27, 23, 50), 2100)
	want("the evening before", on(27, 23, 50), "2026-03-27T23:59:00Z", 1.1)
	add(on(28, 0, 0), 2200)
	want("midnight again", on(28, 0, 0), "2026-03-28T00:00:00Z", 1.2)
	add(on(28, 12, 0), 3000)

	p = newPast(files, "p1", time.UTC)
	add(time.Date(1970, 1, 1, 0, 0, 10, 0, time.UTC), 3100)
	add(on(28, 13, 0), 3200)
	want("started again", on(28, 13, 0), "2026-03-28T00:00:00Z", 2.2)
	p = newPast(files, "p1", time.UTC)
	add(on(28, 14, 0), 3300)
	want("and once more", on(28, 14, 0), "2026-03-28T00:00:00Z", 2.3)
}

// What the inverter produced is part of the day, once the meter has begun it.
func TestTodaySolar(t *testing.T) {
	p := newPast(folder(t), "p1", time.UTC)
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	sun := func(after time.Duration, serial string, wattHours int64) {
		s := &meter.Solar{Received: noon.Add(after), Serial: serial}
		s.Set(meter.SolarLifetime, meter.NewValue(wattHours, 0))
		p.sun(s)
	}
	sun(0, "S1", 1000)
	p.add(at(noon, kwh(100_000), "", meter.Value{}))
	sun(time.Second, "S1", 1500)
	sun(time.Minute, "S1", 2250)
	p.sun(&meter.Solar{Received: noon.Add(time.Hour)}) // says nothing of its energy
	if got := p.day(t, noon)["solar"]; got != 0.75 {
		t.Errorf("solar %v kWh, want 0.75", got)
	}
	sun(2*time.Hour, "S2", 9000)
	sun(3*time.Hour, "S2", 9100)
	if got := p.day(t, noon)["solar"]; got != 0.85 {
		t.Errorf("solar %v kWh with another inverter, want 0.85", got)
	}
	p.add(at(noon.Add(12*time.Hour-time.Minute), kwh(101_000), "", meter.Value{}))
	sun(12*time.Hour+time.Second, "S2", 9300)
	if got := p.day(t, noon); got["solar"] != 0.2 || got["import"] != 0.0 || got["since"] != "2026-03-29T00:00:00Z" {
		t.Errorf("the next day begins with %v", got)
	}
}

// Totals that are doubted are no part of the day's account, but of the chart.
func TestTodayIsGuarded(t *testing.T) {
	p := newPast(folder(t), "p1", time.UTC)
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	p.add(at(now, kwh(100_000), "", meter.Value{}))
	u := at(now.Add(time.Second), kwh(0), "", meter.Value{})
	u.Guarded = &at(now.Add(time.Second), kwh(100_000), "", meter.Value{}).Reading
	p.add(u)
	p.add(at(now.Add(2*time.Second), kwh(100_500), "", meter.Value{}))
	if got := p.day(t, now)["import"]; got != 0.5 {
		t.Errorf("import %v, want 0.5", got)
	}
}

// The disk is written once a day, and what was written by hand or by chance
// hurts nobody.
// The day goes on while another meter speaks that does not count yet, and when
// an identifier is said for the first time.
func TestTodayOfTheHousehold(t *testing.T) {
	p := newPast(folder(t), "p1", time.UTC)
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	say := func(id, printed string, wattHours, gas int64) {
		now = now.Add(time.Minute)
		u := at(now, kwh(wattHours), "?", meter.NewValue(gas, 2))
		u.Reading.EquipmentID, u.Reading.Channels[0].ID = printed, printed
		u.Reading.Meter = meter.Identity{Slot: 1, Meter: 1, ID: id}
		u.Reading.Channels[0].Meter = u.Reading.Meter
		p.add(u)
	}
	say("", "", 100_000, 500)
	say("A", "A", 101_000, 510)
	say("A", "B", 101_000, 510)
	say("A", "A", 102_000, 520)
	if got := p.day(t, now); got["import"] != 2.0 || got["gas"] != 0.2 {
		t.Errorf("got %v, want 2 kWh and 0.2 m3", got)
	}
}

func TestTodayOnDisk(t *testing.T) {
	dir := t.TempDir()
	files := store.Open(dir, slog.New(slog.DiscardHandler))
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	p := newPast(files, "p1", time.UTC)
	p.add(at(now, kwh(100_000), "", meter.Value{}))
	name := dir + "/today_p1.json"
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		p.add(at(now.Add(time.Duration(n)*time.Second), kwh(100_000+int64(n)), "", meter.Value{}))
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the file is written again")
	}
	writes := 0
	for n := range 3600 { // two gas meters, now one, now the other
		p.add(at(now.Add(time.Duration(n)*time.Second), kwh(100_000), string(rune('A'+n%2)), meter.NewValue(1, 0)))
		if os.Remove(name) == nil {
			writes++
		}
	}
	if writes < 1 || writes > 4 {
		t.Errorf("%d writes in an hour, want one a quarter at most", writes)
	}
	for _, text := range []string{`{}`, `{"day":"2026-03-28"}`, `{"day":"2026-03-28","totals":null}`, `[]`, `{"day":"2026-03-28","totals":{"import":{"value":1e9}}}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p := newPast(files, "p1", time.UTC)
		p.add(at(now, kwh(100_000), "", meter.Value{}))
		if got := p.day(t, now)["import"]; got != 0.0 {
			t.Errorf("%s: import %v", text, got)
		}
	}
}

// A meter that is silent over midnight while the inverter goes on has no part
// in the new day before it speaks again.
func TestTodayOfASilentMeter(t *testing.T) {
	p := newPast(folder(t), "p1", time.UTC)
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	sun := func(when time.Time, wh int64) {
		s := &meter.Solar{Received: when, Serial: "S"}
		s.Set(meter.SolarLifetime, meter.NewValue(wh, 0))
		p.sun(s)
	}
	p.add(at(noon, kwh(100_000), "G1", meter.NewValue(500, 2)))
	sun(noon, 5_000_000)
	sun(noon.Add(24*time.Hour), 5_001_500)
	sun(noon.Add(25*time.Hour), 5_002_000)
	want := map[string]any{"since": "2026-03-29T12:00:00Z", "solar": 0.5}
	if diff := cmp.Diff(want, p.day(t, noon)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.add(at(noon.Add(26*time.Hour), kwh(120_000), "", meter.Value{}))
	p.add(at(noon.Add(27*time.Hour), kwh(120_250), "", meter.Value{}))
	want["import"] = 0.25
	if diff := cmp.Diff(want, p.day(t, noon)); diff != "" {
		t.Errorf("and then (-want +got):\n%s", diff)
	}
}

// A machine without a battery for its clock starts in 1970, whose hour before
// has steps below zero.
func TestHistoryBeforeTheClockIsSet(t *testing.T) {
	p := newPast(folder(t), "p1", time.UTC)
	now := time.Unix(25, 0)
	p.add(at(now, values{meter.PowerNet: meter.NewValue(500, 0)}, "", meter.Value{}))
	got := p.told(t, now.Add(time.Second))
	if got.Start != 30-3600 || len(got.Net) != steps || got.Net[steps-1] == nil || *got.Net[steps-1] != 500 || got.Solar != nil {
		t.Errorf("%+v", got)
	}
}
