//go:build homeassistant

package homeassistant_test

import (
	"fmt"
	"testing"
)

// move sets the meters' clock going and sees what moves: power and energy at
// once, gas and water when they are read.
func move(t *testing.T, h *house) {
	ids := []string{
		"sensor.p1_power_net", "sensor.p1_power_export", "sensor.p1_energy_export_tariff_2", "sensor.p1_energy_export_total",
		"sensor.p1_gas_total", "sensor.emucs17_water_total",
	}
	before := make(map[string]string)
	for _, id := range ids {
		before[id] = h.core.api.state(id).State
	}
	h.clock.run()
	for _, id := range ids {
		took := wait(t, func() (bool, string) {
			s := h.core.api.state(id)
			return s.good() && s.State != before[id], fmt.Sprintf("%s is still %q", id, s.State)
		})
		t.Logf("%s: %s, then %s after %.1f s more", id, before[id], h.core.api.state(id).State, took.Seconds())
	}
}
