package mqtt

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
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

// TestHotWaterRestart: a meter of hot water has its name before it reports.
func TestHotWaterRestart(t *testing.T) {
	u := later(warmtelink(), 0, func(r *meter.Reading) {
		c := &r.Channels[0]
		c.Type, c.TypeText, c.Value, c.Unit = meter.TypeHeatFlow, "012", value("3.5"), meter.CubicMetre
	})
	s, now := running(t, options(), u)
	for run, s := range []*session{s, again(t, s, nil)} {
		got := announcements(keep(connect(s, now)))["homeassistant/device/smartmeter_p1_heat/config"]
		if !strings.Contains(got, `"name":"Hot water meter"`) || strings.Contains(got, `"name":"Heat"`) {
			t.Errorf("run %d: %s", run, got)
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
		r.Meter.ID, r.Meter.Meter = r.EquipmentID, 2
		r.Channels[3], r.Channels[1] = r.Channels[1], meter.Channel{}
		r.Channels[3].ID = "4730303339303031393336393930363230"
		r.Channels[3].Meter.ID, r.Channels[3].Meter.Meter = r.Channels[3].ID, 2
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
	rival := later(swapped, time.Minute, func(r *meter.Reading) {
		r.Header, r.EquipmentID, r.Channels[3].ID = "XMX5LGBBFG1009394887", "4531", "4731"
		r.Meter.Rival, r.Channels[3].Meter.Rival = true, true
		r.Values.Set(meter.EnergyReactiveQ4, value("1"))
	})
	if got := announcements(next.update(now, rival)); log.Len() > 0 || len(got) > 0 {
		t.Errorf("a meter that does not count yet is announced: %s%v", &log, got)
	}
}

// TestTwoWaterMeters: each has a device of its own, also after a restart.
func TestTwoWaterMeters(t *testing.T) {
	two := later(belgian(), time.Minute, func(r *meter.Reading) {
		r.Channels[2] = r.Channels[1]
		r.Channels[2].ID = "3853414731323334353637383931"
		r.Channels[2].Meter = meter.Identity{Slot: 2, Meter: 1, ID: r.Channels[2].ID}
	})
	s, now := running(t, options(), belgian())
	s.update(now, two)
	next := again(t, s, nil)
	next.update(now, two)
	for run, s := range []*session{s, next} {
		var devices []string
		for _, sub := range s.meters[0].submeters {
			if sub.medium != meter.Water {
				continue
			}
			devices = append(devices, sub.Slot+" "+meter.LastDigits(sub.id)+" "+sub.Name(meter.English))
		}
		if diff := cmp.Diff([]string{"p1_water 7890 Water meter", "p1_water_2 7891 Water meter 2"}, devices); diff != "" {
			t.Errorf("run %d (-want +got):\n%s", run, diff)
		}
	}
}

// TestSuccessor: of two meters of one kind in a telegram the one that has the
// slot is shown, whichever comes first.
func TestSuccessor(t *testing.T) {
	s, now := running(t, options(), dutch())
	u := later(dutch(), 5*time.Minute, func(r *meter.Reading) {
		r.Channels[2] = r.Channels[1]
		r.Channels[2].ID, r.Channels[2].Value = "4731", value("1.5")
		r.Channels[2].Meter = meter.Identity{Slot: 1, Meter: 2, ID: "4731"}
		r.Channels[1].Meter = meter.Identity{}
	})
	got := keep(s.update(now.Add(5*time.Minute), u))
	for topic, want := range map[string]string{"smartmeter/p1_gas/state": `"gas_total":1.5,`, gasConfig: `"serial_number":"G1"`} {
		if i := slices.IndexFunc(got, func(m message) bool { return m.topic == topic }); i < 0 || !strings.Contains(string(got[i].payload), want) {
			t.Errorf("%s lacks %s: %q", topic, want, brief(got))
		}
	}
	if n := len(s.meters[0].submeters); n != 1 {
		t.Errorf("there are %d gas meters, want 1", n)
	}
}
