package solar

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/simonvetter/modbus"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

var samples = map[string]string{
	"solaredge": `{"manufacturer":"SolarEdge","model":"SE17K-RW00IBNM4","version":"0004.0008.0122","serial":"7E1A2B3C","did":103,` +
		`"lifetimeProduction":12345678,"temperature":45.12,"status":4,"statusText":"producing","acTotalCurrent":45.2,"acCurrentPhaseA":15,"acCurrentPhaseB":15.1,"acCurrentPhaseC":15.1,` +
		`"acVoltagePhaseA":233.7,"acVoltagePhaseB":234.1,"acVoltagePhaseC":233.4,"acPower":1571.3,"acFrequency":50.012,"apparentPower":1573.1,"reactivePower":74.3,` +
		`"powerFactor":-99.89,"dcCurrent":2.151,"dcVoltage":745.3,"dcPower":1595.2,"ts":"TS"}`,
	"solaredge-night": `{"manufacturer":"SolarEdge","model":"SE17K-RW00IBNM4","version":"0004.0008.0122","serial":"7E1A2B3C","did":103,` +
		`"status":2,"statusText":"sleeping","acTotalCurrent":0.1,"acCurrentPhaseA":0.1,"acVoltagePhaseA":233.7,"acPower":-12.5,"ts":"TS"}`,
	"fronius-int": `{"manufacturer":"Fronius","model":"Symo 8.2-3-M","version":"0.3.30.2","serial":"30123456","did":103,` +
		`"lifetimeProduction":23456789,"status":4,"statusText":"producing","acTotalCurrent":8.91,"acCurrentPhaseA":2.97,"acCurrentPhaseB":2.97,"acCurrentPhaseC":2.97,` +
		`"acVoltagePhaseA":232.1,"acVoltagePhaseB":232.4,"acVoltagePhaseC":232.6,"acPower":2061,"acFrequency":49.99,"apparentPower":2061,"reactivePower":-31,"powerFactor":-100,"dcPower":2152,"ts":"TS"}`,
	"fronius-float": `{"manufacturer":"Fronius","model":"Symo 8.2-3-M","version":"0.3.30.2","serial":"30123456","did":113,` +
		`"lifetimeProduction":23456788,"status":4,"statusText":"producing","acTotalCurrent":8.91,"acCurrentPhaseA":2.97,"acCurrentPhaseB":2.97,"acCurrentPhaseC":2.97,` +
		`"acVoltagePhaseA":232.1,"acVoltagePhaseB":232.4,"acVoltagePhaseC":232.6,"acPower":2061.4,"acFrequency":49.99,"apparentPower":2061.4,"reactivePower":-31.25,"powerFactor":-99.9,"dcPower":2152,"ts":"TS"}`,
	"ieee1547": `{"manufacturer":"Example","model":"DER 5000","version":"1.2.3","serial":"sn-1","did":701,` +
		`"lifetimeProduction":1234567890123,"temperature":40.2,"status":4,"statusText":"producing","acTotalCurrent":21.78,"acCurrentPhaseA":7.26,"acCurrentPhaseB":7.26,"acCurrentPhaseC":7.26,` +
		`"acVoltagePhaseA":231.6,"acVoltagePhaseB":231.7,"acVoltagePhaseC":231.8,"acPower":5012,"acPowerPhaseA":1670,"acPowerPhaseB":1671,"acPowerPhaseC":1671,"acFrequency":50.03,` +
		`"apparentPower":5020,"reactivePower":-21.3,"powerFactor":-99.8,"ts":"TS"}`,
	"bare":     `{"manufacturer":"Maker","did":101,"acPower":731,"ts":"TS"}`,
	"nonsense": `{"manufacturer":"Maker","model":"Model","version":"1","serial":"2","did":103,"acFrequency":50.012,"ts":"TS"}`,
}

// device is a Modbus TCP server: the library's own.
type device struct {
	mu        sync.Mutex
	registers map[uint16]uint16
	unit      uint8
	fail      error
	slow      chan struct{} // answers when closed; nil: at once
	late      time.Duration // how late each answer is
	requests  int
}

func (d *device) HandleHoldingRegisters(q *modbus.HoldingRegistersRequest) ([]uint16, error) {
	d.mu.Lock()
	slow, late := d.slow, d.late
	d.mu.Unlock()
	if slow != nil {
		<-slow
	}
	time.Sleep(late)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests++
	switch {
	case d.fail != nil:
		return nil, d.fail
	case q.UnitId != d.unit:
		return nil, modbus.ErrGWTargetFailedToRespond
	}
	var list []uint16
	for i := range q.Quantity {
		v, ok := d.registers[q.Addr+i]
		if !ok {
			return nil, modbus.ErrIllegalDataAddress
		}
		list = append(list, v)
	}
	return list, nil
}

func (d *device) HandleCoils(*modbus.CoilsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

func (d *device) HandleDiscreteInputs(*modbus.DiscreteInputsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

func (d *device) HandleInputRegisters(*modbus.InputRegistersRequest) ([]uint16, error) {
	return nil, modbus.ErrIllegalFunction
}

func (d *device) show(m registerMap) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.registers = make(map[uint16]uint16)
	for i, v := range m.Registers {
		d.registers[uint16(m.Base+i)] = v
	}
}

func (d *device) start(t *testing.T, addr string) *modbus.ModbusServer {
	t.Helper()
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + addr, MaxClients: 1, Logger: log.New(io.Discard, "", 0)}, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	return server
}

// lines is a log that a test reads while it is written.
type lines struct{ testkit.Log }

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// run polls until the test ends.
func run(t *testing.T, o Options) (*Poller, *hub.Subscription[*meter.Solar]) {
	t.Helper()
	var h hub.Hub[*meter.Solar]
	p := New(o, &h)
	sub := h.Subscribe(1000, hub.DropOldest)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		sub.Close()
	})
	return p, sub
}

func next(t *testing.T, sub *hub.Subscription[*meter.Solar]) *meter.Solar {
	t.Helper()
	for {
		select {
		case <-sub.Ready():
		case <-time.After(30 * time.Second):
			t.Fatal("no sample")
		}
		got, err := sub.TakeSome(nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > 0 { // else what made it ready was taken before
			return got[0]
		}
	}
}

func jsonOf(s *meter.Solar) string {
	c := *s
	c.Received = time.Date(2021, 2, 26, 12, 15, 24, 0, time.UTC)
	return strings.Replace(string(c.AppendJSON(nil)), "2021-02-26T12:15:24Z", "TS", 1)
}

func TestSamples(t *testing.T) {
	for name, want := range samples {
		t.Run(name, func(t *testing.T) {
			d := &device{unit: 1}
			d.show(maps[name])
			addr := testkit.FreeAddr(t)
			server := d.start(t, addr)
			defer func() { _ = server.Stop() }()
			var log lines
			_, sub := run(t, Options{Address: addr, Unit: 1, Interval: time.Millisecond, Log: log.logger()})
			next(t, sub)
			if diff := cmp.Diff(want, jsonOf(next(t, sub))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := strings.Count(log.String(), "\n"); got != 1 {
				t.Errorf("log: got %d lines, want 1:\n%s", got, &log)
			}
		})
	}
}

// What keeps an inverter from being read: one line, and nothing published.
func TestTrouble(t *testing.T) {
	none := func(*device) {}
	for _, test := range []struct {
		name  string
		shows string
		unit  uint8
		setup func(*device)
		want  string
	}{
		{"no SunSpec", "no-sunspec", 1, none, "does not offer SunSpec"},
		{"a meter", "meter", 1, none, "is not an inverter"},
		{"another unit", "solaredge", 3, none, "nothing answers at Modbus unit id 3"},
		{"busy", "solaredge", 1, func(d *device) { d.fail = modbus.ErrServerDeviceBusy }, "cannot be read"},
		{"broken", "solaredge", 1, func(d *device) { d.fail = errors.New("anything") }, "cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &device{unit: 1}
			d.show(maps[test.shows])
			test.setup(d)
			addr := testkit.FreeAddr(t)
			server := d.start(t, addr)
			defer func() { _ = server.Stop() }()
			var log lines
			var board status.Board
			p, sub := run(t, Options{Address: addr, Unit: test.unit, Interval: time.Millisecond, Log: log.logger(), Counter: board.Output("solar")})
			for board.Snapshot(time.Now()).Outputs[0].Errors < 3 {
				time.Sleep(time.Millisecond)
			}
			if got := log.String(); !strings.Contains(got, test.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("log: got %q, want one line with %q", got, test.want)
			}
			if _, ok := p.Latest(time.Now()); ok || len(sub.Ready()) > 0 {
				t.Error("something was published")
			}
		})
	}
}

func TestRefused(t *testing.T) {
	var log lines
	var board status.Board
	run(t, Options{Address: testkit.FreeAddr(t), Unit: 1, Interval: time.Millisecond, Log: log.logger(), Counter: board.Output("solar")})
	for board.Snapshot(time.Now()).Outputs[0].Errors < 2 {
		time.Sleep(time.Millisecond)
	}
	if got := log.String(); !strings.Contains(got, "switch Modbus TCP on") || strings.Count(got, "\n") != 1 {
		t.Errorf("log: got %q", got)
	}
}

// The inverter reboots, answers late, and resets: it is read again, over one
// connection at a time, with a line at loss and one at return.
func TestComesBack(t *testing.T) {
	d := &device{unit: 1}
	d.show(maps["solaredge"])
	addr := testkit.FreeAddr(t)
	server := d.start(t, addr)
	var log lines
	_, sub := run(t, Options{Address: addr, Unit: 1, Interval: time.Millisecond, Log: log.logger()})
	next(t, sub)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(log.String(), "WARN") {
		time.Sleep(time.Millisecond)
	}
	if _, err := sub.Take(nil); err != nil {
		t.Fatal(err)
	}
	d.show(maps["fronius-float"]) // another one in its place
	server = d.start(t, addr)
	defer func() { _ = server.Stop() }()
	if diff := cmp.Diff(samples["fronius-float"], strings.Replace(jsonOf(next(t, sub)), `"lifetimeProduction":12345678`, `"lifetimeProduction":23456788`, 1)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	next(t, sub) // the log tells of the first one behind it
	// Of what was wrong meanwhile each kind is told once.
	if got := strings.Count(log.String(), "answers"); got != 2 {
		t.Errorf("got %d lines of its return, want 2:\n%s", got, &log)
	}
}

// A sleeping inverter that goes away is no trouble.
func TestNight(t *testing.T) {
	d := &device{unit: 1}
	d.show(maps["solaredge-night"])
	addr := testkit.FreeAddr(t)
	server := d.start(t, addr)
	var log lines
	var board status.Board
	_, sub := run(t, Options{Address: addr, Unit: 1, Interval: time.Millisecond, Log: log.logger(), Counter: board.Output("solar")})
	s := next(t, sub)
	if v, ok := s.Get(meter.SolarACPower); !ok || v.String() != "-12.5" {
		t.Errorf("power at night: got %v, %v", v, ok)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(log.String(), "sleeps") {
		time.Sleep(time.Millisecond)
	}
	if got := log.String(); strings.Contains(got, "WARN") || board.Snapshot(time.Now()).Outputs[0].Errors != 0 {
		t.Errorf("the night is told as trouble:\n%s", got)
	}
}

// A silent inverter holds nobody up, the end of the program included.
func TestSilent(t *testing.T) {
	d := &device{unit: 1, slow: make(chan struct{})}
	d.show(maps["solaredge"])
	addr := testkit.FreeAddr(t)
	server := d.start(t, addr)
	var asked atomic.Bool
	p := New(Options{Address: addr, Unit: 1, Interval: time.Millisecond, Log: slog.New(slog.DiscardHandler)}, new(hub.Hub[*meter.Solar]))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		asked.Store(true)
		ended <- p.Run(ctx)
	}()
	for !asked.Load() {
		time.Sleep(time.Millisecond)
	}
	if _, ok := p.Latest(time.Now()); ok {
		t.Error("a sample from nowhere")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	close(d.slow)
	_ = server.Stop()
}

func TestStale(t *testing.T) {
	p := New(Options{Interval: 10 * time.Second}, nil)
	now := time.Now()
	if _, ok := p.Latest(now); ok {
		t.Error("a sample before the first")
	}
	p.latest.Store(&meter.Solar{Received: now})
	for after, want := range map[time.Duration]bool{0: true, 30 * time.Second: true, 31 * time.Second: false} {
		if _, ok := p.Latest(now.Add(after)); ok != want {
			t.Errorf("after %v: got %v, want %v", after, ok, want)
		}
	}
}

// TestKeepsTheEnergy: what the last run believed holds back an inverter that
// counts anew just when the program starts.
func TestKeepsTheEnergy(t *testing.T) {
	kept := store.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	energy := func(name string) string {
		d := &device{unit: 1}
		d.show(maps[name])
		addr := testkit.FreeAddr(t)
		server := d.start(t, addr)
		defer func() { _ = server.Stop() }()
		_, sub := run(t, Options{Address: addr, Unit: 1, Interval: time.Millisecond, Log: slog.New(slog.DiscardHandler), Store: kept, File: "solar_p1"})
		s := next(t, sub)
		v, _ := s.Get(meter.SolarLifetime)
		return v.String()
	}
	if got := energy("fronius-int"); got != "23456789" {
		t.Errorf("first run: got %s", got)
	}
	if got := energy("solaredge"); got != "23456789" { // says 12345678
		t.Errorf("second run: got %s, want what the first one believed", got)
	}
}

// Whatever a device shows, the walk ends and nothing panics.
func FuzzMap(f *testing.F) {
	for _, m := range maps {
		b := make([]byte, 0, 2*len(m.Registers))
		for _, r := range m.Registers {
			b = append(b, byte(r>>8), byte(r))
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		registers := make([]uint16, max(len(b)/2, 160))
		for i := range len(b) / 2 {
			registers[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		for id, m := range models {
			var s meter.Solar
			m.decode(registers, &s)
			for q := range meter.NumSolarQuantities {
				if v, ok := s.Get(q); ok {
					if _, err := meter.ParseValue(v.String()); err != nil {
						t.Errorf("model %d: %s: %v: %v", id, meter.SolarQuantities[q].JSON, v, err)
					}
				}
			}
		}
		_ = text(registers)
	})
}
