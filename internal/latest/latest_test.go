package latest_test

import (
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/latest"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestMerge(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var v latest.Values
	read := func(after time.Duration, id string, watts, total int64) (power, energy string) {
		at = at.Add(after)
		r := meter.Reading{Received: at, EquipmentID: id}
		if watts >= 0 {
			r.Values.Set(meter.PowerImport, meter.NewValue(watts, 3))
		}
		if total >= 0 {
			r.Values.Set(meter.EnergyImportTotal, meter.NewValue(total, 0))
		}
		v.Merge(&r)
		text := func(q meter.Quantity) string {
			if got, ok := r.Values.Get(q); ok {
				return got.String()
			}
			return ""
		}
		return text(meter.PowerImport), text(meter.EnergyImportTotal)
	}
	for _, step := range []struct {
		name          string
		after         time.Duration
		id            string
		watts, total  int64
		power, energy string
	}{
		{"the power alone", 0, "", 100, -1, "0.1", ""},
		{"a total", 10 * time.Second, "7", 200, 1000, "0.2", "1000"},
		{"between two totals", 10 * time.Second, "", 300, -1, "0.3", "1000"},
		{"an hour later", time.Hour, "7", 300, 1001, "0.3", "1001"},
		{"two hours later, two totals were lost", 2 * time.Hour, "", 400, -1, "0.4", "1001"},
		{"more were lost", 2 * time.Hour, "", 400, -1, "0.4", ""},
		{"a total alone", 10 * time.Second, "7", -1, 1010, "0.4", "1010"},
		{"another meter", 10 * time.Second, "8", 500, -1, "0.5", ""},
	} {
		if power, energy := read(step.after, step.id, step.watts, step.total); power != step.power || energy != step.energy {
			t.Errorf("%s: power %q and total %q, want %q and %q", step.name, power, energy, step.power, step.energy)
		}
	}
}

// TestMergeSum: a total that the meter does not report stays one.
func TestMergeSum(t *testing.T) {
	var v latest.Values
	first := meter.Reading{Received: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	first.Values.SetSum(meter.EnergyImportTotal, meter.NewValue(7, 0))
	v.Merge(&first)
	next := meter.Reading{Received: first.Received.Add(time.Minute)}
	v.Merge(&next)
	if total, ok := next.Values.Get(meter.EnergyImportTotal); !ok || total.Int() != 7 || !next.Values.IsSum(meter.EnergyImportTotal) {
		t.Errorf("got %v, %v, a sum: %v", total, ok, next.Values.IsSum(meter.EnergyImportTotal))
	}
}
