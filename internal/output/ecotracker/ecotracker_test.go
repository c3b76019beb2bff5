package ecotracker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/ecotracker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

type device struct {
	*ecotracker.Server
	meter   *emulate.Meter
	updates *hub.Hub[*meter.Update]
}

func newDevice(t *testing.T, http emulate.HTTP) *device {
	d := &device{updates: new(hub.Hub[*meter.Update])}
	d.meter = emulate.New(emulate.Options{
		Name: "ecotracker_p1", Kind: "ecotracker", Slot: "p1", Prefix: ecotracker.Prefix, Updates: d.updates,
		Store: store.Open(t.TempDir(), slog.New(slog.DiscardHandler)),
	})
	d.Server = ecotracker.New(http, d.meter)
	return d
}

func (d *device) tell(values map[meter.Quantity]meter.Value) {
	u := &meter.Update{Slot: "p1", HasPower: true, Reading: meter.Reading{Received: time.Now()}}
	for q, v := range values {
		u.Reading.Values.Set(q, v)
	}
	d.updates.Publish(u)
	synctest.Wait()
}

func watts(n int64) meter.Value { return meter.NewValue(n, 0) }

// TestBody: what is told, and the mean of the last minute, without a network:
// only the meter runs.
func TestBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t, emulate.HTTP{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.meter.Run(ctx) }()
		check := func(method, path string, code int, want string) {
			t.Helper()
			w := httptest.NewRecorder()
			d.ServeHTTP(w, httptest.NewRequest(method, "http://192.168.1.5"+path, nil))
			if got := w.Body.String(); w.Code != code || got != want {
				t.Errorf("%s %s: %d %s, want %d %s", method, path, w.Code, got, code, want)
			}
		}
		check("GET", "/v1/json", 503, `{"error":"there is no fresh reading of the meter"}`)
		check("GET", "/", 404, `{"error":"there is nothing at this address but /v1/json"}`)
		check("POST", "/v1/json", 405, `{"error":"this address can only be read, with GET"}`)
		d.tell(map[meter.Quantity]meter.Value{
			meter.PowerNet: meter.NewValue(-6434, 1), meter.PowerNetL1: watts(-1000), meter.PowerNetL2: watts(300), meter.PowerNetL3: watts(57),
			meter.EnergyImportTotal: meter.NewValue(3000123, 3), meter.EnergyImportT1: meter.NewValue(1000, 0), meter.EnergyImportT2: meter.NewValue(20001234, 4),
			meter.EnergyExportTotal: meter.NewValue(12005, 3),
		})
		time.Sleep(250 * time.Millisecond)
		check("GET", "/v1/json", 200, `{"power":-643,"powerPhase1":-1000,"powerPhase2":300,"powerPhase3":57,"powerAvg":-643,"agePower":250,`+
			`"energyCounterIn":3000123,"energyCounterInT1":1000000,"energyCounterInT2":2000123.4,"energyCounterOut":12005}`)
		time.Sleep(750 * time.Millisecond)
		for n := range int64(100) {
			d.tell(map[meter.Quantity]meter.Value{meter.PowerNet: watts(n)})
			// Asked at each reading, as the server does it by itself.
			check("GET", "/v1/json", 200, fmt.Sprintf(`{"power":%d,"powerAvg":%d,"agePower":0}`, n, mean(n)))
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Second)
		check("GET", "/v1/json", 503, `{"error":"there is no fresh reading of the meter"}`)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// mean is that of n and the 59 numbers before it, as far as there are some.
// In the beginning -643.4 is among them.
func mean(n int64) int64 {
	sum, count := int64(0), int64(0)
	for i := max(0, n-59); i <= n; i++ {
		sum, count = sum+i, count+1
	}
	tenths := 10 * sum
	if n < 59 {
		tenths, count = tenths-6434, count+1
	}
	half := 5 * count
	if tenths < 0 {
		half = -half
	}
	return (tenths + half) / (10 * count)
}

// TestConnection: a client keeps one connection for all its questions.
func TestConnection(t *testing.T) {
	ready := make(chan string, 1)
	d := newDevice(t, emulate.HTTP{
		Address: testkit.Addr(t), What: "emulated meter", Setting: "emulate.0.port", Log: slog.New(slog.DiscardHandler),
		OnListen: func(a net.Addr) { ready <- a.String() },
	})
	u := &meter.Update{Slot: "p1", HasPower: true, Reading: meter.Reading{Received: time.Now()}}
	u.Reading.Values.Set(meter.PowerNet, watts(7))
	d.updates.Publish(u)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	conn, err := net.Dial("tcp", <-ready)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range 100 {
		if _, err := io.WriteString(conn, "GET /v1/json HTTP/1.1\r\nHost: 192.168.1.5\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		isAnswer := answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusServiceUnavailable
		if err != nil || !isAnswer || answer.Close {
			t.Fatalf("%d %s, %v", answer.StatusCode, body, err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
