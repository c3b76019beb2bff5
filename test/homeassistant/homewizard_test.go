//go:build homeassistant

package homeassistant_test

import (
	"fmt"
	"strings"
	"testing"
)

// asHomeWizard names our entity for one of the homewizard integration, by the end
// of its unique id.
var asHomeWizard = map[string]string{
	"total_power_import_kwh":    "energy_import_total",
	"total_power_import_t1_kwh": "energy_import_tariff_1",
	"total_power_import_t2_kwh": "energy_import_tariff_2",
	"total_power_export_kwh":    "energy_export_total",
	"total_power_export_t1_kwh": "energy_export_tariff_1",
	"total_power_export_t2_kwh": "energy_export_tariff_2",
	"active_power_w":            "power_net",
	"active_power_l1_w":         "power_net_l1",
	"active_power_l2_w":         "power_net_l2",
	"active_power_l3_w":         "power_net_l3",
	"active_power_average_w":    "demand_average",
	"monthly_power_peak_w":      "demand_peak_month",
}

// ofDevice are entities of the homewizard integration that say nothing of the
// house, or that ours say in other words.
var ofDevice = []string{"wifi_ssid", "smr_version", "meter_model", "unique_meter_id", "active_tariff"}

// homeWizardIntegration sets up Core's own homewizard integration on an emulated
// meter, by its address. While the meters' clock stands still, both have to show
// the same.
func homeWizardIntegration(t *testing.T, h *house) {
	h.clock.stop()
	for _, m := range h.meters {
		if m.emulated == "" {
			continue
		}
		entry := h.core.api.setUp(t, "homewizard", fields{"ip_address": m.emulated})
		var same int
		wait(t, func() (bool, string) {
			var differs string
			same, differs = h.agreeAsHomeWizard(t, m, entry)
			return same > len(asHomeWizard)/2 && differs == "", fmt.Sprintf("%d entities agree; not so:%s", same, differs)
		})
		t.Logf("%d entities agree", same)
		h.offset(t, m, entry)
		h.core.api.rest(t, "DELETE", "/api/config/config_entries/entry/"+entry, nil, nil)
	}
}

// offset has Core add to the power of the emulated meter, and take that back.
func (h *house) offset(t *testing.T, m *meter, entry string) {
	t.Helper()
	of := m.slot + "_bridge_offset_homewizard_" + m.slot
	shows := func(offset float64) {
		t.Helper()
		wait(t, func() (bool, string) {
			for _, e := range h.entities(t) {
				if e.Platform != "homewizard" || e.Entry != entry || !strings.HasSuffix(e.UniqueID, "_active_power_w") {
					continue
				}
				theirs, number := h.core.api.state(e.ID), h.core.api.state("number."+of)
				ours := h.core.api.state("sensor." + m.slot + "_power_net")
				missing := fmt.Sprintf("%s %s, %s %s, %s %s, want %v",
					theirs.ID, theirs.State, ours.ID, ours.State, number.ID, number.State, offset)
				isSet := theirs.good() && number.good() && number.number(t) == offset
				return isSet && theirs.number(t) == ours.number(t)+offset, missing
			}
			return false, "there is no power"
		})
	}
	h.core.api.rest(t, "POST", "/api/services/number/set_value", fields{"entity_id": "number." + of, "value": -500}, nil)
	shows(-500)
	reset := "button." + m.slot + "_bridge_reset_offset_homewizard_" + m.slot
	h.core.api.rest(t, "POST", "/api/services/button/press", fields{"entity_id": reset}, nil)
	shows(0)
}

// agreeAsHomeWizard compares the homewizard integration's entities with ours. It
// returns how many are the same, and which are not.
func (h *house) agreeAsHomeWizard(t *testing.T, m *meter, entry string) (same int, differs string) {
	t.Helper()
	for _, e := range h.entities(t) {
		if e.Platform != "homewizard" || e.Entry != entry || e.Disabled != "" || !strings.HasPrefix(e.ID, "sensor.") {
			continue
		}
		theirs := h.core.api.state(e.ID)
		name := ""
		for key, ours := range asHomeWizard {
			if strings.HasSuffix(e.UniqueID, "_"+key) {
				name = ours
			}
		}
		for _, key := range ofDevice {
			if strings.HasSuffix(e.UniqueID, "_"+key) && theirs.good() {
				name = "-"
			}
		}
		switch theirs.Attributes.Class { // those of M-Bus meters have their identifier in the unique id
		case "gas":
			name = "gas_total"
		case "water":
			name = "water_total"
		}
		switch name {
		case "":
			differs += fmt.Sprintf("\n%s (%s) has no counterpart, it is %s", e.ID, e.UniqueID, theirs.State)
			continue
		case "-":
			continue
		}
		ours := h.core.api.state("sensor." + m.slot + "_" + name)
		if !equalPower(t, theirs, ours) {
			differs += fmt.Sprintf("\n%s %s %s, %s %s %s",
				theirs.ID, theirs.State, theirs.Attributes.Unit, ours.ID, ours.State, ours.Attributes.Unit)
			continue
		}
		same++
	}
	return same, differs
}

// equalPower is equal also where ours is in kW and theirs in W.
func equalPower(t *testing.T, theirs, ours state) bool {
	t.Helper()
	if theirs.Attributes.Unit == "W" && ours.Attributes.Unit == "kW" {
		return equal(t, ours, theirs)
	}
	return equal(t, theirs, ours)
}
