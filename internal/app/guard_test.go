package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// metered is a telegram of a meter with one register and a gas meter.
func metered(kWh, m3 string) string {
	return signed(fmt.Sprintf("/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n0-0:96.1.1(4B38)\r\n1-0:1.8.0(%s*kWh)\r\n1-0:1.7.0(00.329*kW)\r\n"+
		"0-1:24.1.0(003)\r\n0-1:96.1.0(4730)\r\n0-1:24.2.1(260314120000W)(%s*m3)\r\n", kWh, m3))
}

// all returns every payload that came on the topic.
func (b *broker) all(topic string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages[topic])
}

// shows checks that every state had the value under the key, and that there
// were some.
func (b *broker) shows(t *testing.T, device, key, want string) {
	t.Helper()
	states := b.all("smartmeter/" + device + "/state")
	if len(states) == 0 {
		t.Errorf("%s never had a state", device)
	}
	for _, state := range states {
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(state), &values); err != nil {
			t.Fatal(err)
		}
		if got := string(values[key]); got != want {
			t.Errorf("%s shows %s %s, want %s", device, key, got, want)
		}
	}
}

// TestZeroNeverReachesEntities: what the meter said is on status/energy and on
// the JSON socket, and the entities do not move. The second run has it in its
// first telegram.
func TestZeroNeverReachesEntities(t *testing.T) {
	data := "DATA=" + t.TempDir()
	t.Run("running", func(t *testing.T) {
		meter, b := newLine(t), newBroker(t, testkit.Addr(t))
		p := start(t, meter.variable(), b.variable(), data, "MQTT_INTERVAL=0")
		b.wait("smartmeter/connected", "1")
		lines := p.dial("json")
		waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
		conn := meter.accept()
		good, zero := metered("012345.678", "01543.012"), metered("000000.000", "00000.000")
		for _, telegram := range []string{good, zero, zero, good} {
			write(t, conn, telegram)
		}
		for _, want := range []string{`"totalUse":12345.678`, `"totalUse":0`, `"totalUse":0`, `"totalUse":12345.678`} {
			if line := lines.line(); !strings.Contains(line, want) {
				t.Errorf("the JSON socket says %s, want %s", line, want)
			}
			b.wait("smartmeter/status/energy", want)
		}
		b.wait("smartmeter/p1_bridge/state", `"held_values_p1":2`)
		b.shows(t, "p1", "energy_import_total", "12345.678")
		b.shows(t, "p1_gas", "gas_total", "1543.012")
		for _, total := range []string{"energy_import_total", "gas_total"} {
			waitFor(t, "the log", func() bool { return p.log.Count("what was held back was wrong", total) == 1 })
			if got := p.log.Count("level=INFO", "is held back", "it fell", total); got != 1 {
				t.Errorf("%d lines say that %s is held back, want 1", got, total)
			}
		}
	})
	t.Run("started again", func(t *testing.T) {
		meter, b := newLine(t), newBroker(t, testkit.Addr(t))
		start(t, meter.variable(), b.variable(), data, "MQTT_INTERVAL=0")
		b.wait("smartmeter/connected", "1")
		conn := meter.accept()
		write(t, conn, metered("000000.000", "00000.000"))
		b.wait("smartmeter/status/energy", `"totalUse":0`)
		write(t, conn, metered("012345.679", "01543.012"))
		b.wait("smartmeter/status/energy", `"totalUse":12345.679`)
		b.wait("smartmeter/p1_bridge/state", `"held_values_p1":2`)
		waitFor(t, "the new total", func() bool {
			states := b.all("smartmeter/p1/state")
			return len(states) > 0 && strings.Contains(states[len(states)-1], `"energy_import_total":12345.679`)
		})
		for _, state := range b.all("smartmeter/p1/state") {
			if strings.Contains(state, `"energy_import_total":0`) {
				t.Errorf("a zero reached the entities: %s", state)
			}
		}
		waitFor(t, "the gas meter", func() bool { return len(b.all("smartmeter/p1_gas/state")) > 0 })
		b.shows(t, "p1_gas", "gas_total", "1543.012")
	})
}
