package mqtt

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// several are the options of a household with two meters and their sum.
func several() *Options {
	o := options()
	o.Meters = []Meter{{Slot: "p1"}, {Slot: "night"}, {Slot: "sum", IsSum: true}}
	o.Language = meter.Dutch
	return o
}

// of is the update, of that meter.
func of(slot string, u *meter.Update) *meter.Update {
	next := *u
	next.Slot = slot
	return &next
}

// stands is a status of that meter's line.
func stands(slot string, isAlive bool) meter.Status {
	st := alive()
	st.Slot, st.Alive, st.Verdict, st.Problem, st.Text = slot, isAlive, "good", false, "readings arrive"
	return st
}

// allTogether is the sum of two meters with solar panels on the roof.
func allTogether() *meter.Update {
	r := meter.Reading{Received: start}
	set(&r, map[meter.Quantity]string{
		meter.EnergyImportTotal: "2391.374", meter.EnergyExportTotal: "713.25",
		meter.PowerImport: "0.500", meter.PowerExport: "1.193", meter.PowerNet: "-693", meter.SolarPower: "1500", meter.HouseUse: "807",
		meter.PowerNetL1: "256", meter.PowerNetL2: "-1104", meter.PowerNetL3: "155",
	})
	return &meter.Update{Slot: "sum", Reading: r, JSON: []byte(`{"sum":1}`)}
}

// TestSeveral freezes what two meters and their sum publish.
func TestSeveral(t *testing.T) {
	s := newSession(several())
	all := keep(connect(s, start))
	for _, u := range []*meter.Update{of("p1", dutch()), of("night", belgian()), allTogether()} {
		all = append(all, keep(s.status(start, stands(u.Slot, true)))...)
		all = append(all, keep(s.update(start, u))...)
	}
	golden(t, "several.golden", detailed(t, all))
}

// TestOneOfSeveral: a meter that is away takes no other with it, and the sum is
// not needed for all to be there.
func TestOneOfSeveral(t *testing.T) {
	s := newSession(several())
	connect(s, start)
	for _, u := range []*meter.Update{of("p1", dutch()), of("night", belgian())} {
		s.status(start, stands(u.Slot, true))
		s.update(start, u)
	}
	now := start.Add(time.Minute)
	for at := s.next(); !at.IsZero() && !at.After(now); at = s.next() {
		s.tick(at)
	}
	compare(t, "one is away", s.status(now, stands("night", false)),
		"smartmeter/connected 1",
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/night/availability offline",
		"smartmeter/night_gas/availability offline",
		"smartmeter/night_water/availability offline",
	)
	var topics []string
	for _, line := range brief(s.update(now, later(of("p1", dutch()), time.Minute, nil))) {
		topics = append(topics, strings.Fields(line)[0])
	}
	if diff := cmp.Diff([]string{"smartmeter/status/energy", "smartmeter/p1/state"}, topics); diff != "" {
		t.Errorf("beside it (-want +got):\n%s", diff)
	}
	compare(t, "it is back", s.status(now, stands("night", true)),
		"smartmeter/connected 2",
		"smartmeter/p1_bridge/state (state)",
	)
	compare(t, "stop", s.stop(now),
		"smartmeter/p1_bridge/availability offline",
		"smartmeter/p1/availability offline",
		"smartmeter/p1_gas/availability offline",
		`smartmeter/p1_bridge/claim {"instance":"0badcafe","state":"stopped"}`,
		`homeassistant/device/smartmeter_p1_bridge/claim {"instance":"0badcafe","state":"stopped"}`,
		`smartmeter/night_bridge/claim {"instance":"0badcafe","state":"stopped"}`,
		`homeassistant/device/smartmeter_night_bridge/claim {"instance":"0badcafe","state":"stopped"}`,
		"smartmeter/connected 0",
	)
}

// TestContestedSlot: another program publishes the second meter. This one stands
// by, and says which name is taken.
func TestContestedSlot(t *testing.T) {
	var log bytes.Buffer
	o := several()
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := newSession(o)
	s.connected(start)
	out := s.received(start, incoming{"smartmeter/night_bridge/claim", []byte(`{"instance":"other","state":"publishes","since":1}`), false})
	for _, m := range out {
		if !strings.HasSuffix(m.topic, "/claim") {
			t.Errorf("it publishes %s", m.topic)
		}
	}
	if !strings.Contains(log.String(), "stands by") || !strings.Contains(log.String(), "slot=night") {
		t.Errorf("the log says %s", &log)
	}
}

// TestSilentForDays: a meter without data for three days stays away and says
// nothing but what is asked for, while the other one goes on; then it is back,
// with its newest state first.
func TestSilentForDays(t *testing.T) {
	s := newSession(several())
	connect(s, start)
	for _, u := range []*meter.Update{of("p1", dutch()), of("night", belgian())} {
		s.status(start, stands(u.Slot, true))
		s.update(start, u)
	}
	s.status(start, stands("night", false))
	seen := make(map[string]map[string]bool) // payloads by topic
	note := func(messages []message) {
		for _, m := range messages {
			if strings.HasSuffix(m.topic, "/availability") || strings.HasSuffix(m.topic, "/connected") {
				if seen[m.topic] == nil {
					seen[m.topic] = make(map[string]bool)
				}
				seen[m.topic][string(m.payload)] = true
			}
		}
	}
	states := 0
	now := start
	for range 3 * 24 * 6 {
		now = now.Add(10 * time.Minute)
		for at := s.next(); !at.IsZero() && !at.After(now); at = s.next() {
			note(keep(s.tick(at)))
		}
		messages := keep(s.update(now, later(of("p1", dutch()), now.Sub(start), nil)))
		note(messages)
		for _, m := range messages {
			if m.topic == "smartmeter/p1/state" {
				states++
			}
		}
	}
	for topic, payloads := range seen {
		isNight := strings.Contains(topic, "/night")
		if isNight && payloads["online"] || topic == "smartmeter/p1/availability" && payloads["offline"] || payloads["2"] {
			t.Errorf("%s says %v", topic, payloads)
		}
	}
	if states < 3*24*6 {
		t.Errorf("the other meter has %d states", states)
	}
	s.status(now, stands("night", true))
	back := brief(s.update(now, later(of("night", belgian()), now.Sub(start), nil)))
	state, available := slices.Index(back, "smartmeter/night/state (state)"), slices.Index(back, "smartmeter/night/availability online")
	if state < 0 || available < state {
		t.Errorf("it comes back with %q", back)
	}
}

// TestRestartOfSeveral: before the first telegram every meter's devices are
// announced as they were.
func TestRestartOfSeveral(t *testing.T) {
	s := newSession(several())
	for _, u := range []*meter.Update{of("p1", dutch()), of("night", belgian()), allTogether()} {
		s.status(start, stands(u.Slot, true))
		s.update(start, u)
	}
	want := announcements(keep(connect(s, start)))
	if len(want) != 7 {
		t.Errorf("%d devices", len(want))
	}
	if diff := cmp.Diff(want, announcements(keep(connect(againWith(t, several(), s, nil), start)))); diff != "" {
		t.Errorf("announcements after a restart (-before +after):\n%s", diff)
	}
}

// TestSecondMeter: who adds a meter sees no difference in the first one's
// devices.
func TestSecondMeter(t *testing.T) {
	o := several()
	o.Meters = o.Meters[:1]
	alone := newSession(o)
	alone.update(start, of("p1", dutch()))
	want := announcements(keep(connect(alone, start)))
	beside := newSession(several())
	beside.update(start, of("p1", dutch()))
	got := announcements(keep(connect(beside, start)))
	for topic, text := range want {
		if strings.Contains(topic, "bridge") {
			continue
		}
		if got[topic] != text {
			t.Errorf("%s: %s", topic, cmp.Diff(text, got[topic]))
		}
	}
}
