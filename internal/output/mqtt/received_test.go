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

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
)

const (
	bridgeConfig = "homeassistant/device/smartmeter_p1_bridge/config"
	meterConfig  = "homeassistant/device/smartmeter_p1/config"
	gasConfig    = "homeassistant/device/smartmeter_p1_gas/config"
)

// listening is a running session whose log is kept.
func listening(t *testing.T, o *Options, u *meter.Update) (*session, time.Time, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o.Log = slog.New(quiet.New(slog.NewTextHandler(&log, nil))) // as in the program
	s, now := running(t, o, u)
	log.Reset()
	return s, now, &log
}

func says(t *testing.T, log *bytes.Buffer, n int, words string) {
	t.Helper()
	if got := strings.Count(log.String(), words); got != n {
		t.Errorf("%q is said %d times, want %d:\n%s", words, got, n, log)
	}
}

// through does what is due until then.
func through(s *session, until time.Time) (all []message) {
	for at := s.next(); !at.IsZero() && !at.After(until); at = s.next() {
		all = append(all, keep(s.tick(at))...)
	}
	return all
}

// lastConfig is the announcement that is sent last, nil if there is none.
func lastConfig(t *testing.T, messages []message, topic string) *homeassistant.Announcement {
	t.Helper()
	payload, ok := announcements(messages)[topic]
	if !ok {
		return nil
	}
	var a homeassistant.Announcement
	if err := json.Unmarshal([]byte(payload), &a); err != nil {
		t.Fatal(err)
	}
	return &a
}

func TestSubscriptions(t *testing.T) {
	o := options()
	got := newSession(o).subscriptions()
	for _, want := range []string{
		"homeassistant/status", "smartmeter/connected", "smartmeter/+/availability", "smartmeter/+/claim", "smartmeter/p1_bridge/reannounce",
		meterConfig, bridgeConfig, gasConfig, "homeassistant/device/smartmeter_p1_warm_water_2/config",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not subscribed to", want)
		}
	}
	if len(got) > maxIncoming/2 {
		t.Errorf("%d subscriptions may bring more than the %d messages that wait", len(got), maxIncoming)
	}
}

// TestButton: it announces everything again, and only when it is pressed.
func TestButton(t *testing.T) {
	const topic = "smartmeter/p1_bridge/reannounce"
	s, now, log := listening(t, options(), dutch())
	idle := s.next()
	for name, m := range map[string]incoming{
		"kept by the broker": {topic, []byte("PRESS"), true},
		"rubbish":            {topic, []byte("press\x00"), false},
		"empty":              {topic, nil, false},
		"another bridge's":   {"smartmeter/p2_bridge/reannounce", []byte("PRESS"), false},
	} {
		compare(t, name, s.received(now, m))
		if got := s.next(); got != idle {
			t.Errorf("%s: next = %s, want %s", name, got, idle)
		}
	}
	compare(t, "pressed", s.received(now, incoming{topic, []byte("PRESS"), false}))
	compare(t, "and at once", s.tick(now),
		bridgeConfig+" (announcement)",
		meterConfig+" (announcement)",
		gasConfig+" (announcement)",
		"smartmeter/p1_bridge/state (state)",
		"smartmeter/p1/state (state)",
		"smartmeter/p1_gas/state (state)",
		"smartmeter/p1/power_failure_last_end/attributes (attributes)",
		"smartmeter/p1_bridge/availability online",
		"smartmeter/p1/availability online",
		"smartmeter/p1_gas/availability online",
	)
	if got := s.next().Sub(now); got != settle {
		t.Errorf("the states are sent again after %s, want %s", got, settle)
	}
	says(t, log, 1, "the button was pressed")
}

// TestDeleted: a device that the user deletes in Home Assistant stays away,
// whatever happens, until the button is pressed.
func TestDeleted(t *testing.T) {
	s, now, log := listening(t, options(), dutch())
	empty := incoming{meterConfig, nil, false}
	compare(t, "deleted", s.received(now, empty))
	compare(t, "said again", s.received(now, empty))
	says(t, log, 1, "was deleted in Home Assistant")
	says(t, log, 1, "Add devices again")

	// What hangs on it hangs on the bridge now, or Home Assistant would make a
	// nameless device of it.
	gas := lastConfig(t, through(s, now.Add(time.Minute)), gasConfig)
	if gas == nil || gas.Device.ViaDevice != "smartmeter_p1_bridge" {
		t.Errorf("the gas meter hangs on %+v, want the bridge", gas)
	}

	now = now.Add(2 * time.Minute)
	s.received(now, incoming{"homeassistant/status", []byte("online"), false})
	all := through(s, now.Add(time.Minute))
	more := later(dutch(), 3*time.Minute, func(r *meter.Reading) { r.Messages[0] = "a new entity" })
	all = append(all, keep(s.update(now, more))...)
	s.lost()
	all = append(all, keep(connect(s, now))...)
	all = append(all, through(s, now.Add(20*time.Minute))...)
	if lastConfig(t, all, meterConfig) != nil {
		t.Error("a device that the user deleted was announced")
	}
	if lastConfig(t, all, bridgeConfig) == nil || lastConfig(t, all, gasConfig) == nil {
		t.Errorf("the other devices are not announced: %q", brief(all))
	}

	now = now.Add(time.Hour)
	s.received(now, incoming{"smartmeter/p1_bridge/reannounce", []byte("PRESS"), false})
	all = through(s, now.Add(time.Minute))
	back := lastConfig(t, all, meterConfig)
	if back == nil || back.Components["text_message"].UniqueID != "smartmeter_p1_text_message" {
		t.Errorf("the button brings back %+v", back)
	}
	if gas := lastConfig(t, all, gasConfig); gas == nil || gas.Device.ViaDevice != "smartmeter_p1" {
		t.Errorf("the gas meter hangs on %+v, want the electricity meter", gas)
	}
	if !slices.Contains(brief(all), "smartmeter/p1/state (state)") {
		t.Errorf("the button brings no state: %q", brief(all))
	}
}

func TestDeletedBridge(t *testing.T) {
	s, now, log := listening(t, options(), dutch())
	s.received(now, incoming{bridgeConfig, nil, false})
	says(t, log, 1, "start this app again")
	says(t, log, 0, "button") // it is gone
	all := through(s, now.Add(time.Minute))
	if e := lastConfig(t, all, meterConfig); e == nil || e.Device.ViaDevice != "" {
		t.Errorf("the electricity meter hangs on a bridge that is not there: %+v", e)
	}
	if next := again(t, s, nil); lastConfig(t, keep(connect(next, now)), bridgeConfig) == nil {
		t.Error("the next start does not announce the bridge")
	}
}

// TestRubbishAnnouncements: what others leave on the topics of our
// announcements is not believed, and put right when it is published now.
func TestRubbishAnnouncements(t *testing.T) {
	for name, payload := range map[string]string{
		"no JSON":         "\x00\xFF{",
		"another type":    `["smartmeter"]`,
		"wrong members":   `{"origin": "smartmeter", "device": 1}`,
		"another program": `{"origin": {"name": "zigbee2mqtt"}, "state_topic": "zigbee2mqtt/x"}`,
		"our own, late":   `{"origin": {"name": "smartmeter"}, "state_topic": "smartmeter/p1/state"}`,
		"empty, kept":     "",
	} {
		for _, retained := range []bool{false, true} {
			if payload == "" && !retained {
				continue // a deletion
			}
			s, now, log := listening(t, options(), dutch())
			idle := s.next()
			if got := s.received(now, incoming{meterConfig, []byte(payload), retained}); retained {
				compare(t, name, got)
			} else {
				compare(t, name, got, meterConfig+" (announcement)")
				idle = now.Add(settle)
			}
			if log.Len() > 0 || s.next() != idle || s.meters[0].electricity.Deleted {
				t.Errorf("%s: rubbish changes something; next = %s, want %s: %s", name, s.next(), idle, log)
			}
		}
	}
	s, now, log := listening(t, options(), dutch())
	compare(t, "a device that we have not", s.received(now, incoming{"homeassistant/device/smartmeter_p1_water/config", nil, false}))
	says(t, log, 0, "deleted")
}

// TestSameSlot: a second program with the same slot, whose topic is another.
func TestSameSlot(t *testing.T) {
	o := options()
	o.Topic = "garage"
	other, _ := running(t, o, belgian())
	payload := other.meters[0].announcer.Build(other.meters[0].electricity.Device)

	s, now, log := listening(t, options(), dutch())
	for range 3 {
		compare(t, "kept from before", s.received(now, incoming{meterConfig, payload, true}))
	}
	says(t, log, 1, "level=INFO")
	says(t, log, 1, "before=garage/p1/state now=smartmeter/p1/state")
	log.Reset()
	compare(t, "announced now", s.received(now, incoming{meterConfig, payload, false}), meterConfig+" (announcement)")
	compare(t, "and again", s.received(now.Add(mendEvery/2), incoming{meterConfig, payload, false}))
	compare(t, "which is answered a moment later", s.tick(s.next()), meterConfig+" (announcement)")
	says(t, log, 1, "another program announces a meter of the same slot")
	says(t, log, 1, "set the option {slot} of one of them")
}

// TestSameTopic: a second program with another slot, but the same topic.
func TestSameTopic(t *testing.T) {
	s, now, log := listening(t, options(), dutch())
	compare(t, "kept", s.received(now, incoming{"smartmeter/p2/availability", []byte("online"), true}))
	compare(t, "our own", s.received(now, incoming{"smartmeter/p1_gas/availability", []byte("online"), false}))
	if log.Len() > 0 {
		t.Errorf("nobody else is there: %s", log)
	}
	for range 3 {
		compare(t, "another", s.received(now, incoming{"smartmeter/p2/availability", []byte("online"), false}))
	}
	says(t, log, 1, "set the option mqtt.topic of one of them")
}

// TestClaimOfAnotherSlot: only what stopped in order is taken for this app's
// own slot of before.
func TestClaimOfAnotherSlot(t *testing.T) {
	const topic = "smartmeter/garage_bridge/claim"
	stopped := []byte(`{"instance":"12345678","state":"stopped"}`)
	s, now, log := listening(t, options(), dutch())
	for name, m := range map[string]incoming{
		"it publishes":  {topic, []byte(`{"instance":"12345678","state":"publishes","since":1}`), true},
		"it stops now":  {topic, stopped, false},
		"it asks":       {topic, []byte(`{"instance":"12345678","state":"asks"}`), false},
		"removed":       {topic, nil, false},
		"rubbish":       {topic, []byte("stopped"), true},
		"another topic": {"garage/p1_bridge/claim", stopped, true},
	} {
		compare(t, name, s.received(now, m))
	}
	if log.Len() > 0 {
		t.Errorf("the log says %s", log)
	}
	compare(t, "it had stopped", s.received(now, incoming{topic, stopped, true}), topic+" ")
	says(t, log, 1, "may be deleted in Home Assistant")
	says(t, log, 1, "garage_bridge")
}

// TestSlotsThatBeginAlike: p1_garage is no device of the slot p1.
func TestSlotsThatBeginAlike(t *testing.T) {
	s := newSession(options())
	connect(s, start)
	for topic, want := range map[string][]string{
		"smartmeter/p1_garage/availability":      nil,
		"smartmeter/p1_garage_gas/availability":  nil,
		"smartmeter/p12/availability":            nil,
		"smartmeter/p1_warm_water/availability":  {"smartmeter/p1_warm_water/availability offline"},
		"smartmeter/p1_water_2/availability":     {"smartmeter/p1_water_2/availability offline"},
		"smartmeter/p1_water_3/availability":     nil,
		"smartmeter/p1/x/availability":           nil,
		"homeassistant/smartmeter/availability/": nil,
	} {
		compare(t, topic, s.received(start, incoming{topic, []byte("online"), true}), want...)
	}
}

// TestDiscoverySwitchedOff: what an earlier run announced is removed, and
// nothing of anybody else.
func TestDiscoverySwitchedOff(t *testing.T) {
	before, now := running(t, options(), dutch())
	kept := announcements(keep(connect(before, now)))
	o := options()
	o.Topic = "garage"
	others, _ := running(t, o, dutch())

	o = options()
	o.Discovery = false
	s, now, log := listening(t, o, dutch())
	for _, topic := range []string{bridgeConfig, meterConfig, gasConfig} {
		got := s.received(now, incoming{topic, []byte(kept[topic]), true})
		if diff := cmp.Diff([]message{{topic, nil, 1, true}}, got, cmp.AllowUnexported(message{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", topic, diff)
		}
	}
	says(t, log, 3, "is removed from Home Assistant")
	log.Reset()
	for name, m := range map[string]incoming{
		"our own empty one, which comes back": {meterConfig, nil, false},
		"another program's":                   {meterConfig, others.meters[0].announcer.Build(others.meters[0].electricity.Device), true},
		"one that is sent now":                {meterConfig, []byte(kept[meterConfig]), false},
		"rubbish":                             {meterConfig, []byte("x"), true},
		"the button":                          {"smartmeter/p1_bridge/reannounce", []byte("PRESS"), false},
	} {
		compare(t, name, s.received(now, m))
	}
	if log.Len() > 0 {
		t.Errorf("the log says %s", log)
	}
	if slices.Contains(s.subscriptions(), "smartmeter/p1_bridge/reannounce") {
		t.Error("a button that is not there is listened to")
	}

	// Switched on again, everything is announced, with what was learnt since.
	next := again(t, s, nil)
	if diff := cmp.Diff(kept, announcements(keep(connect(next, now)))); diff != "" {
		t.Errorf("switched on again (-before +after):\n%s", diff)
	}
}
