//go:build homeassistant

package homeassistant_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// deleted is a user who deletes devices in Home Assistant. They stay away, and
// come back when the user presses the button.
func deleted(t *testing.T, h *house) {
	h.clock.run()
	m := h.meters[0]
	known := h.identities(t, m)
	totals := map[string]string{"smartmeter_p1_gas": "sensor.p1_gas_total", "smartmeter_p1": "sensor.p1_energy_import_total"}
	ids := func() map[string]string {
		list := make(map[string]string)
		for _, d := range h.devices(t) {
			if len(d.Identifiers) == 1 {
				list[d.Identifiers[0][1]] = d.ID
			}
		}
		return list
	}
	for device := range totals {
		h.core.api.call(t, "config/device_registry/remove", fields{"device_id": ids()[device]}, nil)
	}
	away := func() (bool, string) {
		there := ids()
		for device, total := range totals {
			if there[device] != "" || h.core.api.state(total).ID != "" {
				return false, device + " is still there"
			}
		}
		return true, ""
	}
	wait(t, away)
	m.cable.set(nil)
	wait(t, func() (bool, string) { return m.cable.count() >= 20, "the meter is silent" })
	if yes, there := away(); !yes {
		t.Error(there)
	}

	begin := time.Now()
	h.core.api.rest(t, "POST", "/api/services/button/press", fields{"entity_id": "button.p1_bridge_reannounce"}, nil)
	wait(t, func() (bool, string) {
		diff := gocmp.Diff(known, h.identities(t, m))
		return diff == "", fmt.Sprintf("entities: -before +after:\n%s", diff)
	})
	report(t, "button pressed: values", h.back(t, begin, nil, totals["smartmeter_p1"], totals["smartmeter_p1_gas"]))
}
