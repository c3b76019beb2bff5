package mqtt

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
)

const oldGas = "homeassistant/sensor/smartmeter/gas/config"

// found brings the session to where entities of smartmeter2mqtt were found and
// the button is announced.
func found(t *testing.T, topics ...string) (*session, time.Time, string) {
	t.Helper()
	s, now := running(t, options(), dutch())
	last := ""
	for _, topic := range topics {
		now = now.Add(debounce)
		for _, m := range s.received(now, incoming{topic, []byte(`{"unique_id":"smartmeter_4530_total_gas","name":"Gas"}`), true}) {
			if m.topic == "homeassistant/device/smartmeter_p1_bridge/config" {
				last = string(m.payload)
			}
		}
	}
	return s, now, last
}

func TestFormerEntitiesAreRemovedByTheButtonOnly(t *testing.T) {
	s, now, config := found(t, oldGas, "homeassistant/sensor/smartmeter/t1-used/config")
	if !strings.Contains(config, homeassistant.RemoveFormerKey) && !strings.Contains(string(s.bridge.sent), homeassistant.RemoveFormerKey) {
		t.Fatalf("the button is not announced: %s", config)
	}
	// Whatever else happens, they stay.
	for _, m := range slices.Concat(keep(connect(s, now)), keep(s.tick(now.Add(time.Hour))), keep(s.stop(now.Add(2*time.Hour)))) {
		if strings.Contains(m.topic, "/sensor/") {
			t.Errorf("%s %q without the button", m.topic, m.payload)
		}
	}
	press := s.bridge.CommandTopic(homeassistant.RemoveFormerKey)
	if got := s.received(now, incoming{press, []byte("PRESS"), true}); len(got) > 0 {
		t.Errorf("a retained press: got %q", brief(got))
	}
	now = now.Add(3 * time.Hour)
	var cleared []string
	for _, m := range keep(s.received(now, incoming{press, []byte("PRESS"), false})) {
		if strings.Contains(m.topic, "/sensor/") && len(m.payload) == 0 && m.retain {
			cleared = append(cleared, m.topic)
		}
	}
	if diff := cmp.Diff([]string{oldGas, "homeassistant/sensor/smartmeter/t1-used/config"}, cleared); diff != "" {
		t.Errorf("cleared: -want +got:\n%s", diff)
	}
	// The button goes the way that Home Assistant wants: reduced, then left out.
	if !strings.Contains(string(s.bridge.sent), `"`+homeassistant.RemoveFormerKey+`":{"platform":"button"}`) {
		t.Errorf("the button is still there: %s", s.bridge.sent)
	}
	for at := s.next(); !at.IsZero() && at.Before(now.Add(2*time.Minute)); at = s.next() {
		s.tick(at)
	}
	if strings.Contains(string(s.bridge.sent), homeassistant.RemoveFormerKey) {
		t.Errorf("the button is not left out: %s", s.bridge.sent)
	}
}

// TestFormerBeta: a version between two releases announced what the house uses.
func TestFormerBeta(t *testing.T) {
	const house = "homeassistant/sensor/smartmeter/house-usage/config"
	s, now, _ := found(t, house)
	if !slices.Contains(s.subscriptions(), house) {
		t.Errorf("%s is not looked for", house)
	}
	got := s.received(now, incoming{s.bridge.CommandTopic(homeassistant.RemoveFormerKey), []byte("PRESS"), false})
	if len(got) == 0 || got[0].topic != house || len(got[0].payload) > 0 || !got[0].retain {
		t.Errorf("the button: got %q, want %s emptied first", brief(got), house)
	}
}

func TestNoFormerEntities(t *testing.T) {
	for name, m := range map[string]incoming{
		"another program's":   {oldGas, []byte(`{"unique_id":"esp32_gas"}`), true},
		"no JSON":             {oldGas, []byte("rubbish"), true},
		"empty":               {oldGas, nil, true},
		"published right now": {oldGas, []byte(`{"unique_id":"smartmeter_1_total_gas"}`), false},
		"another topic":       {"homeassistant/sensor/other/gas/config", []byte(`{"unique_id":"smartmeter_1_total_gas"}`), true},
	} {
		s, now := running(t, options(), dutch())
		s.received(now, m)
		if len(s.former.found) > 0 || s.bridge.Has(homeassistant.RemoveFormerKey) {
			t.Errorf("%s: taken for smartmeter2mqtt's", name)
		}
	}
}
