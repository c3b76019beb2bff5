//go:build homeassistant

package homeassistant_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestSeveral is a house with two meters that one program reads, and panels on
// its roof: a Dutch meter, and a Belgian one for the heat pump.
func TestSeveral(t *testing.T) {
	pump := &meter{standard: simulate.EMUCS17, seed: 22, slot: "pump"}
	h := newHouse(t, newClock(), &meter{standard: simulate.DSMR50, seed: 1, slot: "p1", sunny: true, beside: []*meter{pump}})
	for _, step := range []struct {
		name string
		run  func(*testing.T, *house)
	}{
		{"devices", severalDevices},
		{"all together", allTogether},
		{"energy dashboard", dashboard},
		{"one is away", func(t *testing.T, h *house) { oneIsAway(t, h, pump) }},
		{"app restarted", restartApp},
		{"all together again", allTogether},
		{"log", readLog},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, h) })
	}
}

// severalDevices: each meter has its own, below one bridge whose entities tell
// which meter they are of.
func severalDevices(t *testing.T, h *house) {
	want := map[string]string{ // what the device of that slot hangs on
		"p1_bridge": "", "p1": "p1_bridge", "pump": "p1_bridge", "sum": "p1_bridge", "p1_solar": "p1_bridge",
		"p1_gas": "p1", "pump_gas": "pump", "pump_water": "pump",
	}
	wait(t, func() (bool, string) {
		slots := make(map[string]string) // by the device's id
		all := h.devices(t)
		for _, d := range all {
			if i := slices.IndexFunc(d.Identifiers, func(id [2]string) bool { return id[0] == "mqtt" }); i >= 0 {
				slots[d.ID] = strings.TrimPrefix(d.Identifiers[i][1], "smartmeter_")
			}
		}
		got := make(map[string]string)
		for _, d := range all {
			if slot, ok := slots[d.ID]; ok {
				got[slot] = slots[d.Via]
			}
		}
		for slot, on := range want {
			if via, ok := got[slot]; !ok || via != on {
				return false, fmt.Sprintf("%s hangs on %q, want %q", slot, via, on)
			}
		}
		return len(got) == len(want), fmt.Sprintf("the devices are %v", got)
	})
	for id, name := range map[string]string{
		"binary_sensor.p1_bridge_connection_p1": "Smartmeter Connection (p1)", "binary_sensor.p1_bridge_connection_pump": "Smartmeter Connection (pump)",
		"sensor.pump_energy_import_total": "Electricity meter (pump) Energy import", "sensor.sum_energy_import_total": "All electricity meters Energy import",
	} {
		wait(t, func() (bool, string) {
			s := h.core.api.state(id)
			return s.good() && s.Attributes.Name == name, fmt.Sprintf("%s is %q and called %q", id, s.State, s.Attributes.Name)
		})
	}
}

// allTogether: what is shown of all meters is their sum. While the clock stands
// still every meter says the same again and again.
func allTogether(t *testing.T, h *house) {
	h.clock.stop()
	for _, name := range []string{"power_net", "energy_import_total", "energy_export_total"} {
		wait(t, func() (bool, string) {
			var values []float64
			for _, slot := range []string{"p1", "pump", "sum"} {
				s := h.core.api.state("sensor." + slot + "_" + name)
				if !s.good() {
					return false, fmt.Sprintf("%s of %s is %q", name, slot, s.State)
				}
				values = append(values, s.number(t))
			}
			return math.Abs(values[0]+values[1]-values[2]) < 0.01, fmt.Sprintf("%s: %v", name, values)
		})
	}
	// What the house uses is known of all meters only.
	wait(t, func() (bool, string) {
		s := h.core.api.state("sensor.sum_house_use")
		return s.good(), fmt.Sprintf("house use is %q", s.State)
	})
	for _, e := range h.entities(t) {
		if strings.HasSuffix(e.UniqueID, "_house_use") && e.UniqueID != "smartmeter_sum_house_use" {
			t.Errorf("there is %s", e.UniqueID)
		}
	}
}

// oneIsAway: a meter whose line is dead takes all together with it, and leaves
// the other one alone.
func oneIsAway(t *testing.T, h *house, m *meter) {
	h.clock.run()
	m.cable.cut(true)
	ids := []string{"sensor.pump_power_net", "sensor.sum_power_net", "sensor.sum_energy_import_total"}
	for _, id := range ids {
		wait(t, func() (bool, string) {
			s := h.core.api.state(id)
			return s.State == "unavailable", fmt.Sprintf("%s is %q", id, s.State)
		})
	}
	before := h.core.api.state("sensor.p1_power_net").State
	for range 10 {
		if s := h.core.api.state("sensor.p1_power_net"); !s.good() {
			t.Fatalf("the other meter is %q", s.State)
		}
		time.Sleep(time.Second)
	}
	wait(t, func() (bool, string) {
		s := h.core.api.state("sensor.p1_power_net")
		return s.good() && s.State != before, fmt.Sprintf("the other meter is still %q", s.State)
	})
	m.cable.cut(false)
	for _, id := range ids {
		wait(t, func() (bool, string) {
			s := h.core.api.state(id)
			return s.good(), fmt.Sprintf("%s is %q", id, s.State)
		})
	}
}
