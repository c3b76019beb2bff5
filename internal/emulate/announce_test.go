package emulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// outside is a Supervisor.
type outside struct {
	mu       sync.Mutex
	failures int // before the first answer
	asked    string
	port     int
}

func (o *outside) Hostname(context.Context) (string, error) { return "homeassistant-test", nil }

func (o *outside) OpenPort(_ context.Context, inside string) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = inside
	if o.failures > 0 {
		o.failures--
		return 0, errors.New("it restarts")
	}
	return o.port, nil
}

func (o *outside) question() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

func testDevice(name, instance string) Device {
	return Device{name, func(netip.Addr) []mdns.Service { return []mdns.Service{{Instance: instance, Type: "_emtest._tcp"}} }}
}

// loopback hears what is announced on loopback.
func loopback(t *testing.T) *net.UDPConn {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Flags&net.FlagLoopback == 0 {
			continue
		}
		conn, err := net.ListenMulticastUDP("udp4", &i, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	t.Fatal("there is no loopback")
	return nil
}

// hear waits for the service's location and returns it: "host:port ttl", and the
// addresses that come with it.
func hear(t *testing.T, conn *net.UDPConn, instance string) (found string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 9000)
	for {
		n, err := conn.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		var m dnsmessage.Message
		if m.Unpack(data[:n]) != nil || !m.Response {
			continue
		}
		for _, r := range append(m.Answers, m.Additionals...) {
			switch body := r.Body.(type) {
			case *dnsmessage.SRVResource:
				if strings.HasPrefix(r.Header.Name.String(), instance+".") {
					found = fmt.Sprintf("%s:%d %d", body.Target, body.Port, r.Header.TTL)
				}
			case *dnsmessage.AResource:
				if found != "" {
					found += " " + net.IP(body.A[:]).String()
				}
			}
		}
		if found != "" {
			return found
		}
	}
}

// TestAnnouncer: where the server is, and where it is reached from outside of a
// container, until the end.
func TestAnnouncer(t *testing.T) {
	host := testkit.Host(t)
	for name, test := range map[string]struct {
		outside *outside
		want    string // without its time to live
		addr    string
	}{
		"machine":   {nil, "-device.local.:8082", " " + host},
		"container": {&outside{port: 80, failures: 1}, "homeassistant-test.local.:80", ""},
	} {
		t.Run(name, func(t *testing.T) {
			conn := loopback(t)
			instance := fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
			device := instance + "-device"
			var o Outside
			want := instance + test.want
			if test.outside != nil {
				o, want = test.outside, test.want
			}
			a := newAnnouncer(testDevice(device, instance), o, slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- a.run(ctx) }()
			a.open(&net.TCPAddr{IP: net.ParseIP(host), Port: 8082})
			if got := hear(t, conn, instance); got != want+" 120"+test.addr {
				t.Errorf("got %s, want %s", got, want)
			}
			if test.outside == nil { // it is opened at another port
				a.open(&net.TCPAddr{IP: net.ParseIP(host), Port: 8083})
				want = strings.Replace(want, "8082", "8083", 1)
				for !strings.HasPrefix(hear(t, conn, instance), want+" 120") {
				}
			} else if asked := test.outside.question(); asked != "8082/tcp" {
				t.Errorf("asked for %s", asked)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			for !strings.HasPrefix(hear(t, conn, instance), want+" 0") {
			}
		})
	}
}

// TestPortIsNotOpen: what nobody can reach is not announced, and the log says
// what to do.
func TestPortIsNotOpen(t *testing.T) {
	log := new(testkit.Log)
	a := newAnnouncer(testDevice("x", "x"), &outside{}, slog.New(slog.NewTextHandler(log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.run(ctx) }()
	a.open(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8082})
	for end := time.Now().Add(20 * time.Second); log.Count("open its port under Network", "port=8082/tcp") == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("log: %s", log)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestOwnAddress: where it listens, or where the network is.
func TestOwnAddress(t *testing.T) {
	for listens, want := range map[string]string{"127.0.0.7": "127.0.0.7", "::ffff:127.0.0.7": "127.0.0.7"} {
		if got := ownAddress(netip.MustParseAddr(listens)); got.String() != want {
			t.Errorf("%s: %v", listens, got)
		}
	}
	for _, listens := range []string{"::", "0.0.0.0", "::1"} {
		if got := ownAddress(netip.MustParseAddr(listens)); got.IsValid() && (!got.Is4() || got.IsUnspecified()) {
			t.Errorf("%s: %v", listens, got)
		}
	}
	if got := addressOf(t.Context(), "localhost"); got.String() != "127.0.0.1" {
		t.Errorf("localhost: %v", got)
	}
}
