//go:build homeassistant

package homeassistant_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

// sameAs names our entity for one of the dsmr integration, by the end of its
// unique id or by its device class.
var sameAs = map[string]string{
	"current_electricity_usage":            "power_import",
	"current_electricity_delivery":         "power_export",
	"electricity_active_tariff":            "active_tariff",
	"electricity_used_tariff_1":            "energy_import_tariff_1",
	"electricity_used_tariff_2":            "energy_import_tariff_2",
	"electricity_used_tariff_3":            "energy_import_tariff_3",
	"electricity_used_tariff_4":            "energy_import_tariff_4",
	"electricity_delivered_tariff_1":       "energy_export_tariff_1",
	"electricity_delivered_tariff_2":       "energy_export_tariff_2",
	"electricity_delivered_tariff_3":       "energy_export_tariff_3",
	"electricity_delivered_tariff_4":       "energy_export_tariff_4",
	"eon_hu_electricity_combined":          "energy_combined",
	"electricity_imported_total":           "energy_import_total",
	"electricity_exported_total":           "energy_export_total",
	"belgium_current_average_demand":       "demand_average",
	"belgium_maximum_demand_current_month": "demand_peak_month",
	"gas":                                  "gas_total",
	"water":                                "water_total",
	"energy":                               "heat_total",
}

// dsmrIntegration sets up Core's own dsmr integration on the raw socket of each program.
// While the meters' clock stands still, both have to show the same.
//
// A Hungarian meter fills its text message with bytes FF, and dsmr-parser drops
// a telegram with any byte that is not ASCII: without them it reads the rest.
func dsmrIntegration(t *testing.T, h *house) {
	h.clock.stop()
	hungary := h.meter("hungary").cable
	hungary.set(func(p []byte) []byte { return bytes.ReplaceAll(p, []byte{0xFF}, nil) })
	defer hungary.set(nil)
	entries := make(map[string]string) // by slot
	for _, m := range h.meters {
		entries[m.slot] = h.core.api.setUp(t, "dsmr", fields{"port": "socket://" + m.raw, "dsmr_version": m.version})
	}
	for _, m := range h.meters {
		entry := entries[m.slot]
		t.Run(m.slot, func(t *testing.T) {
			var same int
			wait(t, func() (bool, string) {
				var differs string
				same, differs = h.agree(t, m, entry)
				return same > 0 && differs == "", fmt.Sprintf("%d entities agree; not so:%s", same, differs)
			})
			t.Logf("%d entities agree", same)
		})
		h.core.api.rest(t, "DELETE", "/api/config/config_entries/entry/"+entry, nil, nil)
	}
}

// agree compares the dsmr integration's entities with ours. It returns how
// many are the same, and which are not. It shows a total of zero as unknown.
func (h *house) agree(t *testing.T, m *meter, entry string) (same int, differs string) {
	t.Helper()
	for _, e := range h.entities(t) {
		if e.Platform != "dsmr" || e.Entry != entry || e.Disabled != "" {
			continue
		}
		theirs := h.core.api.state(e.ID)
		_, key, _ := strings.Cut(e.UniqueID, "_")
		name := sameAs[key]
		if name == "" {
			name = sameAs[theirs.Attributes.Class]
		}
		if name == "" {
			differs += fmt.Sprintf("\n%s has no counterpart", e.ID)
			continue
		}
		ours := h.core.api.state("sensor." + m.slot + "_" + name)
		zero := theirs.State == "unknown" && strings.HasPrefix(theirs.Attributes.State, "total") && ours.good() && ours.number(t) == 0
		if !zero && (!theirs.good() || !equal(t, theirs, ours)) {
			differs += fmt.Sprintf("\n%s %s %s, %s %s %s", theirs.ID, theirs.State, theirs.Attributes.Unit, ours.ID, ours.State, ours.Attributes.Unit)
			continue
		}
		same++
	}
	return same, differs
}

// equal compares two states, as numbers where they have a unit. The dsmr
// integration rounds them to three decimals, and shows names of states that Core
// translates, where ours are "Low" and "Normal" themselves.
func equal(t *testing.T, a, b state) bool {
	t.Helper()
	if !a.good() || !b.good() || a.Attributes.Unit == "" {
		return strings.EqualFold(a.State, b.State)
	}
	x, y := a.number(t), b.number(t)
	if a.Attributes.Unit == "kW" && b.Attributes.Unit == "W" {
		x *= 1000
	}
	return math.Abs(x-y) < 0.000501
}
