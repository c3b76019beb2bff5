package mqtt

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// again is a session of the next run.
func again(t *testing.T, s *session, change func(m *memory)) *session {
	t.Helper()
	return againWith(t, options(), s, change)
}

// againWith is again with other options.
func againWith(t *testing.T, o *Options, s *session, change func(m *memory)) *session {
	t.Helper()
	data, err := json.Marshal(s.memory())
	if err != nil {
		t.Fatal(err)
	}
	var m memory
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&m)
	}
	next := newSession(o)
	next.restore(m)
	return next
}

func announcements(messages []message) map[string]string {
	list := map[string]string{}
	for _, m := range messages {
		if strings.HasSuffix(m.topic, "/config") {
			list[m.topic] = string(m.payload)
		}
	}
	return list
}

// TestRestart: before the first telegram everything is announced as it was.
func TestRestart(t *testing.T) {
	for name, u := range map[string]*meter.Update{"dutch": dutch(), "belgian": belgian(), "warmtelink": warmtelink(), "old": old()} {
		s, now := running(t, options(), u)
		want := announcements(keep(connect(s, now)))
		next := again(t, s, nil)
		if diff := cmp.Diff(want, announcements(keep(connect(next, now)))); diff != "" {
			t.Errorf("%s: announcements after a restart (-before +after):\n%s", name, diff)
		}
		next.status(now, alive())
		for topic := range announcements(keep(next.update(now, u))) {
			t.Errorf("%s: the first telegram changes %s", name, topic)
		}
		if next.unsaved() {
			next.memory()
		}
		next.update(now, u)
		if next.unsaved() {
			t.Errorf("%s: a telegram that says nothing new is to be saved", name)
		}
	}
}

// TestRemoval: what a version has no more is announced without anything but
// its platform, then not at all.
func TestRemoval(t *testing.T) {
	s, now := running(t, options(), dutch())
	next := again(t, s, func(m *memory) {
		c := m.Devices["p1"].Components
		c["old_thing"], c["power_net"] = "sensor", "binary_sensor"
		c["rub bish"], c["other"] = "sensor", "climate"
	})
	const topic = "homeassistant/device/smartmeter_p1/config"
	first := announcements(keep(connect(next, now)))[topic]
	for _, want := range []string{`"old_thing":{"platform":"sensor"}`, `"power_net":{"platform":"binary_sensor"}`} {
		if !strings.Contains(first, want) {
			t.Errorf("the announcement lacks %s: %s", want, first)
		}
	}
	for _, rubbish := range []string{"rub bish", "climate"} {
		if strings.Contains(first, rubbish) {
			t.Errorf("the announcement has %s", rubbish)
		}
	}
	last := ""
	for at := next.next(); at.Sub(now) < 2*time.Minute; at = next.next() {
		if a, ok := announcements(keep(next.tick(at)))[topic]; ok {
			last = a
		}
	}
	if strings.Contains(last, "old_thing") || !strings.Contains(last, `"power_net":{"platform":"sensor","unique_id"`) {
		t.Errorf("the last announcement: %s", last)
	}
	if _, kept := next.memory().Devices["p1"].Components["old_thing"]; kept {
		t.Error("what was removed is remembered")
	}
}

// TestSwapIsSaidOnce also covers a swap while this program did not run, and
// identifiers that were damaged on the way.
func TestSwapIsSaidOnce(t *testing.T) {
	s, now := running(t, options(), dutch())
	next := again(t, s, nil)
	var log bytes.Buffer
	next.log = slog.New(slog.NewTextHandler(&log, nil))
	swapped := later(dutch(), time.Minute, func(r *meter.Reading) {
		r.EquipmentID = "4530303235303030303538313834393134"
		r.Channels[3], r.Channels[1] = r.Channels[1], meter.Channel{}
		r.Channels[3].ID = "4730303339303031393336393930363230"
	})
	for range 3 {
		next.update(now, swapped)
	}
	for _, want := range []string{"device=p1 before=6019 now=4914", "device=p1_gas before=0619 now=0620"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%s is said %d times: %s", want, n, &log)
		}
	}
	log.Reset()
	unchecked := later(swapped, time.Minute, func(r *meter.Reading) {
		r.Checksum = meter.ChecksumAbsent
		r.EquipmentID, r.Channels[3].ID = "4531", "4731"
	})
	next.update(now, unchecked)
	next.update(now, later(swapped, 2*time.Minute, func(r *meter.Reading) { r.Checksum = meter.ChecksumAbsent }))
	if log.Len() > 0 {
		t.Errorf("a damaged identifier is a swap: %s", &log)
	}
}

// TestTwoWaterMeters: the first keeps its slot, the second gets one once both
// are known to report.
func TestTwoWaterMeters(t *testing.T) {
	two := func(d time.Duration, first, second int) *meter.Update {
		return later(belgian(), d, func(r *meter.Reading) {
			a, b := r.Channels[1], r.Channels[1]
			b.ID = "3853414731323334353637383931"
			a.Time, b.Time = clock(a.Time, time.Duration(first)*time.Minute), clock(b.Time, time.Duration(second)*time.Minute)
			r.Channels[1], r.Channels[2] = a, b
		})
	}
	s, now := running(t, options(), belgian())
	var slots []string
	for n, u := range []*meter.Update{two(time.Minute, 0, 1), two(2*time.Minute, 2, 1), two(3*time.Minute, 2, 3), two(4*time.Minute, 4, 3), two(5*time.Minute, 4, 9)} {
		s.update(now.Add(time.Duration(n)*time.Minute), u)
		slots = nil
		for _, sub := range s.submeters[meter.Water] {
			slots = append(slots, sub.slot+" "+tail(sub.id))
		}
		want := []string{"p1_water 7890"}
		if n >= 2 {
			want = append(want, "p1_water_2 7891")
		}
		if diff := cmp.Diff(want, slots); diff != "" {
			t.Errorf("after telegram %d (-want +got):\n%s", n, diff)
		}
	}
	next := again(t, s, nil)
	next.update(now, two(6*time.Minute, 5, 10))
	if got := next.submeters[meter.Water][1]; got.slot != "p1_water_2" || tail(got.id) != "7891" || got.name(meter.English) != "Water meter 2" {
		t.Errorf("after a restart the second is %s, %s, %s", got.slot, got.id, got.name(meter.English))
	}
}

// TestSuccessor: a meter that was replaced but stays in the telegrams loses
// its slot after some readings of the new one.
func TestSuccessor(t *testing.T) {
	s, now := running(t, options(), dutch())
	for n := range 5 {
		u := later(dutch(), time.Duration(n)*5*time.Minute, func(r *meter.Reading) {
			r.Channels[2] = r.Channels[1]
			r.Channels[2].ID = "4731"
			r.Channels[2].Time = clock(r.Channels[1].Time, time.Duration(n)*5*time.Minute)
		})
		s.update(now.Add(time.Duration(n)*5*time.Minute), u)
		want := "4730303339303031393336393930363139"
		if n >= missed {
			want = "4731"
		}
		if got := s.submeters[meter.Gas][0].id; got != want {
			t.Errorf("reading %d: the slot belongs to %s, want %s", n, got, want)
		}
	}
	if n := len(s.submeters[meter.Gas]); n != 1 {
		t.Errorf("there are %d gas meters, want 1", n)
	}
}
