package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// deadline is how long a test waits for what must happen; it says nothing of
// how fast it should.
const deadline = 20 * time.Second

// program is the real app, started as its user starts it: by variables.
type program struct {
	t         *testing.T
	stop      func()
	done      chan error
	log       *testkit.Log
	data      string // folder of its state
	mu        sync.Mutex
	addresses map[string]string
	listening chan struct{}
}

// environment is that of the app, with both sockets on free ports. The
// variables come without their prefix, save those that are not this program's.
func environment(t *testing.T, variables ...string) []string {
	t.Helper()
	environ := []string{"SMARTMETER_TCP_SERVER=127.0.0.1:0", "SMARTMETER_RAW_TCP_SERVER=127.0.0.1:0", "SMARTMETER_HEALTH=127.0.0.1:0",
		"SMARTMETER_API_SERVER=0", "SMARTMETER_LOG_LEVEL=debug", "SMARTMETER_DATA=" + t.TempDir()}
	if !slices.ContainsFunc(variables, func(v string) bool { return strings.HasPrefix(v, "web-server=") }) { // two spellings are one option
		environ = append(environ, "SMARTMETER_WEB_SERVER=0")
	}
	for _, v := range variables {
		if !strings.HasPrefix(v, "SUPERVISOR_TOKEN=") && !strings.HasPrefix(v, "HOSTNAME=") && !strings.HasPrefix(v, "TEST_") {
			v = "SMARTMETER_" + v
		}
		environ = append(environ, v)
	}
	return environ
}

// start runs the app.
func start(t *testing.T, variables ...string) *program {
	t.Helper()
	return startAs(t, manner{}, variables...)
}

// startReplay is start with another line in place of the one that is set, if
// it is not nil.
func startReplay(t *testing.T, replay *source.Port, variables ...string) *program {
	t.Helper()
	return startAs(t, manner{replay: replay}, variables...)
}

// manner is how the app is started.
type manner struct {
	replay *source.Port // in place of the line that is set; nil: that one
	warned bool         // the options give warnings

	find func(context.Context, string) []mdns.Found // asks the home network; nil: nobody does
}

func startAs(t *testing.T, how manner, variables ...string) *program {
	t.Helper()
	environ := environment(t, variables...)
	cfg, warnings, err := config.Load(environ, func(name string) ([]byte, error) {
		if name == config.DefaultOptions {
			return nil, os.ErrNotExist
		}
		return os.ReadFile(name)
	})
	if err != nil || len(warnings) > 0 != how.warned {
		t.Fatalf("options: %v, warnings %q", err, warnings)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{t: t, done: make(chan error, 1), log: new(testkit.Log), data: cfg.Data, addresses: map[string]string{}, listening: make(chan struct{}, 16)}
	var once sync.Once
	p.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-p.done:
				if err != nil {
					t.Errorf("the program ended with %v", err)
				}
			case <-time.After(deadline):
				t.Errorf("the program did not stop\n%s", p.log)
			}
		})
	}
	log := slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: cfg.LogLevel}))
	go func() {
		p.done <- app.Run(ctx, cfg, app.Deps{Log: log, Environ: environ, Replay: how.replay, Find: how.find, Listening: func(name, addr string) {
			p.mu.Lock()
			p.addresses[name] = addr
			p.mu.Unlock()
			p.listening <- struct{}{}
		}})
	}()
	t.Cleanup(p.stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the program:\n%s", p.log)
		}
	})
	return p
}

// awaitAddress returns where a server listens, once it does: json, raw, page,
// api or health.
func (p *program) awaitAddress(name string) string {
	p.t.Helper()
	timeout := time.After(deadline)
	for {
		p.mu.Lock()
		addr := p.addresses[name]
		p.mu.Unlock()
		if addr != "" {
			return addr
		}
		select {
		case <-p.listening:
		case <-timeout:
			p.t.Fatalf("the %s socket does not listen", name)
		}
	}
}

// dial connects to a server.
func (p *program) dial(name string) *client {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.awaitAddress(name))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	return &client{t: p.t, conn: conn, r: bufio.NewReader(conn)}
}

// ask asks one of the HTTP servers: page, api or health.
func (p *program) ask(server, path string) (code int, body string) {
	p.t.Helper()
	addr := p.awaitAddress(server)
	answer, err := http.Get("http://" + addr + "/" + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// get asks the health check's server.
func (p *program) get(path string) string {
	p.t.Helper()
	code, body := p.ask("health", path)
	if code != http.StatusOK {
		p.t.Fatalf("%s: got %d", path, code)
	}
	return body
}

// status is how the program says that it stands.
func (p *program) status() (s status.Snapshot) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.get("status")), &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (c *client) line() string {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("waiting for a line: %v after %q", err, line)
	}
	return line
}

func (c *client) bytes(n int) string {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		c.t.Fatal(err)
	}
	data := make([]byte, n)
	if got, err := io.ReadFull(c.r, data); err != nil {
		c.t.Fatalf("waiting for %d bytes: %v after %q", n, err, data[:got])
	}
	return string(data)
}

// line is a network reader that a test plays: it hands each connection of the
// program to the test.
type line struct {
	t        *testing.T
	listener net.Listener
	conns    chan net.Conn
}

func newLine(t *testing.T) *line {
	t.Helper()
	listener, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t, listener: listener, conns: make(chan net.Conn, 16)}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			l.conns <- conn
		}
	}()
	return l
}

func (l *line) variable() string { return "SOCKET=" + l.listener.Addr().String() }

// accept waits until the program has connected.
func (l *line) accept() net.Conn {
	l.t.Helper()
	select {
	case conn := <-l.conns:
		l.t.Cleanup(func() { conn.Close() })
		return conn
	case <-time.After(deadline):
		l.t.Fatal("the program does not connect to the meter")
		return nil
	}
}

func write(t *testing.T, w io.Writer, data string) {
	t.Helper()
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
}

// broker is an MQTT broker whose messages a test can wait for.
type broker struct {
	t      *testing.T
	server *mochi.Server
	addr   string

	once     sync.Once
	mu       sync.Mutex
	messages map[string][]string // payloads by topic, in order
	past     map[string][]string // the same, and those that were waited for
	deaf     bool                // none are kept
	arrived  chan struct{}
}

func newBroker(t *testing.T, addr string) *broker {
	t.Helper()
	return newGuardedBroker(t, addr, new(auth.AllowHook))
}

// newLoginBroker is a broker that lets in who knows the password.
func newLoginBroker(t *testing.T, l *login) *broker {
	t.Helper()
	return newGuardedBroker(t, testkit.Addr(t), l)
}

func newGuardedBroker(t *testing.T, addr string, guard mochi.Hook) *broker {
	t.Helper()
	b := &broker{t: t, messages: map[string][]string{}, past: map[string][]string{}, arrived: make(chan struct{}, 1)}
	b.server = mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := b.server.AddHook(guard, nil); err != nil {
		t.Fatal(err)
	}
	tcp := listeners.NewTCP(listeners.Config{ID: "test", Address: addr})
	if err := b.server.AddListener(tcp); err != nil {
		t.Fatal(err)
	}
	err := b.server.Subscribe("#", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		b.mu.Lock()
		if b.deaf {
			b.mu.Unlock()
			return
		}
		b.messages[p.TopicName] = append(b.messages[p.TopicName], string(p.Payload))
		b.past[p.TopicName] = append(b.past[p.TopicName], string(p.Payload))
		b.mu.Unlock()
		select {
		case b.arrived <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	b.addr = tcp.Address()
	t.Cleanup(func() { b.close() })
	return b
}

func (b *broker) close() {
	b.once.Do(func() {
		_ = simulate.CloseBroker(b.server)
	})
}

// forgets makes it keep no messages: for tests without end.
func (b *broker) forgets() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deaf = true
}

func (b *broker) variable() string { return "MQTT_URL=mqtt://" + b.addr }

// wait returns the first payload on the topic that has what is wanted, and
// forgets it and those before it.
func (b *broker) wait(topic, want string) string {
	b.t.Helper()
	timeout := time.After(deadline)
	for {
		b.mu.Lock()
		for i, payload := range b.messages[topic] {
			if strings.Contains(payload, want) {
				b.messages[topic] = b.messages[topic][i+1:]
				b.mu.Unlock()
				return payload
			}
		}
		b.mu.Unlock()
		select {
		case <-b.arrived:
		case <-timeout:
			b.mu.Lock()
			defer b.mu.Unlock()
			b.t.Fatalf("no %q on %s; there came %.2000q", want, topic, b.messages)
		}
	}
}

func seed(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/seed.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// numbered is a small telegram that says n watts.
func numbered(n int) string {
	return signed(fmt.Sprintf("/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.7.0(%06.3f*kW)\r\n", float64(n)/1000))
}
