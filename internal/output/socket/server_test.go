package socket_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func TestOneClientTooMany(t *testing.T) {
	s := serveJSON(t, 2)
	first, second := s.join(t), s.join(t)
	for range 3 {
		p := dial(t, s.address)
		if _, err := p.Write([]byte("\xff\xfd\x03")); err != nil { // must not cost it the answer
			t.Fatal(err)
		}
		p.want(t, "Too many connections\r\n")
		p.wantEnd(t)
	}
	s.hub.Publish(line(1))
	first.want(t, "{\"n\":1}\r\n")
	second.want(t, "{\"n\":1}\r\n")
	if got, _ := s.counts(); got.Errors != 3 {
		t.Errorf("%d errors, want one for each client refused: 3", got.Errors)
	}
	if got := s.log.Count("level=WARN", "too many clients", "SMARTMETER_SOCKET_CLIENTS"); got != 1 {
		t.Errorf("%d warnings, want 1", got)
	}
	// Who comes back is not one too many, however quick it is.
	first.Close()
	again := dial(t, s.address)
	again.want(t, "{\"n\":1}\r\n")
}

// A client that waits in vain is sent away even if it never reads or closes.
func TestClientTooManyThatStays(t *testing.T) {
	s := serveJSON(t, 1)
	s.join(t)
	dial(t, s.address)
	await(t, "one refused", func() bool { got, _ := s.counts(); return got.Errors == 1 })
	s.stop() // waits for it
}

func TestClientThatResets(t *testing.T) {
	s := serveJSON(t, 3)
	good := s.join(t)
	for n := range 20 {
		bad := s.join(t)
		if err := bad.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			bad.Close() // before the next line
			s.hub.Publish(line(n))
		} else {
			s.hub.Publish(line(n))
			bad.Close()
		}
		good.want(t, string(line(n).Data))
		s.awaitClients(t, 1)
	}
	if got := s.log.Count("level=WARN") + s.log.Count("level=ERROR"); got != 0 {
		t.Errorf("%d warnings and errors, want none", got)
	}
}

func TestPortTakenAndFreed(t *testing.T) {
	other, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	address := other.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	log := new(testkit.Log)
	tries := new(testkit.Log)
	lines := socket.NewLines()
	server := socket.NewJSON(lines, socket.Options{
		Address: address,
		Clients: 1,
		Log:     slog.New(slog.NewMultiHandler(folding(log, slog.LevelInfo).Handler(), folding(tries, slog.LevelDebug).Handler())),
	})
	run(t, server.Run)
	await(t, "a second try", func() bool { return tries.Count("level=DEBUG", "is taken by another program") > 0 })
	want := "port " + port + " is taken by another program: free it or choose another with SMARTMETER_TCP_SERVER"
	if got := log.Count("level=ERROR", want); got != 1 {
		t.Errorf("%d errors that say %q, want 1", got, want)
	}
	other.Close()
	await(t, "the socket is open", func() bool { return log.Count("level=INFO", "JSON socket is open", address) == 1 })
	p := dial(t, address)
	lines.Publish(line(1))
	p.want(t, "{\"n\":1}\r\n")
	if got := log.Count(""); got != 2 {
		t.Errorf("%d lines in the log, want one error and one that it is over", got)
	}
}

func TestAddressThatCannotBe(t *testing.T) {
	tests := []struct{ address, want string }{
		{"192.0.2.1:3020", "this machine has no address 192.0.2.1: choose another with SMARTMETER_RAW_TCP_SERVER"},
		{"127.0.0.1:70000", "cannot listen at 127.0.0.1:70000: see SMARTMETER_RAW_TCP_SERVER"},
	}
	for _, test := range tests {
		log := new(testkit.Log)
		server := socket.NewRaw(socket.NewChunks(), socket.Options{
			Address: test.address, Clients: 1, Log: slog.New(slog.NewTextHandler(log, nil)),
		})
		run(t, server.Run)
		await(t, test.want, func() bool { return log.Count("level=ERROR", test.want) == 1 })
	}
}

func TestEndClosesAll(t *testing.T) {
	s := serveJSON(t, 2)
	idle := s.join(t)
	stuck := s.join(t) // does not read, and the server waits for it
	for n := range 10_000 {
		s.hub.Publish(long(n))
	}
	idle.Close()
	s.stop()
	if got := s.hub.Subscribers() + s.clients(); got != 0 {
		t.Errorf("%d subscribers and clients left", got)
	}
	if _, err := stuck.Discard(100 << 20); err == nil {
		t.Error("the client's connection is still open")
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatalf("the port is still in use: %v", err)
	}
	l.Close()
}

// An end before the socket could be opened is no error either.
func TestEndWithoutPort(t *testing.T) {
	other, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	log := new(testkit.Log)
	server := socket.NewJSON(socket.NewLines(), socket.Options{
		Address: other.Addr().String(), Clients: 1, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	stop := run(t, server.Run)
	await(t, "the error", func() bool { return log.Count("level=ERROR") == 1 })
	stop()
}

func TestIPv6(t *testing.T) {
	open := make(chan net.Addr, 1)
	lines := socket.NewLines()
	server := socket.NewJSON(lines, socket.Options{
		Address: "[::1]:0", Clients: 1, Log: slog.New(slog.DiscardHandler), OnListen: func(addr net.Addr) { open <- addr },
	})
	run(t, server.Run)
	select {
	case addr := <-open:
		lines.Publish(line(1))
		p := dial(t, addr.String())
		p.want(t, "{\"n\":1}\r\n")
	case <-time.After(late):
		t.Fatal("the socket does not open")
	}
}
