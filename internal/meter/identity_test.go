package meter_test

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestLabel(t *testing.T) {
	for _, tt := range []struct{ id, want string }{
		{"4530303434303037333832323436303139", "E0044007382246019"},
		{"204B413655303031363630323937393132", "KA6U001660297912"},  // padded
		{"3930373733333439", "90773349"},                            // Wallonia: as on the label
		{"31323639333037322020202020202020", "12693072"},            // Hungary, padded
		{"3238313031353431303034303232323131", "28101541004022211"}, // a gas meter
		{"36353433323130", "6543210"},
		{"3132333435", "3132333435"}, // could be a number
		{"12345678", "12345678"},
		{"91524109", "91524109"},
		{"332E352D", "332E352D"}, // no label: 3.5-
		{"0000000000000000000000000000000000", "0000000000000000000000000000000000"},
		{"715619842D2C340C", "715619842D2C340C"},
		{"ER23", "ER23"},
		{"453xxxxxxxxxx", "453xxxxxxxxxx"},
		{"", ""},
	} {
		if got := meter.Label(tt.id); got != tt.want {
			t.Errorf("meter.Label(%q) = %q, want %q", tt.id, got, tt.want)
		}
	}
}

func TestLastDigits(t *testing.T) {
	for id, want := range map[string]string{"3930373733333439": "3349", "12345678": "5678", "ER2": "ER2", "": ""} {
		if got := meter.LastDigits(id); got != want {
			t.Errorf("LastDigits(%q) = %q, want %q", id, got, want)
		}
	}
}
