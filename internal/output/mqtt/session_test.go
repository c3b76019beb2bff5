package mqtt

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func compare(t *testing.T, what string, got []message, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, brief(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// running is a session that is connected, alive, and past the repeats that
// follow a connection, at the time returned.
func running(t *testing.T, o *Options, u *meter.Update) (*session, time.Time) {
	t.Helper()
	s := newSession(o)
	s.status(start, alive())
	s.update(start, u)
	connect(s, start)
	now := start.Add(time.Minute)
	for at := s.next(); !at.IsZero() && !at.After(now); at = s.next() {
		s.tick(at)
	}
	return s, now
}

func TestFirstConnection(t *testing.T) {
	s := newSession(options())
	compare(t, "before the first reading", connect(s, start),
		"smartmeter/p1/availability offline",
		"homeassistant/device/smartmeter_p1_bridge/config (announcement)",
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/connected 1",
		"smartmeter/p1_bridge/availability online",
	)
	compare(t, "the meter is there", s.status(start, alive()),
		"smartmeter/connected 2",
		"smartmeter/p1_bridge/state (state)",
	)
	compare(t, "the first reading", s.update(start, dutch()),
		`smartmeter/status/energy {"header":"dutch"}`,
		"homeassistant/device/smartmeter_p1/config (announcement)",
		"homeassistant/device/smartmeter_p1_gas/config (announcement)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1/power_failure_last_end/attributes (attributes)",
		"smartmeter/p1_gas/state (state)",
		"smartmeter/p1/availability online",
		"smartmeter/p1_gas/availability online",
	)
}

func TestReconnect(t *testing.T) {
	for name, tt := range map[string]struct {
		u    *meter.Update
		want []string
	}{
		"electricity and gas": {dutch(), []string{
			"smartmeter/p1/availability offline",
			"smartmeter/p1_gas/availability offline",
			"homeassistant/device/smartmeter_p1_bridge/config (announcement)",
			"homeassistant/device/smartmeter_p1/config (announcement)",
			"homeassistant/device/smartmeter_p1_gas/config (announcement)",
			`smartmeter/status/energy {"header":"dutch"}`,
			"smartmeter/p1_bridge/state (state)",
			"smartmeter/p1/state (state)",
			"smartmeter/p1_gas/state (state)",
			"smartmeter/p1/power_failure_last_end/attributes (attributes)",
			"smartmeter/connected 2",
			"smartmeter/p1_bridge/availability online",
			"smartmeter/p1/availability online",
			"smartmeter/p1_gas/availability online",
		}},
		"heat only": {warmtelink(), []string{
			"smartmeter/p1_heat/availability offline",
			"homeassistant/device/smartmeter_p1_bridge/config (announcement)",
			"homeassistant/device/smartmeter_p1_heat/config (announcement)",
			`smartmeter/status/energy {"header":"warmtelink"}`,
			"smartmeter/p1_bridge/state (state)",
			"smartmeter/p1_heat/state (state)",
			"smartmeter/connected 2",
			"smartmeter/p1_bridge/availability online",
			"smartmeter/p1_heat/availability online",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, now := running(t, options(), tt.u)
			s.lost()
			if at := s.next(); !at.IsZero() {
				t.Errorf("without a connection there is something to do at %s", at)
			}
			compare(t, "offline", s.update(now, later(tt.u, time.Minute, nil)))
			compare(t, "offline", s.status(now, alive()))
			compare(t, "offline", s.tick(now))
			compare(t, "offline", s.stop(now))
			compare(t, "connected again", connect(s, now.Add(time.Minute)), tt.want...)
		})
	}
}

func TestReconnectWithADeadMeter(t *testing.T) {
	s, now := running(t, options(), dutch())
	s.lost()
	s.status(now, meter.Status{})
	got := brief(connect(s, now.Add(time.Minute)))
	if !slices.Contains(got, "smartmeter/connected 1") {
		t.Errorf("connected is not 1: %q", got)
	}
	for _, line := range got {
		if strings.HasSuffix(line, "online") && !strings.Contains(line, "bridge") {
			t.Errorf("a dead meter is available: %s", line)
		}
	}
}

func TestWithoutDiscovery(t *testing.T) {
	o := options()
	o.Discovery = false
	s := newSession(o)
	s.status(start, alive())
	s.update(start, dutch())
	compare(t, "connected", connect(s, start),
		"smartmeter/p1/availability offline",
		"smartmeter/p1_gas/availability offline",
		`smartmeter/status/energy {"header":"dutch"}`,
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1_gas/state (state)",
		"smartmeter/connected 2",
		"smartmeter/p1_bridge/availability online",
		"smartmeter/p1/availability online",
		"smartmeter/p1_gas/availability online",
	)
	if got, want := s.next(), start.Add(15*time.Minute); got != want {
		t.Errorf("next = %s, want %s", got, want)
	}
}

func TestInterval(t *testing.T) {
	for _, tt := range []struct {
		name              string
		interval          int
		telegrams, jitter time.Duration
		want              []int // seconds after the first
	}{
		{"every second", 10, time.Second, 0, []int{0, 10, 20, 30}},
		{"every second, a bit early", 10, time.Second, -20 * time.Millisecond, []int{0, 10, 20, 30}},
		{"as slow as the interval", 10, 10 * time.Second, -300 * time.Millisecond, []int{0, 10, 20, 30}},
		{"every telegram", 0, time.Second, 0, []int{0, 1, 2, 3, 4, 5}},
		{"one second", 1, time.Second, -100 * time.Millisecond, []int{0, 1, 2, 3, 4, 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options()
			o.Interval, o.Discovery = tt.interval, false
			s := newSession(o)
			connect(s, start)
			var got []int
			for n := 0; len(got) < len(tt.want) && n < 100; n++ {
				d := time.Duration(n) * tt.telegrams
				at := start.Add(d)
				if n%2 == 1 {
					at = at.Add(tt.jitter)
				}
				for _, m := range s.update(at, later(dutch(), d, nil)) {
					if m.topic == "smartmeter/p1/state" {
						got = append(got, int(d/time.Second))
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMBusStates(t *testing.T) {
	o := options()
	o.Interval = 3600
	s, now := running(t, o, dutch())
	u := later(dutch(), time.Minute, nil)
	compare(t, "the same gas reading", s.update(now, u), `smartmeter/status/energy {"header":"dutch"}`)
	u = later(u, 5*time.Minute, func(r *meter.Reading) {
		r.Channels[1].Time = stamp(2026, 3, 14, 13, 0, 1, 'W')
		r.Channels[1].Value = value("246.150")
		r.Values.Set(meter.GasFlow, value("0.144"))
	})
	u.GasUsage = &meter.Change{Previous: value("0.126"), Value: value("0.144")}
	got := keep(s.update(now.Add(5*time.Minute), u))
	compare(t, "a new gas reading", got,
		`smartmeter/status/energy {"header":"dutch"}`,
		`smartmeter/status/gasUsage {"previousUsage":0.126,"relative":0.018,"message":"Gas usage increased +0.018 to 0.144","val":0.144,"tc":1773489960000}`,
		"smartmeter/p1_gas/state (state)",
	)
	want := `{"gas_total":246.15,"gas_flow":0.144,"last_reading":"2026-03-14T13:00:01+01:00"}`
	if diff := cmp.Diff(want, string(got[2].payload)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

// TestGuarded: entities show what is guarded; the topic of the whole reading
// what the meter said.
func TestGuarded(t *testing.T) {
	o := options()
	o.Interval = 0
	s, now := running(t, o, dutch())
	u := later(dutch(), time.Minute, func(r *meter.Reading) {
		r.Values.Set(meter.EnergyImportT1, value("0"))
		r.Channels[1].Value = value("0")
		r.Channels[1].Time = clock(r.Channels[1].Time, 5*time.Minute)
	})
	guarded := u.Reading
	guarded.Values.Set(meter.EnergyImportT1, value("2130.115"))
	guarded.Channels[1].Value = value("246.138")
	u.Guarded, u.JSON = &guarded, []byte(`{"totalT1Use":0}`)
	got := map[string]string{}
	for _, m := range s.update(now, u) {
		got[m.topic] = string(m.payload)
	}
	for topic, want := range map[string]string{
		"smartmeter/p1/state":      `"energy_import_tariff_1":2130.115,`,
		"smartmeter/p1_gas/state":  `"gas_total":246.138,`,
		"smartmeter/status/energy": `"totalT1Use":0`,
	} {
		if !strings.Contains(got[topic], want) {
			t.Errorf("%s is %s, want %s", topic, got[topic], want)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		what           string
		previous, next string
		want           string
	}{
		{"Usage", "0", "329", `{"previousUsage":0,"relative":329,"message":"Usage increased +329 to 329","val":329,"tc":1773489600000}`},
		{"Usage", "329", "-1000", `{"previousUsage":329,"relative":-1329,"message":"Usage decreased -1329 to -1000","val":-1000,"tc":1773489600000}`},
		{"Gas usage", "0.7", "1.2", `{"previousUsage":0.7,"relative":0.5,"message":"Gas usage increased +0.5 to 1.2","val":1.2,"tc":1773489600000}`},
		{"Gas usage", "1.2", "1.200", `{"previousUsage":1.2,"relative":0,"message":"Gas usage unchanged at 1.2","val":1.2,"tc":1773489600000}`},
	} {
		got := appendChange(nil, tt.what, &meter.Change{Previous: value(tt.previous), Value: value(tt.next)}, start.UnixMilli())
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("from %s to %s (-want +got):\n%s", tt.previous, tt.next, diff)
		}
	}
}

func TestRefresh(t *testing.T) {
	o := options()
	s := newSession(o)
	s.status(start, alive())
	s.update(start, dutch())
	connect(s, start)
	states := []string{
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1_gas/state (state)",
		"smartmeter/p1/power_failure_last_end/attributes (attributes)",
	}
	announcements := []string{
		"homeassistant/device/smartmeter_p1_bridge/config (announcement)",
		"homeassistant/device/smartmeter_p1/config (announcement)",
		"homeassistant/device/smartmeter_p1_gas/config (announcement)",
	}
	for _, want := range []struct {
		after time.Duration
		lines []string
	}{
		{3 * time.Second, states},         // Home Assistant has subscribed by then
		{30 * time.Second, announcements}, // once more, unchanged
		{33 * time.Second, states},        // for these
		{33*time.Second + 15*time.Minute, states},
		{33*time.Second + 30*time.Minute, states},
	} {
		at := s.next()
		if got := at.Sub(start); got != want.after {
			t.Fatalf("next is due after %s, want %s", got, want.after)
		}
		compare(t, "nothing is sent too early", s.tick(at.Add(-time.Millisecond)))
		compare(t, "after "+want.after.String(), s.tick(at), want.lines...)
	}
}

func TestBirth(t *testing.T) {
	s, now := running(t, options(), dutch())
	idle := s.next()
	for name, m := range map[string]incoming{
		"Home Assistant stops":  {"homeassistant/status", []byte("offline"), false},
		"kept from earlier":     {"homeassistant/status", []byte("online"), true},
		"empty":                 {"homeassistant/status", nil, false},
		"other letters":         {"homeassistant/status", []byte("ONLINE"), false},
		"JSON":                  {"homeassistant/status", []byte(`{"state":"online"}`), false},
		"rubbish":               {"homeassistant/status", []byte("online\x00\xFF"), false},
		"a topic below":         {"homeassistant/status/x", []byte("online"), false},
		"on a topic of ours":    {"smartmeter/p1/availability", []byte("online"), false},
		"the same, kept":        {"smartmeter/p1/availability", []byte("online"), true},
		"somebody else's topic": {"smartmeter/p2/availability", []byte("online"), true},
		"a slot like ours":      {"smartmeter/p12/availability", []byte("online"), true},
		"not the will":          {"smartmeter/connected", []byte("2"), false},
		"a will, kept":          {"smartmeter/connected", []byte("0"), true},
	} {
		compare(t, name, s.received(now, m))
		if got := s.next(); got != idle {
			t.Errorf("%s: next = %s, want %s", name, got, idle)
		}
	}

	birth := incoming{"homeassistant/status", []byte("online"), false}
	compare(t, "the answer waits", s.received(now, birth))
	at := s.next()
	if got := at.Sub(now); got != options().Jitter() {
		t.Errorf("the answer waits for %s, want %s", got, options().Jitter())
	}
	s.received(now.Add(time.Second), birth)
	if got := s.next(); got != at {
		t.Errorf("a second birth moved the answer from %s to %s", at, got)
	}
	compare(t, "birth", s.tick(at),
		"homeassistant/device/smartmeter_p1_bridge/config (announcement)",
		"homeassistant/device/smartmeter_p1/config (announcement)",
		"homeassistant/device/smartmeter_p1_gas/config (announcement)",
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1_gas/state (state)",
		"smartmeter/p1/power_failure_last_end/attributes (attributes)",
		"smartmeter/p1_bridge/availability online",
		"smartmeter/p1/availability online",
		"smartmeter/p1_gas/availability online",
	)
	again := s.next()
	if got := again.Sub(now); got > 5*time.Second {
		t.Errorf("the states are repeated %s after birth, want 5s at most", got)
	}
	compare(t, "and once more", s.tick(again),
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1_gas/state (state)",
		"smartmeter/p1/power_failure_last_end/attributes (attributes)",
	)
}

func TestDefaultJitter(t *testing.T) {
	o := New(Options{}, nil).options
	for range 1000 {
		if d := o.Jitter(); d < time.Second || d >= 2*time.Second {
			t.Fatalf("jitter of %s", d)
		}
	}
}

func TestStop(t *testing.T) {
	s, now := running(t, options(), dutch())
	got := s.stop(now)
	compare(t, "stop", got,
		"smartmeter/p1_bridge/availability offline",
		"smartmeter/p1/availability offline",
		"smartmeter/p1_gas/availability offline",
		`smartmeter/p1_bridge/claim {"instance":"0badcafe","state":"stopped"}`,
		`homeassistant/device/smartmeter_p1_bridge/claim {"instance":"0badcafe","state":"stopped"}`,
		"smartmeter/connected 0",
	)
	for _, m := range got {
		if !m.retain || m.qos != 1 {
			t.Errorf("%s is not kept by the broker, or may get lost: %+v", m.topic, m)
		}
	}
}
