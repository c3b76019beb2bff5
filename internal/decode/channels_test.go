package decode_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestPushedChannels reads the list of a maker that is not known, which describes
// itself: class, code, attribute, value and scale, and a gas meter on M-Bus with
// the time at which it was read.
func TestPushedChannels(t *testing.T) {
	const (
		clock  = "02 05 12 0008 09 06 0000010000FF 0F 02 09 0C 07EA0504010B000000800000"
		power  = "02 05 12 0003 09 06 0100010700FF 0F 02 06 000004D2 02 02 0F 00 16 1B"
		total  = "02 05 12 0003 09 06 0100010800FF 0F 02 06 0000303B 02 02 0F 02 16 1E"
		kind   = "02 04 12 0001 09 06 0001180100FF 0F 02 11 03"
		serial = "02 04 12 0001 09 06 0001600100FF 0F 02 0A 08 4737303030303031"
		gas    = "02 04 09 06 0001180201FF 06 0001E240 02 02 0F FD 16 0D 09 0C 07EA0504010A371400800000"
	)
	text := strings.Join(strings.Fields("0F 00000001 00 01 06"+strings.Replace(clock, "02 05", "02 04", 1)+power+total+kind+serial+gas), "")
	apdu, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	r := decode.NewReader(decode.Options{})
	r.Reset(bytes.NewReader(simulate.HDLC(apdu)))
	m, ok := r.Next()
	if !ok || m.Err != nil {
		t.Fatal(ok, m.Err)
	}
	for q, want := range map[meter.Quantity]string{meter.PowerImport: "1.234", meter.EnergyImportTotal: "1234.7"} {
		if v, ok := m.Reading.Values.Get(q); !ok || v.String() != want {
			t.Errorf("%s is %v, want %s", meter.Quantities[q].JSON, v, want)
		}
	}
	c, ok := m.Reading.Medium(meter.Gas)
	if !ok || c.ID != "G7000001" || c.Value.String() != "123.456" || c.Unit != meter.CubicMetre || c.Time.String() != "2026-05-04T10:55:20" {
		t.Errorf("the gas meter is %+v", c)
	}
	if got := m.Reading.Time.String(); got != "2026-05-04T11:00:00" {
		t.Errorf("the meter's time is %s", got)
	}
}
