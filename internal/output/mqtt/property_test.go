package mqtt

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestAnything throws random events at a session and checks what must hold
// whatever happens.
func TestAnything(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newSession(options())
		now := start
		sent := map[string]message{}
		sentAt := map[string]time.Time{}
		check := func(messages []message) {
			for _, m := range keep(messages) {
				if !json.Valid(m.payload) && !strings.HasSuffix(m.topic, "availability") {
					t.Fatalf("seed %d: %s is not JSON: %s", seed, m.topic, m.payload)
				}
				if before, ok := sent[m.topic]; ok && strings.HasSuffix(m.topic, "/config") &&
					!bytes.Equal(before.payload, m.payload) && now.Sub(sentAt[m.topic]) < debounce {
					t.Fatalf("seed %d: two announcements of %s within %s", seed, m.topic, now.Sub(sentAt[m.topic]))
				}
				sent[m.topic], sentAt[m.topic] = m, now
				if device, ok := strings.CutSuffix(m.topic, "/state"); ok {
					checkState(t, sent["homeassistant/device/smartmeter_"+strings.TrimPrefix(device, "smartmeter/")+"/config"], m)
				}
			}
		}
		for range 150 {
			now = now.Add(time.Duration(random.IntN(4000)) * time.Millisecond)
			switch random.IntN(12) {
			case 0:
				s.lost()
			case 1:
				check(connect(s, now))
			case 2:
				st := alive()
				st.Alive = random.IntN(2) == 0
				check(s.status(now, st))
			case 3:
				check(s.received(now, incoming{"homeassistant/status", []byte("online"), false}))
			default:
				u := []*meter.Update{dutch(), belgian(), warmtelink(), old()}[random.IntN(4)]
				check(s.update(now, later(u, now.Sub(start), func(r *meter.Reading) {
					for q := range meter.NumQuantities {
						if random.IntN(3) == 0 {
							r.Values.Clear(q)
						}
					}
				})))
			}
			if at := s.next(); !at.IsZero() && !at.After(now) {
				check(s.tick(now))
			}
		}
	}
}

// checkState verifies that the state has a key for every component announced.
func checkState(t *testing.T, config, state message) {
	t.Helper()
	if config.payload == nil {
		return
	}
	var a homeassistant.Announcement
	if err := json.Unmarshal(config.payload, &a); err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(state.payload, &values); err != nil {
		t.Fatal(err)
	}
	for key, c := range a.Components {
		if c.Platform == homeassistant.Button {
			continue // has no state
		}
		if _, ok := values[key]; !ok {
			t.Fatalf("%s lacks %s: %s", state.topic, key, state.payload)
		}
	}
}
