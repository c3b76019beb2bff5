package derive_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// at is the meter's clock on a day in March.
func at(t *testing.T, hour, minute, second int) meter.Timestamp {
	t.Helper()
	ts, ok := meter.NewTimestamp(2026, 3, 14, hour, minute, second, 'W')
	if !ok {
		t.Fatal("no such time")
	}
	return ts
}

// month is the peak of a month; 0 is January 2025.
func month(t *testing.T, n int, demand string) meter.Peak {
	t.Helper()
	end, ok := meter.NewTimestamp(2025+(n+1)/12, (n+1)%12+1, 1, 0, 0, 0, 'W')
	if !ok {
		t.Fatal("no such month")
	}
	return meter.Peak{Month: end, Demand: number(t, demand), Valid: true}
}

// TestDemand: what the running quarter of an hour will have, and what may
// still be used in it.
func TestDemand(t *testing.T) {
	for _, tt := range []struct {
		name             string
		minute, second   int
		average, power   string // kW; empty: not reported
		peak             string // kW; empty: none yet
		history          bool
		expected, headed string // kW, W
	}{
		{"half way", 22, 30, "1.000", "3.000", "4.000", true, "2.5", "5000"},
		{"nothing is used", 22, 30, "1.000", "0.000", "4.000", true, "1", "5000"},
		{"a third of a kilowatt", 20, 0, "0.333", "0.333", "3.000", true, "0.555", "4001"},
		{"five decimals", 22, 30, "1.00004", "1.00004", "4", false, "1.5", "4000"},
		{"the first second", 15, 0, "0.000", "3.000", "4.000", true, "3", "4000"},
		{"the first second still has the last quarter's", 15, 0, "3.900", "3.000", "4.000", true, "3", "4000"},
		{"so has the second", 15, 1, "3.900", "3.000", "4.000", true, "2.997", "4004"},
		{"what a connection delivers in two seconds is believed", 15, 2, "0.120", "30.000", "4.000", true, "30.053", "3889"},
		{"ten seconds on everything is", 15, 10, "3.900", "3.000", "4.000", true, "6.867", "101"},
		{"a minute to go", 29, 0, "3.900", "3.000", "4.000", true, "4.1", "1500"},
		{"the last seconds count as a minute", 29, 59, "3.900", "3.000", "4.000", true, "3.903", "1500"},
		{"above the peak", 22, 30, "4.500", "0.000", "4.000", true, "4.5", "0"},
		{"at the peak", 22, 30, "4.000", "1.000", "4.000", true, "4.5", "0"},
		{"a peak that is not billed", 22, 30, "1.000", "1.000", "0.400", true, "1.5", "3000"},
		{"a month without a peak yet", 22, 30, "1.000", "1.000", "", true, "1.5", "3000"},
		{"a meter that tells no peaks", 22, 30, "1.000", "1.000", "", false, "1.5", "absent"},
		{"no demand", 22, 30, "", "1.000", "4.000", true, "absent", "absent"},
		{"no power", 22, 30, "1.000", "", "4.000", true, "absent", "5000"},
		{"more than 64 bits", 22, 30, "1.000", "999999999999999999", "999999999999999999", true, "absent", "absent"},
	} {
		r := new(meter.Reading)
		r.Time = at(t, 9, tt.minute, tt.second)
		for q, text := range map[meter.Quantity]string{meter.DemandAverage: tt.average, meter.PowerImport: tt.power} {
			if text != "" {
				r.Values.Set(q, number(t, text))
			}
		}
		if tt.peak != "" {
			r.PeakMonth = meter.Peak{Demand: number(t, tt.peak), Valid: true}
		}
		if tt.history {
			r.PeakHistory = []meter.Peak{month(t, 13, "5")}
		}
		new(derive.Deriver).Apply(r)
		if got := get(r, meter.DemandForecast); got != tt.expected {
			t.Errorf("%s: forecast %s kW, want %s", tt.name, got, tt.expected)
		}
		if got := get(r, meter.DemandHeadroom); got != tt.headed {
			t.Errorf("%s: headroom %s W, want %s", tt.name, got, tt.headed)
		}
	}
}

func TestDemandNeedsAClock(t *testing.T) {
	r := of(t, values{meter.DemandAverage: "1", meter.PowerImport: "1"})
	r.PeakMonth = meter.Peak{Demand: number(t, "4"), Valid: true}
	new(derive.Deriver).Apply(r)
	if got := get(r, meter.DemandForecast) + " " + get(r, meter.DemandHeadroom); got != "absent absent" {
		t.Errorf("without the meter's clock: %s", got)
	}
}

// TestDemandClockJumps: one deriver, a clock that is set back and on; each
// reading gives what it gives alone.
func TestDemandClockJumps(t *testing.T) {
	d := new(derive.Deriver)
	var got []string
	for _, clock := range [][3]int{{9, 29, 0}, {9, 22, 30}, {11, 44, 0}, {2, 0, 0}, {9, 22, 30}} {
		r := of(t, values{meter.DemandAverage: "1", meter.PowerImport: "3", meter.LimiterPower: "50"})
		r.Time = at(t, clock[0], clock[1], clock[2])
		r.PeakMonth = meter.Peak{Demand: number(t, "4"), Valid: true}
		d.Apply(r)
		got = append(got, get(r, meter.DemandForecast)+" "+get(r, meter.DemandHeadroom))
	}
	want := []string{"1.2 45000", "2.5 6000", "1.2 45000", "3 4000", "2.5 6000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kW, W (-want +got):\n%s", diff)
	}
}

// TestDemandOfAQuarter walks through one at a steady power: the forecast
// stands still, and using the headroom to the end gives the peak.
func TestDemandOfAQuarter(t *testing.T) {
	for second := range int64(900) {
		r := new(meter.Reading)
		r.Time = at(t, 9, int(15+second/60), int(second%60))
		r.PeakMonth = meter.Peak{Demand: number(t, "4"), Valid: true}
		r.Values.Set(meter.PowerImport, number(t, "2.7"))
		r.Values.Set(meter.LimiterPower, number(t, "50"))
		average, _ := number(t, "2.7").MulDiv(second, 900, 6)
		r.Values.Set(meter.DemandAverage, average)
		new(derive.Deriver).Apply(r)
		if got := get(r, meter.DemandForecast); got != "2.7" {
			t.Fatalf("second %d: forecast %s kW, want 2.7", second, got)
		}
		room, ok := r.Values.Get(meter.DemandHeadroom)
		if !ok {
			t.Fatalf("second %d: no headroom", second)
		}
		if second > 840 {
			continue // counted as a minute
		}
		rest, _ := room.MulDiv(900-second, 900, 3)
		if peak := average.Add(rest.Shift(-3)).Float64(); peak < 3.999 || peak > 4.001 {
			t.Fatalf("second %d: a headroom of %s W leads to a peak of %g kW, want 4", second, room, peak)
		}
	}
}

func TestDemandPeakAverage(t *testing.T) {
	var year []meter.Peak // thirteen, the oldest in the middle
	for n := range 12 {
		year = append(year, month(t, 12-n, "2.500"))
	}
	year = append(year[:6:6], append([]meter.Peak{month(t, 0, "99")}, year[6:]...)...)
	d := new(derive.Deriver) // it keeps a mean, which must never be another history's
	for _, tt := range []struct {
		name    string
		history []meter.Peak
		want    string
	}{
		{"none", nil, "absent"},
		{"none valid", []meter.Peak{{}}, "absent"},
		{"one", []meter.Peak{month(t, 3, "4.318")}, "4.318"},
		{"another", []meter.Peak{month(t, 4, "1")}, "1"},
		{"two, one unknown", []meter.Peak{month(t, 3, "1.000"), {}, month(t, 2, "2.001")}, "1.501"},
		{"below what is billed", []meter.Peak{month(t, 3, "0.7"), month(t, 4, "0.5")}, "0.6"},
		{"eleven", year[7:], "2.5"},
		{"thirteen", year, "2.5"},
		{"none again", nil, "absent"},
	} {
		for n := range 2 {
			r := new(meter.Reading)
			r.PeakHistory = tt.history
			d.Apply(r)
			if got := get(r, meter.DemandPeakAverage); got != tt.want {
				t.Errorf("%s: %s kW, want %s", fmt.Sprintf("%s, reading %d", tt.name, n+1), got, tt.want)
			}
		}
	}
}

// TestHeadroomIsDelivered: in a quarter's last minutes the tariff would allow
// more than any connection delivers.
func TestHeadroomIsDelivered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values map[meter.Quantity]string
		want   string // W
	}{
		{"only the peaks are known", nil, "5000"},
		{"more was drawn a moment ago", map[meter.Quantity]string{meter.PowerImport: "7.200"}, "7200"},
		{"more was drawn than a household can", map[meter.Quantity]string{meter.PowerImport: "9001"}, "5000"},
		{"a fuse", map[meter.Quantity]string{meter.FuseL1: "40"}, "9200"},
		{"fuses of three phases", map[meter.Quantity]string{meter.FuseL1: "40", meter.VoltageL2: "230", meter.VoltageL3: "230"}, "27600"},
		{"a limiter", map[meter.Quantity]string{meter.LimiterPower: "9.2", meter.FuseL1: "40"}, "9200"},
		{"a limiter of apparent power", map[meter.Quantity]string{meter.LimiterApparent: "12"}, "12000"},
		{"a limiter of the current", map[meter.Quantity]string{meter.LimiterCurrent: "25"}, "5750"},
		{"no limit", map[meter.Quantity]string{meter.LimiterPower: "999.9", meter.FuseL1: "999"}, "5000"},
		{"more than is needed", map[meter.Quantity]string{meter.FuseL1: "400", meter.VoltageL2: "230", meter.VoltageL3: "230"}, "58500"},
	} {
		r := &meter.Reading{PeakMonth: meter.Peak{Demand: number(t, "4"), Valid: true}, PeakHistory: []meter.Peak{month(t, 13, "5")}}
		r.Time = at(t, 9, 29, 0)
		r.Values.Set(meter.DemandAverage, number(t, "0.100"))
		for q, text := range tt.values {
			r.Values.Set(q, number(t, text))
		}
		d := new(derive.Deriver)
		d.Apply(r)
		r.Values.Clear(meter.PowerImport)
		d.Apply(r) // what was drawn before is remembered
		if got := get(r, meter.DemandHeadroom); got != tt.want {
			t.Errorf("%s: headroom %s W, want %s", tt.name, got, tt.want)
		}
	}
}
