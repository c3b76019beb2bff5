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
	var senders latest.Senders
	read := func(after time.Duration, address uint64, id string, watts, total int64) (power, energy string) {
		at = at.Add(after)
		name, ok := senders.Named(address, id, "objects", at)
		if !ok {
			return "nobody's", "nobody's"
		}
		r := meter.Reading{Received: at, EquipmentID: name}
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
		address       uint64
		id            string
		watts, total  int64
		power, energy string
	}{
		{"the power alone", 0, 1, "", 100, -1, "0.1", ""},
		{"a total", 10 * time.Second, 1, "7", 200, 1000, "0.2", "1000"},
		{"between two totals", 10 * time.Second, 1, "", 300, -1, "0.3", "1000"},
		{"an hour later", time.Hour, 1, "7", 300, 1001, "0.3", "1001"},
		{"two hours later, two totals were lost", 2 * time.Hour, 1, "", 400, -1, "0.4", "1001"},
		{"more were lost", 2 * time.Hour, 1, "", 400, -1, "0.4", ""},
		{"a total alone", 10 * time.Second, 1, "7", -1, 1010, "0.4", "1010"},
		{"another meter", 10 * time.Second, 2, "8", 500, -1, "0.5", ""},
		{"the first one in between", time.Second, 1, "", 401, -1, "0.401", "1010"},
		{"the other one's total", time.Second, 2, "8", -1, 2000, "0.5", "2000"},
		{"the other one, without a name", time.Second, 2, "", 501, -1, "0.501", "2000"},
		{"two meters from one address", time.Second, 2, "9", 600, -1, "0.6", ""},
		{"either", time.Second, 2, "", 700, -1, "nobody's", "nobody's"},
		{"the one that stayed", 2 * time.Minute, 2, "", 700, -1, "0.7", ""},
	} {
		if power, energy := read(step.after, step.address, step.id, step.watts, step.total); power != step.power || energy != step.energy {
			t.Errorf("%s: power %q and total %q, want %q and %q", step.name, power, energy, step.power, step.energy)
		}
	}
}

// TestSeveralNames: Iskra's meters say their device name in one list and a number
// in another; two meters say two of either.
func TestSeveralNames(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var s latest.Senders
	for _, step := range []struct {
		name       string
		address    uint64
		id, layout string
		want       string
	}{
		{"the number", 1, "33", "Iskra 4", "33"},
		{"the device name", 1, "ISK1", "Iskra 18", "ISK1"},
		{"the number again", 1, "33", "Iskra 4", "ISK1"},
		{"none", 1, "", "Iskra 18", "ISK1"},
		{"from another address", 2, "44", "Iskra 4", "44"},
		{"of another maker", 1, "55", "Kaifa 13", "55"},
		{"another one's number", 2, "45", "Iskra 4", "45"},
		{"the first one's", 2, "44", "Iskra 4", "44"},
	} {
		at = at.Add(time.Second)
		if got, ok := s.Named(step.address, step.id, step.layout, at); got != step.want || !ok {
			t.Errorf("%s: %q, %v, want %q", step.name, got, ok, step.want)
		}
	}
}

// TestManyMeters: the memory of a line on which everybody is another meter is
// bounded.
func TestManyMeters(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var v latest.Values
	ids := []string{"1", "2", "3", "4", "5", "1"}
	for i, id := range ids {
		r := meter.Reading{Received: at.Add(time.Duration(i) * time.Second), EquipmentID: id}
		if i < len(ids)-1 {
			r.Values.Set(meter.PowerImport, meter.NewValue(1, 0))
		}
		v.Merge(&r)
		if i == len(ids)-1 && r.Values.Has(meter.PowerImport) {
			t.Error("the meter that was silent for longest is still known")
		}
	}
}

// TestMergeChannels: a gas meter that is in the hourly list alone stays.
func TestMergeChannels(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	gas := meter.Channel{Type: meter.TypeGas, ID: "G1", Value: meter.NewValue(5, 0), Unit: meter.CubicMetre}
	var v latest.Values
	for _, step := range []struct {
		name      string
		after     time.Duration
		has, want bool
	}{
		{"the list that has it", 0, true, true},
		{"one that has not", 10 * time.Second, false, true},
		{"long after", 3 * time.Hour, false, false},
	} {
		at = at.Add(step.after)
		r := meter.Reading{Received: at, EquipmentID: "7"}
		if step.has {
			r.Channels[1] = gas
		}
		v.Merge(&r)
		if got := r.Channels[1] == gas; got != step.want {
			t.Errorf("%s: %+v", step.name, r.Channels[1])
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
