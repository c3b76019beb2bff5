package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// crowd starts the program with a witness at every output.
func crowd(t *testing.T, variables ...string) (*program, *witness) {
	t.Helper()
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	p := start(t, append(variables, meter.variable(), b.variable())...)
	w := attend(p, meter.accept(), b)
	w.reading()
	return p, w
}

func (p *program) address(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addresses[name]
}

// TestFaultClientNeverReads: it costs at most a queue, and one line in the log.
func TestFaultClientNeverReads(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{"json": "client misses readings", "raw": "client disconnected: it cannot keep up"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := crowd(t)
			mark := p.mark()
			dead := p.dial(name).conn
			if err := dead.(*net.TCPConn).SetReadBuffer(1); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 3 })
			for p.log.Count(said) == 0 {
				w.chunk(400, numbered, "}")
				if w.n > 100_000 {
					t.Fatalf("after %d readings there is no word of the client", w.n)
				}
			}
			w.reading()
			p.says(mark, said)
		})
	}
}

// chunk sends many readings in one go and sees each at every output; behind is
// what follows the power in their JSON.
func (w *witness) chunk(n int, telegram func(n int) string, behind string) {
	w.t.Helper()
	var text strings.Builder
	first := w.n + 1
	for range n {
		w.n++
		text.WriteString(telegram(w.n))
	}
	var sending sync.WaitGroup
	sending.Go(func() { _, _ = io.WriteString(w.line, text.String()) })
	raw := make(chan string, 1)
	go func() { raw <- w.raw.bytes(text.Len()) }()
	for i := range n {
		if line, want := w.json.line(), fmt.Sprintf(`"calculatedUsage":%d%s`, first+i, behind); !strings.Contains(line, want) {
			w.t.Fatalf("the JSON socket sends %q, want %q", line, want)
		}
	}
	if <-raw != text.String() {
		w.t.Fatal("the raw socket's bytes are not the meter's")
	}
	sending.Wait()
	if w.broker != nil {
		for i := range n {
			w.broker.wait("smartmeter/status/energy", fmt.Sprintf(`"calculatedUsage":%d%s`, first+i, behind))
		}
	}
}

// TestFaultClientFloods: what clients send is thrown away, slowly, and cuts off
// none of them.
func TestFaultClientFloods(t *testing.T) {
	t.Parallel()
	p, w := crowd(t)
	mark := p.mark()
	rubbish := bytes.Repeat([]byte("GET / HTTP/1.1\r\n\x00\xff/ISK5\r\n!0000\r\n"), 1<<15)
	var flooding sync.WaitGroup
	var conns []net.Conn
	for _, name := range []string{"json", "raw"} {
		conn := p.dial(name).conn
		conns = append(conns, conn)
		flooding.Go(func() {
			for { // to the end of the readings
				if _, err := conn.Write(rubbish); errors.Is(err, os.ErrDeadlineExceeded) {
					return
				} else if err != nil {
					t.Errorf("the %s socket cuts off a client that floods: %v", name, err)
					return
				}
			}
		})
	}
	for range 50 {
		w.reading()
	}
	for _, conn := range conns {
		if err := conn.SetWriteDeadline(time.Now()); err != nil {
			t.Error(err)
		}
	}
	flooding.Wait()
	w.reading()
	if lines := p.said(mark); len(lines) > 0 {
		t.Errorf("the log says %q, want nothing", lines)
	}
}

// TestFaultClientResets: hundreds of clients come and are reset.
func TestFaultClientResets(t *testing.T) {
	t.Parallel()
	p, w := crowd(t)
	mark := p.mark()
	for i := range 200 {
		for _, name := range []string{"json", "raw"} {
			conn, err := net.Dial("tcp", p.address(name))
			if err != nil {
				t.Fatal(err)
			}
			cutOff(t, conn)
		}
		if i%10 == 0 {
			w.reading()
		}
	}
	waitFor(t, "the end of all but the witness", func() bool {
		outputs := p.status().Outputs
		return *outputs[0].Clients == 1 && *outputs[1].Clients == 1
	})
	w.reading()
	for _, line := range p.said(mark) { // they may have been too many at once, which is said once a socket
		if !strings.Contains(line, "too many clients") {
			t.Errorf("the log says %q", line)
		}
	}
}

// TestFaultThousandConnections: too many clients are told so, and the others
// have every reading.
func TestFaultThousandConnections(t *testing.T) {
	t.Parallel()
	p, w := crowd(t, "SOCKET_CLIENTS=8")
	mark := p.mark()
	conns := make(chan net.Conn, 1000)
	var opening sync.WaitGroup
	for range 10 {
		opening.Go(func() {
			for range 100 {
				conn, err := net.Dial("tcp", p.address("json"))
				if err != nil {
					t.Errorf("the port does not answer: %v", err)
					return
				}
				conns <- conn
			}
		})
	}
	for range 20 {
		w.reading()
	}
	opening.Wait()
	w.reading()
	p.says(mark, "too many clients")
	close(conns)
	for conn := range conns {
		conn.Close()
	}
	waitFor(t, "the end of all but the witness", func() bool { return *p.status().Outputs[0].Clients == 1 })
	w.reading()
	again := p.dial("json")
	if line := again.line(); !strings.Contains(line, `"calculatedUsage"`) { // it is welcomed
		t.Errorf("a client behind them gets %q", line)
	}
}

// TestFaultPortTaken: a port that is taken is said, tried again, and had once
// it is free.
func TestFaultPortTaken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ socket, variable, other string }{
		"json": {"json", "TCP_SERVER", "raw"},
		"raw":  {"raw", "RAW_TCP_SERVER", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken, err := net.Listen("tcp", testkit.Addr(t))
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			meter, b := newLine(t), newBroker(t, testkit.Addr(t))
			p := start(t, meter.variable(), b.variable(), test.variable+"="+taken.Addr().String())
			waitFor(t, "a line about the port", func() bool { return p.log.Count("level=ERROR", "is taken by another program") == 1 })
			conn := meter.accept()
			other := p.dial(test.other)
			waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
			write(t, conn, numbered(1))
			b.wait("smartmeter/status/energy", `"calculatedUsage":1}`)
			if test.other == "json" {
				other.line()
			} else {
				other.bytes(len(numbered(1)))
			}
			waitFor(t, "another try", func() bool { return p.log.Count("level=DEBUG", "is taken by another program") >= 1 })
			mark := p.mark()
			taken.Close()
			waitFor(t, "the open port", func() bool { return p.address(test.socket) != "" })
			p.says(mark, "socket is open")
			w := attend(p, conn, b)
			if test.socket == "json" || test.other == "json" {
				w.json.line() // the latest reading
			}
			w.n = 1
			w.reading()
			if n := p.log.Count("level=ERROR"); n != 1 {
				t.Errorf("%d errors in the log, want 1", n)
			}
		})
	}
}

// TestFaultHealthPortTaken: the program runs on without it.
func TestFaultHealthPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p, w := crowd(t, "HEALTH="+taken.Addr().String())
	w.reading()
	if n := p.log.Count("level=WARN", "SMARTMETER_HEALTH"); n != 1 {
		t.Errorf("%d lines about the port, want 1", n)
	}
}
