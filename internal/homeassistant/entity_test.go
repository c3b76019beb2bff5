package homeassistant

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// amsterdam has the standard offset of the meters below.
var amsterdam = time.FixedZone("CET", 3600)

func value(text string) meter.Value {
	v, err := meter.ParseValue(text)
	if err != nil {
		panic(fmt.Sprintf("%q: %v", text, err))
	}
	return v
}

func stamp(year, month, day, hour, minute, second int, flag byte) meter.Timestamp {
	t, ok := meter.NewTimestamp(year, month, day, hour, minute, second, flag)
	if !ok {
		panic("no such time")
	}
	return t
}

func find(t *testing.T, list []Entity, key string) *Entity {
	t.Helper()
	for i := range list {
		if list[i].Key == key {
			return &list[i]
		}
	}
	t.Fatalf("no entity %s", key)
	return nil
}

func TestValues(t *testing.T) {
	with := func(q meter.Quantity, text string) func(r *meter.Reading) {
		return func(r *meter.Reading) { r.Values.Set(q, value(text)) }
	}
	tariffs := func(names meter.Tariffs, number string) func(r *meter.Reading) {
		return func(r *meter.Reading) {
			r.Tariffs = names
			r.Values.Set(meter.Tariff, value(number))
		}
	}
	for _, tt := range []struct {
		key    string
		change func(r *meter.Reading)
		want   string // empty: absent
	}{
		{"power_import", nil, ""},
		{"power_import", with(meter.PowerImport, "01.193"), "1193"},
		{"power_import", with(meter.PowerImport, "0.0305"), "30.5"},
		{"power_import", with(meter.PowerImport, "00.000"), "0"},
		{"power_net", with(meter.PowerNet, "-1193"), "-1193"},
		{"energy_import_total", with(meter.EnergyImportTotal, "7753.468"), "7753.468"},

		{"active_tariff", tariffs(meter.TariffsLowFirst, "0001"), `"low"`},
		{"active_tariff", tariffs(meter.TariffsLowFirst, "0002"), `"normal"`},
		{"active_tariff", tariffs(meter.TariffsNormalFirst, "0001"), `"normal"`},
		{"active_tariff", tariffs(meter.TariffsNormalFirst, "2"), `"low"`},
		{"active_tariff", tariffs(meter.TariffsNormalFirst, "3"), `"3"`},
		{"active_tariff", tariffs(meter.TariffsLowFirst, "4"), `"4"`},
		{"active_tariff", tariffs(meter.TariffsNumbered, "1"), `"1"`},
		{"active_tariff", tariffs(meter.TariffsNumbered, "2"), `"2"`},
		{"active_tariff", tariffs(meter.TariffsNumbered, "5"), "null"},
		{"active_tariff", tariffs(meter.TariffsLowFirst, "0"), "null"},
		{"active_tariff", tariffs(meter.TariffsLowFirst, "-1"), "null"},

		{"breaker", with(meter.Breaker, "0"), `"disconnected"`},
		{"breaker", with(meter.Breaker, "1"), `"connected"`},
		{"breaker", with(meter.Breaker, "2"), `"ready"`},
		{"breaker", with(meter.Breaker, "3"), "null"},
		{"breaker", with(meter.Breaker, "-1"), "null"},
		{"relay_4", with(meter.MBusRelay4, "1"), `"connected"`},

		{"power_limit", with(meter.LimiterPower, "999.9"), "null"},
		{"power_limit", with(meter.LimiterPower, "99.999"), "null"},
		{"power_limit", with(meter.LimiterPower, "09.2"), "9.2"},
		{"power_limit", with(meter.LimiterPower, "9.99"), "9.99"},
		{"power_limit_apparent", with(meter.LimiterApparent, "999.990"), "null"},
		{"power_limit_current", with(meter.LimiterCurrent, "999"), "null"},
		{"power_limit_current", with(meter.LimiterCurrent, "99"), "99"},
		{"current_limit_l1", with(meter.FuseL1, "999"), "null"},
		{"current_limit_l3", with(meter.FuseL3, "40"), "40"},

		{"meter_time", nil, ""},
		{"meter_time", func(r *meter.Reading) { r.Time = stamp(2025, 10, 26, 2, 30, 0, 'S') }, `"2025-10-26T02:30:00+02:00"`},
		{"meter_time", func(r *meter.Reading) { r.Time = stamp(2025, 10, 26, 2, 30, 0, 'W') }, `"2025-10-26T02:30:00+01:00"`},
		{"protocol_version", func(r *meter.Reading) { r.Version, r.Standard = "50", "DSMR 5.0" }, `"DSMR 5.0"`},
		{"protocol_version", func(r *meter.Reading) { r.Version = "50" }, `"50"`},
		{"protocol_version", nil, ""},
		{"text_message", func(r *meter.Reading) { r.Messages[0] = "a \"b\"\xFF" }, `"a \"b\"ÿ"`},
		{"text_message", func(r *meter.Reading) { r.Messages[0] = strings.Repeat("\xE9", 1024) }, `"` + strings.Repeat("é", 255) + `"`},
		{"text_message", nil, ""},
		{"demand_peak_month", nil, ""},
		{"demand_peak_month", func(r *meter.Reading) { r.PeakMonth = meter.Peak{Demand: value("02.589"), Valid: true} }, "2.589"},
		{"demand_peak_month_time", func(r *meter.Reading) { r.PeakMonth = meter.Peak{Demand: value("02.589"), Valid: true} }, ""},
		{"power_failure_last_end", func(r *meter.Reading) {
			r.Failures = []meter.Failure{{End: stamp(2020, 1, 1, 0, 0, 0, 'W')}, {End: stamp(2024, 6, 1, 0, 0, 0, 'S')}, {End: stamp(2019, 1, 1, 0, 0, 0, 'W')}}
		}, `"2024-06-01T00:00:00+02:00"`},
		{"power_failure_last_end", nil, ""},
	} {
		u := &meter.Update{}
		if tt.change != nil {
			tt.change(&u.Reading)
		}
		got, ok := find(t, Electricity, tt.key).Value([]byte("x"), &View{Zone: amsterdam, Reading: &u.Reading})
		if ok != (tt.want != "") || ok && string(got) != "x"+tt.want {
			t.Errorf("%s: got %s, %t, want %s", tt.key, got, ok, tt.want)
		}
	}
}

func TestLazy(t *testing.T) {
	announced := func(change func(r *meter.Reading)) (keys []string) {
		var r meter.Reading
		for _, q := range []meter.Quantity{
			meter.PowerImport, meter.PowerExport, meter.EnergyExportT1, meter.VoltageL1, meter.VoltageL2,
			meter.PowerImportL1, meter.PowerImportL2, meter.PowerExportL2, meter.VoltageSagsL3,
		} {
			r.Values.Set(q, value("0"))
		}
		change(&r)
		var groups Groups
		groups.Learn(&r.Values)
		d := NewDevice("p1", "Electricity meter", 1, Electricity, Topics{})
		d.Learn(&View{Zone: amsterdam, Reading: &r}, &groups)
		for _, e := range d.entities {
			if e.seen {
				keys = append(keys, e.Key)
			}
		}
		return keys
	}
	with := func(q meter.Quantity) func(r *meter.Reading) {
		return func(r *meter.Reading) { r.Values.Set(q, value("1")) }
	}
	for _, tt := range []struct {
		name   string
		change func(r *meter.Reading)
		want   []string
	}{
		{"nothing but zeros", func(*meter.Reading) {}, []string{"power_import"}},
		{"the register of export", with(meter.EnergyExportT1), []string{"energy_export_tariff_1", "power_import", "power_export", "power_export_l2"}},
		{"power of export", with(meter.PowerExport), []string{"energy_export_tariff_1", "power_import", "power_export", "power_export_l2"}},
		{"L1 alone", with(meter.VoltageL1), []string{"power_import", "voltage_l1"}},
		{"L2 too", with(meter.VoltageL2), []string{"power_import", "voltage_l2", "power_import_l1", "power_import_l2"}},
		{"L3 by its sags", with(meter.VoltageSagsL3), []string{"power_import", "voltage_sags_l3", "power_import_l1"}},
	} {
		if diff := cmp.Diff(tt.want, announced(tt.change)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLastPeak(t *testing.T) {
	peak := func(year, month int, demand string) meter.Peak {
		return meter.Peak{Month: stamp(year, month, 1, 0, 0, 0, 'W'), Demand: value(demand), Valid: true}
	}
	for _, tt := range []struct {
		name    string
		history []meter.Peak
		want    string
	}{
		{"none", nil, ""},
		{"none valid", []meter.Peak{{}}, ""},
		{"the newest first", []meter.Peak{peak(2026, 1, "3"), peak(2025, 12, "2")}, "3"},
		{"the newest last", []meter.Peak{peak(2025, 12, "2"), peak(2026, 1, "3")}, "3"},
		{"one without data", []meter.Peak{peak(2025, 12, "2"), {}}, "2"},
	} {
		v := &View{Reading: &meter.Reading{PeakHistory: tt.history}}
		got, ok := find(t, Electricity, "demand_peak_last_month").Value(nil, v)
		if ok != (tt.want != "") || ok && string(got) != tt.want {
			t.Errorf("%s: got %s, %t, want %s", tt.name, got, ok, tt.want)
		}
	}
}

// TestHotWater: a heat meter of type 012 in m³ is a hot water meter; its ids
// stay those of heat.
func TestHotWater(t *testing.T) {
	for _, tt := range []struct {
		kind         meter.DeviceType
		unit         meter.Unit
		device, name string
	}{
		{meter.TypeHeatFlow, meter.CubicMetre, "Hot water meter", ""},
		{meter.TypeHeatFlow, meter.Gigajoule, "Heat meter", "Heat"},
		{meter.TypeHeat, meter.CubicMetre, "Heat meter", "Heat"},
	} {
		device, entities := MBus(meter.Heat, tt.kind, tt.unit)
		if e := find(t, entities, "heat_total"); device != tt.device || e.Name != tt.name {
			t.Errorf("type %d in %s is %q with %q, want %q with %q", tt.kind, tt.unit, device, e.Name, tt.device, tt.name)
		}
	}
}
