package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const (
	brokerLost = "the connection to the MQTT broker is lost"
	brokerBack = "connected to the MQTT broker again"
)

// TestFaultNoBrokerAtStart: the sockets have every reading meanwhile.
func TestFaultNoBrokerAtStart(t *testing.T) {
	t.Parallel()
	meter := newLine(t)
	addr := testkit.FreeAddr(t)
	p := start(t, meter.variable(), "MQTT_URL=mqtt://"+addr)
	waitFor(t, "a line about the broker", func() bool { return p.log.Count("level=WARN", "the MQTT broker cannot be reached") == 1 })
	w := attend(p, meter.accept(), nil)
	for range 20 {
		w.reading()
	}
	mark := p.mark()
	w.broker = newBroker(t, addr)
	w.broker.wait("smartmeter/connected", "2")
	w.broker.wait("smartmeter/p1/availability", "online")
	w.reading()
	p.says(mark, "connected to the MQTT broker")
	if n := p.log.Count("level=WARN", "MQTT broker"); n != 1 {
		t.Errorf("%d warnings about the broker, want 1", n)
	}
}

// TestFaultBrokerRestarts: it is away for a while, and the sockets have every
// reading meanwhile.
func TestFaultBrokerRestarts(t *testing.T) {
	t.Parallel()
	meter, first := newLine(t), newBroker(t, testkit.Addr(t))
	p := start(t, meter.variable(), first.variable())
	w := attend(p, meter.accept(), first)
	w.reading()
	first.wait("smartmeter/p1/availability", "online")
	mark := p.mark()
	first.close()
	w.broker = nil
	waitFor(t, "the loss", func() bool { return len(p.said(mark)) > 0 })
	for range 20 {
		w.reading()
	}
	w.broker = newBroker(t, first.addr)
	w.broker.wait("homeassistant/device/smartmeter_p1/config", "power_net")
	w.broker.wait("smartmeter/connected", "2")
	w.broker.wait("smartmeter/p1/availability", "online")
	w.reading()
	p.lossAndReturn(mark, brokerLost, brokerBack)
}

// fullDisk breaks a broker: it hangs up as soon as something is published.
type fullDisk struct {
	mochi.HookBase
	mu   sync.Mutex
	full bool
	hung int // up so often
}

func (f *fullDisk) ID() string           { return "full disk" }
func (f *fullDisk) Provides(b byte) bool { return b == mochi.OnPublish }

func (f *fullDisk) OnPublish(c *mochi.Client, p packets.Packet) (packets.Packet, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full && !c.Net.Inline {
		f.hung++
		c.Stop(packets.ErrQuotaExceeded)
		return p, packets.ErrQuotaExceeded
	}
	return p, nil
}

func (f *fullDisk) set(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

func (f *fullDisk) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hung
}

// TestFaultBrokerDiskFull: the broker takes the login and hangs up at the
// first message, again and again.
func TestFaultBrokerDiskFull(t *testing.T) {
	t.Parallel()
	meter, b, disk := newLine(t), newBroker(t, testkit.Addr(t)), new(fullDisk)
	if err := b.server.AddHook(disk, nil); err != nil {
		t.Fatal(err)
	}
	p := start(t, meter.variable(), b.variable())
	w := attend(p, meter.accept(), b)
	w.reading()
	b.wait("smartmeter/p1/availability", "online")
	mark := p.mark()
	disk.set(true)
	w.broker = nil
	w.reading() // which is the last straw
	for end := time.Now().Add(longDeadline); disk.count() < 4; {
		if time.Now().After(end) {
			t.Fatalf("the program tried %d times", disk.count())
		}
		w.reading()
		time.Sleep(10 * time.Millisecond)
	}
	disk.set(false)
	w.broker = b
	b.wait("smartmeter/connected", "2")
	b.wait("smartmeter/p1/availability", "online")
	w.reading()
	p.lossAndReturn(mark, brokerLost, brokerBack)
}

// login is what the stand-in Supervisor knows, and the broker accepts.
type login struct {
	mochi.HookBase
	mu       sync.Mutex
	accepted string // by the broker
	known    string // to the Supervisor
	host     string // of the broker, with port
	port     int
	asked    int
	answer   func(http.ResponseWriter) // instead of the login; may be nil
}

func (l *login) ID() string { return "login" }

func (l *login) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (l *login) OnConnectAuthenticate(_ *mochi.Client, p packets.Packet) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Equal(p.Connect.Password, []byte(l.accepted))
}

func (l *login) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (l *login) set(change func(*login)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *login) calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// ServeHTTP is the Supervisor.
func (l *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.URL.Path != "/services/mqtt" { // other calls are not of this test
		http.NotFound(w, r)
		return
	}
	l.asked++
	if l.answer != nil {
		l.answer(w)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"result": "ok", "data": map[string]any{
		"host": l.host, "port": l.port, "ssl": false, "username": "addons", "password": l.known, "protocol": "3.1.1",
	}})
}

// at tells the Supervisor the broker's address.
func (l *login) at(t *testing.T, addr string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	if l.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	l.host = host
}

// supervised starts the app as the Supervisor does, with a broker that wants
// the login.
func supervised(t *testing.T, l *login, b *broker, meter string) *program {
	t.Helper()
	l.at(t, b.addr)
	super := httptest.NewServer(l)
	t.Cleanup(super.Close)
	return start(t, "SUPERVISOR_TOKEN=secret", "HOSTNAME=a0d7b954-smartmeter", "SUPERVISOR="+super.URL, "WEB_SERVER=127.0.0.1:0",
		"API_SERVER=127.0.0.1:0", meter)
}

// TestVisit: under the Supervisor every device leads to the app's page.
func TestVisit(t *testing.T) {
	t.Parallel()
	l, meter := &login{accepted: "word", known: "word"}, newLine(t)
	b := newLoginBroker(t, l)
	supervised(t, l, b, meter.variable())
	write(t, meter.accept(), numbered(100))
	for _, device := range []string{"p1_bridge", "p1"} {
		b.wait("homeassistant/device/smartmeter_"+device+"/config", `"configuration_url":"homeassistant://app/a0d7b954_smartmeter"`)
	}
}

// TestFaultPassword: the broker's password is changed, the Supervisor is asked
// again and gives the new one.
func TestFaultPassword(t *testing.T) {
	t.Parallel()
	l, meter := &login{accepted: "old", known: "old"}, newLine(t)
	b := newLoginBroker(t, l)
	p := supervised(t, l, b, meter.variable())
	w := attend(p, meter.accept(), b)
	w.reading()
	b.wait("smartmeter/p1/availability", "online")
	mark := p.mark()
	l.set(func(l *login) { l.accepted = "new" })
	asked := l.calls()
	for _, c := range b.server.Clients.GetAll() {
		if !c.Net.Inline {
			c.Stop(packets.ErrServerShuttingDown)
		}
	}
	w.broker = nil
	waitFor(t, "a refused login", func() bool { return p.log.Count("level=WARN", "refuses user name") == 1 })
	w.reading()
	l.set(func(l *login) { l.known = "new" })
	for end := time.Now().Add(longDeadline); p.log.Count(brokerBack) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the program does not log in with the new password")
		}
	}
	w.broker = b
	b.wait("smartmeter/p1/availability", "online")
	w.reading()
	if l.calls() == asked {
		t.Error("the Supervisor was not asked again")
	}
	lines := p.said(mark)
	if len(lines) != 3 || !strings.Contains(lines[0], brokerLost) || !strings.Contains(lines[1], "refuses user name") || !strings.Contains(lines[2], brokerBack) {
		t.Errorf("the log says %q, want the loss, the cause and the return", lines)
	}
	if log := p.log.String(); strings.Contains(log, "secret") || strings.Contains(log, "password=new") {
		t.Error("the log shows a secret")
	}
}

// TestFaultSupervisor: the Supervisor answers errors, garbage, or so slowly
// that it is none, before it names the broker.
func TestFaultSupervisor(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"an error": func(w http.ResponseWriter) { http.Error(w, "broken", http.StatusInternalServerError) },
		"an error of its": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"result":"error","message":"Service not enabled"}`)
		},
		"a gateway's page": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway); _, _ = io.WriteString(w, "<html>") },
		"garbage":          func(w http.ResponseWriter) { _, _ = io.WriteString(w, "\x00{[garbage") },
		"nothing of use":   func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"result":"ok","data":{"host":7}}`) },
		"too much":         func(w http.ResponseWriter) { _, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20)) },
		"a broken answer":  func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, meter := &login{accepted: "word", known: "word", answer: answer}, newLine(t)
			b := newLoginBroker(t, l)
			p := supervised(t, l, b, meter.variable())
			waitFor(t, "a line about it", func() bool { return p.log.Count("waiting for Home Assistant to name its MQTT broker") == 1 })
			w := attend(p, meter.accept(), nil)
			waitFor(t, "another try", func() bool { return l.calls() >= 2 })
			w.reading()
			l.set(func(l *login) { l.answer = nil })
			w.broker = b
			b.wait("smartmeter/p1/availability", "online")
			w.reading()
			if before, after := p.log.Count("waiting for Home Assistant to name"), p.log.Count("Home Assistant now names its MQTT broker"); before != 1 || after != 1 {
				t.Errorf("%d lines while it was away and %d at its return, want one each", before, after)
			}
		})
	}
}

// TestFaultSupervisorSlow: it takes the call and does not answer. Nobody else
// waits for it.
func TestFaultSupervisorSlow(t *testing.T) {
	t.Parallel()
	l, meter := &login{accepted: "word", known: "word"}, newLine(t)
	b := newLoginBroker(t, l)
	release := make(chan struct{})
	l.at(t, b.addr)
	called := make(chan struct{}, 16)
	super := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called <- struct{}{}
		select {
		case <-release:
			l.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(super.Close)
	p := start(t, "SUPERVISOR_TOKEN=secret", "SUPERVISOR="+super.URL, "WEB_SERVER=127.0.0.1:0", "API_SERVER=127.0.0.1:0", meter.variable())
	<-called
	w := attend(p, meter.accept(), nil)
	for range 20 {
		w.reading()
	}
	close(release)
	w.broker = b
	b.wait("smartmeter/p1/availability", "online")
	w.reading()
}

// TestFaultBrokerName: the broker comes back behind a name that nobody knows
// for a while.
func TestFaultBrokerName(t *testing.T) {
	t.Parallel()
	const name = "broker.test"
	meter, first := newLine(t), newBroker(t, testkit.Addr(t))
	here, port, _ := net.SplitHostPort(first.addr)
	nameServer.set(name, net.ParseIP(here), false)
	p := start(t, meter.variable(), "MQTT_URL=mqtt://"+net.JoinHostPort(name, port))
	w := attend(p, meter.accept(), first)
	w.reading()
	first.wait("smartmeter/p1/availability", "online")
	mark := p.mark()
	nameServer.set(name, nil, false)
	first.close()
	w.broker = nil
	waitFor(t, "the loss", func() bool { return len(p.said(mark)) > 0 })
	for range 20 {
		w.reading()
	}
	w.broker = newBroker(t, first.addr)
	nameServer.set(name, net.ParseIP(here), false)
	w.broker.wait("smartmeter/p1/availability", "online")
	w.reading()
	p.lossAndReturn(mark, brokerLost, brokerBack)
}
