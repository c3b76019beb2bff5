package derive_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var zone = time.FixedZone("CET", 3600)

func number(t *testing.T, text string) meter.Value {
	t.Helper()
	v, err := meter.ParseValue(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

type values map[meter.Quantity]string

func of(t *testing.T, v values) *meter.Reading {
	t.Helper()
	r := &meter.Reading{Header: "XXX5"}
	for q, text := range v {
		n, err := meter.ParseValue(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Values.Set(q, n)
	}
	return r
}

func get(r *meter.Reading, q meter.Quantity) string {
	v, ok := r.Values.Get(q)
	if !ok {
		return "absent"
	}
	return v.String()
}

func TestQuantities(t *testing.T) {
	const t1, t2, t3, total = meter.EnergyImportT1, meter.EnergyImportT2, meter.EnergyImportT3, meter.EnergyImportTotal
	for _, test := range []struct {
		name string
		in   values
		q    meter.Quantity
		want string
	}{
		{"net power", values{meter.PowerImport: "0.329", meter.PowerExport: "0.000"}, meter.PowerNet, "329"},
		{"net export", values{meter.PowerImport: "0.000", meter.PowerExport: "1.184"}, meter.PowerNet, "-1184"},
		{"no export register", values{meter.PowerImport: "0.2"}, meter.PowerNet, "200"},
		{"no import register", values{meter.PowerExport: "0.2"}, meter.PowerNet, "-200"},
		{"no power at all", values{t1: "1"}, meter.PowerNet, "absent"},
		{"more digits than a watt", values{meter.PowerImport: "1.68821"}, meter.PowerNet, "1688"},
		{"half a watt", values{meter.PowerImport: "0.0015"}, meter.PowerNet, "2"},
		{"half a watt of export", values{meter.PowerExport: "0.0015"}, meter.PowerNet, "-2"},
		{"a phase", values{meter.PowerImportL2: "0.100", meter.PowerExportL2: "0.350"}, meter.PowerNetL2, "-250"},
		{"the sum of the phases", values{meter.PowerImportL1: "0.1", meter.PowerImportL2: "0.2", meter.PowerExportL1: "0.024"}, meter.PowerNet, "276"},
		{"the phases import", values{meter.PowerImportL1: "0.1", meter.PowerExportL2: "0.024"}, meter.PowerImport, "0.076"},
		{"the phases export", values{meter.PowerImportL1: "0.1", meter.PowerExportL2: "0.124"}, meter.PowerExport, "0.024"},
		{"the phases export, so nothing is imported", values{meter.PowerImportL1: "0.1", meter.PowerExportL2: "0.124"}, meter.PowerImport, "0"},
		{"the meter's own power, not the phases'", values{meter.PowerImport: "0.4", meter.PowerImportL1: "0.1"}, meter.PowerNet, "400"},
		{"total of two tariffs", values{t1: "4512.345", t2: "3241.123"}, total, "7753.468"},
		{"total of three", values{t1: "1", t2: "2", t3: "3.5"}, total, "6.5"},
		{"the meter's own total", values{t1: "1", t2: "2", total: "9"}, total, "9"},
		{"one tariff, nothing vouches for the telegram", values{t2: "2"}, total, "absent"},
		{"export", values{meter.EnergyExportT1: "1.5", meter.EnergyExportT2: "2"}, meter.EnergyExportTotal, "3.5"},
		{"zero is a value", values{meter.EnergyExportT1: "0", meter.EnergyExportT2: "0"}, meter.EnergyExportTotal, "0"},
	} {
		r := of(t, test.in)
		(&derive.Deriver{Zone: zone}).Apply(r)
		if got := get(r, test.q); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// TestNetIsExact: what smartmeter2mqtt never read, DLMS and SML, is not rounded.
func TestNetIsExact(t *testing.T) {
	r := of(t, values{meter.PowerImport: "0.5635"})
	r.Header = ""
	(&derive.Deriver{Zone: zone}).Apply(r)
	if got := get(r, meter.PowerNet); got != "563.5" {
		t.Errorf("got %s, want 563.5", got)
	}
}

// TestLostRegister: nothing is computed while a register is missing that was
// there a moment ago.
func TestLostRegister(t *testing.T) {
	const t1, t2, t3 = meter.EnergyImportT1, meter.EnergyImportT2, meter.EnergyImportT3
	d := &derive.Deriver{Zone: zone}
	all := values{t1: "1", t2: "2", meter.PowerImport: "0.5", meter.PowerExport: "0.1"}
	step := func(name string, in values, total, net string) {
		t.Helper()
		r := of(t, in)
		d.Apply(r)
		if got := get(r, meter.EnergyImportTotal); got != total {
			t.Errorf("%s: total %s, want %s", name, got, total)
		}
		if got := get(r, meter.PowerNet); got != net {
			t.Errorf("%s: net %s, want %s", name, got, net)
		}
	}
	step("all", all, "3", "400")
	step("some", values{t1: "1", meter.PowerImport: "0.5"}, "absent", "absent")
	step("all again", all, "3", "400")
	step("what was never there: a changed code", values{t1: "1", t2: "2", t3: "9", meter.PowerImport: "0.5", meter.PowerExport: "0.1"}, "12", "400")
	for range 10 {
		step("it is missed", all, "absent", "400")
	}
	step("and forgotten", all, "3", "400")
}

// TestLostPhase: the power is no sum of some phases while another one's line,
// or the meter's own power, has been lost on the way.
func TestLostPhase(t *testing.T) {
	d := &derive.Deriver{Zone: zone}
	for _, step := range []struct {
		name string
		in   values
		want string
	}{
		{"all", values{meter.PowerImportL1: "0.1", meter.PowerImportL2: "0.2"}, "300"},
		{"one is lost", values{meter.PowerImportL1: "0.1"}, "absent"},
		{"all again", values{meter.PowerImportL1: "0.1", meter.PowerImportL2: "0.2"}, "300"},
		{"the meter has a power", values{meter.PowerImport: "0.301", meter.PowerImportL1: "0.1", meter.PowerImportL2: "0.2"}, "301"},
		{"which is lost", values{meter.PowerImportL1: "0.1", meter.PowerImportL2: "0.2"}, "absent"},
	} {
		r := of(t, step.in)
		d.Apply(r)
		if got := get(r, meter.PowerNet); got != step.want {
			t.Errorf("%s: got %s, want %s", step.name, got, step.want)
		}
	}
}

func TestOddLineMakesNothing(t *testing.T) {
	r := of(t, values{meter.EnergyImportT1: "1", meter.PowerImport: "0.5"})
	r.Checksum = meter.ChecksumValid
	r.Values.SetOdd(meter.EnergyImportT2)
	r.Values.SetOdd(meter.PowerExport)
	(&derive.Deriver{Zone: zone}).Apply(r)
	if total, net := get(r, meter.EnergyImportTotal), get(r, meter.PowerNet); total != "absent" || net != "absent" {
		t.Errorf("got total %s, net %s", total, net)
	}
	r = of(t, values{meter.EnergyImportT1: "1.5"})
	r.Checksum = meter.ChecksumValid
	(&derive.Deriver{Zone: zone}).Apply(r)
	if got := get(r, meter.EnergyImportTotal); got != "1.5" {
		t.Errorf("a meter with one tariff: got total %s, want 1.5", got)
	}
}

func TestUsage(t *testing.T) {
	d := &derive.Deriver{Zone: zone}
	var got []string
	for _, power := range []string{"0.000", "0.329", "0.329", "-1.000"} {
		c := d.Apply(of(t, values{meter.PowerImport: power})).Usage
		if c == nil {
			got = append(got, "same")
			continue
		}
		got = append(got, c.Previous.String()+" to "+c.Value.String())
	}
	if diff := cmp.Diff([]string{"same", "0 to 329", "same", "329 to -1000"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := of(t, values{meter.PowerImport: "0.1", meter.HouseUse: "387"})
	if c := d.Apply(r).Usage; c == nil || c.Value.String() != "387" {
		t.Errorf("with solar: got %+v, want house usage", c)
	}
}

func TestHouseUse(t *testing.T) {
	for _, test := range []struct {
		name string
		in   values
		want string
	}{
		{"the document's sample", values{meter.PowerImport: "0", meter.PowerExport: "1.184", meter.SolarPower: "1571.3"}, "387"},
		{"rounded", values{meter.PowerImport: "0.1", meter.SolarPower: "0.5"}, "101"},
		{"night", values{meter.PowerImport: "0.250", meter.SolarPower: "-12.5"}, "238"},
		{"no inverter", values{meter.PowerImport: "0.250"}, "absent"},
		{"no meter", values{meter.SolarPower: "100"}, "absent"},
	} {
		r := of(t, test.in)
		(&derive.Deriver{Zone: zone}).Apply(r)
		if got := get(r, meter.HouseUse); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestGasFlow(t *testing.T) {
	d := &derive.Deriver{Zone: zone}
	type step struct {
		id    string
		time  [4]int // month, day, hour, minute
		flag  byte
		total string
	}
	var got []string
	for _, s := range []step{
		{"a", [4]int{1, 1, 12, 0}, 'W', "100.000"},  // the first tells no flow
		{"a", [4]int{1, 1, 12, 0}, 'W', "100.000"},  // the same again
		{"a", [4]int{1, 1, 12, 5}, 'W', "100.100"},  // 0.1 m3 in 5 min
		{"a", [4]int{1, 1, 12, 5}, 'W', "100.100"},  // stays
		{"a", [4]int{1, 1, 13, 5}, 'W', "100.100"},  // nothing used
		{"a", [4]int{1, 1, 13, 10}, 'W', "99.000"},  // falls: no flow
		{"a", [4]int{1, 1, 13, 15}, 'W', "99.010"},  // and on
		{"a", [4]int{1, 1, 13, 20}, 'W', "999.000"}, // jumps: no flow
		{"b", [4]int{1, 1, 13, 25}, 'W', "5.000"},   // another meter
		{"b", [4]int{1, 1, 13, 30}, 'W', "5.001"},
		{"b", [4]int{10, 25, 2, 0}, 'S', "6.000"}, // the doubled hour: 60 min between
		{"b", [4]int{10, 25, 2, 0}, 'W', "6.500"},
		{"b", [4]int{10, 25, 1, 0}, 'W', "7.000"}, // back in time
	} {
		v, _ := meter.ParseValue(s.total)
		when, ok := meter.NewTimestamp(2026, s.time[0], s.time[1], s.time[2], s.time[3], 0, s.flag)
		if !ok {
			t.Fatal("no such time")
		}
		r := new(meter.Reading)
		r.Channels[2] = meter.Channel{Type: meter.TypeGas, ID: s.id, Time: when, Value: v, Unit: meter.CubicMetre}
		c := d.Apply(r).GasUsage
		text := get(r, meter.GasFlow)
		if c != nil {
			text += " event " + c.Previous.String() + " to " + c.Value.String()
		}
		got = append(got, text)
	}
	want := []string{"absent", "absent", "1.2 event 0 to 1.2", "1.2", "0 event 1.2 to 0", "absent", "0.12 event 0 to 0.12", "absent",
		"absent", "0.012 event 0 to 0.012", "0 event 0.012 to 0", "0.5 event 0 to 0.5", "absent"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestFlowOfTheHouseholdsMeter: another gas meter makes no flow before it
// counts, and begins its own when it does.
func TestFlowOfTheHouseholdsMeter(t *testing.T) {
	d := &derive.Deriver{Zone: zone}
	for i, test := range []struct {
		printed string
		meter   meter.Identity
		total   int64
		want    string
	}{
		{"G", meter.Identity{Slot: 1, Meter: 1, ID: "G"}, 1000, "absent"},
		{"G", meter.Identity{Slot: 1, Meter: 1, ID: "G"}, 1100, "1.2"},
		{"H", meter.Identity{Slot: 1, Meter: 1, ID: "G", Rival: true}, 1150, "1.2"},
		{"H", meter.Identity{Slot: 1, Meter: 2, ID: "H"}, 1160, "absent"},
		{"H", meter.Identity{Slot: 1, Meter: 2, ID: "H"}, 1170, "0.12"},
		{"I", meter.Identity{}, 9999, "absent"}, // it has no slot
	} {
		r := new(meter.Reading)
		r.Meter.Slot = 1
		at, _ := meter.NewTimestamp(2026, 1, 1, 12, 5*i, 0, 'W')
		r.Channels[0] = meter.Channel{
			Type: meter.TypeGas, ID: test.printed, Meter: test.meter, Time: at, Value: meter.NewValue(test.total, 3), Unit: meter.CubicMetre,
		}
		d.Apply(r)
		if got := get(r, meter.GasFlow); got != test.want {
			t.Errorf("reading %d: got %s, want %s", i, got, test.want)
		}
	}
}

// TestFlowGrowsStale: a gas meter that no longer reports flows no more.
func TestFlowGrowsStale(t *testing.T) {
	d := &derive.Deriver{Zone: zone}
	at := func(hour, minute int) meter.Timestamp {
		s, ok := meter.NewTimestamp(2026, 1, 1, hour, minute, 0, 'W')
		if !ok {
			t.Fatal("no such time")
		}
		return s
	}
	for _, test := range []struct {
		now, reading meter.Timestamp
		total        int64
		want         string
	}{
		{at(12, 1), at(12, 0), 1000, "absent"}, {at(13, 1), at(13, 0), 1500, "0.5"}, {at(15, 5), at(13, 0), 1500, "0.5"},
		{at(15, 11), at(13, 0), 1500, "absent"}, {at(16, 1), at(16, 0), 4500, "1"},
	} {
		r := &meter.Reading{Time: test.now}
		r.Channels[0] = meter.Channel{Type: meter.TypeGas, Time: test.reading, Value: meter.NewValue(test.total, 3), Unit: meter.CubicMetre}
		d.Apply(r)
		if got := get(r, meter.GasFlow); got != test.want {
			t.Errorf("%s: got %s, want %s", test.now, got, test.want)
		}
	}
}

func TestNoGasNoFlow(t *testing.T) {
	d := &derive.Deriver{Zone: zone}
	r := new(meter.Reading)
	r.Channels[0] = meter.Channel{Type: meter.TypeWater, Unit: meter.CubicMetre}
	if c := d.Apply(r).GasUsage; c != nil || r.Values.Has(meter.GasFlow) {
		t.Errorf("got %+v, %s", c, get(r, meter.GasFlow))
	}
}
