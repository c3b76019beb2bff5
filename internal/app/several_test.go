package app_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// further returns the variables of the nth meter beside the first, at a network
// reader or a device.
func further(n int, slot, at string, more ...string) []string {
	name := fmt.Sprintf("MORE_METERS_%d_", n)
	where := "SOCKET="
	if strings.HasPrefix(at, "/") {
		where = "PORT="
	}
	list := []string{name + "SLOT=" + slot, name + where + at}
	for _, v := range more {
		list = append(list, name+v)
	}
	return list
}

// stands returns how the line of the meter in that slot stands.
func (p *program) stands(slot string) status.Line {
	p.t.Helper()
	s := p.status()
	l, ok := s.Find(slot)
	if !ok {
		p.t.Fatalf("there is no meter %s in %+v", slot, s)
	}
	return l
}

// serialLine is a pseudo-terminal in a cable's place.
func serialLine(t *testing.T) (master *os.File, device string) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); tty.Close() })
	return master, tty.Name()
}

// TestSeveralMeters reads two cables and a network reader at once: each has its
// sockets, topics and place in the API.
func TestSeveralMeters(t *testing.T) {
	day, dayDevice := serialLine(t)
	night, nightDevice := serialLine(t)
	barn, b := newLine(t), newBroker(t, testkit.Addr(t))
	p := start(t, append(append([]string{"PORT=" + dayDevice, "SERIAL_MODE=115200 8N1", b.variable(), "API_SERVER=127.0.0.1:0", "MQTT_INTERVAL=0"},
		further(0, "night", nightDevice, "SERIAL_MODE=115200 8N1")...), further(1, "barn", barn.listener.Addr().String())...)...)
	waitFor(t, "the open ports", func() bool { return p.log.Count("line to the meter is open") == 3 })
	conn := barn.accept()
	lines := map[string]*client{"json": p.dial("json"), "json night": p.dial("json night"), "json barn": p.dial("json barn"), "raw barn": p.dial("raw barn")}
	waitFor(t, "clients on the sockets", func() bool { return p.log.Count("client connected") == len(lines) })
	b.wait("smartmeter/connected", "1")

	write(t, day, numbered(1))
	if got := lines["json"].line(); !strings.Contains(got, `"calculatedUsage":1,`) && !strings.Contains(got, `"calculatedUsage":1}`) {
		t.Errorf("the first meter's socket: %s", got)
	}
	b.wait("smartmeter/status/energy", `"calculatedUsage":1`)
	write(t, night, numbered(2))
	write(t, conn, numbered(3))
	for name, want := range map[string]string{"json night": `"calculatedUsage":2`, "json barn": `"calculatedUsage":3`} {
		if got := lines[name].line(); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := lines["raw barn"].bytes(len(numbered(3))); got != numbered(3) {
		t.Errorf("the raw socket: %q", got)
	}
	b.wait("smartmeter/night/status/energy", `"calculatedUsage":2`)
	b.wait("smartmeter/barn/status/energy", `"calculatedUsage":3`)
	b.wait("smartmeter/connected", "2") // all are read
	b.wait("smartmeter/night/state", `"power_net":2`)
	b.wait("smartmeter/night/availability", "online")
	b.wait("homeassistant/device/smartmeter_night/config", `"via_device":"smartmeter_p1_bridge"`)
	bridge := b.wait("homeassistant/device/smartmeter_p1_bridge/config", `"name":"Connection (night)"`)
	for _, want := range []string{`"smartmeter_p1_bridge_problem_p1"`, `"smartmeter_p1_bridge_diagnosis_night"`, `"smartmeter_p1_bridge_telegram_interval_barn"`} {
		if !strings.Contains(bridge, want) {
			t.Errorf("the bridge lacks %s: %s", want, bridge)
		}
	}
	b.wait("smartmeter/p1_bridge/state", `"connection_barn":"ON"`)

	for slot, want := range map[string]string{"": `"calculatedUsage":1`, "?meter=p1": `"calculatedUsage":1`, "?meter=night": `"calculatedUsage":2`, "?meter=barn": `"calculatedUsage":3`} {
		if code, body := p.ask("api", "api/reading"+slot); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("/api/reading%s: %d %s, want %s", slot, code, body, want)
		}
	}
	if code, body := p.ask("api", "api/reading?meter=roof"); code != http.StatusNotFound || !strings.Contains(body, "p1, night, barn") {
		t.Errorf("an unknown meter: %d %s", code, body)
	}
	_, metrics := p.ask("api", "metrics")
	for _, want := range []string{`smartmeter_up{meter="p1"} 1`, `smartmeter_up{meter="barn"} 1`, `smartmeter_telegrams_total{meter="night"} 1`} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, metrics)
		}
	}
	if n := strings.Count(metrics, "# TYPE smartmeter_up "); n != 1 {
		t.Errorf("a family begins %d times", n)
	}
	for slot, device := range map[string]string{"p1": dayDevice, "night": nightDevice, "barn": barn.listener.Addr().String()} {
		if l := p.stands(slot); l.Source.Name != device || l.Counters.Telegrams != 1 || !l.Verdict.Good {
			t.Errorf("%s stands as %+v", slot, l)
		}
	}

	// What all say together, once each has an interval.
	if code, body := p.ask("api", "api/reading?meter=sum"); code != http.StatusServiceUnavailable {
		t.Errorf("the sum of one reading each: %d %s", code, body)
	}
	write(t, day, numbered(10))
	b.wait("smartmeter/status/energy", `"calculatedUsage":10`)
	write(t, night, numbered(20))
	b.wait("smartmeter/night/status/energy", `"calculatedUsage":20`)
	write(t, conn, numbered(30))
	b.wait("smartmeter/barn/status/energy", `"calculatedUsage":30`)
	write(t, day, numbered(10)) // should the sum have been made as soon as there was an interval
	b.wait("smartmeter/sum/state", `"power_net":60`)
	b.wait("smartmeter/sum/availability", "online")
	b.wait("homeassistant/device/smartmeter_sum/config", `"unique_id":"smartmeter_sum_power_net"`)
	if code, body := p.ask("api", "api/reading?meter=sum"); code != http.StatusOK || body != `{"currentUsage":0.06,"currentDelivery":0,"calculatedUsage":60}` {
		t.Errorf("the sum: %d %s", code, body)
	}
	if _, body := p.ask("api", "metrics"); strings.Contains(body, `"sum"`) {
		t.Errorf("the sum is in the metrics, which add up by themselves:\n%s", body)
	}

	// One is lost: the others go on, and connected says that not all are there.
	conn.Close()
	b.wait("smartmeter/connected", "1")
	b.wait("smartmeter/barn/availability", "offline")
	b.wait("smartmeter/sum/availability", "offline")
	write(t, night, numbered(4))
	lines["json night"].line() // of before
	if got := lines["json night"].line(); !strings.Contains(got, `"calculatedUsage":4`) {
		t.Errorf("beside a lost line: %s", got)
	}
	write(t, barn.accept(), numbered(5))
	b.wait("smartmeter/connected", "2")
	p.stop()
	var seen struct{ Household json.RawMessage }
	for _, slot := range []string{"p1", "night", "barn"} {
		text, err := os.ReadFile(p.data + "/totals_" + slot + ".json")
		if err != nil || json.Unmarshal(text, &seen) != nil || seen.Household == nil {
			t.Errorf("the state of %s: %s, %v", slot, text, err)
		}
	}
}

// TestTwoPortsOfOneReader: both meters are behind one network reader, at ports
// of their own.
func TestTwoPortsOfOneReader(t *testing.T) {
	first, second := newLine(t), newLine(t)
	host, _, _ := net.SplitHostPort(first.listener.Addr().String())
	if other, _, _ := net.SplitHostPort(second.listener.Addr().String()); other != host {
		t.Skipf("%s and %s are two hosts", host, other)
	}
	p := start(t, append(further(0, "night", second.listener.Addr().String()), first.variable())...)
	a, b := p.dial("json"), p.dial("json night")
	one, two := first.accept(), second.accept()
	waitFor(t, "clients on the sockets", func() bool { return p.log.Count("client connected") == 2 })
	for n := range 10 {
		write(t, one, numbered(n))
		write(t, two, numbered(100+n))
		for c, want := range map[*client]int{a: n, b: 100 + n} {
			if got := c.line(); !strings.Contains(got, fmt.Sprintf(`"calculatedUsage":%d`, want)) {
				t.Errorf("got %s, want %d W", got, want)
			}
		}
	}
}
