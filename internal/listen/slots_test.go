package listen_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func at(address string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(address), Port: 40000} }

func TestSlots(t *testing.T) {
	whole := listen.NewSlots(10, nil)
	one, other := listen.NewSlots(8, whole), listen.NewSlots(8, whole)
	take := func(s *listen.Slots, address string, times int, want error) {
		t.Helper()
		for range times {
			if err := s.Take(at(address)); err != nil {
				t.Fatalf("%s: %v", address, err)
			}
		}
		if err := s.Take(at(address)); !errors.Is(err, want) {
			t.Errorf("%s, once more: %v, want %v", address, err, want)
		}
	}
	take(one, "192.168.1.9", 6, listen.ErrPeer)
	take(one, "::ffff:192.168.1.9", 0, listen.ErrPeer)
	take(one, "2001:db8::1", 2, listen.ErrFull)
	take(other, "192.168.1.9", 2, listen.ErrFull) // of the whole
	if one.Used() != 8 || other.Used() != 2 || whole.Used() != 10 {
		t.Errorf("used: %d, %d, %d", one.Used(), other.Used(), whole.Used())
	}
	for range 6 {
		one.Free(at("192.168.1.9"))
	}
	take(one, "2001:db8::ffff", 4, listen.ErrPeer) // one machine has many addresses of a network
	take(one, "2001:db8:0:1::1", 2, listen.ErrFull)
	if one.Used() != 8 || whole.Used() != 10 {
		t.Errorf("used: %d, %d", one.Used(), whole.Used())
	}
}

// A client that comes back before its old connection is seen to end is no one
// too many.
func TestSlotIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := listen.NewSlots(1, nil)
		if err := s.Take(at("192.168.1.9")); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(t.Context(), at("192.168.1.8"), time.Minute); !errors.Is(err, listen.ErrFull) {
			t.Errorf("in vain: %v", err)
		}
		time.AfterFunc(time.Second, func() { s.Free(at("192.168.1.9")) })
		if err := s.Wait(t.Context(), at("192.168.1.9"), time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// One address with a thousand connections leaves room for another, and those
// of it that are refused are told.
func TestHTTPLeavesRoom(t *testing.T) {
	const most = 8
	log := new(testkit.Log)
	ctx, cancel := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })}
		done <- listen.ServeHTTP(ctx, l, server, listen.Bounds{Most: most, Slots: listen.NewSlots(most, nil), Goodbye: time.Second}, slog.New(slog.NewTextHandler(log, nil)))
	}()
	ask := func(from string) string {
		t.Helper()
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() }) // it stays open until then
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status + " " + string(body)
	}
	for n := range 20 {
		want := "200 OK here"
		if n >= most*3/4 {
			want = "503 Service Unavailable {"
		}
		if got := ask("127.0.0.1"); !strings.HasPrefix(got, want) {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if got := ask("127.0.0.2"); got != "200 OK here" {
		t.Errorf("from another address: %s", got)
	}
	if log.Count("level=WARN", "too many connections") == 0 {
		t.Error("nothing in the log")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What net/http has to say of clients is no news; a fault of ours is, and so
// is a listener without descriptors.
func TestHTTPErrors(t *testing.T) {
	for said, want := range map[string]string{
		"http: URL query contains semicolon":                               "level=DEBUG",
		"http: panic serving 127.0.0.1:1: x":                               "level=ERROR",
		"http: Accept error: accept4: too many open files; retrying in 1s": "level=WARN",
	} {
		log := new(testkit.Log)
		l, err := net.Listen("tcp", testkit.Addr(t))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		server := &http.Server{}
		cancel()
		if err := listen.ServeHTTP(ctx, l, server, listen.Bounds{Most: 1}, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))); err != nil {
			t.Error(err)
		}
		server.ErrorLog.Print(said)
		if log.Count(want, said) != 1 || log.Count("") != 1 {
			t.Errorf("%s: %s", said, log)
		}
	}
}

// A server that nobody else needs closes what is too much without a word.
func TestHTTPClosesInSilence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- listen.ServeHTTP(ctx, l, &http.Server{}, listen.Bounds{Most: 4, Slots: listen.NewSlots(4, nil), Silent: true}, slog.New(slog.DiscardHandler))
	}()
	dial := func(from string) net.Conn {
		t.Helper()
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	for range 3 {
		dial("127.0.0.1")
	}
	for range 100 {
		if n, err := dial("127.0.0.1").Read(make([]byte, 1)); n > 0 || err == nil {
			t.Fatalf("read %d bytes, %v", n, err)
		}
	}
	conn := dial("127.0.0.2")
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || answer.StatusCode != http.StatusNotFound {
		t.Errorf("from another address: %v, %v", answer, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
