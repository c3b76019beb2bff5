package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// TestFormerState: the files of version 1.0 are understood. A zero, and a
// meter's line that is missing, then change no total.
func TestFormerState(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"totals_p1.json": `{
  "meter": "4B38",
  "energies": {
    "energy_import_tariff_1": {"value": 12345.678, "at": "2026-03-14T12:00:00Z"},
    "energy_import_tariff_2": {"value": 1.5, "at": "2026-03-14T12:00:00Z"},
    "energy_import_total": {"value": 12347.178, "at": "2026-03-14T12:00:00Z"},
    "energy_export_tariff_1": {"value": 3, "at": "2026-03-14T12:00:00Z"},
    "energy_export_total": {"value": 3.001, "at": "2026-03-14T12:00:00Z"}
  },
  "submeters": [
    {"medium": "gas", "id": "G1", "channel": 1, "unit": "m3", "value": 1543.012, "at": "2026-03-14T12:00:00Z"},
    {"medium": "gas", "id": "G0", "channel": 4, "unit": "m3", "value": 9, "at": "2026-01-14T12:00:00Z"},
    {"medium": "gas", "id": "G2", "channel": 2, "unit": "m3", "value": 99, "at": "2026-03-14T12:00:00Z"},
    {"medium": "water", "channel": 3, "unit": "m3", "value": 7, "at": "2026-03-14T12:00:00Z"}
  ]
}`,
		"mqtt_p1.json": `{"groups": ["l1"], "devices": {"p1": {"id": "4B38"}, "p1_gas": {"id": "G2", "channel": 2}, "p1_gas_2": {"id": "G1", "channel": 1}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := store.Open(dir, slog.New(slog.DiscardHandler))
	k, ok := loadMeters(s, "p1", "totals_p1")
	if !ok {
		t.Fatal("not understood")
	}
	if diff := cmp.Diff([]string{"energy_export_total"}, k.Guard.Printed); diff != "" {
		t.Errorf("totals that the meter prints (-want +got)\n%s", diff)
	}
	for _, total := range []string{"nothing", "12347.2"} { // as version 1.0 left it, and as this version does at its end
		totals := newTotals("p1", time.UTC, s, slog.New(slog.DiscardHandler))
		r := &meter.Reading{Received: time.Date(2026, 3, 14, 12, 5, 0, 0, time.UTC), Checksum: meter.ChecksumValid, EquipmentID: "4B38"}
		r.Values.Set(meter.EnergyImportT1, meter.NewValue(12345700, 3))
		r.Values.Set(meter.EnergyExportTotal, meter.NewValue(0, 3))
		for i, c := range []meter.Channel{{ID: "G1", Value: meter.NewValue(1543100, 3)}, {ID: "G2", Value: meter.NewValue(0, 3)}} {
			c.Type, c.Unit = meter.TypeGas, meter.CubicMetre
			r.Channels[i] = c
		}
		r.Channels[2] = meter.Channel{Type: meter.TypeWater, ID: "W", Unit: meter.CubicMetre, Value: meter.NewValue(71, 1)}
		totals.identify(r)
		totals.judge(r)
		shown := totals.show(r)
		if shown == nil {
			t.Fatal("nothing is held back")
		}
		var got []string
		for _, q := range []meter.Quantity{meter.EnergyImportTotal, meter.EnergyExportTotal} {
			v, ok := shown.Values.Get(q)
			got = append(got, v.String())
			if !ok {
				got[len(got)-1] = "nothing"
			}
		}
		for _, of := range []struct {
			medium meter.Medium
			slot   uint8
		}{{meter.Gas, 1}, {meter.Gas, 2}, {meter.Water, 1}} {
			c, ok := shown.Member(of.medium, of.slot)
			if !ok {
				t.Fatalf("%v has no slot %d", of.medium, of.slot)
			}
			got = append(got, c.Meter.ID+" "+c.Value.String())
		}
		want := []string{total, "nothing", "G2 0", "G1 1543.1", "W 7.1"} // of the second tariff what is kept, when that is all; 0 is held back
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		totals.saveLast()
		if err := os.Remove(filepath.Join(dir, "mqtt_p1.json")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
