package app_test

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestPushed: what a meter pushes by DLMS or SML ends as entities, JSON, and the
// line's own bytes on the raw socket.
func TestPushed(t *testing.T) {
	for _, kind := range []simulate.Push{simulate.Aidon, simulate.Kamstrup, simulate.SagemcomMBus, simulate.LandisGyr, simulate.SML} {
		t.Run(simulate.Pushes[kind].Name, func(t *testing.T) {
			t.Parallel()
			meter := newLine(t)
			b := newBroker(t, testkit.Addr(t))
			variables := []string{meter.variable(), b.variable(), "MQTT_INTERVAL=0"}
			start0 := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
			push := simulate.NewPush(kind, simulate.Options{Seed: 3, Start: start0})
			if push.Encrypter != nil {
				variables = append(variables, "ENC_KEY="+hex.EncodeToString(push.Encrypter.Key[:]), "ENC_AAD=30"+hex.EncodeToString(push.Encrypter.AuthKey[:]))
			}
			p := start(t, variables...)
			raw, lines := p.dial("raw"), p.dial("json")
			waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
			w := meter.accept()
			var sent []byte
			for i := range 4 {
				message := push.Message(start0.Add(time.Duration(i) * 10 * time.Second))
				sent = append(sent, message...)
				for part := range slices.Chunk(message, 50) {
					write(t, w, string(part))
				}
				var line struct {
					CRC          bool
					CurrentUsage *float64
					TotalUse     *float64
				}
				text := lines.line()
				if err := json.Unmarshal([]byte(text), &line); err != nil {
					t.Fatal(err)
				}
				if !line.CRC || line.CurrentUsage == nil {
					t.Errorf("message %d: %s", i, text)
				}
				// Norway's totals come with the first message of the hour alone.
				if hourly := kind == simulate.Aidon && i > 0; (line.TotalUse == nil) != hourly {
					t.Errorf("message %d: %s", i, text)
				}
			}
			if got := raw.bytes(len(sent)); got != string(sent) {
				t.Error("the raw socket has other bytes than the line")
			}
			later := start0.Add(time.Minute)
			waitFor(t, "entities and their states", func() bool {
				later = later.Add(10 * time.Second)
				write(t, w, string(push.Message(later))) // of Norway's lists those without totals
				lines.line()                             // which is read before the next is sent
				return strings.Contains(b.last("homeassistant/device/smartmeter_p1/config"), "energy_import_total") &&
					len(b.all("smartmeter/p1/state")) > 3
			})
			for _, state := range b.all("smartmeter/p1/state") {
				if !strings.Contains(state, `"energy_import_total":`) || !strings.Contains(state, `"power_import":`) {
					t.Errorf("a state without the newest of all: %s", state)
				}
			}
			if n := p.log.Count("dropped"); n > 0 {
				t.Errorf("%d messages were dropped", n)
			}
		})
	}
}

// TestLockedMeter: a meter without its PIN is read, and the log says once how
// to have more of it.
func TestLockedMeter(t *testing.T) {
	t.Parallel()
	meter := newLine(t)
	b := newBroker(t, testkit.Addr(t))
	p := start(t, meter.variable(), b.variable(), "MQTT_INTERVAL=0")
	w := meter.accept()
	start0 := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	push := simulate.NewPush(simulate.SMLLocked, simulate.Options{Seed: 3, Start: start0})
	for i := range 12 {
		write(t, w, string(push.Message(start0.Add(time.Duration(i)*time.Second))))
	}
	state := b.wait("smartmeter/p1_bridge/state", `"verdict":"locked"`)
	if !strings.Contains(state, "PIN") || strings.Contains(state, `"problem_p1":"ON"`) {
		t.Errorf("the bridge says %s", state)
	}
	waitFor(t, "the log to say it", func() bool { return p.log.Count("level=WARN", "PIN") == 1 })
}
