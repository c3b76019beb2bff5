package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

func TestEmulated(t *testing.T) {
	file := options(`{"more_meters": [{"slot": "night", "address": "h:23"}], "emulate": [{"kind": "homewizard"}, {"kind": "HomeWizard", "meter": "sum", "port": 8084},
		null, {"kind": "ecotracker", "meter": "night", "port": ""}]}`)
	c, warnings, err := config.Load([]string{"SMARTMETER_EMULATE_4_KIND=homewizard", "SMARTMETER_EMULATE_4_PORT=127.0.0.1:80", "SMARTMETER_EMULATE_3_PORT="},
		file.read, "--emulate-4-meter=p1")
	if err != nil || warnings != nil {
		t.Fatalf("%v, %q", err, warnings)
	}
	want := []config.Emulated{
		{Name: "homewizard_p1", Path: "emulate.0", Kind: config.EmulateHomeWizard, Meter: "p1", Listen: ":8081"},
		{Name: "homewizard_sum", Path: "emulate.1", Kind: config.EmulateHomeWizard, Meter: "sum", Listen: ":8084"},
		{Name: "ecotracker_night", Path: "emulate.3", Kind: config.EmulateEcoTracker, Meter: "night", Listen: ":8083"},
		{Name: "homewizard_p1_2", Path: "emulate.4", Kind: config.EmulateHomeWizard, Meter: "p1", Listen: "127.0.0.1:80"},
	}
	if diff := cmp.Diff(want, c.Emulated()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, text := range []string{`{}`, `{"emulate": []}`, `{"emulate": null}`, `{"emulate": [null, {}]}`} {
		if c, warnings, err := config.Load(nil, options(text).read); err != nil || warnings != nil || len(c.Emulated()) != 0 {
			t.Errorf("%s: %v, %v, %q", text, c.Emulated(), err, warnings)
		}
	}
}

// TestEmulatedRefused: one line names what is wrong.
func TestEmulatedRefused(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`[{"kind": "sma"}]`, `emulate.0.kind = "sma": this meter cannot be emulated yet; write homewizard`},
		{`[{"kind": "kwh"}]`, `emulate.0.kind = "kwh": write homewizard`},
		{`[{"meter": "p1"}]`, `emulate.0.kind: choose what this meter looks like: write homewizard`},
		{`[{"kind": "homewizard", "meter": "night"}]`, `emulate.0.meter = "night": there is no such meter; write p1, or leave it empty for the first`},
		{`[{"kind": "homewizard", "meter": "sum"}]`, `emulate.0.meter = "sum": there is no such meter; write p1, or leave it empty for the first`},
		{`[{"kind": "homewizard", "port": "x"}]`, `emulate.0.port = "x": write a port, or host:port`},
		{`[{"kind": "homewizard", "port": 0}]`, `emulate.0.port = "0": write a port from 1 to 65535, or leave it empty for the usual one; to switch it off, remove the whole entry`},
		{`[{"kind": "homewizard", "port": ":0"}]`, `emulate.0.port = ":0": write a port from 1 to 65535`},
		{`[{"kind": "homewizard", "port": "127.0.0.1:8098"}]`, `emulate.0.port = "127.0.0.1:8098": the health check has port 127.0.0.1:8098 already; write another one`},
		{`[{"kind": "homewizard"}, {"kind": "homewizard"}]`, `emulate.1.port: the emulated meter homewizard_p1 has port 8081 already; write another one`},
		{`[{"kind": "homewizard", "port": 3020}]`, `emulate.0.port = "3020": the raw socket of p1 has port 3020 already; write another one`},
		{`[{}, {}, {}, {}, {}, {}, {"kind": "homewizard"}]`, `emulate = "[...]": 7 are more than there can be; write 6 at most`},
	} {
		_, _, err := config.Load(nil, options(`{"emulate": `+tt.in+`}`).read)
		e, ok := errors.AsType[*config.Error](err)
		if !ok || !strings.HasPrefix(e.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.in, err, tt.want)
		}
	}
	_, _, err := config.Load([]string{"SMARTMETER_EMULATE_0_KIND=homewizard", "SMARTMETER_EMULATE_1_KIND=homewizard"}, os.ReadFile)
	if err == nil || !strings.HasPrefix(err.Error(), "SMARTMETER_EMULATE_1_PORT: the emulated meter homewizard_p1") {
		t.Errorf("by variables: %v", err)
	}
}
