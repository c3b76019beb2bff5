package web_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// values are the samples of the metrics, without help and types.
func values(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

func TestMetricsOfAReading(t *testing.T) {
	w := newWorld()
	sun := &meter.Solar{Manufacturer: "Sun & \"Co\""}
	sun.Set(meter.SolarACPower, meter.NewValue(-15, 1))
	sun.Set(meter.SolarACPowerL1, meter.NewValue(-15, 1))
	sun.Set(meter.SolarPowerFactor, meter.NewValue(985, 1))
	w.Solar = func(time.Time) (*meter.Solar, bool) { return sun, true }
	s := serve(t, w, web.Options{})
	at := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)
	w.publish(t, at, "1-3:0.2.8(50)", "0-0:1.0.0(260203050506W)", "1-0:1.8.0(002000.123*kWh)", "1-0:1.8.1(001000.001*kWh)", "1-0:2.8.1(000000.000*kWh)",
		"1-0:1.7.0(01.193*kW)", "1-0:2.7.0(00.000*kW)", "1-0:32.7.0(229.1*V)", "1-0:3.8.0(000001.5*kvarh)", "1-0:1.6.0(260201100000W)(04.329*kW)",
		"0-1:24.1.0(003)", "0-1:24.2.1(260203050000W)(00012.345*m3)", "0-2:24.1.0(004)", "0-2:24.2.1(260203050000W)(00001.250*GJ)")
	a := s.get(t, "/metrics")
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%s %s", a.Status, a.Header)
	}
	got := values(a.body)
	for i, line := range got {
		if strings.HasPrefix(line, "smartmeter_last_reading") {
			got = got[i:]
			break
		}
	}
	want := []string{
		`smartmeter_last_reading_timestamp_seconds 1770091506.789`,
		`smartmeter_meter_info{header="ISK5TEST",standard="DSMR 5.0",version="50",serial=""} 1`,
		`smartmeter_meter_timestamp_seconds 1770095106`,
		`smartmeter_tariff_energy_import_joules_total{tariff="1"} 3600003600`,
		`smartmeter_tariff_energy_export_joules_total{tariff="1"} 0`,
		`smartmeter_power_import_watts 1193`,
		`smartmeter_power_export_watts 0`,
		`smartmeter_phase_voltage_volts{phase="L1"} 229.1`,
		`smartmeter_energy_import_joules_total 7200442800`,
		`smartmeter_energy_reactive_import_var_seconds_total 5400000`,
		`smartmeter_demand_peak_month_watts 4329`,
		`smartmeter_gas_cubic_metres_total 12.345`,
		`smartmeter_gas_timestamp_seconds 1770094800`,
		`smartmeter_heat_joules_total 1250000000`,
		`smartmeter_heat_timestamp_seconds 1770094800`,
		`smartmeter_solar_info{manufacturer="Sun & \"Co\"",model="",version=""} 1`,
		`smartmeter_solar_ac_power_watts -1.5`,
		`smartmeter_solar_phase_ac_power_watts{phase="L1"} -1.5`,
		`smartmeter_solar_power_factor_ratio 0.985`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the meter said is no measurement of now once it is silent.
func TestMetricsOfASilentMeter(t *testing.T) {
	w := newWorld()
	w.line = func(s *status.Line) {
		s.Source.State = status.Lost
		s.Source.Reconnects = 3
		s.Counters = status.Counters{Bytes: 100, Telegrams: 7, Rejected: [diagnosis.NumCauses]uint64{diagnosis.Checksums: 2, diagnosis.WrongKey: 1}, Held: 4}
		s.Verdict.Name = "silence"
	}
	w.board.Output("mqtt").Dropped(5)
	s := serve(t, w, web.Options{})
	w.publish(t, time.Now(), "1-0:1.7.0(01.193*kW)")
	text := s.get(t, "/metrics").body
	for _, want := range []string{
		"\nsmartmeter_up 0\n", "\nsmartmeter_verdict_info{verdict=\"silence\"} 1\n", "\nsmartmeter_line_bytes_total 100\n", "\nsmartmeter_line_reconnects_total 3\n",
		"\nsmartmeter_telegrams_total 7\n", "\nsmartmeter_bad_telegrams_total{cause=\"checksum\"} 2\n", "\nsmartmeter_bad_telegrams_total{cause=\"wrong_key\"} 1\n",
		"\nsmartmeter_held_values_total 4\n", "\nsmartmeter_output_dropped_total{output=\"mqtt\"} 5\n", "\nsmartmeter_last_reading_timestamp_seconds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "_watts") || strings.Contains(text, "meter_info") {
		t.Errorf("an old reading is shown:\n%s", text)
	}
}

// A total that is held back from the entities is held back here too.
func TestMetricsAreGuarded(t *testing.T) {
	w := newWorld()
	s := serve(t, w, web.Options{})
	u := update(t, time.Now(), "1-0:1.8.0(000000.000*kWh)")
	u.Guarded = &update(t, time.Now(), "1-0:1.8.0(000001.000*kWh)").Reading
	w.Updates.Publish(u)
	if text := s.get(t, "/metrics").body; !strings.Contains(text, "\nsmartmeter_energy_import_joules_total 3600000\n") {
		t.Errorf("got\n%s", text)
	}
}

// TestEveryQuantityHasAMetric holds the metrics of all that a meter and an
// inverter can report, with their help and types, against a golden file: a name
// that changes breaks somebody's dashboard.
func TestEveryQuantityHasAMetric(t *testing.T) {
	w := newWorld()
	sun := new(meter.Solar)
	for q := range meter.NumSolarQuantities {
		sun.Set(q, meter.NewValue(1, 0))
	}
	w.Solar = func(time.Time) (*meter.Solar, bool) { return sun, true }
	s := serve(t, w, web.Options{})
	u := update(t, time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), "1-0:1.7.0(1*kW)")
	for q := range meter.NumQuantities {
		u.Reading.Values.Set(q, meter.NewValue(1, 0))
	}
	copy(u.Reading.Channels[:], []meter.Channel{
		{Type: meter.TypeGas, Unit: meter.CubicMetre}, {Type: meter.TypeWater, Unit: meter.CubicMetre}, {Type: meter.TypeWarmWater, Unit: meter.CubicMetre},
		{Type: meter.TypeHeat, Unit: meter.Gigajoule}, {Type: meter.TypeCooling, Unit: meter.Gigajoule}, {Type: meter.TypeElectricity, Unit: meter.KilowattHour},
	})
	w.Updates.Publish(u)
	_, got, _ := strings.Cut(s.get(t, "/metrics").body, "# HELP smartmeter_last_reading")
	got = "# HELP smartmeter_last_reading" + got

	const golden = "testdata/metrics.golden"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	samples := len(values(got))
	if most := int(meter.NumQuantities) + int(meter.NumSolarQuantities) + int(meter.NumMedia); samples < most {
		t.Errorf("%d samples, want one at least for each of %d quantities", samples, most)
	}
	lint(t, got)
}

// lint holds the text against Prometheus' rules.
func lint(t *testing.T, text string) {
	t.Helper()
	samples := make(map[string]bool)
	kinds := make(map[string]string)
	for line := range strings.Lines(text) {
		if family, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(strings.TrimSpace(family), " ")
			if kinds[name] != "" {
				t.Errorf("%s is there twice", name)
			}
			kinds[name] = kind
			continue
		}
		if strings.HasPrefix(line, "#") {
			if words := strings.Fields(line); len(words) < 4 || !strings.HasSuffix(line, ".\n") {
				t.Errorf("%s has no help", words[2])
			}
			continue
		}
		series, _, _ := strings.Cut(strings.TrimSpace(line), "} ")
		name, _, _ := strings.Cut(strings.Fields(line)[0], "{")
		if !strings.Contains(line, "{") {
			series = name
		}
		if samples[series] {
			t.Errorf("%s is there twice", series)
		}
		samples[series] = true
		if kinds[name] == "" {
			t.Errorf("%s has no type before it", name)
		}
		if (kinds[name] == "counter") != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, kinds[name])
		}
	}
}
