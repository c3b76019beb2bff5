package axdr_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWalk(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []axdr.Item // Bytes and Next aside
	}{
		{"null", "00", []axdr.Item{{Tag: axdr.Null}}},
		{"signed", "0F FF 10 FF FE 05 80 00 00 00 14 FF FF FF FF FF FF FF FD", nil},
		{"int8", "0F FF", []axdr.Item{{Tag: axdr.Int8, Number: -1}}},
		{"int16", "10 FF FE", []axdr.Item{{Tag: axdr.Int16, Number: -2}}},
		{"int32", "05 80 00 00 00", []axdr.Item{{Tag: axdr.Int32, Number: -1 << 31}}},
		{"int64", "14 FF FF FF FF FF FF FF FD", []axdr.Item{{Tag: axdr.Int64, Number: -3}}},
		{"uint8", "11 FF", []axdr.Item{{Tag: axdr.Uint8, Number: 255}}},
		{"uint16", "12 FF FE", []axdr.Item{{Tag: axdr.Uint16, Number: 65534}}},
		{"uint32", "06 FF FF FF FF", []axdr.Item{{Tag: axdr.Uint32, Number: 1<<32 - 1}}},
		{"uint64", "15 00 00 00 00 00 00 01 00", []axdr.Item{{Tag: axdr.Uint64, Number: 256}}},
		{"uint64 beyond int64", "15 FF FF FF FF FF FF FF FF", []axdr.Item{{Tag: axdr.Uint64, Number: -1, Wide: true}}},
		{"enum", "16 1B", []axdr.Item{{Tag: axdr.Enum, Number: 27}}},
		{"boolean", "03 01", []axdr.Item{{Tag: axdr.Boolean, Number: 1}}},
		{"float", "17 43 66 80 00", []axdr.Item{{Tag: axdr.Float32, Number: 0x43668000}}},
		{"date-time", "19 07 E6 02 15 01 11 25 1E FF 80 00 00", []axdr.Item{{Tag: axdr.DateTime}}},
		{"bits", "04 09 FF 80", []axdr.Item{{Tag: axdr.BitString}}},
		{"text", "0A 03 41 42 43", []axdr.Item{{Tag: axdr.VisibleString}}},
		{"long length", "09 81 02 01 02", []axdr.Item{{Tag: axdr.OctetString}}},
		{"longer length", "09 82 00 02 01 02", []axdr.Item{{Tag: axdr.OctetString}}},
		{"longest length", "09 84 00 00 00 02 01 02", []axdr.Item{{Tag: axdr.OctetString}}},
		{"untagged descriptor of three", "02 03 00 03 01 00 01 07 00 FF 02 11 05 11 06",
			[]axdr.Item{{Tag: axdr.Structure, Count: 3}, {Tag: axdr.Descriptor}, {Tag: axdr.Uint8, Number: 5}, {Tag: axdr.Uint8, Number: 6}}},
		{"structure", "02 02 11 05 01 01 00", []axdr.Item{{Tag: axdr.Structure, Count: 2}, {Tag: axdr.Uint8, Number: 5},
			{Tag: axdr.Array, Count: 1}, {Tag: axdr.Null}}},
		{"two absent values", "02 02 00 00", []axdr.Item{{Tag: axdr.Structure, Count: 2}, {}, {}}},
		{"untagged descriptor", "02 02 00 03 01 00 01 07 00 FF 02 06 00 00 07 A4",
			[]axdr.Item{{Tag: axdr.Structure, Count: 2}, {Tag: axdr.Descriptor}, {Tag: axdr.Uint32, Number: 0x7A4}}},
		{"exchanged tag", "02 03 06 09 01 00 1F 07 00 FF 10 00 F4 02 02 0F FE 16 21",
			[]axdr.Item{{Tag: axdr.Structure, Count: 3}, {Tag: axdr.OctetString}, {Tag: axdr.Int16, Number: 0xF4},
				{Tag: axdr.Structure, Count: 2}, {Tag: axdr.Int8, Number: -2}, {Tag: axdr.Enum, Number: 33}}},
	} {
		data := octets(t, c.data)
		var w axdr.Walker
		rest, err := w.Walk(data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.want == nil {
			continue
		}
		if len(rest) > 0 || len(w.Items) != len(c.want) {
			t.Errorf("%s: %d items and %d octets left, want %d and none", c.name, len(w.Items), len(rest), len(c.want))
			continue
		}
		for i, got := range w.Items {
			want := c.want[i]
			if got.Tag != want.Tag || got.Number != want.Number || got.Count != want.Count || got.Wide != want.Wide {
				t.Errorf("%s: item %d is %+v, want %+v", c.name, i, got, want)
			}
		}
		for n := range len(data) {
			if _, err := w.Walk(data[:n]); !errors.Is(err, axdr.ErrShort) {
				t.Errorf("%s, its first %d octets: %v, want %v", c.name, n, err, axdr.ErrShort)
			}
		}
	}
}

func TestWalkRefuses(t *testing.T) {
	many := append([]byte{0x01, 0x82, 0x04, 0x01}, make([]byte, 1025)...)
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, axdr.ErrShort},
		{"no tag", octets(t, "07 01"), axdr.ErrTag},
		{"a tag that is none in a structure", octets(t, "02 02 11 01 99 00 00 00 00 00 00 00 00"), axdr.ErrTag},
		{"nested to the limit", bytes.Repeat([]byte{0x02, 0x01}, 500), axdr.ErrNested},
		{"more members than are read", octets(t, "02 83 FF FF FF"), axdr.ErrLong},
		{"more values than are read", many, axdr.ErrLong},
		{"a length that lies", octets(t, "09 20 01 02"), axdr.ErrShort},
		{"a length without end", octets(t, "09 84 FF FF FF FF 00"), axdr.ErrTag},
		{"a length that is none", octets(t, "09 80 00"), axdr.ErrTag},
	} {
		var w axdr.Walker
		if _, err := w.Walk(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestNotificationTime(t *testing.T) {
	const stamp = "07 E6 02 15 01 11 25 1E FF 80 00 00"
	for _, c := range []struct {
		name, data string
		clock      bool
		err        error
	}{
		{"absent", "0F 40 00 00 00 00 02 01 00", false, nil},
		{"length and octets", "0F 40 00 00 00 0C " + stamp + " 00", true, nil},
		{"octet string", "0F 40 00 00 00 09 0C " + stamp + " 00", true, nil},
		{"date-time", "0F 40 00 00 00 19 " + stamp + " 00", true, nil},
		{"octet string of another length", "0F 40 00 00 00 09 0B " + stamp, false, axdr.ErrTag},
		{"something else", "0F 40 00 00 00 55", false, axdr.ErrTag},
		{"cut", "0F 40 00 00 00 0C 07 E6", false, axdr.ErrShort},
		{"head alone", "0F 40 00 00 00", false, axdr.ErrShort},
	} {
		clock, rest, err := axdr.NotificationTime(octets(t, c.data))
		if !errors.Is(err, c.err) || (len(clock) == 12) != c.clock || err == nil && len(rest) == 0 {
			t.Errorf("%s: % X, % X, %v", c.name, clock, rest, err)
		}
	}
}

// FuzzWalk checks that a walk never panics, stays within its limits, and keeps
// the indexes of containers right; and that what is whole is no shorter.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{
		"02 02 11 05 01 01 00", "02 02 00 03 01 00 01 07 00 FF 02 06 00 00 07 A4", "02 03 06 09 01 00 1F 07 00 FF 10 00 F4 00",
		"02 01 06 09 01 30 30 07 30 FF 30", "01 81 02 09 06 01 00 01 07 00 FF 15 00 00 00 00 00 00 00 01",
	} {
		f.Add(octets(f, seed))
	}
	var w, shorter axdr.Walker
	f.Fuzz(func(t *testing.T, data []byte) {
		rest, err := w.Walk(data)
		if len(w.Items) > axdr.MaxItems {
			t.Fatalf("%d items", len(w.Items))
		}
		if err != nil {
			return
		}
		if !bytes.HasSuffix(data, rest) {
			t.Fatal("the rest is no end of the data")
		}
		end := len(w.Items)
		for i := range w.Items {
			if next := int(w.Items[i].Next); next <= i || next > end {
				t.Fatalf("item %d of %d ends at %d", i, end, next)
			}
		}
		if used := len(data) - len(rest); used > 0 {
			if _, err := shorter.Walk(data[:used-1]); err == nil {
				t.Fatal("whole without its last octet")
			}
		}
	})
}
