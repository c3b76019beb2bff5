//go:build homeassistant

package homeassistant_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// sources are what a user enters on the page of the energy dashboard: every
// total of every meter is a source. (A real user enters tariffs or totals,
// never both. Core looks at each source by itself.)
func (h *house) sources(t *testing.T) (prefs fields, totals []string) {
	t.Helper()
	grid := make(map[string]fields) // by what follows import and export
	var rows, other []fields
	devices := []fields{} // Core takes a list, none or not
	states := h.core.api.states(t)
	for _, e := range h.entities(t) {
		s, known := states[e.ID]
		if e.Platform != "mqtt" || !known || !strings.HasPrefix(s.Attributes.State, "total") {
			continue
		}
		_, key, _ := strings.Cut(e.ID, ".")
		switch class := s.Attributes.Class; {
		case class == "gas" || class == "water":
			other = append(other, fields{"type": class, "stat_energy_from": e.ID})
			if flow := strings.TrimSuffix(e.ID, "total") + "flow"; states[flow].good() {
				other[len(other)-1]["stat_rate"] = flow
			}
		case class == "energy" && (strings.Contains(key, "_import_") || strings.Contains(key, "_export_")):
			name := strings.NewReplacer("_import_", "_", "_export_", "_").Replace(key)
			row := grid[name]
			if row == nil {
				row = fields{"type": "grid", "cost_adjustment_day": 0}
				grid[name] = row
				rows = append(rows, row)
			}
			if strings.Contains(key, "_import_") {
				row["stat_energy_from"] = e.ID
			} else {
				row["stat_energy_to"] = e.ID
			}
			if slot, total := strings.CutSuffix(key, "_energy_import_total"); total {
				row["stat_rate"] = "sensor." + slot + "_power_net"
			}
		case strings.HasSuffix(key, "_energy_house_total"):
			power := strings.TrimSuffix(e.ID, "energy_house_total") + "house_use"
			other = append(other, fields{"type": "home", "stat_energy_to": e.ID, "stat_rate": power})
		case strings.HasSuffix(key, "_solar_energy_total"):
			other = append(other, fields{"type": "solar", "stat_energy_from": e.ID, "config_entry_solar_forecast": nil})
		case strings.HasSuffix(key, "_heat_total"): // users do either
			other = append(other, fields{"type": "gas", "stat_energy_from": e.ID})
			devices = append(devices, fields{"stat_consumption": e.ID})
		case class == "energy":
			devices = append(devices, fields{"stat_consumption": e.ID})
		default:
			continue // a counter, or reactive energy
		}
		totals = append(totals, e.ID)
	}
	return fields{"energy_sources": append(rows, other...), "device_consumption": devices}, totals
}

// energy waits for flows of gas, then tries the dashboard.
func energy(t *testing.T, h *house) {
	h.clock.run()
	flows := []string{"sensor.p1_gas_flow", "sensor.dsmr42_gas_flow"}
	wait(t, func() (bool, string) { // a flow takes two readings
		for _, id := range flows {
			if !h.core.api.state(id).good() {
				return false, id + " has no value"
			}
		}
		return true, ""
	})
	dashboard(t, h)
}

// dashboard enters the sources, and asks Core what is wrong with them.
func dashboard(t *testing.T, h *house) {
	prefs, totals := h.sources(t)
	h.core.api.call(t, "energy/save_prefs", prefs, nil)
	t.Logf("%d totals are sources", len(totals))
	// Core makes statistics every five minutes; until then it knows of none.
	h.validate(t, "statistics_not_defined")

	// What statistics there will be is known at once.
	type statistic struct {
		ID    string `json:"statistic_id"`
		Sum   bool   `json:"has_sum"`
		Class string `json:"unit_class"`
	}
	var list []statistic
	h.core.api.call(t, "recorder/list_statistic_ids", nil, &list)
	for _, id := range totals {
		i := slices.IndexFunc(list, func(s statistic) bool { return s.ID == id })
		if i < 0 || !list[i].Sum || list[i].Class != "energy" && list[i].Class != "volume" {
			t.Errorf("%s has no sum of energy or volume in Core's statistics", id)
		}
	}
}

// validate asks Core for what is wrong with the energy dashboard and with
// statistics.
func (h *house) validate(t *testing.T, but ...string) {
	t.Helper()
	for _, complaint := range h.complaints(t, but...) {
		t.Error(complaint)
	}
}

func (h *house) complaints(t *testing.T, but ...string) (list []string) {
	t.Helper()
	var verdict map[string][][]struct {
		Type     string            `json:"type"`
		Entities []json.RawMessage `json:"affected_entities"`
	}
	h.core.api.call(t, "energy/validate", nil, &verdict)
	sources := 0
	for kind, issues := range verdict {
		sources += len(issues)
		for _, issue := range slices.Concat(issues...) {
			if !slices.Contains(but, issue.Type) {
				list = append(list, fmt.Sprintf("energy/validate: %s: %s: %s", kind, issue.Type, issue.Entities))
			}
		}
	}
	if sources == 0 {
		list = append(list, "energy/validate knows of no source")
	}
	var issues map[string]json.RawMessage
	h.core.api.call(t, "recorder/validate_statistics", nil, &issues)
	for id, issue := range issues {
		list = append(list, fmt.Sprintf("recorder/validate_statistics: %s: %s", id, issue))
	}
	return list
}

// statistics waits until Core has made statistics of all that happened. The
// sum of a total is how far it moved, whatever was restarted in between: a new
// meter goes on where the old one ended.
func statistics(t *testing.T, h *house) {
	h.clock.run()
	prefs, totals := h.sources(t)
	h.core.api.call(t, "energy/save_prefs", prefs, nil)
	sums := h.sums(t, totals)
	moved := 0.0
	for _, id := range slices.SortedFunc(slices.Values(totals), cmp.Compare[string]) {
		last := sums[id]
		want := h.ended[id] + last.State - h.begin[id]
		if math.Abs(last.Sum-want) > 1e-6 {
			t.Errorf("%s: sum: got %.3f, want %.3f", id, last.Sum, want)
		}
		moved += last.Sum
	}
	if moved == 0 {
		t.Error("nothing moved")
	}
	t.Logf("%d sums are right", len(totals))
	h.validate(t)
}

// sum is what Core's statistics say at the end of some minutes.
type sum struct {
	Start int64   `json:"start"` // of the minutes, ms
	State float64 `json:"state"`
	Sum   float64 `json:"sum"`
}

// sums waits until Core has made statistics again, and returns the last of
// each entity.
func (h *house) sums(t *testing.T, ids []string) map[string]sum {
	t.Helper()
	// Ten seconds into each five minutes Core looks at the five minutes before.
	const every, delay = 5 * time.Minute, 10 * time.Second
	until := time.Now().Truncate(every).Add(every)
	t.Logf("waiting until %s", until.Add(delay).Format(time.TimeOnly))
	time.Sleep(time.Until(until.Add(delay)))

	last := make(map[string]sum)
	wait(t, func() (bool, string) {
		var rows map[string][]sum
		h.core.api.call(t, "recorder/statistics_during_period", fields{
			"start_time": until.Add(-24 * time.Hour).UTC().Format(time.RFC3339), "statistic_ids": ids, "period": "5minute", "types": []string{"state", "sum"},
		}, &rows)
		for _, id := range ids {
			list := rows[id]
			if len(list) == 0 || list[len(list)-1].Start < until.Add(-every).UnixMilli() {
				return false, fmt.Sprintf("%s: no statistics: %v", id, list)
			}
			last[id] = list[len(list)-1]
		}
		return true, ""
	})
	return last
}
