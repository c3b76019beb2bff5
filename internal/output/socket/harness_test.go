package socket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// late is when a test gives up waiting for what must happen.
const late = 30 * time.Second

// served is a running server.
type served[T any] struct {
	*socket.Server[T]
	hub     *hub.Hub[T]
	address string
	log     *testkit.Log
	stop    func() // and wait; also done when the test ends
	board   status.Board
}

// counts is what the server did, and how many clients it has.
func (s *served[T]) counts() (o status.Output, clients int) {
	o = s.board.Snapshot(time.Now()).Outputs[0]
	return o, *o.Clients
}

func (s *served[T]) clients() int {
	_, n := s.counts()
	return n
}

// folding is the program's log, which says what repeats once.
func folding(to io.Writer, level slog.Level) *slog.Logger {
	return slog.New(quiet.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level})))
}

func serve[T any](t *testing.T, h *hub.Hub[T], create func(*hub.Hub[T], socket.Options) *socket.Server[T], clients int) *served[T] {
	t.Helper()
	s := &served[T]{hub: h, log: new(testkit.Log)}
	open := make(chan net.Addr, 1)
	s.Server = create(h, socket.Options{
		Address:  "127.0.0.1:0",
		Clients:  clients,
		Log:      folding(s.log, slog.LevelInfo),
		OnListen: func(addr net.Addr) { open <- addr },
		Counter:  s.board.Output("socket"),
	})
	s.stop = run(t, s.Run)
	select {
	case addr := <-open:
		s.address = addr.String()
	case <-time.After(late):
		t.Fatal("the socket does not open")
	}
	return s
}

// run runs something until the test ends or stop is called.
func run(t *testing.T, what func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- what(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(late):
			t.Error("Run does not return")
		}
	})
	t.Cleanup(stop)
	return stop
}

func serveJSON(t *testing.T, clients int) *served[socket.Line] {
	t.Helper()
	return serve(t, socket.NewLines(), socket.NewJSON, clients)
}

func serveRaw(t *testing.T, clients int) *served[socket.Chunk] {
	t.Helper()
	return serve(t, socket.NewChunks(), socket.NewRaw, clients)
}

// await waits until is is true.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(late); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// awaitClients waits until so many clients are fed.
func (s *served[T]) awaitClients(t *testing.T, n int) {
	t.Helper()
	await(t, fmt.Sprintf("%d clients", n), func() bool { return s.clients() == n && s.hub.Subscribers() == n })
}

// peer is a client.
type peer struct {
	*net.TCPConn
	*bufio.Reader
}

func (p peer) Read(b []byte) (int, error) { return p.Reader.Read(b) }

func dial(t *testing.T, address string) peer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(late)); err != nil {
		t.Fatal(err)
	}
	return peer{conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// join connects and waits until the client is fed.
func (s *served[T]) join(t *testing.T) peer {
	t.Helper()
	before := s.hub.Subscribers()
	p := dial(t, s.address)
	s.awaitClients(t, before+1)
	return p
}

func (p peer) want(t *testing.T, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(p, got); err != nil || string(got) != text {
		t.Fatalf("client reads %q, %v, want %q", got[:n], err, text)
	}
}

func (p peer) wantEnd(t *testing.T) {
	t.Helper()
	rest, err := io.ReadAll(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection is not closed")
	}
	if len(rest) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("client reads %q, %v, want the end", rest, err)
	}
}

func line(n int) socket.Line {
	return socket.Line{Received: time.Now(), Data: fmt.Appendf(nil, "{\"n\":%d}\r\n", n)}
}

// long is a line of a kilobyte.
func long(n int) socket.Line {
	return socket.Line{Received: time.Now(), Data: fmt.Appendf(nil, "{\"n\":%d,\"x\":%q}\r\n", n, strings.Repeat("x", 1000))}
}
