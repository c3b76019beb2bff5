package homeassistant

import (
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestName(t *testing.T) {
	for _, tt := range []struct {
		language      meter.Language
		english, want string
	}{
		{meter.English, "Power import", "Power import"},
		{"", "Power import", "Power import"},
		{"xx", "Power import", "Power import"},
		{meter.Dutch, "Power import", "Afgenomen vermogen"},
		{meter.German, "Voltage phase L3", "Spannung Phase L3"},
		{meter.French, "Energy import tariff 4", "Énergie prélevée tarif 4"},
		{meter.Swedish, "Reactive energy Q1", "Reaktiv energi Q1"},
		{meter.Dutch, "no such name", "no such name"},
		{meter.Dutch, "", ""}, // named by its class
	} {
		if got := Name(tt.language, tt.english); got != tt.want {
			t.Errorf("%q in %q is %q, want %q", tt.english, tt.language, got, tt.want)
		}
	}
}

// TestEveryNameIsTranslated: no name is the same in all languages.
func TestEveryNameIsTranslated(t *testing.T) {
	for device, components := range everything() {
		for _, c := range components {
			foreign := c.Name == ""
			for _, l := range meter.Languages {
				foreign = foreign || Name(l, c.Name) != c.Name
			}
			if !foreign {
				t.Errorf("%s: %q has no row in the table of names", device, c.Name)
			}
		}
	}
}

// TestNames: every row is whole, and two things never have the same name.
func TestNames(t *testing.T) {
	for i, language := range []string{"nl", "de", "fr", "sv"} {
		owner := map[string]string{}
		for english, row := range names {
			name := [...]string{row.nl, row.de, row.fr, row.sv}[i]
			if name == "" || name != strings.TrimSpace(name) {
				t.Errorf("%s: %q is called %q", language, english, name)
			}
			if strings.Count(name, "#") != strings.Count(english, "#") {
				t.Errorf("%s: %q and %q have not the same number", language, english, name)
			}
			if other, taken := owner[name]; taken {
				t.Errorf("%s: %q and %q are both called %q", language, english, other, name)
			}
			owner[name] = english
		}
	}
	for q := range meter.NumQuantities {
		if name := meter.Quantities[q].Entity.Name; name != "" && Name(meter.Dutch, name) == name {
			t.Errorf("%q has no row", name)
		}
	}
	for m := range meter.NumMedia {
		for _, name := range []string{meter.Media[m].Device, meter.Media[m].Name} {
			if name != "" && Name(meter.Dutch, name) == name {
				t.Errorf("%q has no row", name)
			}
		}
	}
}
