package app_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// TestHouseEnergy: what the house used is counted once the inverter was heard,
// and continues in the next run.
func TestHouseEnergy(t *testing.T) {
	addr, data := testkit.FreeAddr(t), "DATA="+t.TempDir()
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	imported := 1000.0
	for run, want := range []float64{0.25, 0.5} {
		p := start(t, meter.variable(), b.variable(), data, "MQTT_INTERVAL=0", "SUNSPEC_MODBUS="+addr, "SUNSPEC_INTERVAL=1")
		lines := p.dial("json")
		conn := meter.accept()
		waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
		read := func() (used *float64) {
			t.Helper()
			write(t, conn, signed(fmt.Sprintf("/KFM5TEST\r\n\r\n0-0:96.1.1(4B38)\r\n1-0:1.8.0(%010.3f*kWh)\r\n1-0:2.8.0(000500.000*kWh)\r\n", imported)))
			var r struct {
				Used *float64 `json:"totalHouseUse"`
			}
			if err := json.Unmarshal([]byte(lines.line()), &r); err != nil {
				t.Fatal(err)
			}
			return r.Used
		}
		if run == 0 {
			if used := read(); used != nil {
				t.Errorf("before the inverter was heard: got %v", *used)
			}
			defer startInverter(t, addr)()
		}
		waitFor(t, "the inverter in the readings", func() bool { return read() != nil })
		imported += 0.25 // what may come at once
		if used := read(); used == nil || *used != want {
			t.Errorf("run %d: got %v, want %v", run, used, want)
		}
		b.wait("homeassistant/device/smartmeter_p1/config", `"default_entity_id":"sensor.p1_energy_house_total"`)
		b.wait("smartmeter/p1/state", fmt.Sprintf(`"energy_house_total":%v`, want))
		p.stop()
	}
}
