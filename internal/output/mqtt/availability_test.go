package mqtt

import (
	"slices"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestLateWill(t *testing.T) {
	s, now := running(t, options(), dutch())
	compare(t, "the will of the connection before", s.received(now, incoming{"smartmeter/connected", []byte("0"), false}),
		"smartmeter/connected 2")
}

func TestForgotten(t *testing.T) {
	s := newSession(options())
	connect(s, start)
	compare(t, "left behind by a crash", s.received(start, incoming{"smartmeter/p1_gas/availability", []byte("online"), true}),
		"smartmeter/p1_gas/availability offline")
	compare(t, "left behind in order", s.received(start, incoming{"smartmeter/p1_gas/availability", []byte("offline"), true}))
	compare(t, "known", s.received(start, incoming{"smartmeter/p1/availability", []byte("online"), true}))
}

func TestAvailability(t *testing.T) {
	s, now := running(t, options(), dutch())
	dead := alive()
	dead.Alive = false
	compare(t, "the line is dead", s.status(now, dead),
		"smartmeter/connected 1",
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/availability offline",
		"smartmeter/p1_gas/availability offline",
	)
	compare(t, "no change", s.status(now, dead), "smartmeter/p1_bridge/state (state)")
	compare(t, "alive again, but the values are old", s.status(now.Add(time.Second), alive()),
		"smartmeter/connected 2",
		"smartmeter/p1_bridge/state (state)",
	)
	u := later(dutch(), time.Minute, nil)
	compare(t, "and the first reading", s.update(now.Add(time.Second), u),
		`smartmeter/status/energy {"header":"dutch"}`,
		"smartmeter/p1/state (state)",
		"smartmeter/p1/availability online",
		"smartmeter/p1_gas/availability online",
	)

	s.status(now.Add(2*time.Second), dead)
	u = later(dutch(), 2*time.Minute, nil)
	compare(t, "a reading before the news", s.update(now.Add(3*time.Second), u), `smartmeter/status/energy {"header":"dutch"}`)
	compare(t, "the newest value comes first", s.status(now.Add(3*time.Second), alive()),
		"smartmeter/connected 2",
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1/availability online",
		"smartmeter/p1_gas/availability online",
	)
}

func TestMBusAvailability(t *testing.T) {
	gas := func(r *meter.Reading) *meter.Channel { return &r.Channels[1] }
	missing := func(r *meter.Reading) { *gas(r) = meter.Channel{} }
	noTime := func(r *meter.Reading) { gas(r).Time = meter.Timestamp{} }
	for _, tt := range []struct {
		name  string
		u     *meter.Update
		after time.Duration
		then  func(r *meter.Reading)
		want  string
	}{
		{"it reported five minutes ago", dutch(), 0, nil, "online"},
		{"a day ago", dutch(), 23*time.Hour + 55*time.Minute, nil, "online"},
		{"more than a day ago", dutch(), 24 * time.Hour, nil, "offline"},
		{"it fell out of the telegram", dutch(), time.Hour, missing, "online"},
		{"it never came back", dutch(), 25 * time.Hour, missing, "offline"},
		{"it gives no time", later(dutch(), 0, noTime), 25 * time.Hour, noTime, "online"},
		{"it gives no time and fell out", later(dutch(), 0, noTime), 25 * time.Hour, missing, "offline"},
		{"its clock is ahead", later(dutch(), 0, func(r *meter.Reading) { gas(r).Time = stamp(2027, 1, 1, 0, 0, 0, 'W') }), 0, nil, "online"},
		{"the meter has no clock", old(), 23 * time.Hour, nil, "online"},
		{"its time stands still while its value moves", dutch(), 25 * time.Hour, func(r *meter.Reading) { gas(r).Value = value("246.139") }, "online"},
		{"nothing new for a day", old(), 25 * time.Hour, nil, "offline"},
		{"always the same, without a clock", later(old(), 0, func(r *meter.Reading) { r.Channels[0].Time = meter.Timestamp{} }), 25 * time.Hour,
			func(r *meter.Reading) { r.Channels[0].Time = meter.Timestamp{} }, "online"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, now := running(t, options(), tt.u)
			s.update(now, later(tt.u, tt.after, tt.then))
			s.lost()
			got := brief(connect(s, now))
			if want := "smartmeter/p1_gas/availability " + tt.want; got[len(got)-1] != want && tt.want == "online" ||
				slices.Contains(got, "smartmeter/p1_gas/availability online") != (tt.want == "online") {
				t.Errorf("got %q, want %q last", got, want)
			}
			if !slices.Contains(got, "smartmeter/p1_gas/state (state)") {
				t.Errorf("its last state is gone: %q", got)
			}
		})
	}
}

// TestLastTelegram: the time of the first telegram is shown at once, that of
// later ones once a minute.
func TestLastTelegram(t *testing.T) {
	s := newSession(options())
	connect(s, start)
	s.status(start, meter.Status{}) // the line opens
	for _, step := range []struct {
		after time.Duration
		want  time.Time
	}{
		{after: 2 * time.Second, want: start.Add(2 * time.Second)},
		{after: 12 * time.Second, want: start.Add(2 * time.Second)},
		{after: time.Minute + 2*time.Second, want: start.Add(time.Minute + 2*time.Second)},
	} {
		st := alive()
		st.Last = start.Add(step.after)
		s.status(st.Last, st)
		if !s.meters[0].line.shown.Equal(step.want) {
			t.Errorf("after %s: got %s, want %s", step.after, s.meters[0].line.shown, step.want)
		}
	}
}
