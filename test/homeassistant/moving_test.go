//go:build homeassistant

package homeassistant_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// moveIn is what docs/moving.md tells users who come from Core's dsmr
// integration or from smartmeter2mqtt: the old entities go, ours get their
// entity ids, and what was counted goes on. The entities had statistics of
// their own before that, as in a house where both ran for a day.
func moveIn(t *testing.T, h *house) {
	h.clock.run()
	ours := make(map[string]string)   // by the entity that goes
	left := make(map[string]struct{}) // whose statistics will have no entity

	m := h.meter("dsmr42")
	entry := h.core.api.setUp(t, "dsmr", fields{"port": "socket://" + m.raw, "dsmr_version": m.version})
	wait(t, func() (bool, string) {
		for _, e := range h.entities(t) {
			if e.Entry != entry {
				continue
			}
			left[e.ID] = struct{}{}
			s := h.core.api.state(e.ID)
			if !strings.HasPrefix(s.Attributes.State, "total") {
				continue
			}
			if !s.good() {
				return false, s.ID + " has no value"
			}
			_, key, _ := strings.Cut(e.UniqueID, "_")
			name := sameAs[key]
			if name == "" {
				name = sameAs[s.Attributes.Class]
			}
			ours[e.ID] = "sensor." + m.slot + "_" + name
		}
		return len(ours) >= 5, fmt.Sprintf("the dsmr integration has %d totals", len(ours))
	})
	const topic, id = "homeassistant/sensor/smartmeter/t1-used/config", "sensor.t1_used"
	announcement, err := json.Marshal(fields{
		"name": "T1 used", "unique_id": "smartmeter_453xx_total_t1_used", "state_topic": "smartmeter_dsmr30/status/energy",
		"value_template": "{{ value_json.totalT1Use }}", "device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh",
	})
	if err != nil {
		t.Fatal(err)
	}
	h.births.publish(t, topic, announcement)
	ours[id] = "sensor.dsmr30_energy_import_tariff_1"
	wait(t, func() (bool, string) { return h.core.api.state(id).good(), id + " has no value" })

	old, our := slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Values(ours))
	before := h.sums(t, append(slices.Clone(old), our...))

	h.core.api.rest(t, "DELETE", "/api/config/config_entries/entry/"+entry, nil, nil)
	h.births.publish(t, topic, nil)
	for _, id := range old {
		wait(t, func() (bool, string) {
			gone := !slices.ContainsFunc(h.entities(t), func(e entity) bool { return e.ID == id })
			return gone && h.core.api.state(id).ID == "", id + " is still there"
		})
	}
	rename := func(from, to string) {
		h.core.api.call(t, "config/entity_registry/update", fields{"entity_id": from, "new_entity_id": to}, nil)
		wait(t, func() (bool, string) { return h.core.api.state(to).good(), to + " has no value" })
	}
	for _, id := range old {
		rename(ours[id], id)
	}
	defer func() {
		for _, id := range old {
			rename(id, ours[id])
		}
	}()

	moved := 0.0
	for id, after := range h.sums(t, old) {
		want := before[id].Sum + after.State - before[id].State
		if math.Abs(after.Sum-want) > 1e-6 {
			t.Errorf("%s: sum: got %.3f, want %.3f", id, after.Sum, want)
		}
		moved += after.Sum - before[id].Sum
	}
	if moved == 0 {
		t.Error("nothing moved")
	}
	t.Logf("%d entities go on where others ended", len(old))

	// What the entities counted under their first ids is left over, as are the
	// old powers. Core offers to delete both, and knows of no other trouble.
	for old, our := range ours {
		delete(left, old)
		left[our] = struct{}{}
	}
	var issues map[string][]struct {
		Type string `json:"type"`
	}
	h.core.api.call(t, "recorder/validate_statistics", nil, &issues)
	for id, list := range issues {
		for _, issue := range list {
			if _, expected := left[id]; !expected || issue.Type != "no_state" {
				t.Errorf("recorder/validate_statistics: %s: %s", id, issue.Type)
			}
		}
	}
	for _, id := range our {
		if issues[id] == nil {
			t.Errorf("Core does not offer to delete the statistics of %s", id)
		}
	}
}

// publish leaves a retained message at the broker.
func (b *births) publish(t *testing.T, topic string, payload []byte) {
	t.Helper()
	if token := b.client.Publish(topic, 1, true, payload); !token.WaitTimeout(deadline) || token.Error() != nil {
		t.Fatalf("publishing to %s: %v", topic, token.Error())
	}
}
