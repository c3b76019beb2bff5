package dsmr

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

var update = flag.Bool("update", false, "write the guide anew")

const guide = "../../docs/meters.md"

// TestGuide holds the meter guide's tables against the code's. With -update
// it writes them.
func TestGuide(t *testing.T) {
	old, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	text := replaced(t, string(old), "standards", standardsTable())
	text = replaced(t, text, "objects", objectsTable())
	if *update {
		if err := os.WriteFile(guide, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(old, []byte(text)) {
		t.Errorf("%s is stale: go test ./internal/dsmr -run Guide -update", guide)
	}
}

func replaced(t *testing.T, text, name, table string) string {
	t.Helper()
	section := regexp.MustCompile(`(?s)(<!-- ` + name + ` -->\n).*(<!-- /` + name + ` -->)`)
	if !section.MatchString(text) {
		t.Fatalf("the guide has no section %q", name)
	}
	return section.ReplaceAllStringFunc(text, func(s string) string {
		m := section.FindStringSubmatch(s)
		return m[1] + table + m[2]
	})
}

func standardsTable() string {
	meanings := map[meter.Tariffs]string{
		meter.TariffsNumbered: "as numbered", meter.TariffsLowFirst: "1 low, 2 normal", meter.TariffsNormalFirst: "1 normal, 2 low",
	}
	var b strings.Builder
	b.WriteString("| standard | countries | serial line | checksum | tariffs |\n|---|---|---|---|---|\n")
	var seen []string
	for _, s := range Standards {
		if slices.Contains(seen, s.Name) {
			continue
		}
		seen = append(seen, s.Name)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s.Name, s.Country, s.Mode, s.Sum, meanings[s.Tariffs])
	}
	return b.String()
}

func objectsTable() string {
	var b strings.Builder
	b.WriteString("| OBIS code | meaning | unit | JSON | entity |\n|---|---|---|---|---|\n")
	for i := range obis.Objects {
		r := &obis.Objects[i]
		meaning, _ := Meaning([]byte(strings.Replace(r.Pattern, "n", "1", 1)))
		var info meter.Info
		if r.HasQuantity() {
			info = meter.Quantities[r.Quantity]
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Pattern, meaning, info.Unit.Symbol(), info.JSON, info.Entity.Key)
	}
	return b.String()
}

// TestEveryQuantityIsRead: a quantity that no object brings and nobody
// derives would be an empty promise.
func TestEveryQuantityIsRead(t *testing.T) {
	derived := []meter.Quantity{
		meter.PowerNet, meter.PowerNetL1, meter.PowerNetL2, meter.PowerNetL3, meter.SolarPower, meter.HouseUse, meter.EnergyHouse, meter.GasFlow,
		meter.DemandForecast, meter.DemandHeadroom, meter.DemandPeakAverage,
		meter.LimiterApparent, meter.LimiterCurrent, // 0-0:17.0.0 in other units
		meter.MBusRelay1, meter.MBusRelay2, meter.MBusRelay3, meter.MBusRelay4, // 0-n:96.3.10
	}
	for q := range meter.NumQuantities {
		read := slices.Contains(derived, q)
		for i := range obis.Objects {
			read = read || obis.Objects[i].HasQuantity() && obis.Objects[i].Quantity == q
		}
		if !read {
			t.Errorf("no object brings %q", meter.Quantities[q].Help())
		}
	}
}
