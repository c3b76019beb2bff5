package mqtt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestDeletedInHomeAssistant: the user deletes a device, and gets it back by
// the button.
func TestDeletedInHomeAssistant(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
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

// TestTwoOfTheSame: of two programs with the same slot the second stands by.
// It publishes nothing, neither while the other is there nor when it ends
// itself, and both say so.
func TestTwoOfTheSame(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mqtt.Options){
		"slot and topic":             func(*mqtt.Options) {},
		"slot":                       func(o *mqtt.Options) { o.Topic = "garage" },
		"topic, without discovery":   func(o *mqtt.Options) { o.Discovery = false },
		"topic, elsewhere announced": func(o *mqtt.Options) { o.DiscoveryPrefix = "elsewhere" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, testkit.Addr(t), "", nil)
			first := run(t, at("mqtt://"+b.address))
			b.wait(t, whole...)
			before := b.retained()
			b.forget()
			second := run(t, func(o *mqtt.Options) {
				at("mqtt://" + b.address)(o)
				change(o)
			})
			second.log.wait(t, "stands by and publishes nothing")
			first.log.wait(t, "wants to publish a meter under the same names; it stands by")
			b.wait(t, `smartmeter/p1_bridge/state {"connection_p1":"ON","problem_p1":"ON","problem_p1_attributes":{"verdict":"same_names",*`)
			for watts := range int64(10) {
				second.reading(watts)
				first.reading(1000 + watts)
				b.wait(t, fmt.Sprintf(`smartmeter/p1/state {"power_net":%d}`, 1000+watts))
			}
			second.stop()
			first.reading(2000)
			for _, line := range b.wait(t, `smartmeter/p1/state {"power_net":2000}`) {
				if strings.HasPrefix(line, "garage/p1/") || strings.Contains(line, "/config") || strings.Contains(line, "/availability") || strings.Contains(line, "/connected") ||
					strings.HasPrefix(line, "smartmeter/status/energy") && !strings.Contains(line, ":1") && !strings.Contains(line, ":2000") {
					t.Errorf("the second one publishes, or the first one answers: %s", line)
				}
			}
			after := b.retained()
			delete(before, "smartmeter/status/energy")
			delete(after, "smartmeter/status/energy")
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("what the broker keeps (-before +after):\n%s", diff)
			}
		})
	}
}

// TestOtherSlot: after a change of the option slot the devices of the old one
// are away, all of them, and the log says once that they may be deleted.
func TestOtherSlot(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	before := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	before.stop()
	const said = "may be deleted in Home Assistant"
	for i := range 2 {
		b.forget()
		now := run(t, func(o *mqtt.Options) {
			at("mqtt://" + b.address)(o)
			o.Meters[0].Slot = "garage"
		})
		b.wait(t, "smartmeter/garage_gas/availability online")
		if got, want := strings.Count(now.log.String(), said), 1-i; got != want {
			t.Errorf("start %d: %q is logged %d times, want %d:\n%s", i+1, said, got, want, now.log.String())
		}
		kept := b.retained()
		if kept["smartmeter/p1_bridge/availability"] != "offline" || kept["smartmeter/garage_bridge/availability"] != "online" {
			t.Errorf("start %d: the bridges' availability is wrong: %v", i+1, kept)
		}
		now.stop()
		b.wait(t, "smartmeter/connected 0")
	}
}

// TestNextOne: when the first one has ended, the next one publishes at once.
func TestNextOne(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	first := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	first.stop()
	b.wait(t, "smartmeter/connected 0")
	b.forget()
	run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
}

// TestDeadTwin: what a program of the same slot with another topic left behind
// is put right, also while this one runs, and the button reaches it again.
func TestDeadTwin(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	twin := run(t, func(o *mqtt.Options) {
		at("mqtt://" + b.address)(o)
		o.Topic = "garage"
	})
	b.wait(t, "garage/p1_gas/availability online")
	const bridge = "homeassistant/device/smartmeter_p1_bridge/config"
	left := b.retained()[bridge]
	twin.stop()
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	if got := b.retained()[bridge]; strings.Contains(got, "garage") {
		t.Errorf("the bridge is announced with %s", got)
	}
	b.forget()
	b.publish(t, bridge, left, true) // it was there once more, and is gone
	b.publish(t, "smartmeter/p1/availability", "offline", true)
	b.publish(t, "smartmeter/connected", "0", true)
	b.wait(t, bridge, bridge)
	b.wait(t, "smartmeter/p1/availability offline", "smartmeter/p1/availability online")
	b.wait(t, "smartmeter/connected 0", "smartmeter/connected 2")
	got := b.retained()
	if strings.Contains(got[bridge], "garage") || got["smartmeter/p1/availability"] != "online" || got["smartmeter/connected"] != "2" {
		t.Errorf("the broker keeps %q", got)
	}
	b.forget()
	b.publish(t, "smartmeter/p1_bridge/reannounce", "PRESS", false)
	b.wait(t, bridge)
	a.stop()
}

// TestSwitchedOff: the next run has discovery off, and clears what the broker
// still keeps of the one before.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
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
	b := startBroker(t, testkit.Addr(t), "", nil)
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
