package mqtt

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// shownBy returns the values that the last state of the electricity meter has
// for the keys, as they are printed; empty without a state.
func shownBy(t *testing.T, messages []message, keys ...string) (shown []string) {
	t.Helper()
	for _, m := range messages {
		if m.topic != "smartmeter/p1/state" {
			continue
		}
		var state map[string]json.RawMessage
		if err := json.Unmarshal(m.payload, &state); err != nil {
			t.Fatal(err)
		}
		shown = nil
		for _, key := range keys {
			shown = append(shown, string(state[key]))
		}
	}
	return shown
}

// telegrams gives the session one reading a second, from the second after the
// last, and returns the states' values by second.
func telegrams(t *testing.T, s *session, from, to int, change func(second int, r *meter.Reading), keys ...string) map[int][]string {
	t.Helper()
	states := map[int][]string{}
	for second := from; second <= to; second++ {
		d := time.Duration(second) * time.Second
		u := later(dutch(), d, func(r *meter.Reading) { change(second, r) })
		if shown := shownBy(t, s.update(start.Add(d), u), keys...); shown != nil {
			states[second] = shown
		}
	}
	return states
}

func TestMeans(t *testing.T) {
	s, _ := running(t, options(), dutch())
	got := telegrams(t, s, 61, 80, func(second int, r *meter.Reading) {
		r.Values.Set(meter.PowerImport, meter.NewValue(int64(second), 3)) // 61 W, 62 W ...
		r.Values.Set(meter.PowerNet, meter.NewValue(int64(-second), 0))
		r.Values.Set(meter.CurrentL1, meter.NewValue(int64(second%2), 0))
		r.Values.Set(meter.VoltageL1, meter.NewValue(2300+int64(second%3), 1))
		if second%2 == 0 {
			r.Values.Clear(meter.PowerExport)
		}
		r.Values.Set(meter.PowerFailuresShort, meter.NewValue(int64(second), 0))
	}, "power_import", "power_net", "current_l1", "voltage_l1", "power_export", "power_failures_short")
	want := map[int][]string{
		61: {"61", "-61", "1", "230.1", "1193", "61"}, // the interval was over
		71: {"67", "-67", "0.5", "230.1", "1193", "71"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestRaw(t *testing.T) {
	o := options()
	o.Interval = 0
	s, _ := running(t, o, dutch())
	got := telegrams(t, s, 61, 63, func(second int, r *meter.Reading) {
		r.Values.Set(meter.PowerImport, meter.NewValue(int64(second), 3))
		r.Values.Set(meter.EnergyImportT1, meter.NewValue(int64(second), 3))
		r.Values.Set(meter.Tariff, meter.NewValue(int64(second%2), 0))
	}, "power_import", "energy_import_tariff_1")
	want := map[int][]string{61: {"61", "0.061"}, 62: {"62", "0.062"}, 63: {"63", "0.063"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestTotals(t *testing.T) {
	s, _ := running(t, options(), dutch()) // totals moved at 33 s, when all states were repeated
	counting := func(second int, r *meter.Reading) {
		r.Values.Set(meter.EnergyImportT2, meter.NewValue(int64(second), 3))
		r.Values.Set(meter.EnergyImportTotal, meter.NewValue(10000+int64(second), 3))
	}
	got := telegrams(t, s, 61, 160, counting, "energy_import_tariff_2", "energy_import_total")
	want := map[int][]string{}
	for second, n := range map[int]string{61: "245.467", 71: "245.467", 81: "245.467", 91: "245.467", 101: "0.101", 111: "0.101", 121: "0.101", 131: "0.101", 141: "0.101", 151: "0.101"} {
		total := "10.101"
		if n == "245.467" {
			total = "2375.582"
		}
		want[second] = []string{n, total}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0.16", "10.16"}, shownBy(t, s.stop(start.Add(160*time.Second)), "energy_import_tariff_2", "energy_import_total")); diff != "" {
		t.Errorf("the last totals at the end (-want +got):\n%s", diff)
	}
}

// TestTariffChange: the last totals of a tariff are shown under that tariff.
// TestTotalsBeforeTheEnd: what a meter counted in the running minute is shown
// before it becomes unavailable: it may be another one afterwards.
func TestTotalsBeforeTheEnd(t *testing.T) {
	for name, end := range map[string]func(*session, time.Time) []message{
		"the line is dead": func(s *session, now time.Time) []message { return s.status(now, meter.Status{}) },
		"a clean stop":     func(s *session, now time.Time) []message { return s.stop(now) },
	} {
		t.Run(name, func(t *testing.T) {
			s, now := running(t, options(), dutch())
			for second := 1; second <= 11; second += 10 { // the second state is of this very telegram
				now = now.Add(10 * time.Second)
				s.update(now, later(dutch(), time.Minute+time.Duration(second)*time.Second, func(r *meter.Reading) {
					r.Values.Set(meter.EnergyImportTotal, value("2375.600").Add(meter.NewValue(int64(second), 3)))
				}))
			}
			got := keep(end(s, now.Add(time.Second)))
			if diff := cmp.Diff([]string{"2375.611"}, shownBy(t, got, "energy_import_total")); diff != "" {
				t.Errorf("total (-want +got):\n%s", diff)
			}
			lines := brief(got)
			if slices.Index(lines, "smartmeter/p1/state (state)") > slices.Index(lines, "smartmeter/p1/availability offline") {
				t.Errorf("the meter is unavailable before: %q", lines)
			}
		})
	}
}

func TestTariffChange(t *testing.T) {
	s, _ := running(t, options(), dutch())
	counting := func(second int, r *meter.Reading) {
		r.Values.Set(meter.EnergyImportT2, meter.NewValue(int64(second), 3))
	}
	telegrams(t, s, 61, 64, counting, "active_tariff")
	u := later(dutch(), 65*time.Second, func(r *meter.Reading) {
		r.Values.Set(meter.EnergyImportT2, value("0.065"))
		r.Values.Set(meter.Tariff, value("0001"))
	})
	var got [][]string
	for _, m := range keep(s.update(start.Add(65*time.Second), u)) {
		if shown := shownBy(t, []message{m}, "active_tariff", "energy_import_tariff_2"); shown != nil {
			got = append(got, shown)
		}
	}
	if diff := cmp.Diff([][]string{{`"normal"`, "0.064"}, {`"low"`, "0.065"}}, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

// TestSlow: what leads through a quarter of an hour moves once a minute.
func TestSlow(t *testing.T) {
	s, _ := running(t, options(), dutch())
	demand := func(second int, r *meter.Reading) {
		r.Values.Set(meter.DemandForecast, meter.NewValue(int64(second), 3))
		r.Values.Set(meter.DemandHeadroom, meter.NewValue(int64(second), 0))
	}
	telegrams(t, s, 61, 61, demand)
	got := map[string]int{}
	for _, shown := range telegrams(t, s, 62, 302, demand, "demand_forecast", "demand_headroom") {
		if shown[0] != shown[1] {
			t.Errorf("forecast and headroom are %q, want both in kW", shown)
		}
		got[shown[0]]++
	}
	if len(got) < 4 || len(got) > 5 {
		t.Errorf("in four minutes there are %d values: %v", len(got), got)
	}
}

// TestMeansForget: what the meter said before it was away is not in a mean,
// and a repeated state has the mean that was shown.
func TestMeansForget(t *testing.T) {
	s, _ := running(t, options(), dutch())
	with := func(watts int64) func(int, *meter.Reading) {
		return func(_ int, r *meter.Reading) { r.Values.Set(meter.PowerImport, meter.NewValue(watts, 3)) }
	}
	telegrams(t, s, 61, 65, with(9000), "power_import")
	dead := alive()
	dead.Alive = false
	s.status(start.Add(70*time.Second), dead)
	s.status(start.Add(80*time.Second), alive())
	got := telegrams(t, s, 81, 81, with(100), "power_import")
	if diff := cmp.Diff(map[int][]string{81: {"100"}}, got); diff != "" {
		t.Errorf("after the meter was away (-want +got):\n%s", diff)
	}
	telegrams(t, s, 82, 82, with(200), "power_import")
	got = telegrams(t, s, 91, 91, with(300), "power_import")
	if diff := cmp.Diff(map[int][]string{91: {"250"}}, got); diff != "" {
		t.Errorf("mean (-want +got):\n%s", diff)
	}
	s.lost()
	if diff := cmp.Diff([]string{"250"}, shownBy(t, connect(s, start.Add(92*time.Second)), "power_import")); diff != "" {
		t.Errorf("repeated (-want +got):\n%s", diff)
	}
}

// TestMeansTakeNoAllocations guards the path of every interval.
func TestMeansTakeNoAllocations(t *testing.T) {
	s, now := running(t, options(), belgian())
	u := belgian()
	if got := testing.AllocsPerRun(100, func() {
		now = now.Add(10 * time.Second)
		s.update(now, u)
	}); got != 0 {
		t.Errorf("a state takes %v allocations, want 0", got)
	}
}
