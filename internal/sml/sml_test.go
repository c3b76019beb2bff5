package sml_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/sml"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

const (
	emh   = "0B 0A 01 45 4D 48 00 00 A1 BD 34"
	dzg   = "0B 0A 01 44 5A 47 00 02 80 DE BA" // 42000058
	newer = "0B 0A 01 44 5A 47 00 03 93 87 21" // 60000033
	none  = "01"
)

// response is a GetListResponse with a server id, a sensor time and entries.
func response(id, sensor string, entries ...string) string {
	return "76 05 01 02 03 04 62 00 62 00 72 63 07 01 77 01" + id + "01" + sensor + fmt.Sprintf("F%X 0%X", len(entries)>>4, len(entries)&15) +
		strings.Join(entries, "") + "01 01 63 00 00 00"
}

func entry(code, status, unit, scaler, value string) string {
	return "77 07" + code + status + "01" + unit + scaler + value + "01"
}

const (
	imports = "01 00 01 08 00 FF"
	exports = "01 00 02 08 00 FF"
	power   = "01 00 10 07 00 FF"
	wh, w   = "62 1E", "62 1B"
)

func text(m *cosem.Message) string {
	var words []string
	for i := range m.Objects {
		o := &m.Objects[i]
		words = append(words, fmt.Sprintf("%s=%s%s", o.Code, o.AppendValue(nil), o.Unit))
	}
	return strings.Join(words, " ")
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, payload, want string }{
		{"one octet", response(emh, none, entry(power, none, w, "52 00", "52 F0")), "1-0:16.7.0=-16W"},
		{"three octets", response(emh, none, entry(power, none, w, "52 FE", "54 FE CB FD")), "1-0:16.7.0=-788.51W"},
		{"five octets", response(emh, none, entry(power, none, w, "52 FF", "56 FF FF FF FF 00")), "1-0:16.7.0=-25.6W"},
		{"seven octets", response(emh, none, entry(imports, none, wh, "52 FF", "68 00 00 01 33 CC CA 00")), "1-0:1.8.0=516402636.8Wh"},
		{"eight octets", response(emh, none, entry(imports, none, wh, "52 FF", "69 00 00 00 00 00 00 00 0A")), "1-0:1.8.0=1.0Wh"},
		{"more than 63 bits", response(emh, none, entry(imports, none, wh, "52 FF", "69 FF FF FF FF FF FF FF FF")), ""},
		{"no scaler and no unit", response(emh, none, entry(power, none, none, none, "55 00 00 00 2A")), "1-0:16.7.0=42W"},
		{"whole kilowatt-hours", response(emh, none, entry(imports, none, wh, "52 03", "62 0D")), "1-0:1.8.0=13000Wh"},
		{"a scaler of 127", response(emh, none, entry(imports, none, wh, "52 7F", "62 0D"), entry(power, none, w, "52 00", "52 01")), "1-0:16.7.0=1W"},
		{"an absent value", response(emh, none, entry(imports, none, wh, "52 03", none)), "1-0:1.8.0="},
		{"a boolean", response(emh, none, entry("01 00 60 05 05 FF", none, none, none, "42 01")), "1-0:96.5.5=1"},
		{"a list as value", response(emh, none, entry(imports, none, none, none, "72 62 01 62 02"), entry(power, none, w, "52 00", "52 01")),
			"1-0:1.8.0= 1-0:16.7.0=1W"},
		{"server id and maker", response(emh, none, entry("01 00 60 32 01 01", none, none, none, "04 45 4D 48"), entry("01 00 60 01 00 FF", none, none, none, emh)),
			"1-0:96.50.1*1=EMH 1-0:96.1.0=1EMH0010599732"},
		{"public key", response(emh, none, entry("81 81 C7 82 05 FF", none, none, none, "05 01 02 03 04")), ""},
		{"signature", response(emh, none, entry("01 00 61 61 00 FF", none, none, none, "83 02"+strings.Repeat("41", 48))), ""},
		{"octets", response(emh, none, entry("01 00 60 05 00 FF", none, none, none, "03 82 01")), "1-0:96.5.0=8201"},
		{"no code", response(emh, none, "77 05 01 00 10 07 01 01 62 1B 52 00 52 01 01"), ""},
		{"seconds since the start", response(emh, "72 62 01 65 00 12 D6 87", entry(power, none, w, "52 00", "52 01")), "1-0:16.7.0=1W"},
		{"seconds alone", response(emh, "65 00 2F EC F7", entry(power, none, w, "52 00", "52 01")), "1-0:16.7.0=1W"},
		{"twenty entries", response(emh, none, strings.Split(strings.Repeat(entry(power, none, w, "52 00", "52 01")+"|", 19)+entry(power, none, w, "52 00", "52 01"), "|")...),
			strings.TrimSpace(strings.Repeat("1-0:16.7.0=1W ", 20))},
		{"fill octets, and another message", "00 00" + response(emh, none, entry(power, none, w, "52 00", "52 01")) +
			"76 05 01 02 03 05 62 00 62 00 72 63 02 01 71 01 63 00 00 00 00 00", "1-0:16.7.0=1W"},
		{"damage behind the list", response(emh, none, entry(power, none, w, "52 00", "52 01")) + "76 05 01", "1-0:16.7.0=1W"},
		{"an escape in the data", response(emh, none, entry("01 00 60 05 00 FF", none, none, none, "06 1B 1B 1B 1B 1B 1B 1B 1B 01")), "1-0:96.5.0=1B1B1B1B01"},
	} {
		var d sml.Decoder
		m, err := d.Decode(octets(t, c.payload))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := text(m); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := response(emh, none, entry(power, none, w, "52 00", "52 01"))
	for _, c := range []struct {
		name, payload string
		want          error
	}{
		{"nothing", "", sml.ErrNoList},
		{"no list", "76 05 01 02 03 05 62 00 62 00 72 63 02 01 71 01 63 00 00 00", sml.ErrNoList},
		{"cut", whole[:61], sml.ErrShort},
		{"a length that lies", strings.Replace(whole, "0B 0A", "0F 0A", 1), sml.ErrType},
		{"more entries than there are", strings.Replace(whole, "F0 01", "F0 09", 1), sml.ErrType},
		{"a length without end", "76" + strings.Repeat("8F", 40), sml.ErrType},
		{"a type that is none", "76 22 01", sml.ErrType},
		{"nested", "76 " + strings.Repeat("71", 50), sml.ErrNested},
		{"an integer of nine octets", response(emh, none, entry(power, none, w, "52 00", "5A 00 00 00 00 00 00 00 00 01")), sml.ErrType},
	} {
		var d sml.Decoder
		if m, err := d.Decode(octets(t, c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, m, err, c.want)
		}
	}
}

func TestServerID(t *testing.T) {
	for _, c := range []struct{ id, want, maker string }{
		{emh, "1EMH0010599732", "EMH"},
		{"0B 09 01 49 53 4B 00 03 FE 56 D1", "1ISK0067000017", "ISK"},
		{"0B 0A 01 45 53 59 11 03 B2 0B CA", "1ESY1162000074", "ESY"},
		{"0B 0A 01 48 4C 59 02 00 00 00 07", "1HLY0200000007", "HLY"},
		{"0B 06 45 4D 48 01 02 71 53 78 1E", "06454D4801027153781E", ""},
		{"05 01 02 03 04", "01020304", ""},
		{none, "", ""},
	} {
		var d sml.Decoder
		m, err := d.Decode(octets(t, response(c.id, none, entry(power, none, w, "52 00", "52 01"))))
		if err != nil || string(m.ID) != c.want || m.Maker != c.maker {
			t.Errorf("%s: %q of %q, %v, want %q of %q", c.id, m.ID, m.Maker, err, c.want, c.maker)
		}
	}
}

// TestDZG reads powers of meters that forget the sign's octet.
func TestDZG(t *testing.T) {
	const taking, giving = "65 00 1C 01 04", "65 00 1C 09 04"
	for _, c := range []struct{ name, id, status, value, want string }{
		{"unsigned in a signed type", dzg, taking, "53 8B 28", "356.24"},
		{"one octet", dzg, taking, "52 FF", "2.55"},
		{"three octets", dzg, taking, "54 80 00 00", "83886.08"},
		{"four octets have room for the sign", dzg, taking, "55 FF FF 8B 28", "-299.12"},
		{"delivering", dzg, giving, "53 8B 28", "-299.12"},
		{"no status", dzg, none, "53 8B 28", "-299.12"},
		{"a newer meter", newer, taking, "53 8B 28", "-299.12"},
		{"another maker", emh, taking, "53 8B 28", "-299.12"},
	} {
		var d sml.Decoder
		m, err := d.Decode(octets(t, response(c.id, none, entry(imports, c.status, wh, "52 FF", "62 01"), entry(power, none, w, "52 FE", c.value))))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(m.Objects[1].AppendValue(nil)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLocalTime(t *testing.T) {
	for _, c := range []struct{ sensor, want string }{
		{"72 62 03 73 65 64 9D 0D 80 53 00 3C 53 00 3C", "2023-06-29T06:50:08"},
		{"72 62 02 65 64 9D 0D 80", ""},
		{"72 62 03 73 65 64 9D 0D 80 53 7F FF 53 00 3C", ""},
		{none, ""},
	} {
		var d sml.Decoder
		m, err := d.Decode(octets(t, response(emh, c.sensor, entry(power, none, w, "52 00", "52 01"))))
		if err != nil || m.Clock.String() != c.want {
			t.Errorf("%s: %v, %v, want %s", c.sensor, m.Clock, err, c.want)
		}
	}
}

func TestLocked(t *testing.T) {
	register := func(code, value string) string { return entry(code, none, wh, "52 FF", value) }
	for _, c := range []struct {
		name    string
		entries []string
		want    bool
	}{
		{"whole kWh and no power", []string{register(imports, "65 00 0F 42 40"), register(exports, "62 00")}, true},
		{"tenths of Wh", []string{register(imports, "65 00 0F 42 41")}, false},
		{"power", []string{register(imports, "65 00 0F 42 40"), entry(power, none, w, "52 00", "52 01")}, false},
		{"nothing was ever counted", []string{register(imports, "62 00")}, false},
		{"no register", nil, false},
	} {
		var d sml.Decoder
		m, err := d.Decode(octets(t, response(emh, none, c.entries...)))
		if err != nil || sml.Locked(m) != c.want {
			t.Errorf("%s: locked is %v, %v", c.name, sml.Locked(m), err)
		}
	}
}

// FuzzDecode checks that no payload panics, that no object has a scale beyond
// its bounds, and that no long octet string leaves.
func FuzzDecode(f *testing.F) {
	at := time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)
	for _, p := range []simulate.Push{simulate.SML, simulate.SMLLocked} {
		message := simulate.NewPush(p, simulate.Options{Seed: 1}).Message(at)
		f.Add(bytes.TrimSuffix(message[8:], message[len(message)-8:]))
	}
	f.Add(octets(f, response(emh, "72 62 03 73 65 64 9D 0D 80 53 00 3C 53 00 3C", entry(power, none, w, "52 FE", "54 FE CB FD"))))
	var d sml.Decoder
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := d.Decode(payload)
		if err != nil {
			return
		}
		for i := range m.Objects {
			o := &m.Objects[i]
			if o.Exp < -cosem.MaxExp || o.Exp > cosem.MaxExp || o.Type == cosem.Octets && len(o.Text) > 32 {
				t.Fatalf("%+v", o)
			}
			o.AppendValue(nil)
			o.Value()
		}
		sml.Locked(m)
	})
}
