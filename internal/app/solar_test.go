package app_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// startInverter runs a simulated inverter at noon in June until stop.
func startInverter(t *testing.T, addr string) (stop func()) {
	t.Helper()
	noon := time.Date(2026, 6, 21, 11, 30, 0, 0, time.UTC)
	inverter, err := simulate.New(simulate.Options{Seed: 7, Start: noon}).Inverter(addr, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- inverter.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// usage is what a reading tells of the house, in W.
type usage struct {
	Net   float64  `json:"calculatedUsage"`
	Solar *float64 `json:"solarProduction"`
	House *float64 `json:"houseUsage"`
}

// TestSolar: what the panels give is in the readings while the inverter
// answers, and only then. The meter never waits for it.
func TestSolar(t *testing.T) {
	addr := testkit.FreeAddr(t)
	meter := newLine(t)
	p := start(t, meter.variable(), "SUNSPEC_MODBUS="+addr, "SUNSPEC_INTERVAL=1")
	lines := p.dial("json")
	conn := meter.accept()
	waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
	read := func() (u usage) {
		t.Helper()
		write(t, conn, numbered(250))
		if err := json.Unmarshal([]byte(lines.line()), &u); err != nil {
			t.Fatal(err)
		}
		return u
	}
	if u := read(); u.Net != 250 || u.Solar != nil || u.House != nil {
		t.Errorf("without the inverter: got %+v", u)
	}
	stop := startInverter(t, addr)
	waitFor(t, "the inverter in the readings", func() bool { return read().Solar != nil })
	if u := read(); u.Solar == nil || *u.Solar < 300 || u.House == nil || *u.House != u.Net+*u.Solar {
		t.Errorf("with the inverter: got %+v", u)
	}
	stop()
	waitFor(t, "the inverter gone from the readings", func() bool { return read().House == nil })
	if got := p.log.Count("level=WARN", "part=solar"); got != 2 {
		t.Errorf("got %d warnings of the inverter, want one at the start and one at its end", got)
	}
}
