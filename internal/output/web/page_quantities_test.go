package web_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// part has the names that the page reads of one tariff or one phase.
type part struct {
	Number   uint8    `json:"n,omitempty"`
	Name     string   `json:"name,omitempty"`
	Import   string   `json:"import,omitempty"`
	Export   string   `json:"export,omitempty"`
	Voltages []string `json:"voltages,omitempty"` // the first that is there counts
	Current  string   `json:"current,omitempty"`
	Fuse     string   `json:"fuse,omitempty"`
}

// add takes a quantity to the part that it belongs to.
func (p *part) add(info *meter.Info) {
	switch {
	case info.Traits.Direction == meter.Import:
		p.Import = info.JSON
	case info.Traits.Direction == meter.Export:
		p.Export = info.JSON
	case info.Unit == meter.Volt:
		p.Voltages = append(p.Voltages, info.JSON)
	case info.Unit == meter.Ampere && info.Traits.Limit:
		p.Fuse = info.JSON
	case info.Unit == meter.Ampere:
		p.Current = info.JSON
	}
}

// TestPageQuantities holds the list of names that the page has against the table
// of quantities.
func TestPageQuantities(t *testing.T) {
	var total part
	tariffs, phases := make([]part, len(meter.Sums[0].Tariffs)), make([]part, 3)
	for q := range meter.NumQuantities {
		switch info := &meter.Quantities[q]; {
		case slices.ContainsFunc(meter.Sums[:], func(s meter.Sum) bool { return s.Total == q }):
			total.add(info)
		case info.Traits.Tariff > 0 && info.Unit == meter.KilowattHour:
			tariffs[info.Traits.Tariff-1].Number = info.Traits.Tariff
			tariffs[info.Traits.Tariff-1].add(info)
		case info.Traits.Phase > 0 && (info.Unit == meter.Kilowatt || info.Unit == meter.Volt || info.Unit == meter.Ampere):
			phases[info.Traits.Phase-1].Name = fmt.Sprintf("L%d", info.Traits.Phase)
			phases[info.Traits.Phase-1].add(info)
		}
	}
	var media []string
	for _, m := range meter.Media {
		media = append(media, m.JSON)
	}
	var want strings.Builder
	want.WriteString("// The names of a reading, made of the table of quantities by go test ./internal/output/web -update.\n\n")
	for _, list := range []struct {
		name string
		of   any
	}{{"media", media}, {"tariffs", tariffs}, {"total", total}, {"phases", phases}} {
		text, err := json.Marshal(list.of)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "export const %s = %s;\n", list.name, strings.ReplaceAll(string(text), "},{", "},\n  {"))
	}

	const file = "page/quantities.js"
	if *rewrite {
		if err := os.WriteFile(file, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("%s is not what the table says; go test -update writes it anew (-want +got):\n%s", file, diff)
	}
}
