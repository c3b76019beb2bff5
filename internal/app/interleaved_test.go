package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestInterleaved: the messages of two meters on one line do not mix, although
// the short ones name no meter and all totals come once an hour. The JSON socket
// has them all.
func TestInterleaved(t *testing.T) {
	t.Parallel()
	line := newLine(t)
	b := newBroker(t, testkit.Addr(t))
	p := start(t, line.variable(), b.variable(), "MQTT_INTERVAL=0")
	lines := p.dial("json")
	waitFor(t, "a client", func() bool { return p.log.Count("client connected") == 1 })
	w := line.accept()
	begin := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	first := simulate.NewPush(simulate.Aidon, simulate.Options{Seed: 3, Start: begin})
	second := simulate.NewPush(simulate.Aidon, simulate.Options{Seed: 4, Start: begin})
	var totals, powers []float64 // of the first one
	var named float64            // the last power of a list that names the meter
	for i := range 40 {
		now := begin.Add(time.Duration(i) * 5 * time.Second)
		message := first.Message(now)
		total, power := pushedValues(t, message)
		if total > 0 {
			totals = append(totals, total)
		}
		powers = append(powers, power)
		write(t, w, string(message))
		text := lines.line()
		if i%2 == 0 && !strings.Contains(text, fmt.Sprintf(`"calculatedUsage":%v,`, power)) {
			t.Errorf("the line of %v W is %s", power, text)
		}
		if i%2 == 0 {
			named = power
		}
		if i >= 8 {
			other := second.Message(now)
			_, power := pushedValues(t, other)
			write(t, w, string(other))
			if text := lines.line(); i%2 == 0 && !strings.Contains(text, fmt.Sprintf(`"calculatedUsage":%v,`, power)) {
				t.Errorf("the second meter's line of %v W is %s", power, text)
			}
		}
	}
	if n := p.log.Count("level=WARN", "two meters"); n != 1 {
		t.Errorf("the log says %d times that there are two meters", n)
	}
	if len(totals) != 1 {
		t.Fatalf("the totals are %v", totals)
	}
	last := fmt.Sprintf(`"power_net":%v,`, named)
	waitFor(t, "the last state", func() bool { return strings.Contains(b.last("smartmeter/p1/state"), last) })
	for _, text := range b.all("smartmeter/p1/state") {
		var state struct {
			Total float64 `json:"energy_import_total"`
			Power float64 `json:"power_net"`
		}
		if err := json.Unmarshal([]byte(text), &state); err != nil {
			t.Fatal(err)
		}
		if state.Total != totals[0] || !slices.Contains(powers, state.Power) {
			t.Errorf("a state has %v and %v, which the first meter never said (%v): %s", state.Total, state.Power, totals, text)
		}
	}
}

// pushedValues returns the total of a message, 0 without, and its power in W.
func pushedValues(t *testing.T, message []byte) (total, power float64) {
	t.Helper()
	r := decode.NewReader(decode.Options{})
	r.Reset(bytes.NewReader(message))
	m, ok := r.Next()
	if !ok || m.Err != nil {
		t.Fatal(m.Err)
	}
	var line struct{ TotalUse, CurrentUsage, CurrentDelivery float64 }
	if err := json.Unmarshal(m.Reading.AppendJSON(nil, time.UTC), &line); err != nil {
		t.Fatal(err)
	}
	return line.TotalUse, math.Round(1000 * (line.CurrentUsage - line.CurrentDelivery))
}
