package dlms_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// notify puts a body into a data-notification without a time.
func notify(t testing.TB, body string) []byte { return octets(t, "0F 00 00 00 01 00"+body) }

// text is a message's objects, one a word: code=value unit.
func text(m *cosem.Message) string {
	var words []string
	for i := range m.Objects {
		o := &m.Objects[i]
		words = append(words, fmt.Sprintf("%s=%s%s", o.Code, o.AppendValue(nil), o.Unit))
	}
	return strings.Join(words, " ")
}

func TestPatterns(t *testing.T) {
	const power = "09 06 01 00 01 07 00 FF"
	for _, c := range []struct{ name, body, want string }{
		{"object with scale", "01 01 02 03" + power + "06 00 00 04 62 02 02 0F 00 16 1B", "1-0:1.7.0=1122W"},
		{"a scale of -1", "01 01 02 03 09 06 01 00 20 07 00 FF 12 09 04 02 02 0F FF 16 23", "1-0:32.7.0=230.8V"},
		{"a scale of 2", "01 01 02 03 09 06 01 00 01 08 00 FF 06 00 00 00 05 02 02 0F 02 16 1E", "1-0:1.8.0=500Wh"},
		{"a scale of 127", "01 02 02 03" + power + "06 00 00 04 62 02 02 0F 7F 16 1B 02 03 09 06 01 00 02 07 00 FF 06 00 00 00 01 02 02 0F 00 16 1B",
			"1-0:1.7.0= 1-0:2.7.0=1W"},
		{"object, scale unknown", "01 01 02 02" + power + "06 00 00 04 62", "1-0:1.7.0=1122W"},
		{"text", "01 01 02 02 09 06 00 00 60 01 00 FF 0A 06 31 32 33 00 00 20", "0-0:96.1.0=123"},
		{"time", "01 01 02 02 09 06 00 00 01 00 00 FF 09 0C 07 E6 02 15 01 11 25 1E FF 80 00 00", "0-0:1.0.0=2022-02-21T17:37:30"},
		{"descriptor without tags", "02 02 16 01 01 01 02 02 00 03 01 00 01 07 00 FF 02 06 00 00 07 A4", "1-0:1.7.0=1956W"},
		{"descriptor with tags", "01 01 02 04 12 00 03" + power + "0F 02 06 00 00 07 A4", "1-0:1.7.0=1956W"},
		{"descriptor in a structure", "01 01 02 02 02 03 12 00 03" + power + "0F 02 06 00 00 07 A4", "1-0:1.7.0=1956W"},
		{"descriptor with index", "01 01 02 05 12 00 03" + power + "0F 02 12 00 00 06 00 00 07 A4", "1-0:1.7.0=1956W"},
		{"descriptor with index in a structure", "01 01 02 02 02 04 12 00 03" + power + "0F 02 12 00 00 06 00 00 07 A4", "1-0:1.7.0=1956W"},
		{"descriptor with scale", "01 01 02 05 12 00 03" + power + "0F 02 06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"descriptor with index and scale", "01 01 02 06 12 00 03" + power + "0F 02 12 00 00 06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"descriptor in a structure, with scale", "01 01 02 03 02 03 12 00 03" + power + "0F 02 06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"descriptor with index in a structure, with scale", "01 01 02 03 02 04 12 00 03" + power + "0F 02 12 00 00 06 00 00 07 A4 02 02 0F 01 16 1B",
			"1-0:1.7.0=19560W"},
		{"descriptor without tags, with scale", "01 01 02 03 00 03 01 00 01 07 00 FF 02 06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"class, code, value, scale", "01 01 02 04 12 00 03" + power + "06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"scale in front", "01 01 02 03" + power + "02 02 0F 01 16 1B 06 00 00 07 A4", "1-0:1.7.0=19560W"},
		{"value and scale in one structure", "01 01 02 02" + power + "02 03 06 00 00 07 A4 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"value and scale in structures", "01 01 02 02" + power + "02 02 06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"scale without a structure", "01 01 02 04" + power + "06 00 00 07 A4 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"scale without a structure, flat", "02 04" + power + "06 00 00 07 A4 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"time in front", "01 01 02 04" + power + "09 0C 07 E6 02 15 01 11 25 1E FF 80 00 00 06 00 00 07 A4 02 02 0F 01 16 1B", "1-0:1.7.0=19560W"},
		{"time behind", "01 01 02 04" + power + "06 00 00 07 A4 02 02 0F 01 16 1B 19 07 E6 02 15 01 11 25 1E FF 80 00 00", "1-0:1.7.0=19560W"},
		{"an earlier billing period", "01 02 02 03 09 06 01 00 01 08 00 65 06 00 00 00 05 02 02 0F 03 16 1E 02 02" + power + "06 00 00 00 01",
			"1-0:1.8.0*101=5000Wh 1-0:1.7.0=1W"},
		{"a code without value", "02 03" + power + "09 06 01 00 02 07 00 FF 06 00 00 00 03", "1-0:2.7.0=3W"},
		{"a count that is too small", "02 02" + power + "06 00 00 00 03 09 06 01 00 02 07 00 FF 06 00 00 00 04", "1-0:1.7.0=3W"},
		{"zeros behind", "02 02" + power + "06 00 00 00 03 00 00 00", "1-0:1.7.0=3W"},
		{"flat, with scale", "02 03" + power + "06 00 00 04 62 02 02 0F 00 16 1B", "1-0:1.7.0=1122W"},
		{"flat", "02 02" + power + "06 00 00 04 62", "1-0:1.7.0=1122W"},
		{"flat, an absent value", "02 04" + power + "00 09 06 01 00 02 07 00 FF 06 00 00 00 03", "1-0:1.7.0= 1-0:2.7.0=3W"},
		{"an identifier of six octets", "01 01 02 02 09 06 00 00 60 01 01 FF 09 06 31 36 30 34 35 36", "0-0:96.1.1=160456"},
		{"exchanged tag", "01 01 02 03 06 09 01 00 1F 07 00 FF 10 00 F4 02 02 0F FE 16 21", "1-0:31.7.0=2.44A"},
		{"a negative power", "02 02" + power + "05 FF FF FF FE", "1-0:1.7.0=-2W"},
		{"more than 63 bits", "02 04 09 06 01 00 01 08 00 FF 15 FF FF FF FF FF FF FF FF 09 06 01 00 02 08 00 FF 15 00 00 00 00 00 00 00 01",
			"1-0:1.8.0= 1-0:2.8.0=1Wh"},
	} {
		var d dlms.Decoder
		m, err := d.Decode(notify(t, c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := text(m); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestFloat(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"17 43 66 8C CD", "230.55"}, {"18 40 6C D1 99 99 99 99 9A", "230.55"}, {"17 00 00 00 00", "0"}, {"17 C2 C8 00 00", "-100"},
		{"17 7F C0 00 00", ""}, {"17 7F 80 00 00", ""}, {"18 7F EF FF FF FF FF FF FF", ""}, {"18 00 00 00 00 00 00 00 01", ""},
	} {
		var d dlms.Decoder
		m, err := d.Decode(notify(t, "01 01 02 03 09 06 01 00 20 07 00 FF"+c.value+"02 02 0F 00 16 23"))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(m.Objects[0].AppendValue(nil)); got != c.want {
			t.Errorf("%s is %q, want %q", c.value, got, c.want)
		}
	}
}

// TestFloatWithoutScale: a float has its own.
func TestFloatWithoutScale(t *testing.T) {
	var d dlms.Decoder
	m, err := d.Decode(notify(t, "02 04 09 06 01 00 1F 07 00 FF 17 40 A0 00 00 09 06 01 00 01 08 00 FF 17 44 9A 52 2B"))
	if want := "1-0:31.7.0=5A 1-0:1.8.0=1234.5677Wh"; err != nil || text(m) != want {
		t.Errorf("%v, got %s, want %s", err, text(m), want)
	}
}

// TestScales reads lists that send no scale.
func TestScales(t *testing.T) {
	const values = "09 06 01 00 20 07 00 FF 12 09 04 09 06 01 00 1F 07 00 FF 12 01 0A 09 06 01 00 01 08 00 FF 06 00 00 00 64"
	named := func(name string) string { return fmt.Sprintf("02 07 0A %02X %X", len(name), name) + values }
	for _, c := range []struct {
		name, body, want string
		scale            cosem.EnergyScale
	}{
		{"Kaifa", named("KFM_001"), "1-0:32.7.0=230.8V 1-0:31.7.0=0.266A 1-0:1.8.0=100Wh", cosem.ScaleGiven},
		{"Kamstrup", named("Kamstrup_V0001"), "1-0:32.7.0=230.8V 1-0:31.7.0=2.66A 1-0:1.8.0=100Wh", cosem.ScalePresumed},
		{"no name", "02 06" + values, "1-0:32.7.0=230.8V 1-0:31.7.0=2.66A 1-0:1.8.0=100Wh", cosem.ScaleGiven},
		{"Kaifa in volts, and a phase that floats", "02 07 0A 07 4B464D5F303031 09 06 01 00 20 07 00 FF 12 00 E6 09 06 01 00 34 07 00 FF 12 00 2D 09 06 01 00 48 07 00 FF 12 00 00",
			"1-0:32.7.0=230V 1-0:52.7.0=4.5V 1-0:72.7.0=0.0V", cosem.ScaleGiven},
		{"volts whole, in tenths, in hundredths", "02 06 09 06 01 00 20 07 00 FF 12 00 E6 09 06 01 00 34 07 00 FF 12 09 04 09 06 01 00 48 07 00 FF 12 5A 28",
			"1-0:32.7.0=230V 1-0:52.7.0=230.8V 1-0:72.7.0=230.80V", cosem.ScaleGiven},
		{"Kamstrup in hundredths", "02 03 0A 08 4B 61 6D 73 74 72 75 70 09 06 01 01 20 07 00 FF 12 5A 6E", "1-1:32.7.0=231.50V", cosem.ScaleGiven},
		{"frequency", "02 04 09 06 01 00 0E 07 00 FF 12 13 88 09 06 01 00 0E 07 00 FF 12 01 F3", "1-0:14.7.0=50.00Hz 1-0:14.7.0=49.9Hz", cosem.ScaleGiven},
	} {
		var d dlms.Decoder
		m, err := d.Decode(notify(t, c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := text(m); got != c.want || m.EnergyScale != c.scale {
			t.Errorf("%s: scale %d\n got %s\nwant %s", c.name, m.EnergyScale, got, c.want)
		}
	}
}

// TestKamstrupCountry tells by the type whether the unit of the registers is
// known.
func TestKamstrupCountry(t *testing.T) {
	for _, c := range []struct {
		kind string
		want cosem.EnergyScale
	}{
		{"6841121BN243101040", cosem.ScalePresumed}, {"6841138BN243101010", cosem.ScalePresumed},
		{"6841131BN245101092", cosem.ScaleUndecided}, {"6841138BN245101090", cosem.ScaleUndecided}, {"000000000000000000", cosem.ScaleUndecided},
	} {
		var d dlms.Decoder
		m, err := d.Decode(notify(t, fmt.Sprintf("02 05 0A 0E %X 09 06 01 01 60 01 01 FF 0A 12 %X 09 06 01 01 01 08 00 FF 06 00 00 00 64",
			"Kamstrup_V0001", c.kind)))
		if err != nil || m.EnergyScale != c.want {
			t.Errorf("%s: %v, %v, want %v", c.kind, m, err, c.want)
		}
	}
}

// TestPositions reads every row of the table of lists, with values that count
// up, and takes a value away, which no row may read.
func TestPositions(t *testing.T) {
	u16, u32 := func(n int) string { return fmt.Sprintf("12 %04X", n) }, func(n int) string { return fmt.Sprintf("06 %08X", n) }
	str := func(s string) string { return fmt.Sprintf("09 %02X %X", len(s), s) }
	const stamp, clock, date = "09 0C 07 E6 02 15 01 11 25 1E FF 80 00 00", "09 04 11 25 1E 00", "09 05 07 E6 02 15 01"
	many := func(write func(int) string, from, to int) (s []string) {
		for i := from; i <= to; i++ {
			s = append(s, write(i))
		}
		return s
	}
	join := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	kaifa, isk := []string{str("KFM_001"), str("70"), str("MA304H3E")}, []string{str("ISK1030700000017"), str("16820005")}
	empty := []string{"01 01 11 01"}
	for _, c := range []struct {
		name   string
		values []string
		id     string
		want   string
	}{
		{"Kaifa 1", many(u32, 7, 7), "", "1-0:1.7.0=7W"},
		{"Kaifa 9", join(kaifa, many(u32, 1, 6)), "70", "1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var 1-0:31.7.0=0.005A 1-0:32.7.0=0.6V"},
		{"Kaifa 13", join(kaifa, many(u32, 1, 10)), "70", "1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var " +
			"1-0:31.7.0=0.005A 1-0:51.7.0=0.006A 1-0:71.7.0=0.007A 1-0:32.7.0=0.8V 1-0:52.7.0=0.9V 1-0:72.7.0=1.0V"},
		{"Kaifa 14", join(kaifa, many(u32, 1, 6), []string{stamp}, many(u32, 7, 10)), "70", "1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var " +
			"1-0:31.7.0=0.005A 1-0:32.7.0=0.6V 1-0:1.8.0=7Wh 1-0:2.8.0=8Wh 1-0:3.8.0=9varh 1-0:4.8.0=10varh"},
		{"Kaifa 18", join(kaifa, many(u32, 1, 10), []string{stamp, "15 00 00 00 00 00 00 00 0B"}, many(u32, 12, 14)), "70",
			"1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var 1-0:31.7.0=0.005A 1-0:51.7.0=0.006A 1-0:71.7.0=0.007A " +
				"1-0:32.7.0=0.8V 1-0:52.7.0=0.9V 1-0:72.7.0=1.0V 1-0:1.8.0=11Wh 1-0:2.8.0=12Wh 1-0:3.8.0=13varh 1-0:4.8.0=14varh"},
		{"Iskra 18", join(isk, many(u32, 1, 4), many(u16, 5, 10), many(u32, 11, 16)), "ISK1030700000017",
			"1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var 1-0:32.7.0=0.5V 1-0:52.7.0=0.6V 1-0:72.7.0=0.7V " +
				"1-0:31.7.0=0.08A 1-0:51.7.0=0.09A 1-0:71.7.0=0.10A 1-0:21.7.0=11W 1-0:41.7.0=12W 1-0:61.7.0=13W 1-0:22.7.0=14W 1-0:42.7.0=15W 1-0:62.7.0=16W"},
		{"Iskra 12, power", join(isk, many(u16, 1, 6), many(u32, 7, 10)), "ISK1030700000017", "1-0:32.7.0=0.1V 1-0:52.7.0=0.2V 1-0:72.7.0=0.3V " +
			"1-0:31.7.0=0.04A 1-0:51.7.0=0.05A 1-0:71.7.0=0.06A 1-0:1.7.0=7W 1-0:2.7.0=8W 1-0:3.7.0=9var 1-0:4.7.0=10var"},
		{"Iskra 12, energy", join(isk, []string{"09 01 01", "09 02 00 02"}, many(u32, 1, 8)), "ISK1030700000017", "1-0:1.8.0=1Wh 1-0:1.8.1=2Wh " +
			"1-0:1.8.2=3Wh 1-0:2.8.0=4Wh 1-0:2.8.1=5Wh 1-0:2.8.2=6Wh 1-0:3.8.0=7varh 1-0:4.8.0=8varh"},
		{"Iskra 10", join(isk, many(u32, 1, 4), many(u16, 5, 6), many(u32, 7, 8)), "ISK1030700000017",
			"1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var 1-0:32.7.0=0.5V 1-0:31.7.0=0.06A 1-0:21.7.0=7W 1-0:22.7.0=8W"},
		{"Iskra 9, power", join(isk, many(u32, 1, 4), many(u16, 5, 5), many(u32, 6, 7)), "ISK1030700000017",
			"1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:3.7.0=3var 1-0:4.7.0=4var 1-0:32.7.0=0.5V"},
		{"Iskra 9, energy", join(isk[:1], many(u32, 1, 8)), "ISK1030700000017", "1-0:1.7.0=1W 1-0:2.7.0=2W 1-0:1.8.0=3Wh 1-0:1.8.1=4Wh " +
			"1-0:1.8.2=5Wh 1-0:2.8.0=6Wh 1-0:2.8.1=7Wh 1-0:2.8.2=8Wh"},
		{"Iskra 10, energy", join(isk, many(u32, 1, 8)), "ISK1030700000017", "1-0:1.8.1=1Wh 1-0:1.8.2=2Wh 1-0:2.8.1=3Wh 1-0:2.8.2=4Wh " +
			"1-0:3.8.1=5varh 1-0:3.8.2=6varh 1-0:4.8.1=7varh 1-0:4.8.2=8varh"},
		{"Iskra 8", join(isk, many(u16, 1, 2), many(u32, 3, 6)), "ISK1030700000017",
			"1-0:32.7.0=0.1V 1-0:31.7.0=0.02A 1-0:1.7.0=3W 1-0:2.7.0=4W 1-0:3.7.0=5var 1-0:4.7.0=6var"},
		{"Iskra 28", join([]string{str("92000041"), clock, date}, many(u32, 1, 14), many(u16, 15, 20), []string{u32(0)}, empty, empty, empty, []string{"12 00 00"}),
			"92000041", "1-0:1.8.0=1Wh 1-0:1.8.1=2Wh 1-0:1.8.2=3Wh 1-0:2.8.0=4Wh 1-0:2.8.1=5Wh 1-0:2.8.2=6Wh 1-0:1.7.0=7W 1-0:2.7.0=8W " +
				"1-0:21.7.0=9W 1-0:41.7.0=10W 1-0:61.7.0=11W 1-0:22.7.0=12W 1-0:42.7.0=13W 1-0:62.7.0=14W " +
				"1-0:32.7.0=1.5V 1-0:52.7.0=1.6V 1-0:72.7.0=1.7V 1-0:31.7.0=0.18A 1-0:51.7.0=0.19A 1-0:71.7.0=0.20A"},
		{"Iskra 15", join(many(u32, 1, 6), []string{"09 00", stamp}, many(u32, 7, 8), many(u16, 9, 13)), "", "1-0:1.8.0=1Wh 1-0:1.8.1=2Wh 1-0:1.8.2=3Wh " +
			"1-0:2.8.0=4Wh 1-0:2.8.1=5Wh 1-0:2.8.2=6Wh 1-0:2.7.0=7W 1-0:1.7.0=8W 1-0:31.7.0=0.09A 1-0:51.7.0=0.10A 1-0:71.7.0=0.11A 1-0:32.7.0=1.2V 1-0:72.7.0=1.3V"},
		{"Iskra 4", []string{str("00000033"), "11 00", u32(1), u32(2)}, "00000033", "1-0:1.8.0=1Wh 1-0:2.8.0=2Wh"},
		{"Iskra IE.5", join([]string{str("92000041"), clock, date}, many(u32, 1, 19), many(u16, 20, 25), []string{u32(0)}, empty, empty, empty, []string{"12 00 00"}),
			"92000041", "1-0:1.8.0=1Wh 1-0:1.8.1=2Wh 1-0:1.8.2=3Wh 1-0:2.8.0=4Wh 1-0:2.8.1=5Wh 1-0:2.8.2=6Wh 1-0:5.8.0=7varh 1-0:6.8.0=8varh " +
				"1-0:7.8.0=9varh 1-0:8.8.0=10varh 1-0:1.7.0=11W 1-0:2.7.0=12W 1-0:13.7.0=0.013 1-0:21.7.0=14W 1-0:41.7.0=15W 1-0:61.7.0=16W " +
				"1-0:22.7.0=17W 1-0:42.7.0=18W 1-0:62.7.0=19W 1-0:32.7.0=2.0V 1-0:52.7.0=2.1V 1-0:72.7.0=2.2V 1-0:31.7.0=0.23A 1-0:51.7.0=0.24A 1-0:71.7.0=0.25A"},
		{"Kärnten 12", join([]string{"09 06 00 06 19 09 00 FF", str("1121300000042"), clock, date}, many(u32, 1, 6), []string{"09 00", "09 00"}), "1121300000042",
			"1-0:1.8.0=1Wh 1-0:2.8.0=2Wh 1-0:3.8.0=3varh 1-0:4.8.0=4varh 1-0:1.7.0=5W 1-0:2.7.0=6W"},
		{"Wiener Netze 9", join([]string{stamp}, many(u32, 1, 8)), "",
			"1-0:1.8.0=1Wh 1-0:2.8.0=2Wh 1-0:3.8.0=3varh 1-0:4.8.0=4varh 1-0:1.7.0=5W 1-0:2.7.0=6W 1-0:3.7.0=7var 1-0:4.7.0=8var"},
		{"Burgenland 14", join(many(u16, 1, 6), many(u32, 7, 10), many(u16, 11, 13), []string{str("30100041")}), "30100041",
			"1-0:32.7.0=1V 1-0:52.7.0=2V 1-0:72.7.0=3V 1-0:31.7.0=0.04A 1-0:51.7.0=0.05A 1-0:71.7.0=0.06A 1-0:1.7.0=7W 1-0:2.7.0=8W 1-0:1.8.0=9Wh 1-0:2.8.0=10Wh"},
	} {
		body := func(values []string) string { return fmt.Sprintf("02 %02X", len(values)) + strings.Join(values, "") }
		var d dlms.Decoder
		m, err := d.Decode(notify(t, body(c.values)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if m.Layout != c.name || string(m.ID) != c.id {
			t.Errorf("%s: read as %s of meter %q, want %q", c.name, m.Layout, m.ID, c.id)
		}
		if diff := cmp.Diff(strings.Fields(c.want), strings.Fields(text(m))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
		if strings.Contains(c.name, "IE.5") || strings.Contains(c.name, "Kärnten") || strings.Contains(c.name, "Wien") {
			if got := m.Clock.String(); got != "2022-02-21T17:37:30" {
				t.Errorf("%s: the time is %s", c.name, got)
			}
		}
		if m, err := d.Decode(notify(t, "01 01"+body(c.values))); err != nil || m.Layout != c.name {
			t.Errorf("%s, in a list of one: %v", c.name, err)
		}
		if m, err := d.Decode(notify(t, body(c.values[:len(c.values)-1]))); err == nil && m.Layout == c.name {
			t.Errorf("%s: read without its last value", c.name)
		}
	}
}

func TestPushList(t *testing.T) {
	entry := func(class int, code string, attribute int) string {
		return fmt.Sprintf("02 04 12 %04X 09 06 %s 0F %02X 12 00 00", class, code, attribute)
	}
	self, power, register := entry(40, "00 08 19 09 00 FF", 2), entry(3, "01 00 01 07 00 FF", 2), entry(3, "01 01 01 08 00 FF", 2)
	scale := entry(3, "01 01 01 08 00 FF", 3)
	for _, c := range []struct {
		name, body, want string
		err              error
	}{
		{"the list is its own first value", "02 03 01 03" + self + power + register + "06 00 00 00 1B 06 00 00 3B 67", "1-0:1.7.0=27W 1-1:1.8.0=15207Wh", nil},
		{"the list is none of its values", "02 03 01 02" + power + register + "06 00 00 00 1B 06 00 00 3B 67", "1-0:1.7.0=27W 1-1:1.8.0=15207Wh", nil},
		{"a scale of its own", "02 04 01 04" + self + power + register + scale + "06 00 00 00 1B 06 00 00 3B 67 02 02 0F 01 16 1E",
			"1-0:1.7.0=27W 1-1:1.8.0=152070Wh", nil},
		{"the list is its own last value", "02 03 06 00 00 00 1B 06 00 00 3B 67 01 03" + power + register + self, "1-0:1.7.0=27W 1-1:1.8.0=15207Wh", nil},
		{"values in a structure", "02 02 01 02" + power + register + "02 02 06 00 00 00 1B 06 00 00 3B 67", "1-0:1.7.0=27W 1-1:1.8.0=15207Wh", nil},
		{"values in a structure, without the list", "02 02 01 03" + power + self + register + "02 02 06 00 00 00 1B 06 00 00 3B 67",
			"1-0:1.7.0=27W 1-1:1.8.0=15207Wh", nil},
		{"a name in front", "02 04 0A 03 41 42 43 01 02" + power + register + "06 00 00 00 1B 06 00 00 3B 67", "1-0:1.7.0=27W 1-1:1.8.0=15207Wh", nil},
		{"an earlier billing period", "02 04 01 03" + power + entry(3, "01 00 01 08 00 01", 2) + register + "06 00 00 00 1B 06 00 00 00 05 06 00 00 3B 67",
			"1-0:1.7.0=27W 1-0:1.8.0*1=5Wh 1-1:1.8.0=15207Wh", nil},
		{"a value too few", "02 02 01 03" + self + power + register + "06 00 00 00 1B", "", dlms.ErrLayout},
		{"a value too many, without the list", "02 05 01 02" + power + register + "06 00 00 00 1B 06 00 00 3B 67 11 00 11 00", "", dlms.ErrLayout},
		{"a value too many", "02 04 01 03" + self + power + register + "06 00 00 00 1B 06 00 00 3B 67 11 00", "", dlms.ErrLayout},
	} {
		var d dlms.Decoder
		m, err := d.Decode(notify(t, c.body))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
			continue
		}
		if err == nil && text(m) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, text(m), c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := "01 01 02 03 09 06 01 00 01 07 00 FF 06 00 00 04 62 02 02 0F 00 16 1B"
	for _, c := range []struct {
		name string
		apdu []byte
		want error
	}{
		{"nothing", nil, axdr.ErrShort},
		{"the header of HDLC alone", octets(t, "E6 E7 00"), axdr.ErrShort},
		{"encrypted", octets(t, "DB 08 00"), dlms.ErrKind{Tag: 0xDB}},
		{"another kind", octets(t, "C4 01"), dlms.ErrKind{Tag: 0xC4}},
		{"a list that is cut", notify(t, whole[:len(whole)-3]), axdr.ErrShort},
		{"a count that lies", notify(t, "01 02"+whole[5:]), axdr.ErrShort},
		{"no object", notify(t, "02 02 11 01 11 02"), dlms.ErrLayout},
		{"a list without codes of an unknown maker", notify(t, "02 09 09 03 41 42 43"+strings.Repeat("06 00 00 00 01", 8)), dlms.ErrLayout},
	} {
		var d dlms.Decoder
		if m, err := d.Decode(c.apdu); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, m, err, c.want)
		}
	}
}

func TestTimestamp(t *testing.T) {
	for _, c := range []struct{ name, octets, want, flag string }{
		{"summer time", "07 E7 04 01 06 15 20 23 00 FF 88 80", "2023-04-01T21:32:35", "S"},
		{"standard time with its deviation", "07 E7 01 01 06 15 20 23 00 FF C4 00", "2023-01-01T21:32:35", "W"},
		{"nothing known", "07 E7 04 01 06 15 20 23 FF 80 00 FF", "2023-04-01T21:32:35", ""},
		{"no deviation", "07 E7 04 01 06 15 20 23 FF 80 00 00", "2023-04-01T21:32:35", ""},
		{"no second", "07 E7 04 01 06 15 20 FF FF 80 00 00", "2023-04-01T21:32:00", ""},
		{"no hour", "07 E7 04 01 06 FF FF FF FF 80 00 00", "", ""},
		{"no year", "FF FF 04 01 06 15 20 23 FF 80 00 00", "", ""},
		{"a month that is none", "07 E7 0D 01 06 15 20 23 FF 80 00 00", "", ""},
		{"too short", "07 E7 04", "", ""},
	} {
		got := dlms.Timestamp(octets(t, c.octets))
		summer, known := got.Summer()
		flag := map[[2]bool]string{{true, true}: "S", {false, true}: "W"}[[2]bool{summer, known}]
		if got.String() != c.want || flag != c.flag {
			t.Errorf("%s: %s %s, want %s %s", c.name, got, flag, c.want, c.flag)
		}
	}
}

// FuzzDecode checks that no message panics, and that no object has a scale
// beyond its bounds.
func FuzzDecode(f *testing.F) {
	at := time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)
	for p := range simulate.NumPushes {
		message := simulate.NewPush(p, simulate.Options{Seed: 1}).Message(at)
		if i := bytes.IndexByte(message, 0x0F); i >= 0 {
			f.Add(message[i:])
		}
	}
	var d dlms.Decoder
	f.Fuzz(func(t *testing.T, apdu []byte) {
		m, err := d.Decode(apdu)
		if err != nil {
			return
		}
		for i := range m.Objects {
			o := &m.Objects[i]
			if o.Exp < -2*cosem.MaxExp || o.Exp > cosem.MaxExp {
				t.Fatalf("%s has a scale of %d", o.Code, o.Exp)
			}
			o.AppendValue(nil)
			o.Value()
		}
	})
}
