package derive

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestSum: only what all meters say is added.
func TestSum(t *testing.T) {
	type values map[meter.Quantity]string
	at := time.Unix(1_800_000_000, 0)
	reading := func(after int, tariffs meter.Tariffs, v values) *meter.Reading {
		r := &meter.Reading{Received: at.Add(time.Duration(after) * time.Second), Tariffs: tariffs, EquipmentID: "E1", Header: "H"}
		for q, text := range v {
			n, err := meter.ParseValue(text)
			if err != nil {
				t.Fatal(err)
			}
			r.Values.Set(q, n)
		}
		return r
	}
	for _, test := range []struct {
		name     string
		readings []*meter.Reading
		tariffs  meter.Tariffs
		want     values
	}{
		{"day and night", []*meter.Reading{
			reading(0, meter.TariffsNormalFirst, values{meter.EnergyImportT1: "4512.345", meter.EnergyImportTotal: "5000.000", meter.PowerImport: "01.193", meter.PowerExport: "0", meter.PowerNet: "1193"}),
			reading(3, meter.TariffsNormalFirst, values{meter.EnergyImportT1: "3241.123", meter.EnergyImportTotal: "4000.5", meter.PowerImport: "0", meter.PowerExport: "00.200", meter.PowerNet: "-200"}),
		}, meter.TariffsNormalFirst, values{meter.EnergyImportT1: "7753.468", meter.EnergyImportTotal: "9000.500", meter.PowerImport: "1.193", meter.PowerExport: "0.200", meter.PowerNet: "993"}},
		{"two countries", []*meter.Reading{
			reading(3, meter.TariffsLowFirst, values{meter.EnergyImportT1: "1", meter.EnergyImportTotal: "2"}),
			reading(0, meter.TariffsNormalFirst, values{meter.EnergyImportT1: "3", meter.EnergyImportTotal: "4"}),
		}, meter.TariffsNumbered, values{meter.EnergyImportTotal: "6"}},
		{"one without export, and with one phase", []*meter.Reading{
			reading(3, meter.TariffsLowFirst, values{meter.EnergyExportTotal: "7", meter.PowerImport: "0", meter.PowerExport: "2", meter.PowerNet: "-2000",
				meter.PowerExportL1: "1", meter.PowerNetL1: "-1000", meter.PowerExportL2: "1", meter.PowerNetL2: "-1000"}),
			reading(1, meter.TariffsLowFirst, values{meter.PowerImport: "0.5", meter.PowerNet: "500", meter.PowerImportL1: "0.5", meter.PowerNetL1: "500"}),
		}, meter.TariffsLowFirst, values{meter.PowerImport: "0.5", meter.PowerExport: "2", meter.PowerNet: "-1500",
			meter.PowerImportL1: "0.5", meter.PowerExportL1: "1", meter.PowerNetL1: "-500"}},
		{"what cannot be added", []*meter.Reading{
			reading(3, meter.TariffsLowFirst, values{meter.VoltageL1: "230", meter.Tariff: "1", meter.Frequency: "50", meter.HouseUse: "5"}),
			reading(3, meter.TariffsLowFirst, values{meter.VoltageL1: "230", meter.Tariff: "1", meter.Frequency: "50", meter.HouseUse: "5"}),
		}, meter.TariffsLowFirst, values{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Sum(test.readings)
			want := reading(3, test.tariffs, test.want)
			want.EquipmentID, want.Header = "", ""
			if diff := cmp.Diff(string(want.AppendJSON(nil, time.UTC)), string(got.AppendJSON(nil, time.UTC))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !got.Received.Equal(want.Received) || got.Tariffs != test.tariffs {
				t.Errorf("received %v, tariffs %v", got.Received, got.Tariffs)
			}
		})
	}
}
