package meter_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func stamp(t *testing.T, hour int) meter.Timestamp {
	t.Helper()
	s, ok := meter.NewTimestamp(2021, 2, 26, hour, 15, 24, 'W')
	if !ok {
		t.Fatal("no such time")
	}
	return s
}

// TestJSONOfTheSeed is the sample of smartmeter2mqtt's document: its names,
// in its order, with its numbers.
func TestJSONOfTheSeed(t *testing.T) {
	r := meter.Reading{
		Checksum: meter.ChecksumValid, Header: "KFM5KAIFA-METER", Version: "42", EquipmentID: "45303xxx", Time: stamp(t, 12),
	}
	for _, v := range []struct {
		q     meter.Quantity
		n     int64
		scale uint8
	}{
		{meter.EnergyImportT1, 5000700, 3}, {meter.EnergyImportT2, 2000000, 3}, {meter.EnergyExportT1, 2000500, 3}, {meter.EnergyExportT2, 5000600, 3},
		{meter.Tariff, 2, 0}, {meter.PowerImport, 0, 3}, {meter.PowerExport, 1184, 3}, {meter.PowerFailuresShort, 0, 0}, {meter.PowerFailuresLong, 0, 0},
		{meter.VoltageSagsL1, 0, 0}, {meter.VoltageSwellsL1, 0, 0}, {meter.CurrentL1, 5, 0}, {meter.PowerImportL1, 0, 3}, {meter.PowerExportL1, 1189, 3},
		{meter.PowerNet, -1184, 0}, {meter.SolarPower, 15713, 1}, {meter.HouseUse, 387, 0},
	} {
		r.Values.Set(v.q, meter.NewValue(v.n, v.scale))
	}
	r.Channels[1] = meter.Channel{Type: meter.TypeGas, TypeText: "003", ID: "473030xxx", Time: stamp(t, 12), Value: meter.NewValue(20003, 1), Unit: meter.CubicMetre}
	want := `{"crc":true,"header":"KFM5KAIFA-METER","p1Version":"42","powerTs":"2021-02-26T12:15:24","powerSn":"45303xxx",` +
		`"totalT1Use":5000.7,"totalT2Use":2000,"totalT1Delivered":2000.5,"totalT2Delivered":5000.6,"currentTarrif":2,"currentUsage":0,"currentDelivery":1.184,` +
		`"powerFailures":0,"longPowerFailures":0,"voltageSagsL1":0,"voltageSwellsL1":0,"currentL1":5,"currentUsageL1":0,"currentDeliveryL1":1.189,` +
		`"deviceType":"003","gasSn":"473030xxx","gas":{"ts":"2021-02-26T12:15:24","totalUse":2000.3},"calculatedUsage":-1184,"solarProduction":1571.3,"houseUsage":387,` +
		`"ts":"2021-02-26T12:15:24+01:00"}`
	got := string(r.AppendJSON(nil, zone(t, "Europe/Amsterdam")))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestAliases: what a meter reports itself has the name of smartmeter2mqtt's
// beta too. A sum of tariffs, which the beta did not make, has not.
func TestAliases(t *testing.T) {
	var r meter.Reading
	for q, n := range map[meter.Quantity]int64{
		meter.EnergyImportTotal: 1234, meter.EnergyReactiveImport: 12, meter.EnergyReactiveExport: 3, meter.Breaker: 1,
	} {
		r.Values.Set(q, meter.NewValue(n, 0))
	}
	r.Values.SetSum(meter.EnergyExportTotal, meter.NewValue(5, 0))
	want := `{"totalUse":1234,"totalImportedEnergyP":1234,"totalDelivered":5,"totalReactiveUse":12,"totalImportedEnergyQ":12,` +
		`"totalReactiveDelivered":3,"totalExportedEnergyQ":3,"breaker":1,"breakerControlState":1}`
	if diff := cmp.Diff(want, string(r.AppendJSON(nil, time.UTC))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNewestChannelWins(t *testing.T) {
	var r meter.Reading
	if _, ok := r.Medium(meter.Gas); ok {
		t.Error("a reading without channels has gas")
	}
	r.Channels[0] = meter.Channel{Type: meter.TypeGas, ID: "replaced", Time: stamp(t, 1), Unit: meter.CubicMetre, Value: meter.NewValue(9999, 0)}
	r.Channels[1] = meter.Channel{Type: meter.TypeWater, ID: "water", Time: stamp(t, 9), Unit: meter.CubicMetre}
	r.Channels[2] = meter.Channel{Type: meter.TypeGas, ID: "never read"}
	r.Channels[3] = meter.Channel{Type: meter.TypeGas, ID: "live", Time: stamp(t, 2), Unit: meter.CubicMetre}
	r.Channels[4] = meter.Channel{Type: 33, ID: "valve", Time: stamp(t, 10), Unit: meter.CubicMetre}
	for medium, want := range map[meter.Medium]string{meter.Gas: "live", meter.Water: "water"} {
		if c, ok := r.Medium(medium); !ok || c.ID != want {
			t.Errorf("medium %d: got %+v, want %s", medium, c, want)
		}
	}
	if c, ok := r.Medium(meter.Heat); ok {
		t.Errorf("heat: got %+v", c)
	}
}

// TestOwnUnitWins: gas in kWh or GJ is never taken for the m3 that programs
// expect of it, however new it is; heat in kWh is as good as in GJ.
func TestOwnUnitWins(t *testing.T) {
	channel := func(kind meter.DeviceType, hour int, unit meter.Unit) meter.Channel {
		return meter.Channel{Type: kind, Time: stamp(t, hour), Unit: unit, Value: meter.NewValue(1, 0)}
	}
	for _, test := range []struct {
		name   string
		medium meter.Medium
		in     []meter.Channel
		want   meter.Unit
		named  bool
	}{
		{"gas in GJ is newer", meter.Gas, []meter.Channel{channel(3, 1, meter.CubicMetre), channel(3, 2, meter.Gigajoule)}, meter.CubicMetre, true},
		{"gas in kWh only", meter.Gas, []meter.Channel{channel(3, 1, meter.KilowattHour)}, meter.KilowattHour, false},
		{"water in kWh is newer", meter.Water, []meter.Channel{channel(7, 2, meter.KilowattHour), channel(7, 1, meter.CubicMetre)}, meter.CubicMetre, true},
		{"heat in kWh is newer", meter.Heat, []meter.Channel{channel(4, 1, meter.Gigajoule), channel(4, 2, meter.KilowattHour)}, meter.KilowattHour, true},
		{"heat in m3 is newer", meter.Heat, []meter.Channel{channel(4, 1, meter.Gigajoule), channel(4, 2, meter.CubicMetre)}, meter.Gigajoule, true},
		{"no reading", meter.Gas, []meter.Channel{channel(3, 1, meter.UnitNone)}, meter.UnitNone, false},
	} {
		var r meter.Reading
		copy(r.Channels[:], test.in)
		c, ok := r.Medium(test.medium)
		if !ok || c.Unit != test.want || meter.Media[test.medium].Names(c.Unit) != test.named {
			t.Errorf("%s: got %+v, %v, want unit %s, named %v", test.name, c, ok, test.want, test.named)
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"ISk5\\2", "ISk5\\2"}, {"a\"b", "a\"b"}, {"\x02\x7F\n\r\t", "\x02\x7F\n\r\t"}, {"\xAB\xFF", "\u00AB\u00FF"}, {"", ""}, {"<script>", "<script>"},
	} {
		var got string
		if err := json.Unmarshal(meter.AppendText(nil, test.in), &got); err != nil || got != test.want {
			t.Errorf("%q: got %q, %v", test.in, got, err)
		}
	}
}

// TestTables holds the tables against their own rules: a row for every
// constant, no name twice, keys that may stand in a topic and an entity id.
func TestTables(t *testing.T) {
	key := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	names, keys, seen := map[string]meter.Quantity{}, map[string]bool{}, map[string]bool{}
	for q := range meter.NumQuantities {
		info := meter.Quantities[q]
		if info.What == "" {
			t.Errorf("quantity %d has no row, or none that explains it", q)
		}
		if before, twice := names[info.JSON]; twice && info.JSON != "" && info.JSON != "limiter" {
			t.Errorf("%q names the quantities %d and %d", info.JSON, before, q)
		}
		names[info.JSON] = q
		if alias := info.Traits.Alias; alias != "" {
			if before, twice := names[alias]; twice {
				t.Errorf("%q names the quantities %d and %d", alias, before, q)
			}
			names[alias] = q
		}
		if !key.MatchString(info.Metric) || strings.HasSuffix(info.Metric, "_total") != (info.Unit.Total() || info.Entity.State == "total_increasing") {
			t.Errorf("%s: metric %q", info.Help(), info.Metric)
		}
		if series := fmt.Sprint(info.Metric, info.Traits.Phase, info.Traits.Tariff, info.Traits.Channel); seen[series] {
			t.Errorf("%s: the series %s is there twice", info.Help(), series)
		} else {
			seen[series] = true
		}
		if info.Influx != "" && seen[info.Influx] || info.Influx == "" && info.Unit.Total() {
			t.Errorf("%s: the field %q in InfluxDB is there twice, or has no name", info.Help(), info.Influx)
		}
		seen[info.Influx] = true
		e := info.Entity
		if e.Key == "" {
			if e.Name != "" || e.Class != "" {
				t.Errorf("%s: an entity without a key", info.Help())
			}
			continue
		}
		if !key.MatchString(e.Key) || keys[e.Key] {
			t.Errorf("%s: key %q is wrong or there twice", info.Help(), e.Key)
		}
		keys[e.Key] = true
	}
	for _, info := range meter.Media {
		if info.JSON == "" || !key.MatchString(info.Key) || !key.MatchString(info.Slot) || keys[info.Key] || len(info.Types) == 0 {
			t.Errorf("medium %+v", info)
		}
		keys[info.Key] = true
	}
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	var r meter.Reading
	r.Time, r.Received = stamp(t, 3), time.Now()
	for q := range meter.NumQuantities {
		r.Values.Set(q, meter.NewValue(123456, 3))
	}
	buf, z := make([]byte, 0, 8192), zone(t, "Europe/Amsterdam")
	if got := testing.AllocsPerRun(100, func() { buf = r.AppendJSON(buf[:0], z) }); got != 0 {
		t.Errorf("%v allocations a reading, want 0", got)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	r := meter.Reading{Header: "KFM5KAIFA-METER", Version: "42", EquipmentID: "4530303434303037333832323436303139"}
	for q := range meter.PowerNet {
		r.Values.Set(q, meter.NewValue(123456, 3))
	}
	buf := make([]byte, 0, 8192)
	for b.Loop() {
		buf = r.AppendJSON(buf[:0], time.UTC)
	}
}
