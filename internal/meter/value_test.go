package meter_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestParseValue(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"002000.123", "2000.123"}, {"00.000", "0"}, {"002", "2"}, {"-00.024", "-0.024"}, {"-1.000", "-1"},
		{"00032549.5061662", "32549.5061662"}, {"1.500", "1.5"}, {"100", "100"}, {"0.1", "0.1"}, {"-0.000", "0"},
		{"000000000000000000000000001", "1"}, {"123456789012345678", "123456789012345678"},
	} {
		v, err := meter.ParseValue(test.in)
		if err != nil || v.String() != test.want {
			t.Errorf("%q: got %s, %v, want %s", test.in, v, err, test.want)
		}
	}
	for _, in := range []string{"", "-", ".", "1.", ".1", "-.1", "1.2.3", "1,5", "1e3", " 1", "+1", "1234567890123456789", "0.1234567890123", "--1"} {
		if v, err := meter.ParseValue(in); !errors.Is(err, meter.ErrNumber) {
			t.Errorf("%q: got %s, %v, want %v", in, v, err, meter.ErrNumber)
		}
	}
}

func TestArithmetic(t *testing.T) {
	value := func(text string) meter.Value {
		v, err := meter.ParseValue(text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	// In floats this prints 7753.468000000001.
	if got, want := value("4512.345").Add(value("3241.123")).String(), "7753.468"; got != want {
		t.Errorf("sum: got %s, want %s", got, want)
	}
	for _, test := range []struct {
		got  meter.Value
		want string
	}{
		{meter.NewValue(math.MaxInt64, 0).Add(value("1")), "9223372036854775807"},
		{meter.NewValue(math.MinInt64, 0).Add(value("-1")), "-9223372036854775808"},
		{meter.NewValue(math.MaxInt64, 0).Sub(value("-1")), "9223372036854775807"},
		{value("1.5").Sub(value("2.25")), "-0.75"},
		{value("0.329").Shift(3), "329"},
		{value("12").Shift(3), "12000"},
		{value("326641").Shift(-3), "326.641"},
		{value("123456789012345678").Shift(3), "9223372036854775807"},
		{value("-123456789012345678").Shift(3), "-9223372036854775808"},
		{value("1").Shift(-14), "0"},
	} {
		if test.got.String() != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
	for _, test := range []struct {
		a, b string
		want int
	}{{"1.10", "1.1", 0}, {"1.1", "1.01", 1}, {"-1", "0", -1}, {"123456789012345678", "0.000000000001", 1}} {
		if got := value(test.a).Cmp(value(test.b)); got != test.want {
			t.Errorf("%s against %s: got %d, want %d", test.a, test.b, got, test.want)
		}
		if got := value(test.b).Cmp(value(test.a)); got != -test.want {
			t.Errorf("%s against %s: got %d, want %d", test.b, test.a, got, -test.want)
		}
	}
	if v := value("-12.9"); v.Int() != -12 || v.Sign() != -1 || v.Float64() != -12.9 {
		t.Errorf("got %d, %d, %v", v.Int(), v.Sign(), v.Float64())
	}
}

func TestMulDiv(t *testing.T) {
	for _, test := range []struct {
		v        meter.Value
		num, den int64
		want     string
	}{
		{meter.NewValue(500, 3), 3600, 3600, "0.5"},
		{meter.NewValue(1, 3), 3600, 300, "0.012"},
		{meter.NewValue(2, 0), 1, 3, "0.667"},
		{meter.NewValue(-2, 0), 1, 3, "-0.667"},
		{meter.NewValue(123456789, 8), 1, 1, "1.235"},
	} {
		if got, ok := test.v.MulDiv(test.num, test.den, 3); !ok || got.String() != test.want {
			t.Errorf("%s*%d/%d: got %s, %v, want %s", test.v, test.num, test.den, got, ok, test.want)
		}
	}
	if got, ok := meter.NewValue(math.MaxInt64, 0).MulDiv(math.MaxInt64, 1, 3); ok {
		t.Errorf("beyond 64 bits: got %s", got)
	}
}

// FuzzValue compares with exact arithmetic.
func FuzzValue(f *testing.F) {
	f.Add(int64(4512345), uint8(3), int64(3241123), uint8(3))
	f.Add(int64(-1), uint8(0), int64(7), uint8(12))
	f.Fuzz(func(t *testing.T, n int64, scale uint8, m int64, other uint8) {
		// What a meter prints: eighteen digits at most.
		n, m, scale, other = n%1e9, m%1e9, scale%7, other%7
		a, b := meter.NewValue(n, scale), meter.NewValue(m, other)
		exact := new(big.Rat).Add(rat(t, a), rat(t, b))
		if got := rat(t, a.Add(b)); got.Cmp(exact) != 0 {
			t.Errorf("%s + %s: got %s, want %s", a, b, got, exact)
		}
		if got, want := a.Cmp(b), rat(t, a).Cmp(rat(t, b)); got != want {
			t.Errorf("%s against %s: got %d, want %d", a, b, got, want)
		}
		back, err := meter.ParseValue(a.String())
		if err != nil || back.Cmp(a) != 0 {
			t.Errorf("%s: read back as %s, %v", a, back, err)
		}
	})
}

func rat(t *testing.T, v meter.Value) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(v.String())
	if !ok {
		t.Fatalf("%q is no number", v)
	}
	return r
}

func TestParseUnit(t *testing.T) {
	for _, test := range []struct {
		text  string
		unit  meter.Unit
		shift int
		ok    bool
	}{
		{"kWh", meter.KilowattHour, 0, true}, {"KWH", meter.KilowattHour, 0, true}, {"Wh", meter.KilowattHour, -3, true},
		{"kVArh", meter.KilovarHour, 0, true}, {"m3", meter.CubicMetre, 0, true}, {"dm3", meter.CubicMetre, -3, true},
		{"mA", meter.Ampere, -3, true}, {"MW", meter.Kilowatt, 3, true}, {"GJ", meter.Gigajoule, 0, true},
		{"", meter.UnitNone, 0, false}, {"kX", meter.UnitNone, 0, false}, {"M\x13", meter.UnitNone, 0, false},
	} {
		unit, shift, ok := meter.ParseUnit(test.text)
		if unit != test.unit || shift != test.shift || ok != test.ok {
			t.Errorf("%q: got %v, %d, %v", test.text, unit, shift, ok)
		}
	}
}

func TestValueJSON(t *testing.T) {
	for _, test := range []struct {
		in       string
		decimals int
	}{{"2000.123", 3}, {"0", 0}, {"-1.25", 2}, {"123456789012345678", 0}} {
		var v meter.Value
		if err := json.Unmarshal([]byte(test.in), &v); err != nil {
			t.Errorf("%s: %v", test.in, err)
		}
		if got, err := json.Marshal(v); err != nil || string(got) != test.in || v.Decimals() != test.decimals {
			t.Errorf("got %s with %d decimals, %v, want %s with %d", got, v.Decimals(), err, test.in, test.decimals)
		}
	}
	for _, in := range []string{`"1"`, `1e3`, `null`, `{}`} {
		if err := json.Unmarshal([]byte(in), new(meter.Value)); !errors.Is(err, meter.ErrNumber) {
			t.Errorf("%s: got %v, want %v", in, err, meter.ErrNumber)
		}
	}
}
