package explain

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// TestMeanings: what a known object is, and what its codes stand for, is said in
// every language.
func TestMeanings(t *testing.T) {
	used := make(map[string]bool)
	check := func(english string) {
		base := english
		if m := numbered.FindStringSubmatch(english); m != nil && meanings[english] == (translations{}) {
			base = m[1]
		}
		row, ok := meanings[base]
		if !ok {
			t.Errorf("%q is not translated", base)
		}
		used[base] = true
		for i, text := range row {
			if text == "" {
				t.Errorf("%q is not translated into %s", base, meter.Languages[i+1])
			}
		}
	}
	for i := range obis.Objects {
		check(obis.Objects[i].Help())
	}
	for kind := range 64 {
		check(meter.DeviceType(kind).String())
	}
	for _, text := range []string{"? unknown object", "tariff", "summer time", "standard time", "no limit", "disconnected", "connected",
		"ready to be connected", "closed", "open", "ready to be opened"} {
		check(text)
	}
	for english := range meanings {
		if !used[english] {
			t.Errorf("%q is said nowhere", english)
		}
	}
	telegram := Telegram{Entries: []Entry{
		{Meaning: "energy imported, tariff 1"}, {Meaning: "voltage, L2", Notes: []string{"2020-02-04 21:00:00 summer time", "words"}},
	}}
	got := telegram.In(meter.Dutch)
	if e := got.Entries; e[0].Meaning != "afgenomen energie, tarief 1" || e[1].Meaning != "spanning, L2" || e[1].Notes[0] != "2020-02-04 21:00:00 zomertijd" || e[1].Notes[1] != "words" {
		t.Errorf("got %+v", got)
	}
	if telegram.Entries[0].Meaning != "energy imported, tariff 1" || telegram.In(meter.English).Entries[0].Meaning != telegram.Entries[0].Meaning {
		t.Error("the telegram itself was changed, or English is not what it says")
	}
}
