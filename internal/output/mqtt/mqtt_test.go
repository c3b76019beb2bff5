package mqtt_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	a := run(t, at("mqtt://"+b.address))
	got := b.wait(t, whole...)
	if len(got) != len(whole) {
		t.Errorf("published\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(whole, "\n"))
	}

	a.reading(42)
	b.wait(t, `smartmeter/status/energy {"calculatedUsage":42}`,
		`smartmeter/status/usage {"previousUsage":0,"relative":42,"message":"Usage increased +42 to 42","val":42,*`,
		`smartmeter/p1/state {"power_net":42}`)

	retained := b.retained()
	for topic := range retained {
		if strings.HasSuffix(topic, "/config") || strings.HasSuffix(topic, "/claim") {
			retained[topic] = ""
		}
	}
	want := map[string]string{
		"homeassistant/device/smartmeter_p1_bridge/config": "",
		"homeassistant/device/smartmeter_p1/config":        "",
		"homeassistant/device/smartmeter_p1_gas/config":    "",
		"homeassistant/device/smartmeter_p1_bridge/claim":  "",
		"smartmeter/p1_bridge/claim":                       "",
		"smartmeter/connected":                             "2",
		"smartmeter/p1_bridge/availability":                "online",
		"smartmeter/p1/availability":                       "online",
		"smartmeter/p1_gas/availability":                   "online",
		"smartmeter/status/energy":                         `{"calculatedUsage":42}`,
	}
	if diff := cmp.Diff(want, retained); diff != "" {
		t.Errorf("retained (-want +got):\n%s", diff)
	}
}

// TestEveryReading publishes faster than the broker is asked to take it.
func TestEveryReading(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	a := run(t, at("tcp://"+b.address))
	b.wait(t, whole...)
	for watts := range int64(200) {
		a.reading(watts)
	}
	seen := b.wait(t, `smartmeter/status/energy {"calculatedUsage":199}`)
	got := 0
	for _, line := range seen {
		if strings.HasPrefix(line, "smartmeter/status/energy ") {
			got++
		}
	}
	if want := 201; got != want {
		t.Errorf("%d readings were published, want %d", got, want)
	}
}

func TestTransports(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate
	defer server.Close()
	certificate := &tls.Config{Certificates: server.TLS.Certificates}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	for scheme, listener := range map[string]func(c listeners.Config) listeners.Listener{
		"mqtt": func(c listeners.Config) listeners.Listener { return listeners.NewTCP(c) },
		"tcp":  func(c listeners.Config) listeners.Listener { return listeners.NewTCP(c) },
		"mqtts": func(c listeners.Config) listeners.Listener {
			c.TLSConfig = certificate.Clone()
			return listeners.NewTCP(c)
		},
		"ws": func(c listeners.Config) listeners.Listener { return listeners.NewWebsocket(c) },
		"wss": func(c listeners.Config) listeners.Listener {
			c.TLSConfig = certificate.Clone()
			return listeners.NewWebsocket(c)
		},
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, certified(t), "", listener) // not all of them tell their port
			run(t, func(o *mqtt.Options) {
				at(scheme + "://" + b.address)(o)
				o.TLS = &tls.Config{RootCAs: roots}
			})
			b.wait(t, whole...)
		})
	}
}

func TestBirthIsAnswered(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	b.forget()
	b.publish(t, "homeassistant/status", "online", false)
	b.wait(t,
		"homeassistant/status online",
		"homeassistant/device/smartmeter_p1_bridge/config",
		"homeassistant/device/smartmeter_p1/config",
		"homeassistant/device/smartmeter_p1_gas/config",
		"smartmeter/p1/state *",
		"smartmeter/p1_gas/state *",
		"smartmeter/p1/availability online",
		"smartmeter/p1/state *", // once more, when Home Assistant has subscribed
	)
}

func TestWill(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	p := startProxy(t, b.address)
	a := run(t, at("mqtt://"+p.address))
	b.wait(t, whole...)
	b.forget()
	p.cut()
	b.wait(t, "smartmeter/connected 0")
	b.wait(t, whole...)
	b.wait(t, "smartmeter/connected 0", "smartmeter/connected 2") // also when the will is late
	if got := b.retained()["smartmeter/connected"]; got != "2" {
		t.Errorf("connected is %s, want 2", got)
	}
	if got := strings.Count(a.log.String(), "level=WARN"); got != 1 {
		t.Errorf("%d warnings, want 1:\n%s", got, a.log.String())
	}
}

func TestCleanStop(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	b.forget()
	a.stop()
	got := b.wait(t, "smartmeter/connected 0")
	want := []string{"smartmeter/p1_bridge/availability offline", "smartmeter/p1/availability offline", "smartmeter/p1_gas/availability offline",
		"smartmeter/p1_bridge/claim", "homeassistant/device/smartmeter_p1_bridge/claim", "smartmeter/connected 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stop (-want +got):\n%s", diff)
	}
	if got := b.retained()["smartmeter/connected"]; got != "0" {
		t.Errorf("connected is %s, want 0", got)
	}
}

func TestStatusChanges(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	b.forget()
	a.status.Publish(meter.Status{})
	b.wait(t, "smartmeter/connected 1", "smartmeter/p1/availability offline", "smartmeter/p1_gas/availability offline")
	a.status.Publish(meter.Status{Alive: true})
	b.wait(t, "smartmeter/connected 1", "smartmeter/connected 2")
	a.reading(5)
	got := b.wait(t, `smartmeter/p1/state {"power_net":5}`, "smartmeter/p1/availability online", "smartmeter/p1_gas/availability online")
	if i := slices.Index(got, "smartmeter/p1/availability online"); i < slices.Index(got, `smartmeter/p1/state {"power_net":5}`) {
		t.Errorf("available before the new state:\n%s", strings.Join(got, "\n"))
	}
}

func TestLeftBehind(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	b.publish(t, "smartmeter/p1_water/availability", "online", true)
	b.publish(t, "smartmeter/p2/availability", "online", true)
	run(t, at("mqtt://"+b.address))
	b.wait(t, "smartmeter/p1_water/availability offline")
	if got := b.retained()["smartmeter/p2/availability"]; got != "online" {
		t.Errorf("another slot's availability is now %q", got)
	}
}

// TestRubbish publishes nonsense where the output listens and where it
// publishes. What the broker keeps of it is put right, once a second at most.
func TestRubbish(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	b.forget()
	rubbish := strings.Repeat("\x00\xFF{", 1000)
	const config = "homeassistant/device/smartmeter_p1/config"
	begun := time.Now()
	for range 100 {
		for _, topic := range []string{
			"homeassistant/status", "smartmeter/connected", "smartmeter/p1/availability", "smartmeter/p1/state",
			"smartmeter/x/availability", "smartmeter/status/energy", "smartmeter/p1_bridge/claim", config,
		} {
			b.publish(t, topic, rubbish, false)
			b.publish(t, topic, "", false)
		}
	}
	a.reading(11)
	got := b.wait(t, `smartmeter/status/energy {"calculatedUsage":11}`, `smartmeter/p1/state {"power_net":11}`)
	most := 2 + int(time.Since(begun)/time.Second)
	answers := map[string]int{config: -200} // as many as were published here
	for _, line := range got {
		if line == config || strings.HasPrefix(line, "smartmeter/connected 2") || strings.HasPrefix(line, "smartmeter/p1/availability on") {
			answers[line]++
		}
		if strings.HasPrefix(line, "homeassistant/device/") && line != config {
			t.Errorf("rubbish was answered: %.60q", line)
		}
	}
	for line, n := range answers {
		if n > most {
			t.Errorf("rubbish was answered %d times by %s, want %d at most", n, line, most)
		}
	}
}
