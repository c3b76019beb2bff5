package socket

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// piped is a JSON server with one client, in a bubble of time.
func piped(t *testing.T, log io.Writer) (s *Server[Line], client net.Conn) {
	t.Helper()
	s = NewJSON(NewLines(), Options{Clients: 1, Log: slog.New(slog.NewTextHandler(log, nil))})
	client, conn := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.admit(ctx, conn) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		client.Close()
	})
	synctest.Wait()
	return s, client
}

func TestDeadClientIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s, _ := piped(t, &log)
		s.hub.Publish(Line{time.Now(), []byte("{}\r\n")})
		time.Sleep(writeLimit)
		synctest.Wait()
		if got := s.slots.Used(); got != 1 {
			t.Errorf("%d clients after %v, want 1", got, writeLimit)
		}
		time.Sleep(2 * writeSlice)
		synctest.Wait()
		if got := s.slots.Used(); got != 0 {
			t.Errorf("%d clients later, want none", got)
		}
		if got := log.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, errStuck.Error()) {
			t.Errorf("log: %s", got)
		}
	})
}

func TestClientThatReadsSlowlyStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := piped(t, io.Discard)
		var board status.Board
		s.options.Counter = board.Output("socket")
		var got []byte
		for n := range 40 { // a byte every 50 s, a line every 200
			if n%4 == 0 {
				s.hub.Publish(Line{time.Now(), []byte("{}\r\n")})
			}
			time.Sleep(50 * time.Second)
			b := make([]byte, 1)
			if _, err := io.ReadFull(client, b); err != nil {
				t.Fatal(err)
			}
			got = append(got, b...)
		}
		if want := strings.Repeat("{}\r\n", 10); string(got) != want {
			t.Errorf("client reads %q, want %q", got, want)
		}
		if got := s.slots.Used(); got != 1 {
			t.Errorf("%d clients, want 1", got)
		}
		if got := board.Snapshot(time.Now()).Outputs[0]; got.Dropped != 0 {
			t.Errorf("%d dropped, want none", got.Dropped)
		}
	})
}

// A client that sends without end is read slowly, and goes when it wants.
func TestClientThatSendsIsReadSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := piped(t, io.Discard)
		sent := 0
		go func() {
			for waste := make([]byte, 64<<10); ; {
				n, err := client.Write(waste)
				sent += n
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if most := 3 << 20; sent > most {
			t.Errorf("%d bytes are read in a minute, want %d at most", sent, most)
		}
		client.Close()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.slots.Used(); got != 0 {
			t.Errorf("%d clients are left", got)
		}
	})
}

// A fault of this program that one client meets ends neither the program nor
// the other clients.
func TestFaultInAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s, client := piped(t, &log)
		s.data = func(l Line) []byte { return l.Data[100:] }
		s.hub.Publish(Line{time.Now(), []byte("{}\r\n")})
		if n, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the client reads %d bytes, %v, want its end", n, err)
		}
		synctest.Wait()
		if got := s.slots.Used(); got != 0 {
			t.Errorf("%d clients are left", got)
		}
		if got := log.String(); strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, "slice bounds out of range") {
			t.Errorf("log: %s", got)
		}
	})
}

// failing is a listener that fails a few times, as one does without file
// descriptors.
type failing struct {
	failures int
	then     net.Conn
	closed   chan struct{}
}

func (l *failing) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, syscall.EMFILE
	}
	if conn := l.then; conn != nil {
		l.then = nil
		return conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *failing) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *failing) Addr() net.Addr { return nil }

func TestAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := NewJSON(NewLines(), Options{Clients: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
		client, conn := net.Pipe()
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.serve(ctx, &failing{failures: 10, then: conn, closed: make(chan struct{})}) })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := s.slots.Used(); got != 1 {
			t.Errorf("%d clients, want 1", got)
		}
		cancel()
		wg.Wait()
		client.Close()
		if got := log.String(); strings.Count(got, "\n") != 2 || strings.Count(got, "level=ERROR") != 1 || strings.Count(got, "accepted again") != 1 {
			t.Errorf("log: %s", got)
		}
	})
}
