package meter

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, tt := range []struct {
		language      Language
		english, want string
	}{
		{English, "Power import", "Power import"},
		{"", "Power import", "Power import"},
		{"xx", "Power import", "Power import"},
		{Dutch, "Power import", "Afgenomen vermogen"},
		{German, "Voltage phase L3", "Spannung Phase L3"},
		{French, "Energy import tariff 4", "Énergie prélevée tarif 4"},
		{Swedish, "Reactive energy Q1", "Reaktiv energi Q1"},
		{Dutch, "no such name", "no such name"},
		{Dutch, "", ""}, // named by its class
	} {
		if got := tt.language.Name(tt.english); got != tt.want {
			t.Errorf("%q in %q is %q, want %q", tt.english, tt.language, got, tt.want)
		}
	}
	var l Language
	if err := l.UnmarshalText([]byte("NL")); err != nil || l != Dutch {
		t.Errorf("NL is %q (%v), want %q", l, err, Dutch)
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
	for q := range NumQuantities {
		if name := Quantities[q].Entity.Name; name != "" && Dutch.Name(name) == name {
			t.Errorf("%q has no row", name)
		}
	}
	for m := range NumMedia {
		for _, name := range []string{Media[m].Device, Media[m].Name} {
			if name != "" && Dutch.Name(name) == name {
				t.Errorf("%q has no row", name)
			}
		}
	}
}
