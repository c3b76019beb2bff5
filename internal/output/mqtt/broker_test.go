package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// patience is how long an event may take; it is met in milliseconds.
const patience = 30 * time.Second

// broker is a real MQTT broker that remembers what was published.
type broker struct {
	server  *mochi.Server
	address string

	mu      sync.Mutex
	seen    []string      // "topic payload", announcements and claims without it
	changed chan struct{} // holds a token after each publication
}

// startBroker listens on address, [testkit.Addr] for any port. Logins need
// the password, if there is one.
func startBroker(t *testing.T, address, password string, listener func(listeners.Config) listeners.Listener) *broker {
	t.Helper()
	b := &broker{changed: make(chan struct{}, 1)}
	b.server = mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := b.server.AddHook(&gate{password: password}, nil); err != nil {
		t.Fatal(err)
	}
	if listener == nil {
		listener = func(c listeners.Config) listeners.Listener { return listeners.NewTCP(c) }
	}
	l := listener(listeners.Config{ID: "test", Address: address})
	if err := b.server.AddListener(l); err != nil {
		t.Fatal(err)
	}
	b.address = l.Address()
	if err := b.server.Subscribe("#", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		line := p.TopicName
		if strings.HasPrefix(line, "$SYS") {
			return
		}
		if !strings.HasSuffix(line, "/config") && !strings.HasSuffix(line, "/claim") {
			line += " " + string(p.Payload)
		}
		b.mu.Lock()
		b.seen = append(b.seen, line)
		b.mu.Unlock()
		select {
		case b.changed <- struct{}{}:
		default:
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func (b *broker) close() {
	b.mu.Lock()
	server := b.server
	b.server = nil
	b.mu.Unlock()
	if server != nil {
		_ = simulate.CloseBroker(server)
	}
}

// gate lets in who knows the password.
type gate struct {
	mochi.HookBase
	password string
}

func (g *gate) ID() string { return "gate" }

func (g *gate) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (g *gate) OnConnectAuthenticate(_ *mochi.Client, p packets.Packet) bool {
	return g.password == "" || string(p.Connect.Password) == g.password
}

func (g *gate) OnACLCheck(*mochi.Client, string, bool) bool { return true }

// wait waits until all the lines were published, in this order, other lines
// between them, and returns what was published until then.
func (b *broker) wait(t *testing.T, lines ...string) []string {
	t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		seen := slices.Clone(b.seen)
		b.mu.Unlock()
		rest := lines
		for _, line := range seen {
			if len(rest) > 0 && (line == rest[0] || strings.HasSuffix(rest[0], "*") && strings.HasPrefix(line, strings.TrimSuffix(rest[0], "*"))) {
				rest = rest[1:]
			}
		}
		if len(rest) == 0 {
			return seen
		}
		select {
		case <-b.changed:
		case <-deadline:
			t.Fatalf("%q was not published after what stands before it in\n%s", rest[0], strings.Join(seen, "\n"))
		}
	}
}

// forget forgets what was published.
func (b *broker) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = nil
}

// publish publishes as somebody else.
func (b *broker) publish(t *testing.T, topic, payload string, retain bool) {
	t.Helper()
	if err := b.server.Publish(topic, []byte(payload), retain, 0); err != nil {
		t.Fatal(err)
	}
}

// retained returns what a new subscriber gets, without the broker's own.
func (b *broker) retained() map[string]string {
	list := map[string]string{}
	for _, p := range b.server.Topics.Retained.GetAll() { // Topics.Messages looks without a lock (mochi 2.7.9)
		if !strings.HasPrefix(p.TopicName, "$SYS") {
			list[p.TopicName] = string(p.Payload)
		}
	}
	return list
}

// app runs an output as the program does.
type app struct {
	updates hub.Hub[*meter.Update]
	status  hub.Hub[meter.Status]
	samples hub.Hub[*meter.Solar]
	log     log
	stop    func()
}

// log keeps what was logged.
type log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // is closed by the next line; nil: nobody waits
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written != nil {
		close(l.written)
		l.written = nil
	}
	return l.text.Write(p)
}

// wait waits until the words were logged.
func (l *log) wait(t *testing.T, words string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		if strings.Contains(l.text.String(), words) {
			l.mu.Unlock()
			return
		}
		if l.written == nil {
			l.written = make(chan struct{})
		}
		written := l.written
		l.mu.Unlock()
		select {
		case <-written:
		case <-deadline:
			t.Fatalf("%q was not logged:\n%s", words, l)
		}
	}
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run starts an app whose meter is alive and has sent one reading.
func run(t *testing.T, change func(*mqtt.Options)) *app {
	t.Helper()
	a := &app{}
	o := mqtt.Options{
		MQTT: config.MQTT{
			Topic: "smartmeter", Discovery: true, DiscoveryPrefix: "homeassistant",
			BirthTopic: "homeassistant/status",
		},
		Meters:  []mqtt.Meter{{Slot: "p1", Updates: &a.updates, Status: &a.status}},
		Version: "1.2.3", Zone: time.UTC,
		Log:    slog.New(slog.NewTextHandler(&a.log, nil)),
		Jitter: func() time.Duration { return time.Millisecond },
	}
	change(&o)
	a.status.Publish(meter.Status{Alive: true})
	a.reading(1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- mqtt.New(o, &a.samples).Run(ctx) }()
	a.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run returned %v, want nil", err)
			}
		case <-time.After(patience):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(a.stop)
	return a
}

// reading publishes a reading of so many W, and a gas meter's.
func (a *app) reading(watts int64) {
	u := &meter.Update{JSON: fmt.Appendf(nil, `{"calculatedUsage":%d}`, watts)}
	r := &u.Reading
	r.Received = time.Now()
	r.Values.Set(meter.PowerNet, meter.NewValue(watts, 0))
	r.Channels[0] = meter.Channel{Type: meter.TypeGas, Value: meter.NewValue(watts, 3), Unit: meter.CubicMetre, Meter: meter.Identity{Slot: 1, Meter: 1}}
	u.Usage = &meter.Change{Value: meter.NewValue(watts, 0)}
	a.updates.Publish(u)
}

// at tells the output where the broker is.
func at(url string) func(*mqtt.Options) {
	return func(o *mqtt.Options) {
		o.Broker = func(context.Context, bool) (mqtt.Broker, error) { return mqtt.Broker{URL: url}, nil }
	}
}

// whole is what every new connection begins with, in this order.
var whole = []string{
	"smartmeter/p1_bridge/claim", // asks
	"homeassistant/device/smartmeter_p1_bridge/claim",
	"smartmeter/p1_bridge/claim", // publishes
	"homeassistant/device/smartmeter_p1_bridge/claim",
	"smartmeter/p1/availability offline",
	"smartmeter/p1_gas/availability offline",
	"homeassistant/device/smartmeter_p1_bridge/config",
	"homeassistant/device/smartmeter_p1/config",
	"homeassistant/device/smartmeter_p1_gas/config",
	"smartmeter/status/energy *",
	"smartmeter/p1_bridge/state *",
	"smartmeter/p1/state *",
	"smartmeter/p1_gas/state *",
	"smartmeter/connected 2",
	"smartmeter/p1_bridge/availability online",
	"smartmeter/p1/availability online",
	"smartmeter/p1_gas/availability online",
}

// proxy stands between output and broker, to be cut.
type proxy struct {
	address string
	mu      sync.Mutex
	conns   []net.Conn
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		p.cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				wg.Go(func() {
					io.Copy(pair[0], pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
	})
	return p
}

// cut breaks all connections, as a dead process or a dead line does.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}
