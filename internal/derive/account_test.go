package derive

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestAccountOfQuantities: a total that one of the meters prints later, or not
// in this telegram, neither jumps nor falls.
func TestAccountOfQuantities(t *testing.T) {
	var a Account
	names := []string{"p1.1", "night.1"}
	for i, step := range []struct {
		first, second map[meter.Quantity]int64
		want          map[meter.Quantity]int64
		changed       bool
	}{
		{map[meter.Quantity]int64{meter.EnergyImportTotal: 100, meter.EnergyExportTotal: 5}, map[meter.Quantity]int64{meter.EnergyImportTotal: 50},
			map[meter.Quantity]int64{meter.EnergyImportTotal: 150}, false},
		{map[meter.Quantity]int64{meter.EnergyImportTotal: 100, meter.EnergyExportTotal: 5}, map[meter.Quantity]int64{meter.EnergyImportTotal: 51, meter.EnergyExportTotal: 7},
			map[meter.Quantity]int64{meter.EnergyImportTotal: 151, meter.EnergyExportTotal: 12}, false},
		{map[meter.Quantity]int64{meter.EnergyImportTotal: 102, meter.EnergyExportTotal: 6}, map[meter.Quantity]int64{meter.EnergyExportTotal: 7},
			map[meter.Quantity]int64{meter.EnergyExportTotal: 13}, false},
		{map[meter.Quantity]int64{meter.EnergyImportTotal: 103}, map[meter.Quantity]int64{meter.EnergyImportTotal: 52},
			map[meter.Quantity]int64{meter.EnergyImportTotal: 155}, false},
		{map[meter.Quantity]int64{meter.EnergyImportTotal: 104}, map[meter.Quantity]int64{meter.EnergyImportTotal: 3},
			map[meter.Quantity]int64{meter.EnergyImportTotal: 156}, true},
		{map[meter.Quantity]int64{meter.EnergyImportTotal: 104}, map[meter.Quantity]int64{meter.EnergyImportTotal: 5},
			map[meter.Quantity]int64{meter.EnergyImportTotal: 158}, false},
	} {
		var readings []*meter.Reading
		for _, says := range []map[meter.Quantity]int64{step.first, step.second} {
			r := new(meter.Reading)
			for q, n := range says {
				r.Values.Set(q, meter.NewValue(n, 0))
			}
			readings = append(readings, r)
		}
		kept, err := json.Marshal(a) // as from one run to the next
		if err != nil {
			t.Fatal(err)
		}
		a = Account{}
		if err := json.Unmarshal(kept, &a); err != nil {
			t.Fatal(err)
		}
		sum := Sum(readings)
		if changed := a.Settle(&sum, readings, names); changed != step.changed {
			t.Errorf("step %d: changed is %t", i, changed)
		}
		got := make(map[meter.Quantity]int64)
		for _, q := range registers {
			if v, ok := sum.Values.Get(q); ok {
				got[q] = v.Int()
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}
