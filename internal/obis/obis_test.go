package obis_test

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// TestParse is how meters print codes, and what is none.
func TestParse(t *testing.T) {
	for _, test := range []struct {
		in      string
		want    obis.Code // 0: none
		channel int
	}{
		{"1-0:1.8.1", obis.Of(1, 0, 1, 8, 1), 0},
		{"1-0:1.8.1*255", obis.Of(1, 0, 1, 8, 1), 0},
		{"1-0:1.8.1.255", obis.Of(1, 0, 1, 8, 1), 0},
		{"1-1:1.8.1", obis.Of(1, 0, 1, 8, 1), 0},
		{"1.8.1", obis.Of(1, 0, 1, 8, 1), 0},
		{"1-0:99:97.0", obis.Of(1, 0, 99, 97, 0), 0},
		{"0-3:24.2.1", obis.Of(0, 0xFF, 24, 2, 1), 3},
		{"7-0:23.1.0", obis.Of(7, 0, 23, 1, 0), 0},
		{"1-0:1.8.1*62", 0, 0}, // another billing period
		{"1-0:1.8", 0, 0}, {"300-0:1.8.1", 0, 0}, {"1,0:1.8.1", 0, 0}, {":", 0, 0}, {"", 0, 0}, {"C.1.0", 0, 0},
	} {
		got, channel, ok := obis.Parse([]byte(test.in))
		if ok != (test.want != 0) || ok && (got != test.want || channel != test.channel) {
			t.Errorf("%q: got %x, channel %d, %v, want %x, channel %d", test.in, got, channel, ok, test.want, test.channel)
		}
	}
}

// TestObjects holds the table against its own rules: each row explains itself,
// is found by its code, and knows the unit of its quantity.
func TestObjects(t *testing.T) {
	if len(obis.Objects) < 150 {
		t.Errorf("%d objects", len(obis.Objects))
	}
	for i := range obis.Objects {
		o := &obis.Objects[i]
		if o.Help() == "" || o.Kind >= obis.NumKinds || int(o.Index) != i {
			t.Errorf("%s: %+v", o.Pattern, o)
		}
		if o.HasQuantity() && o.Unit != meter.Quantities[o.Quantity].Unit {
			t.Errorf("%s is in %s, its quantity in %s", o.Pattern, o.Unit, meter.Quantities[o.Quantity].Unit)
		}
	}
	if o := obis.Of(1, 0, 1, 8, 0).Lookup(); o == nil || o.Quantity != meter.EnergyImportTotal || o.Unit != meter.KilowattHour {
		t.Errorf("1-0:1.8.0 is %+v", o)
	}
	if o := obis.Of(9, 9, 9, 9, 9).Lookup(); o != nil {
		t.Errorf("9-9:9.9.9 is %+v", o)
	}
}

// TestPushed: what meters that push messages name themselves by is explained, and
// brings nothing to a reading by the table.
func TestPushed(t *testing.T) {
	for _, id := range []string{"1-0:0.0.9", "1-0:96.1.0", "1-0:96.50.1", "129-129:199.130.3", "1-1:0.2.129", "0-0:96.1.7", "1-1:0.0.5",
		"1-1:0.0.1", "1-1:96.1.1", "0-1:1.0.0"} {
		c, _, ok := obis.Parse([]byte(id))
		if o := c.Lookup(); !ok || o == nil || o.Kind != obis.Nothing {
			t.Errorf("%s is %+v, %v", id, o, ok)
		}
	}
}
