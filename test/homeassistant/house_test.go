//go:build homeassistant

package homeassistant_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const user, password = "meter", "secret:with@signs"

// house is everything a house has: Core, a broker, and meters with a program
// each. (A real house has one meter; here each standard has its own, so that
// Core sees what every one of them announces.)
type house struct {
	core   *core
	broker *process
	addr   string // of the broker
	clock  *clock
	meters []*meter
	births *births
	begin  map[string]float64 // the totals when Core first saw them
	ended  map[string]float64 // the last totals of a meter that was swapped for a new one
}

// meter is a simulated meter and the program that reads it.
type meter struct {
	standard simulate.Standard
	push     simulate.Push // in place of the standard, where it pushes
	pushes   bool
	seed     uint64
	slot     string
	version  string    // as the dsmr integration names the standard
	often    bool      // every telegram makes states (mqtt.interval is 0)
	sunny    bool      // there is an inverter that the program reads
	visited  bool      // it is started as by the Supervisor, so that its devices lead to its page
	start    time.Time // of its world; zero: with the first telegram
	emulates bool      // it also looks like a HomeWizard P1 Meter
	raw      string    // address of the raw socket
	emulated string    // address of that
	beside   []*meter  // further meters that the same program reads
	program  *process
	cable    *cable
}

// meters lists the standards. The first meter is what most houses have, with
// all names as they are by default. The seeds make what the households do:
// when the clock starts, the first uses gas and the Belgian one water.
func meters() []*meter {
	return []*meter{
		{standard: simulate.DSMR50, seed: 1, slot: "p1", version: "5"},
		{standard: simulate.DSMR42, seed: 2, slot: "dsmr42", version: "4", often: true, sunny: true},
		{standard: simulate.DSMR40, seed: 3, slot: "dsmr40", version: "4", often: true, visited: true},
		{standard: simulate.DSMR30, seed: 4, slot: "dsmr30", version: "2.2"},
		{standard: simulate.DSMR22, seed: 5, slot: "dsmr22", version: "2.2"},
		{standard: simulate.EMUCS17, seed: 22, slot: "emucs17", version: "5B", emulates: true},
		{standard: simulate.Smarty, seed: 7, slot: "smarty", version: "5L"},
		{standard: simulate.H1, seed: 8, slot: "h1", version: "5S"},
		{standard: simulate.Hungary, seed: 9, slot: "hungary", version: "5EONHU"},
		{standard: simulate.Q3D, seed: 10, slot: "q3d", version: "Q3D"},
		{standard: simulate.DSMR50, seed: 11, slot: "heat", version: "5", cable: &cable{change: districtHeating}},
	}
}

func newHouse(t *testing.T, clock *clock, meters ...*meter) *house {
	t.Helper()
	tree, program := os.Getenv("HOMEASSISTANT_TREE"), os.Getenv("PROGRAM")
	if tree == "" || program == "" {
		t.Fatal("this test needs Home Assistant Core: start it with test/homeassistant/run")
	}
	h := &house{clock: clock, addr: testkit.FreeAddr(t), meters: meters}
	h.broker = newBroker(t, h.addr)
	h.births = newBirths(t, h.addr)
	for _, m := range h.meters {
		m.plugIn(t, h, program)
	}
	h.core = newCore(t, tree)
	host, port, _ := net.SplitHostPort(h.addr)
	h.core.api.setUp(t, "mqtt", fields{"broker": host, "port": json.Number(port), "username": user, "password": password,
		"other_settings": fields{"set_client_cert": false, "set_ca_cert": "off"}})
	report(t, "every meter was found", wait(t, h.found))
	h.begin, h.ended = make(map[string]float64), make(map[string]float64)
	for id, s := range h.core.api.states(t) {
		if strings.HasPrefix(s.Attributes.State, "total") && s.good() {
			h.begin[id] = s.number(t)
		}
	}
	return h
}

// found tells whether every meter is there and alive.
func (h *house) found() (bool, string) {
	for _, m := range h.meters {
		for _, id := range []string{"binary_sensor." + m.slot + "_bridge_connection_" + m.slot, "sensor." + m.slot + "_energy_import_total"} {
			if s := h.core.api.state(id); !s.good() {
				return false, fmt.Sprintf("%s is %q", id, s.State)
			}
		}
	}
	return true, ""
}

// newBroker starts mosquitto, with a password as under Home Assistant. It
// keeps nothing when it is restarted, which is harder for everybody.
func newBroker(t *testing.T, addr string) *process {
	t.Helper()
	dir := t.TempDir()
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", passwords, user, password).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	host, port, _ := net.SplitHostPort(addr)
	conf := fmt.Sprintf("listener %s %s\nallow_anonymous false\npassword_file %s\n", port, host, passwords)
	if os.Getuid() == 0 {
		conf += "user root\n" // else it may not read our files
	}
	path := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newProcess(t, "mosquitto", "mosquitto", "-c", path)
	b.start(t)
	return b
}

// residents is the simulated household that a meter counts for.
type residents interface {
	Run(ctx context.Context, w io.Writer, every time.Duration, now func() time.Time) error
	Inverter(addr string, now func() time.Time) (*simulate.Inverter, error)
}

// hang hangs the meter on the wall, and returns the address of its reader, the
// keys of what it sends, the household, and what runs something until the test
// ends.
func (m *meter) hang(t *testing.T, h *house) (addr string, keys []string, world residents, run func(f func(context.Context) error)) {
	t.Helper()
	line, err := simulate.Listen(testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	options := simulate.Options{Standard: m.standard, Seed: m.seed, Start: m.start}
	world = simulate.New(options)
	every := time.Second
	if m.pushes {
		push := simulate.NewPush(m.push, options)
		world, keys, every = push, keysOf(push.Encrypter), push.Info().Period
	}
	run = func(f func(context.Context) error) {
		running.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	run(line.Run)
	if m.cable == nil {
		m.cable = new(cable)
	}
	m.cable.to = line
	run(func(ctx context.Context) error { return world.Run(ctx, m.cable, every, h.clock.now) })
	return line.Addr(), keys, world, run
}

// plugIn hangs the meter on the wall and starts its program.
func (m *meter) plugIn(t *testing.T, h *house, program string) {
	t.Helper()
	addr, keys, world, run := m.hang(t, h)
	m.raw = testkit.FreeAddr(t)
	m.program = newProcess(t, m.slot, program)
	m.program.env = []string{
		"SMARTMETER_SOCKET=" + addr,
		"SMARTMETER_MQTT_URL=mqtt://" + h.addr,
		"SMARTMETER_MQTT_USERNAME=" + user,
		"SMARTMETER_MQTT_PASSWORD=" + password,
		"SMARTMETER_TCP_SERVER=0",
		"SMARTMETER_RAW_TCP_SERVER=" + m.raw,
		"SMARTMETER_HEALTH=0",
		"XDG_STATE_HOME=" + t.TempDir(),
		"TZ=Europe/Amsterdam", // as the Supervisor sets it
	}
	m.program.env = append(m.program.env, keys...)
	if m.slot != "p1" { // which keeps the defaults
		m.program.env = append(m.program.env, "SMARTMETER_SLOT="+m.slot, "SMARTMETER_MQTT_TOPIC=smartmeter_"+m.slot)
	}
	if m.often {
		m.program.env = append(m.program.env, "SMARTMETER_MQTT_INTERVAL=0")
	}
	if m.sunny {
		addr := testkit.FreeAddr(t)
		inverter, err := world.Inverter(addr, h.clock.now)
		if err != nil {
			t.Fatal(err)
		}
		run(inverter.Run)
		m.program.env = append(m.program.env, "SMARTMETER_SUNSPEC_MODBUS="+addr)
	}
	if m.visited {
		m.program.env = append(m.program.env, "SUPERVISOR_TOKEN=secret", "HOSTNAME=a0d7b954-smartmeter", "SMARTMETER_DATA="+t.TempDir(),
			"SMARTMETER_WEB_SERVER="+testkit.FreeAddr(t), "SMARTMETER_API_SERVER=0")
	}
	if m.emulates {
		m.emulated = testkit.FreeAddr(t)
		m.program.env = append(m.program.env, "SMARTMETER_EMULATE_0_KIND=homewizard", "SMARTMETER_EMULATE_0_PORT="+m.emulated)
	}
	for i, further := range m.beside {
		addr, _, _, _ := further.hang(t, h)
		prefix := fmt.Sprintf("SMARTMETER_MORE_METERS_%d_", i)
		m.program.env = append(m.program.env, prefix+"SLOT="+further.slot, prefix+"SOCKET="+addr)
	}
	m.program.start(t)
}

// meter returns the meter of that slot.
func (h *house) meter(slot string) *meter {
	return h.meters[slices.IndexFunc(h.meters, func(m *meter) bool { return m.slot == slot })]
}

// clock is the time in the meters' world. It stands still at first: what
// every entity shows is then the same in each run.
type clock struct {
	mu    sync.Mutex
	world time.Time // when it was last stopped
	since time.Time // when it was started; zero: it stands still
}

// newClock returns a clock that stands at a sunny noon in spring, shortly
// before gas and water meters are read.
func newClock() *clock {
	return &clock{world: time.Date(2026, 3, 30, 10, 59, 40, 0, time.UTC)}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return c.world
	}
	return c.world.Add(time.Since(c.since))
}

// run starts the clock, stop stops it. Both may be called again.
func (c *clock) run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		c.since = time.Now()
	}
}

func (c *clock) stop() {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.world, c.since = now, time.Time{}
}

// births remembers when Core last said hello: from then on it is our turn.
type births struct {
	client mqtt.Client
	mu     sync.Mutex
	last   time.Time
}

func newBirths(t *testing.T, broker string) *births {
	t.Helper()
	b := new(births)
	options := mqtt.NewClientOptions().AddBroker("mqtt://" + broker).SetUsername(user).SetPassword(password).
		SetConnectRetry(true).SetConnectRetryInterval(100 * time.Millisecond).SetMaxReconnectInterval(time.Second)
	options.OnConnect = func(c mqtt.Client) {
		c.Subscribe("homeassistant/status", 0, func(_ mqtt.Client, m mqtt.Message) {
			if string(m.Payload()) == "online" {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.last = time.Now()
			}
		})
	}
	client := mqtt.NewClient(options)
	b.client = client
	if token := client.Connect(); !token.WaitTimeout(deadline) || token.Error() != nil {
		t.Fatalf("connecting to the broker: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(0) })
	return b
}

func (b *births) latest() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}
