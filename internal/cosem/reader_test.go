package cosem_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func number(c, d, e byte, n int64, exp int8) cosem.Object {
	code := cosem.Electricity(c, d, e)
	unit := code.Unit()
	return cosem.Object{Code: code, Type: cosem.Number, Number: n, Exp: exp, Unit: unit}
}

func signed(o cosem.Object) cosem.Object {
	o.Signed = true
	return o
}

func assumed(o cosem.Object) cosem.Object {
	o.Assumed = true
	return o
}

func status(o cosem.Object, s uint64) cosem.Object {
	o.Status = s
	return o
}

func in(o cosem.Object, unit cosem.Unit) cosem.Object {
	o.Unit = unit
	return o
}

func textOf(code cosem.Code, text string) cosem.Object {
	return cosem.Object{Code: code, Type: cosem.Text, Text: []byte(text)}
}

// fields are a reading's values as the JSON socket names them, in its order.
func fields(r *meter.Reading) string {
	var words []string
	for q := range meter.NumQuantities {
		if v, ok := r.Values.Get(q); ok {
			words = append(words, meter.Quantities[q].JSON+"="+v.String())
		}
	}
	return strings.Join(words, " ")
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestReading(t *testing.T) {
	for _, c := range []struct {
		name    string
		objects []cosem.Object
		want    string
	}{
		{"import and export", []cosem.Object{number(1, 7, 0, 1362, 0), number(2, 7, 0, 0, 0), number(1, 8, 0, 22721380, 0)},
			"currentUsage=1.362 currentDelivery=0 totalUse=22721.38"},
		{"a power with sign, positive", []cosem.Object{signed(number(16, 7, 0, 5635, -1))}, "currentUsage=0.5635 currentDelivery=0"},
		{"a power with sign, negative", []cosem.Object{signed(number(16, 7, 0, -4308, 0))}, "currentUsage=0 currentDelivery=4.308"},
		{"1.7.0 with sign", []cosem.Object{signed(number(1, 7, 0, -300, 0))}, "currentUsage=0 currentDelivery=0.3"},
		{"1.7.0 in a signed type beside 2.7.0", []cosem.Object{signed(number(1, 7, 0, 300, 0)), signed(number(2, 7, 0, 0, 0))},
			"currentUsage=0.3 currentDelivery=0"},
		{"phases with sign", []cosem.Object{signed(number(36, 7, 0, -1392, 0)), signed(number(56, 7, 0, 84, 0))},
			"currentUsageL1=0 currentUsageL2=0.084 currentDeliveryL1=1.392 currentDeliveryL2=0"},
		{"what is sent apart goes before what has a sign", []cosem.Object{signed(number(16, 7, 0, 1, 0)), number(1, 7, 0, 2, 0), number(2, 7, 0, 3, 0)},
			"currentUsage=0.002 currentDelivery=0.003"},
		{"totals under A = 0", []cosem.Object{{Code: cosem.NewCode(0, 0, 1, 8, 0, 255), Type: cosem.Number, Number: 34479, Unit: cosem.WattHour}}, "totalUse=34.479"},
		{"another billing period", []cosem.Object{{Code: cosem.NewCode(1, 0, 1, 8, 0, 1), Type: cosem.Number, Number: 34479, Unit: cosem.WattHour}}, ""},
		{"an absent value", []cosem.Object{{Code: cosem.Electricity(1, 7, 0)}}, ""},
		{"a unit that cannot be", []cosem.Object{{Code: cosem.Electricity(1, 7, 0), Type: cosem.Number, Number: 1, Unit: cosem.Volt}}, ""},
		{"a number beyond 63 bits", []cosem.Object{number(1, 8, 0, math.MaxInt64, 4)}, ""},
		{"a power factor beyond 1", []cosem.Object{number(13, 7, 0, 83, 0)}, ""},
		{"a power factor", []cosem.Object{number(13, 7, 0, 83, -2)}, "powerFactor=0.83"},
		{"tariff in a text", []cosem.Object{textOf(cosem.NewCode(0, 0, 96, 14, 0, 255), "T3")}, "currentTarrif=3"},
		{"tariff without digits", []cosem.Object{textOf(cosem.NewCode(0, 0, 96, 14, 0, 255), "HT")}, ""},

		{"no sign, import only", []cosem.Object{number(1, 8, 0, 1000, 0), signed(number(15, 7, 0, 42, 0))}, "currentUsage=0.042 currentDelivery=0 totalUse=1"},
		{"no sign, export only", []cosem.Object{number(2, 8, 0, 1000, 0), signed(number(15, 7, 0, 42, 0))}, "currentUsage=0 currentDelivery=0.042 totalDelivered=1"},
		{"no sign, both", []cosem.Object{number(1, 8, 0, 1000, 0), number(2, 8, 0, 1000, 0), signed(number(15, 7, 0, 42, 0))}, "totalUse=1 totalDelivered=1"},
		{"no sign, EMH consumes", []cosem.Object{status(number(1, 8, 0, 1000, 0), 0x182), number(2, 8, 0, 0, 0), number(15, 7, 0, 42, 0)},
			"currentUsage=0.042 currentDelivery=0 totalUse=1 totalDelivered=0"},
		{"no sign, EMH delivers", []cosem.Object{status(number(1, 8, 0, 1000, 0), 0x1B0), number(15, 7, 0, 42, 0)}, "currentUsage=0 currentDelivery=0.042 totalUse=1"},
		{"no sign, a new status", []cosem.Object{status(number(1, 8, 0, 1000, 0), 0x1C0904), number(15, 7, 0, 42, 0)}, "currentUsage=0 currentDelivery=0.042 totalUse=1"},
		{"no sign, a new status, one phase", []cosem.Object{status(number(1, 8, 0, 1000, 0), 0x040104), number(2, 8, 0, 0, 0), number(15, 7, 0, 42, 0)},
			"currentUsage=0.042 currentDelivery=0 totalUse=1 totalDelivered=0"},
		{"no sign, but negative", []cosem.Object{number(1, 8, 0, 1000, 0), signed(number(15, 7, 0, -42, 0))}, "currentUsage=0 currentDelivery=0.042 totalUse=1"},
		{"no unit beside the scale", []cosem.Object{in(number(1, 7, 0, 42, 1), cosem.Dimensionless)}, "currentUsage=0.42"},
		{"reactive power in watts", []cosem.Object{in(number(3, 7, 0, 42, 0), cosem.Watt)}, "currentReactiveUse=0.042"},
		{"reactive energy in Wh", []cosem.Object{in(number(3, 8, 0, 42, 0), cosem.WattHour)}, "totalReactiveUse=0.042"},
		{"no sign, an unknown status", []cosem.Object{status(number(1, 8, 0, 1000, 0), 0x1), number(2, 8, 0, 0, 0), number(15, 7, 0, 42, 0)}, "totalUse=1 totalDelivered=0"},

		{"an IT net has no voltage on L2", []cosem.Object{number(1, 7, 0, 948, 0), number(31, 7, 0, 1416, -3), number(51, 7, 0, 3241, -3), number(71, 7, 0, 3119, -3),
			number(32, 7, 0, 2385, -1), number(52, 7, 0, 0, -1), number(72, 7, 0, 2389, -1)},
			"currentUsage=0.948 voltageL1=238.5 voltageL3=238.9 currentL1=1.416 currentL2=3.241 currentL3=3.119"},
		{"one phase alone", []cosem.Object{number(31, 7, 0, 12, -2), number(51, 7, 0, 0, -2), number(32, 7, 0, 230, 0), number(52, 7, 0, 0, 0)},
			"voltageL1=230 currentL1=0.12"},
		{"all phases without voltage", []cosem.Object{number(32, 7, 0, 0, 0), number(52, 7, 0, 0, 0)}, "voltageL1=0 voltageL2=0"},
		{"a voltage that cannot be", []cosem.Object{number(32, 7, 0, 234, -1), number(52, 7, 0, 2346, -1)}, "voltageL2=234.6"},
		{"currents that cannot carry the power", []cosem.Object{number(1, 7, 0, 124310, 0), number(32, 7, 0, 229, 0), number(52, 7, 0, 230, 0), number(72, 7, 0, 229, 0),
			number(31, 7, 0, 200, -2), number(51, 7, 0, 150, -2), number(71, 7, 0, 201, -2)}, "currentUsage=124.31 voltageL1=229 voltageL2=230 voltageL3=229"},
		{"currents that no house has", []cosem.Object{number(2, 7, 0, 2585, 0), number(3, 7, 0, 63364, 0), number(32, 7, 0, 233, 0), number(31, 7, 0, 90999, -2)},
			"currentDelivery=2.585 voltageL1=233 currentReactiveUse=63.364"},
		{"a load that changes in between", []cosem.Object{number(1, 7, 0, 500, 0), number(32, 7, 0, 230, 0), number(31, 7, 0, 80, -2)}, "currentUsage=0.5 voltageL1=230 currentL1=0.8"},
		{"solar on one phase, loads on the others", []cosem.Object{number(1, 7, 0, 12, 0), number(32, 7, 0, 230, 0), number(31, 7, 0, 1800, -2), number(51, 7, 0, 900, -2),
			number(71, 7, 0, 900, -2)}, "currentUsage=0.012 voltageL1=230 currentL1=18 currentL2=9 currentL3=9"},
		{"registers in an unknown unit", []cosem.Object{number(1, 7, 0, 500, 0), assumed(number(1, 8, 0, 7745250, 0)), assumed(number(2, 8, 0, 0, 0))},
			"currentUsage=0.5 totalDelivered=0"},
	} {
		r := cosem.Reader{}
		m := &cosem.Message{Protocol: "sml", Objects: c.objects, EnergyScale: cosem.ScaleUndecided}
		got, err := r.Reading(m, meter.ChecksumValid, noon)
		if fields(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, fields(got), c.want)
		}
		if err != nil && strings.Contains(c.want, "total") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestChannels reads meters on M-Bus behind the electricity meter.
func TestChannels(t *testing.T) {
	stamp, _ := meter.NewTimestamp(2026, 5, 4, 11, 0, 0, 'S')
	of := func(n, c, d, e byte, o cosem.Object) cosem.Object {
		o.Code = cosem.NewCode(0, n, c, d, e, 255)
		return o
	}
	count := func(n int64, exp int8, u cosem.Unit) cosem.Object {
		return cosem.Object{Type: cosem.Number, Number: n, Exp: exp, Unit: u}
	}
	var r cosem.Reader
	m := &cosem.Message{Protocol: "dlms", Objects: []cosem.Object{
		of(1, 24, 1, 0, count(3, 0, cosem.NoUnit)), of(1, 96, 1, 0, textOf(0, "7ABC00000001")), of(1, 24, 2, 1, count(123456, -3, cosem.CubicMetre)),
		of(1, 24, 2, 1, cosem.Object{Type: cosem.Clock, Clock: stamp}), of(1, 24, 2, 1, count(9, 0, cosem.CubicMetre)),
		of(2, 24, 1, 0, count(4, 0, cosem.NoUnit)), of(2, 24, 2, 1, count(1234, 6, cosem.Joule)),
		of(3, 24, 1, 0, count(7, 0, cosem.NoUnit)), of(3, 24, 2, 1, count(1234, -2, cosem.NoUnit)), // nobody knows its unit
		of(0, 96, 1, 0, textOf(0, "99")), of(1, 1, 0, 0, cosem.Object{Type: cosem.Clock, Clock: stamp}),
	}}
	for range 2 { // the second time from what was kept
		got, err := r.Reading(m, meter.ChecksumValid, noon)
		if err != nil {
			t.Fatal(err)
		}
		want := [meter.MaxChannels]meter.Channel{
			{Type: meter.TypeGas, TypeText: "003", ID: "7ABC00000001", Time: stamp, Value: meter.NewValue(123456, 3), Unit: meter.CubicMetre},
			{Type: meter.TypeHeat, TypeText: "004", Value: meter.NewValue(1234, 3), Unit: meter.Gigajoule},
			{Type: meter.TypeWater, TypeText: "007"},
		}
		if got.Channels != want || got.EquipmentID != "99" || got.Time != stamp || got.Odd != 1 {
			t.Errorf("%+v\nwant %+v; meter %s, %s, %d odd", got.Channels, want, got.EquipmentID, got.Time, got.Odd)
		}
	}
}

func TestNothingElectric(t *testing.T) {
	r := cosem.Reader{}
	got, err := r.Reading(&cosem.Message{Objects: []cosem.Object{textOf(cosem.NewCode(0, 0, 96, 1, 0, 255), "12345678")}}, meter.ChecksumValid, noon)
	if !errors.Is(err, cosem.ErrEmpty) || got.EquipmentID != "12345678" {
		t.Errorf("%q, %v", got.EquipmentID, err)
	}
}

func TestIdentity(t *testing.T) {
	name, serial, number := textOf(cosem.NewCode(0, 0, 42, 0, 0, 255), "LGZ1"), textOf(cosem.NewCode(0, 0, 96, 1, 0, 255), " 123 "), textOf(cosem.NewCode(0, 0, 96, 1, 1, 255), "456")
	kind := textOf(cosem.NewCode(1, 1, 96, 1, 1, 255), "6861111BN242101040")
	gs1 := textOf(cosem.NewCode(1, 1, 0, 0, 5, 255), "5706567000000083")
	digits := cosem.Object{Code: cosem.NewCode(1, 1, 0, 0, 1, 255), Type: cosem.Number, Number: 12343400}
	binary := cosem.Object{Code: cosem.NewCode(0, 0, 96, 1, 0, 255), Type: cosem.Octets, Text: []byte{0x0A, 0xFF}}
	for _, c := range []struct {
		name    string
		objects []cosem.Object
		loose   string
		want    string
	}{
		{"the serial number goes first", []cosem.Object{name, number, serial}, "", "123"},
		{"the device's name", []cosem.Object{number, name}, "", "LGZ1"},
		{"Kamstrup's type is none", []cosem.Object{kind, gs1}, "", "5706567000000083"},
		{"a number", []cosem.Object{kind, digits}, "", "12343400"},
		{"octets", []cosem.Object{binary}, "", "0AFF"},
		{"outside of the objects", nil, "178210000043", "178210000043"},
		{"an object goes before", []cosem.Object{name}, "178210000043", "LGZ1"},
		{"none", []cosem.Object{kind}, "", ""},
	} {
		r := cosem.Reader{}
		m := &cosem.Message{Protocol: "dlms", Objects: c.objects, ID: []byte(c.loose)}
		if got, _ := r.Reading(m, meter.ChecksumValid, noon); got.EquipmentID != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.EquipmentID, c.want)
		}
	}
}

// TestRefutedScaleStays holds currents back until a message proves their scale.
func TestRefutedScaleStays(t *testing.T) {
	r := cosem.Reader{}
	read := func(watts, centiampere int64) (bool, int) {
		m := &cosem.Message{Objects: []cosem.Object{number(1, 7, 0, watts, 0), number(32, 7, 0, 230, 0), assumed(number(31, 7, 0, centiampere, -2))}}
		got, _ := r.Reading(m, meter.ChecksumValid, noon)
		return got.Values.Has(meter.CurrentL1), len(r.Doubts())
	}
	for _, c := range []struct {
		watts, centiampere int64
		has                bool
		doubts             int
	}{
		{460, 200, true, 0}, // 2 A
		{4600, 20, false, 1},
		{20, 9, false, 1},    // which proves nothing
		{460, 200, false, 1}, // too little to be a proof
		{2300, 1000, true, 0},
		{20, 9, true, 0},
	} {
		has, doubts := read(c.watts, c.centiampere)
		if has != c.has || doubts != c.doubts {
			t.Errorf("%d W and %d/100 A: current %v, %d doubts; want %v, %d", c.watts, c.centiampere, has, doubts, c.has, c.doubts)
		}
	}
}

func TestDoubtNamesTheNumbers(t *testing.T) {
	r := cosem.Reader{}
	m := &cosem.Message{Objects: []cosem.Object{number(1, 7, 0, 124310, 0), number(32, 7, 0, 229, 0), assumed(number(31, 7, 0, 551, -2)), number(52, 7, 0, 234, -1)}}
	if _, err := r.Reading(m, meter.ChecksumValid, noon); err != nil {
		t.Fatal(err)
	}
	want := []string{"voltageL2 = 23.4 V, ≠ 80 … 300 V", "U × I = 1262 VA ≠ 124310 VA"}
	for i, d := range r.Doubts() {
		if i >= len(want) || d.String() != want[i] {
			t.Errorf("doubt %d: %s", i, d)
		}
	}
	if len(r.Doubts()) != len(want) {
		t.Errorf("%d doubts, want %d", len(r.Doubts()), len(want))
	}
	if got := string(m.Objects[2].AppendValue(nil)); got != "551" { // what fits, for people
		t.Errorf("the current is shown as %s", got)
	}
}

func TestCode(t *testing.T) {
	for _, c := range []struct {
		code cosem.Code
		text string
		unit cosem.Unit
		kind cosem.Kind
	}{
		{cosem.Electricity(1, 7, 0), "1-0:1.7.0", cosem.Watt, cosem.Power},
		{cosem.Electricity(63, 7, 0), "1-0:63.7.0", cosem.Var, cosem.Power},
		{cosem.Electricity(29, 7, 0), "1-0:29.7.0", cosem.VoltAmpere, cosem.Power},
		{cosem.Electricity(22, 8, 0), "1-0:22.8.0", cosem.WattHour, cosem.Energy},
		{cosem.Electricity(8, 8, 1), "1-0:8.8.1", cosem.VarHour, cosem.Energy},
		{cosem.Electricity(9, 8, 0), "1-0:9.8.0", cosem.VoltAmpereHour, cosem.Energy},
		{cosem.Electricity(72, 7, 0), "1-0:72.7.0", cosem.Volt, cosem.Voltage},
		{cosem.Electricity(71, 7, 0), "1-0:71.7.0", cosem.Ampere, cosem.Current},
		{cosem.Electricity(91, 7, 0), "1-0:91.7.0", cosem.Ampere, cosem.Current},
		{cosem.Electricity(14, 7, 0), "1-0:14.7.0", cosem.Hertz, cosem.Frequency},
		{cosem.Electricity(33, 7, 0), "1-0:33.7.0", cosem.NoUnit, cosem.Factor},
		{cosem.Electricity(81, 7, 4), "1-0:81.7.4", cosem.NoUnit, cosem.OtherKind},
		{cosem.Electricity(1, 6, 0), "1-0:1.6.0", cosem.NoUnit, cosem.OtherKind},
		{cosem.NewCode(129, 129, 199, 130, 3, 255), "129-129:199.130.3", cosem.NoUnit, cosem.OtherKind},
		{cosem.NewCode(1, 0, 96, 50, 1, 1), "1-0:96.50.1*1", cosem.NoUnit, cosem.OtherKind},
	} {
		if c.code.String() != c.text || c.code.Unit() != c.unit || c.code.Kind() != c.kind {
			t.Errorf("%s: %s in %v, kind %d", c.text, c.code, c.code.Unit(), c.code.Kind())
		}
	}
}

func TestAppendValue(t *testing.T) {
	for _, c := range []struct {
		n    int64
		exp  int8
		want string
	}{
		{2500, -1, "250.0"}, {0, -1, "0.0"}, {-120, -2, "-1.20"}, {5, -3, "0.005"}, {13024, 3, "13024000"}, {0, 3, "0"}, {-3, 1, "-30"},
		{math.MinInt64, 0, "-9223372036854775808"}, {math.MinInt64, -9, "-9223372036.854775808"},
	} {
		o := cosem.Object{Type: cosem.Number, Number: c.n, Exp: c.exp}
		if got := string(o.AppendValue(nil)); got != c.want {
			t.Errorf("%d * 10^%d is %s, want %s", c.n, c.exp, got, c.want)
		}
	}
}
