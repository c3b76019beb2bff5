package shelly

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var update = flag.Bool("update", false, "write the golden files anew")

// houses are meters of all kinds.
var houses = []struct {
	name   string
	offset int
	values values
}{
	{"three_phases", 0, values{
		meter.PowerNet: "558.965", meter.PowerNetL1: "375.5", meter.PowerNetL2: "-170.83", meter.PowerNetL3: "12",
		meter.VoltageL1: "229", meter.VoltageL2: "229.24", meter.VoltageL3: "230.1", meter.CurrentL1: "2", meter.CurrentL2: "-1.04", meter.CurrentL3: "0",
		meter.EnergyImportTotal: "2589.77339", meter.EnergyExportTotal: "1.02661",
	}},
	{"one_phase", 0, values{
		meter.PowerNet: "-1200", meter.PowerNetL1: "-1200", meter.VoltageL1: "231.4", meter.CurrentL1: "5", meter.EnergyImportTotal: "12", meter.EnergyExportTotal: "0",
	}},
	{"no_phases_no_totals", 0, values{meter.PowerNet: "0"}},
	{"export_only", 0, values{meter.PowerNet: "-43.2", meter.EnergyExportTotal: "9000000.123"}},
	{"everything", 0, values{
		meter.PowerNet: "1000", meter.PowerNetL1: "400", meter.PowerNetL2: "300", meter.PowerNetL3: "300",
		meter.VoltageL1: "230", meter.VoltageL2: "230", meter.VoltageL3: "230", meter.CurrentL1: "1.8", meter.CurrentL2: "1.4", meter.CurrentL3: "1.4",
		meter.CurrentSum: "4.6", meter.CurrentNeutral: "0.12", meter.Frequency: "49.98", meter.PowerFactorL1: "0.97", meter.PowerFactorL2: "1", meter.PowerFactorL3: "0.935",
		meter.PowerApparentImport: "1.05", meter.PowerApparentImportL1: "0.414", meter.PowerApparentImportL2: "0.322", meter.PowerApparentExportL3: "0.322",
		meter.EnergyImportTotal: "7753.468", meter.EnergyExportTotal: "3241.123",
	}},
	{"offset", -500, values{meter.PowerNet: "1000", meter.PowerNetL1: "600", meter.PowerNetL2: "400", meter.PowerNetL3: "0", meter.EnergyImportTotal: "1"}},
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got:\n%s", name, diff)
	}
}

// TestMeasured: what each way of asking tells of each meter.
func TestMeasured(t *testing.T) {
	d := newDevice(emulate.MAC{0x02, 0xab, 0xcd, 0xef, 0x01, 0x23}, now)
	for _, test := range houses {
		t.Run(test.name, func(t *testing.T) {
			v := view(t, test.offset, test.values)
			var b strings.Builder
			for _, status := range []object{emStatus(v), emDataStatus(v)} {
				indented, err := json.MarshalIndent(status, "", " ")
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s\n", indented)
			}
			for _, method := range []string{threePhases, onePhase} {
				b.Write(appendDatagram(nil, d, &request{ID: json.RawMessage("1"), Method: method}, v))
				b.WriteByte('\n')
			}
			golden(t, test.name+".json", b.String())
		})
	}
}

// TestNoReading: a meter that failed has no number.
func TestNoReading(t *testing.T) {
	status := emStatus(nil)
	for name, value := range status {
		if strings.Contains(name, "_") && name != "user_calibrated_phase" && value != nil {
			t.Errorf("%s is %v", name, value)
		}
	}
	if got := text(t, status["errors"]); got != `["power_meter_failure"]` {
		t.Errorf("errors: %s", got)
	}
	for name, value := range emDataStatus(nil) {
		if name != "id" && value != nil {
			t.Errorf("%s is %v", name, value)
		}
	}
}

// TestPowerOfBatteries: never a whole number, never zero, and never far from
// what the meter says.
func TestPowerOfBatteries(t *testing.T) {
	for _, test := range []struct{ value, phase, total string }{
		{"0", "0.001", "0.001"},
		{"0.04", "0.001", "0.04"},
		{"-0.04", "0.001", "-0.04"},
		{"0.1", "0.1", "0.1"},
		{"-0.1", "-0.1", "-0.1"},
		{"375", "375.0", "375.001"},
		{"-375", "-375.0", "-374.999"},
		{"375.5", "375.5", "375.5"},
		{"375.04", "375.0", "375.04"},
		{"374.96", "375.0", "374.96"},
		{"374.9999", "375.0", "375.001"},
		{"-12345.678", "-12345.7", "-12345.678"},
	} {
		v, err := meter.ParseValue(test.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(phasePower(v)); got != test.phase {
			t.Errorf("phase of %s: %s, want %s", test.value, got, test.phase)
		}
		if got := string(totalPower(v)); got != test.total {
			t.Errorf("total of %s: %s, want %s", test.value, got, test.total)
		}
	}
}
