package app_test

import (
	"context"
	"flag"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const (
	lineLost = "no data from the meter"
	lineBack = "telegrams arrive again"
)

// reader is a network reader that a test switches on and off.
type reader struct {
	t     *testing.T
	addr  string
	mu    sync.Mutex
	open  net.Listener
	conns chan net.Conn
}

func newReader(t *testing.T, addr string) *reader {
	t.Helper()
	r := &reader{t: t, addr: addr, conns: make(chan net.Conn, 16)}
	r.on()
	t.Cleanup(r.off)
	return r
}

// on starts to listen, after the first time at the same address again.
func (r *reader) on() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.open, r.addr = l, l.Addr().String()
	r.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.conns <- conn
		}
	}()
}

func (r *reader) off() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open.Close()
}

func (r *reader) accept() net.Conn {
	r.t.Helper()
	select {
	case conn := <-r.conns:
		r.t.Cleanup(func() { conn.Close() })
		return conn
	case <-time.After(longDeadline):
		r.t.Fatal("the program does not connect to the reader")
		return nil
	}
}

func (r *reader) variable() string { return "SOCKET=" + r.addr }

// cutOff closes a connection with a reset.
func cutOff(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestFaultReader: a network reader in all the ways that it can be away.
func TestFaultReader(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		cause string // in the line at the loss
		fault func(t *testing.T, r *reader, conn net.Conn)
		mend  func(r *reader)
	}{
		{"hangs up", "EOF", func(_ *testing.T, _ *reader, conn net.Conn) { conn.Close() }, func(*reader) {}},
		{"resets", "connection reset", func(t *testing.T, _ *reader, conn net.Conn) { cutOff(t, conn) }, func(*reader) {}},
		{"refuses", "connection reset", func(t *testing.T, r *reader, conn net.Conn) { r.off(); cutOff(t, conn) }, (*reader).on},
		{"is half open and silent", "no data for 15s", func(*testing.T, *reader, net.Conn) {}, func(*reader) {}},
		{"reboots", "EOF", func(t *testing.T, r *reader, conn net.Conn) {
			write(t, conn, numbered(0)[:30]) // cut off in the middle of a telegram
			r.off()
			conn.Close()
		}, (*reader).on},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, b := newReader(t, testkit.Addr(t)), newBroker(t, testkit.Addr(t))
			p := start(t, r.variable(), b.variable())
			w := attend(p, r.accept(), b)
			w.reading()
			b.wait("smartmeter/connected", "2")
			mark := p.mark()
			test.fault(t, r, w.line.(net.Conn))
			waitFor(t, "the loss", func() bool { return len(p.said(mark)) > 0 })
			b.wait("smartmeter/connected", "1")
			b.wait("smartmeter/p1/availability", "offline")
			if !strings.Contains(p.said(mark)[0], test.cause) {
				t.Errorf("the line at the loss does not tell the cause %q: %s", test.cause, p.said(mark)[0])
			}
			if test.name == "refuses" { // that it does is tried more than once
				waitFor(t, "attempts", func() bool { return p.log.Count("connection refused") >= 2 })
			}
			test.mend(r)
			w.line = r.accept()
			if test.name == "reboots" { // half of the telegram that was cut is with the raw client already
				w.raw.bytes(30)
			}
			w.reading()
			b.wait("smartmeter/connected", "2")
			b.wait("smartmeter/p1/availability", "online")
			w.reading()
			p.lossAndReturn(mark, lineLost, lineBack)
		})
	}
}

// names is the name server of the tests: those below .test are what a test
// says. All others are left to the system.
type names struct {
	mu    sync.Mutex
	known map[string]net.IP
	dead  map[string]bool // no answer at all
}

var nameServer = &names{known: make(map[string]net.IP), dead: make(map[string]bool)}

func (n *names) set(name string, ip net.IP, dead bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[name+"."], n.dead[name+"."] = ip, dead
}

// answer returns nil where there is none.
func (n *names) answer(query []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	n.mu.Lock()
	defer n.mu.Unlock()
	ip, name := n.known[q.Name.String()], q.Name.String()
	if n.dead[name] {
		return nil
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if ip == nil {
		m.RCode = dnsmessage.RCodeNameError
	} else if q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: [4]byte(ip.To4())},
		}}
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	return packed
}

func (n *names) serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := n.answer(buf[:size]); answer != nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

// TestMain gives the program the tests' name server, as a router would, and
// runs more tests at once than there are processors: most of them wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go nameServer.serve(conn)
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	code := m.Run()
	removeBinaries()
	os.Exit(code)
}

// TestFaultAddressChanges: a reader gets another address behind its name.
func TestFaultAddressChanges(t *testing.T) {
	t.Parallel()
	const name = "moving.test"
	first, b := newReader(t, testkit.Addr(t)), newBroker(t, testkit.Addr(t))
	here, port, _ := net.SplitHostPort(first.addr)
	there := testkit.Host(t)
	second := newReader(t, net.JoinHostPort(there, port))
	nameServer.set(name, net.ParseIP(here), false)
	p := start(t, "SOCKET="+net.JoinHostPort(name, port), b.variable())
	w := attend(p, first.accept(), b)
	w.reading()
	mark := p.mark()
	first.off()
	nameServer.set(name, net.ParseIP(there), false)
	cutOff(t, w.line.(net.Conn))
	w.line = second.accept()
	w.reading()
	p.lossAndReturn(mark, lineLost, lineBack)
}

// TestFaultNames: the name server knows the reader no more, or is gone.
func TestFaultNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, host string
		dead       bool
		cause      string
	}{
		{"the name is gone", "forgotten.test", false, "no such host"},
		{"the server is gone", "unanswered.test", true, "timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, b := newReader(t, testkit.Addr(t)), newBroker(t, testkit.Addr(t))
			here, port, _ := net.SplitHostPort(r.addr)
			nameServer.set(test.host, net.ParseIP(here), false)
			p := start(t, "SOCKET="+net.JoinHostPort(test.host, port), b.variable())
			w := attend(p, r.accept(), b)
			w.reading()
			mark := p.mark()
			nameServer.set(test.host, nil, test.dead)
			cutOff(t, w.line.(net.Conn))
			for end := time.Now().Add(longDeadline); p.log.Count("still no data", test.cause) == 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("no attempt failed with %q", test.cause)
				}
			}
			b.wait("smartmeter/connected", "1")
			nameServer.set(test.host, net.ParseIP(here), false)
			w.line = r.accept()
			w.reading()
			p.lossAndReturn(mark, lineLost, lineBack)
		})
	}
}
