package influxdb

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var amsterdam = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic(err)
	}
	return zone
}()

// received is a second after the meter's time of house.
var received = time.Date(2021, 2, 26, 11, 15, 25, 0, time.UTC)

func stamp(hour, minute, second int) meter.Timestamp {
	t, ok := meter.NewTimestamp(2021, 2, 26, hour, minute, second, 'W')
	if !ok {
		panic("no such time")
	}
	return t
}

type values map[meter.Quantity]string

func (v values) reading() *meter.Reading {
	r := &meter.Reading{Checksum: meter.ChecksumValid, EquipmentID: "E0045", Time: stamp(12, 15, 24), Received: received}
	for q, text := range v {
		n, err := meter.ParseValue(text)
		if err != nil {
			panic(err)
		}
		r.Values.Set(q, n)
	}
	return r
}

// house is the sample of smartmeter2mqtt's document.
func house() *meter.Reading {
	r := values{
		meter.EnergyImportT1: "5000.700", meter.EnergyImportT2: "2000.000", meter.EnergyExportT1: "2000.500", meter.EnergyExportT2: "5000.600",
		meter.EnergyImportTotal: "7000.700", meter.EnergyExportTotal: "7001.100",
		meter.Tariff: "2", meter.PowerNet: "-1184", meter.SolarPower: "1571.3", meter.HouseUse: "387",
	}.reading()
	r.Channels[1] = meter.Channel{Type: meter.TypeGas, ID: "4730", Time: stamp(12, 0, 0), Value: meter.NewValue(20003, 1), Unit: meter.CubicMetre}
	return r
}

func TestPoints(t *testing.T) {
	off := house()
	off.Received = received.AddDate(6, 0, 0) // the meter's clock is wrong by years
	off.Channels[1] = meter.Channel{}
	swedish := values{meter.EnergyImportTotal: "123.456", meter.EnergyExportTotal: "0", meter.PowerNet: "0"}.reading()
	swedish.EquipmentID = ""
	timeless := values{meter.PowerNet: "12"}.reading()
	timeless.Time = meter.Timestamp{}
	odd := values{meter.EnergyImportT1: "1"}.reading()
	odd.EquipmentID = "a b,c=\xff"
	spaced := values{meter.EnergyImportT1: "1"}.reading()
	spaced.EquipmentID = "a b,c=d"
	luxembourg := values{meter.EnergyImportTotal: "10", meter.EnergyExportT1: "1", meter.EnergyExportTotal: "1", meter.EnergyReactiveImport: "2", meter.EnergyReactiveImportT1: "2"}.reading()
	five := values{meter.EnergyImportT5: "5", meter.EnergyImportTotal: "15"}.reading()
	two := values{}.reading()
	two.Meter.Slot = 1
	gas := meter.Channel{Type: meter.TypeGas, ID: "4730", Time: stamp(12, 0, 0), Value: meter.NewValue(1, 0), Unit: meter.CubicMetre}
	for i, slot := range []uint8{2, 1, 0} { // the last one was replaced
		two.Channels[i] = gas
		two.Channels[i].ID, two.Channels[i].Meter.Slot = fmt.Sprint("473", i), slot
	}
	nameless := *two
	nameless.Channels[0].ID = ""
	rival := values{meter.EnergyImportT1: "5"}.reading() // another meter speaks, and does not count yet
	rival.EquipmentID, rival.Meter = "E9999", meter.Identity{Slot: 1, Meter: 1, ID: "E0045", Rival: true}
	rival.Channels[0] = gas
	rival.Channels[0].ID, rival.Channels[0].Meter = "4999", meter.Identity{Slot: 1, Meter: 1, ID: "4730", Rival: true}
	for _, test := range []struct {
		name     string
		readings []*meter.Reading
		want     string
	}{
		{"one direction with tariffs, reactive energy", []*meter.Reading{luxembourg}, `
power-total,meter=E0045 T1Delivered=1,TotalUsed=10,ReactiveTotalUsed=2,ReactiveT1Used=2 1614338124000`},
		{"a fifth tariff", []*meter.Reading{five}, `
power-total,meter=E0045 T5Used=5 1614338124000`},
		{"two gas meters of the household, and one that was replaced", []*meter.Reading{two, two}, `
gas-total,meter=4730 used=1 1614337200000
gas-total,meter=4731 used=1 1614337200000`},
		{"a second gas meter that nothing tells from the first", []*meter.Reading{&nameless}, `
gas-total,meter=4731 used=1 1614337200000`},
		{"totals of the meters that count, under their identifiers", []*meter.Reading{rival}, `
power-total,meter=E0045 T1Used=5 1614338124000
gas-total,meter=4730 used=1 1614337200000`},
		{"the document's sample", []*meter.Reading{house()}, `
power-total,meter=E0045 T1Used=5000.7,T2Used=2000,T1Delivered=2000.5,T2Delivered=5000.6 1614338124000
power-usage,tarrif=2 usage=-1184,production=1571.3,house=387 1614338124000
gas-total,meter=4730 used=2000.3 1614337200000`},
		{"a gas reading once", []*meter.Reading{house(), house()}, `
power-total,meter=E0045 T1Used=5000.7,T2Used=2000,T1Delivered=2000.5,T2Delivered=5000.6 1614338124000
power-usage,tarrif=2 usage=-1184,production=1571.3,house=387 1614338124000
gas-total,meter=4730 used=2000.3 1614337200000
power-total,meter=E0045 T1Used=5000.7,T2Used=2000,T1Delivered=2000.5,T2Delivered=5000.6 1614338124000
power-usage,tarrif=2 usage=-1184,production=1571.3,house=387 1614338124000`},
		{"no tariffs, zeros, no identifier", []*meter.Reading{swedish}, `
power-total TotalUsed=123.456,TotalDelivered=0 1614338124000
power-usage usage=0 1614338124000`},
		{"no clock", []*meter.Reading{timeless}, `
power-usage usage=12 1614338125000`},
		{"a clock that is wrong", []*meter.Reading{off}, `
power-total,meter=E0045 T1Used=5000.7,T2Used=2000,T1Delivered=2000.5,T2Delivered=5000.6 1803640525000
power-usage,tarrif=2 usage=-1184,production=1571.3,house=387 1803640525000`},
		{"an identifier that no line can hold", []*meter.Reading{odd}, `
power-total T1Used=1 1614338124000`},
		{"an identifier to be escaped", []*meter.Reading{spaced}, `
power-total,meter=a\ b\,c\=d T1Used=1 1614338124000`},
		{"nothing", []*meter.Reading{values{}.reading()}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEncoder(amsterdam, false)
			for _, r := range test.readings {
				e.reading("p1", r)
			}
			got, count := e.take()
			want := strings.TrimPrefix(test.want, "\n")
			if want != "" {
				want += "\n"
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if lines := strings.Count(want, "\n"); count != lines {
				t.Errorf("counted %d lines, want %d", count, lines)
			}
		})
	}
}

// TestEveryTotal wants each total of the table in a field of its own, so that a
// new one needs no more than its row.
func TestEveryTotal(t *testing.T) {
	for q := range meter.NumQuantities {
		info := &meter.Quantities[q]
		if !info.Unit.Total() {
			continue
		}
		e := newEncoder(amsterdam, false)
		e.reading("p1", values{q: "1.5"}.reading())
		got, _ := e.take()
		if want := "power-total,meter=E0045 " + info.Influx + "=1.5 1614338124000\n"; info.Influx == "" || string(got) != want {
			t.Errorf("%s: %q, want %q", info.Help(), got, want)
		}
	}
}

func TestSolarPoint(t *testing.T) {
	s := &meter.Solar{Received: received, Serial: "7E1A"}
	e := newEncoder(amsterdam, false)
	e.solar(s) // nothing to tell
	s.Set(meter.SolarLifetime, meter.NewValue(123456789, 1))
	s.Set(meter.SolarACPower, meter.NewValue(-125, 1))
	e.solar(s)
	got, count := e.take()
	if want := "solar,invertor=7E1A lifetime-production=12345678i,ac-power=-12.5 1614338125000\n"; string(got) != want || count != 1 {
		t.Errorf("got %d lines %q, want %q", count, got, want)
	}
}

// TestSlots: of several meters each has its points, its M-Bus meters' too where
// they say the same, and the inverter belongs to none.
func TestSlots(t *testing.T) {
	e := newEncoder(amsterdam, true)
	r := meter.Reading{Received: received, EquipmentID: "E1"}
	r.Values.Set(meter.Tariff, meter.NewValue(2, 0))
	r.Values.Set(meter.EnergyImportT1, meter.NewValue(1, 0))
	r.Values.Set(meter.PowerNet, meter.NewValue(5, 0))
	r.Channels[0] = meter.Channel{
		Type: meter.TypeGas, ID: "G1", Unit: meter.CubicMetre, Value: meter.NewValue(7, 0), Meter: meter.Identity{Slot: 1, ID: "G1"},
		Time: stamp(12, 15, 0),
	}
	for _, slot := range []string{"p1", "heat", "p1"} {
		e.reading(slot, &r)
	}
	e.solar(func() *meter.Solar {
		s := &meter.Solar{Received: received, Serial: "7E1A"}
		s.Set(meter.SolarACPower, meter.NewValue(1, 0))
		return s
	}())
	text, _ := e.take()
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " ")
	}
	want := []string{
		"power-total,meter=E1,slot=p1", "power-usage,slot=p1,tarrif=2", "gas-total,meter=G1,slot=p1",
		"power-total,meter=E1,slot=heat", "power-usage,slot=heat,tarrif=2", "gas-total,meter=G1,slot=heat",
		"power-total,meter=E1,slot=p1", "power-usage,slot=p1,tarrif=2",
		"solar,invertor=7E1A",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	e, r := newEncoder(amsterdam, false), house()
	if n := testing.AllocsPerRun(100, func() {
		e.lines.SetBuffer(e.lines.Bytes()[:0])
		e.reading("p1", r)
	}); n > 0 {
		t.Errorf("got %v allocations a reading, want none", n)
	}
}

// BenchmarkReading is one reading as line protocol.
func BenchmarkReading(b *testing.B) {
	e, r := newEncoder(amsterdam, false), house()
	b.ReportAllocs()
	for b.Loop() {
		e.lines.SetBuffer(e.lines.Bytes()[:0])
		e.reading("p1", r)
	}
}
