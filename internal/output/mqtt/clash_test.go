package mqtt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
)

// TestDeletedInHomeAssistant: the user deletes a device, and gets it back by
// the button.
func TestDeletedInHomeAssistant(t *testing.T) {
	t.Parallel()
	b := startBroker(t, "127.0.0.1:0", "", nil)
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	const topic = "homeassistant/device/smartmeter_p1/config"
	b.publish(t, topic, "", true)
	a.log.wait(t, "was deleted in Home Assistant")
	b.forget()
	b.publish(t, "homeassistant/status", "online", false)
	seen := b.wait(t, "homeassistant/device/smartmeter_p1_gas/config", "smartmeter/p1_gas/state *", "smartmeter/p1_gas/state *")
	if slices.Contains(seen, topic) {
		t.Error("a device that the user deleted was announced")
	}
	b.forget()
	b.publish(t, "smartmeter/p1_bridge/reannounce", "PRESS", false)
	b.wait(t, topic, "smartmeter/p1/state *", "smartmeter/p1/availability online")
}

// TestTwoOfTheSame: two programs with the same names both say so, once, and
// come to rest.
func TestTwoOfTheSame(t *testing.T) {
	t.Parallel()
	b := startBroker(t, "127.0.0.1:0", "", nil)
	first := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	second := run(t, at("mqtt://"+b.address))
	const words = "another program publishes a meter under the same names"
	first.log.wait(t, words)
	b.forget()
	b.publish(t, "homeassistant/status", "online", false) // all states are sent again
	second.log.wait(t, words)
	b.wait(t, "smartmeter/p1_gas/availability online", "smartmeter/p1_gas/availability online") // both have answered
	quiet(t, b, first, second, "smartmeter", "smartmeter")
	for name, a := range map[string]*app{"first": first, "second": second} {
		if n := strings.Count(a.log.String(), words); n != 1 {
			t.Errorf("the %s says it %d times:\n%s", name, n, a.log.String())
		}
		if strings.Contains(a.log.String(), "connection to the MQTT broker is lost") {
			t.Errorf("the %s was thrown out:\n%s", name, a.log.String())
		}
	}
}

// TestTwoOfTheSameSlot: their topics differ, but not their unique ids.
func TestTwoOfTheSameSlot(t *testing.T) {
	t.Parallel()
	b := startBroker(t, "127.0.0.1:0", "", nil)
	first := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	second := run(t, func(o *mqtt.Options) {
		at("mqtt://" + b.address)(o)
		o.Topic = "garage"
	})
	first.log.wait(t, "another program announces a meter of the same slot")
	second.log.wait(t, "Home Assistant knew the meter with another topic")
	b.wait(t, "garage/p1/availability online", "garage/p1_gas/availability online") // it has connected
	quiet(t, b, first, second, "smartmeter", "garage")
}

// quiet sees to it that the two answer each other no more: what is published
// is what their meters say.
func quiet(t *testing.T, b *broker, first, second *app, topics ...string) {
	t.Helper()
	for watts := range int64(10) {
		b.forget()
		for i, a := range []*app{first, second} {
			a.reading(1000 + watts)
			b.wait(t, topics[i]+"/p1/state {\"power_net\":1*")
		}
		b.mu.Lock()
		for _, line := range b.seen {
			if strings.HasSuffix(line, "/config") || strings.Contains(line, "/connected") || strings.Contains(line, "/availability") {
				t.Errorf("they work against each other: %s", line)
			}
		}
		b.mu.Unlock()
	}
}

// TestSwitchedOff: the next run has discovery off, and clears what the broker
// still keeps of the one before.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	b := startBroker(t, "127.0.0.1:0", "", nil)
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	a.stop()
	b.wait(t, "smartmeter/connected 0")
	b.forget()
	a = run(t, func(o *mqtt.Options) {
		at("mqtt://" + b.address)(o)
		o.Discovery = false
	})
	b.wait(t, "smartmeter/p1_gas/availability online")
	for _, slot := range []string{"p1_bridge", "p1", "p1_gas"} {
		a.log.wait(t, `is removed from Home Assistant" device=`+slot+"\n")
	}
	a.stop()
	b.wait(t, "smartmeter/connected 0")
	for topic := range b.retained() {
		if strings.HasSuffix(topic, "/config") {
			t.Errorf("%s is still there", topic)
		}
	}
}

// TestRemovesSmartmeter2mqtt: what it left on a broker goes by the button.
func TestRemovesSmartmeter2mqtt(t *testing.T) {
	t.Parallel()
	b := startBroker(t, "127.0.0.1:0", "", nil)
	const old = "homeassistant/sensor/smartmeter/t1-used/config"
	b.publish(t, old, `{"unique_id":"smartmeter_4530_total_t1_used"}`, true)
	a := run(t, at("mqtt://"+b.address))
	a.log.wait(t, "entities of smartmeter2mqtt are still announced")
	b.forget()
	b.publish(t, "smartmeter/p1_bridge/remove_smartmeter2mqtt", "PRESS", false)
	b.wait(t, old)
	if payload, kept := b.retained()[old]; kept {
		t.Errorf("still there: %s", payload)
	}
}
