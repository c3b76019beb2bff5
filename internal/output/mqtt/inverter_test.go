package mqtt

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// roof is an inverter in the sun.
func roof() *meter.Solar {
	s := &meter.Solar{Received: start, Manufacturer: "SolarEdge", Model: "SE17K", Version: "4.8", Serial: "7E1A2B3C", ModelID: 103, Status: 4}
	s.Set(meter.SolarACPower, value("1571.3"))
	s.Set(meter.SolarLifetime, value("12345678"))
	s.Set(meter.SolarTemperature, value("45.12"))
	s.Set(meter.SolarACVoltageL1, value("233.7"))
	return s
}

func sunny() *Options {
	o := options()
	o.Solar = 30 * time.Second
	return o
}

// TestInverter is the whole life of an inverter's device.
func TestInverter(t *testing.T) {
	s, now := running(t, sunny(), old())
	at := func(seconds int) *meter.Solar {
		next := roof()
		next.Received = now.Add(time.Duration(seconds) * time.Second)
		return next
	}
	golden(t, "inverter.golden", detailed(t, keep(s.sampled(now, at(0)))))

	const whole, state = "smartmeter/status/solar ", "smartmeter/p1_solar/state (state)"
	for _, step := range []struct {
		name    string
		seconds int
		do      func(now time.Time) []message
		want    []string
	}{
		{"a sample at once is no new state", 1, func(now time.Time) []message { return s.sampled(now, at(1)) }, []string{whole}},
		{"after the interval it is", 11, func(now time.Time) []message { return s.sampled(now, at(11)) }, []string{whole, state}},
		{"it goes away", 42, s.tick, []string{"smartmeter/p1_solar/availability offline"}},
		{"and comes back", 100, func(now time.Time) []message { return s.sampled(now, at(100)) },
			[]string{whole, state, "smartmeter/p1_solar/availability online"}},
	} {
		now := now.Add(time.Duration(step.seconds) * time.Second)
		var got []string
		for _, line := range brief(step.do(now)) {
			if len(line) > len(whole) && line[:len(whole)] == whole {
				line = whole
			}
			if line != "smartmeter/p1_bridge/state (state)" && line != "homeassistant/device/smartmeter_p1_solar/config (announcement)" {
				got = append(got, line)
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", step.name, diff)
		}
	}
}

// TestInverterAfterConnecting: the last sample is there at once, and one that
// is too old makes nothing available.
func TestInverterAfterConnecting(t *testing.T) {
	s := newSession(sunny())
	if got := s.sampled(start, roof()); len(got) > 0 {
		t.Errorf("without a broker: got %q", brief(got))
	}
	for after, want := range map[time.Duration]string{10 * time.Second: "online", time.Minute: "offline"} {
		last := ""
		for _, m := range connect(s, start.Add(after)) {
			if m.topic == "smartmeter/p1_solar/availability" {
				last = string(m.payload)
			}
		}
		if last != want {
			t.Errorf("after %v: got %q, want %s", after, last, want)
		}
		s.lost()
	}
}

// TestInverterIsRemembered: it is announced before it wakes up.
func TestInverterIsRemembered(t *testing.T) {
	s := newSession(sunny())
	s.sampled(start, roof())
	m := s.memory()
	next := newSession(sunny())
	next.restore(m)
	if got := announcements(keep(connect(next, start))); got["homeassistant/device/smartmeter_p1_solar/config"] == "" {
		t.Error("not announced")
	}
}

func TestNoInverter(t *testing.T) {
	s, now := running(t, options(), dutch())
	if !s.inverter.ends().IsZero() {
		t.Error("an inverter ends that is none")
	}
	for _, m := range connect(s, now) {
		if m.topic == "homeassistant/device/smartmeter_p1_solar/config" {
			t.Error("announced")
		}
	}
}
