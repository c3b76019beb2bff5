package homeassistant

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
		{meter.Dutch, "Export tariff 1", "Teruglevering tarief 1"},
		{meter.German, "Voltage L3", "Spannung L3"},
		{meter.French, "Import tariff 4", "Prélèvement tarif 4"},
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

// TestNamesAreToldApart: what tells two names of a device apart is not cut off.
func TestNamesAreToldApart(t *testing.T) {
	for device, components := range everything() {
		for _, l := range meter.Languages {
			of := map[string]string{}
			for _, c := range components {
				name := []rune(Name(l, c.Name))
				shown := string(name[:min(len(name), longestShown)])
				if other, taken := of[shown]; taken && shown != "" && other != c.Name {
					t.Errorf("%s in %s: %q and %q are both shown as %q", device, l, other, c.Name, shown)
				}
				of[shown] = c.Name
			}
		}
	}
}

// TestStates: states are named in the language of the entities; their topics
// say what they always said.
func TestStates(t *testing.T) {
	for _, tt := range []struct {
		language meter.Language
		key      string
		options  []string
		template string
	}{
		{meter.English, "breaker", []string{"Disconnected", "Connected", "Ready"},
			"{{ {'disconnected': 'Disconnected', 'connected': 'Connected', 'ready': 'Ready'}.get(value_json.breaker, value_json.breaker) }}"},
		{meter.Dutch, "active_tariff", []string{"Laag", "Normaal", "1", "2", "3", "4"},
			"{{ {'low': 'Laag', 'normal': 'Normaal'}.get(value_json.active_tariff, value_json.active_tariff) }}"},
	} {
		c := (&Announcer{Language: tt.language, Groups: new(Groups)}).component(&Device{Slot: "p1"}, find(t, Electricity, tt.key))
		if diff := cmp.Diff(tt.options, c.Options); diff != "" || c.ValueTemplate != tt.template {
			t.Errorf("%s in %s: %s, (-want +got):\n%s", tt.key, tt.language, c.ValueTemplate, diff)
		}
	}
	for device, components := range everything() {
		for _, c := range components {
			for _, l := range meter.Languages {
				seen := map[string]bool{}
				for _, state := range c.Options {
					name := stateName(l, state)
					if seen[name] || strings.ContainsAny(name, `'\`) || l != meter.English && state > "9" && names[stateName(meter.English, state)].nl == "" {
						t.Errorf("%s: the state %s of %s is %q in %s", device, state, c.Key, name, l)
					}
					seen[name] = true
				}
			}
		}
	}
}

// TestSlotInNames: devices of several meters are told apart by their slots.
func TestSlotInNames(t *testing.T) {
	for _, tt := range []struct{ main, slot, want string }{
		{"p1", "p1_water", `"name":"Watermeter 2"`},
		{"night_meter", "night_meter_water", `"name":"Watermeter 2 (night meter)"`},
	} {
		name, entities := MBus(meter.Water, meter.TypeWater, meter.CubicMetre)
		d := NewDevice(tt.slot, name, 2, entities, Topics{})
		a := Announcer{Language: meter.Dutch, Slot: tt.main, Groups: new(Groups)}
		if got := string(a.Build(d)); !strings.Contains(got, tt.want) {
			t.Errorf("%s is announced as %s, want %s", tt.slot, got, tt.want)
		}
	}
}

// TestHidden: registers of tariffs that the contract does not have, and what
// repeats another entity, are left out of dashboards.
func TestHidden(t *testing.T) {
	var groups Groups
	hidden := func() (keys []string) {
		for _, e := range Electricity {
			if c := (&Announcer{Groups: &groups}).component(&Device{Slot: "p1"}, &e); c.VisibleByDefault != nil {
				keys = append(keys, e.Key)
			}
		}
		return keys
	}
	var tariffs []string
	for _, direction := range []string{"import", "export"} {
		for n := range 5 {
			tariffs = append(tariffs, fmt.Sprintf("energy_%s_tariff_%d", direction, n+1))
		}
	}
	less := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(append(tariffs, "power_import", "demand_headroom"), hidden(), less); diff != "" {
		t.Errorf("before the first reading (-want +got):\n%s", diff)
	}
	var v meter.Values
	v.Set(meter.EnergyImportT1, value("1.5"))
	v.Set(meter.EnergyImportT2, value("0"))
	if !groups.Learn(&v) || groups.Learn(&v) {
		t.Error("a register that is not zero is learned once")
	}
	v.Set(meter.EnergyExportT2, value("0.001"))
	groups.Learn(&v)
	var next Groups
	next.Restore(groups.Names())
	groups = next
	want := slices.DeleteFunc(append(tariffs, "demand_headroom"), func(key string) bool {
		return key == "energy_import_tariff_1" || key == "energy_export_tariff_2"
	})
	if diff := cmp.Diff(want, hidden(), less); diff != "" {
		t.Errorf("with an import and an export register (-want +got):\n%s", diff)
	}
}
