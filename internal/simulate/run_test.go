package simulate_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// writes collects what is written, write by write.
type writes struct {
	all  [][]byte
	then func(n int) error // called with the number of writes so far
}

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, bytes.Clone(p))
	if w.then != nil {
		if err := w.then(len(w.all)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func TestRunKeepsThePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 95*time.Second)
		defer cancel()
		var w writes
		m := simulate.New(simulate.Options{Standard: simulate.DSMR42, Start: start})
		if err := m.Run(ctx, &w, 10*time.Second, time.Now); err != nil {
			t.Fatal(err)
		}
		twin := simulate.New(simulate.Options{Standard: simulate.DSMR42, Start: start})
		var want [][]byte
		for i := range 10 { // at 0, 10, ... 90
			want = append(want, twin.Telegram(start.Add(time.Duration(i)*10*time.Second)))
		}
		if diff := cmp.Diff(want, w.all); diff != "" {
			t.Errorf("telegrams (-want +got):\n%s", diff)
		}
	})
}

func TestRunAsFastAsTheWriter(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := writes{then: func(n int) error {
		if n == 1000 {
			cancel()
		}
		return nil
	}}
	now := noon(t)
	m := simulate.New(simulate.Options{})
	err := m.Run(ctx, &w, 0, func() time.Time {
		now = now.Add(time.Second)
		return now
	})
	if err != nil || len(w.all) != 1000 {
		t.Fatalf("%d telegrams, error %v", len(w.all), err)
	}
	for i := 1; i < len(w.all); i++ {
		if bytes.Equal(w.all[i-1], w.all[i]) {
			t.Fatalf("telegram %d is like the one before it", i)
		}
	}
}

func TestRunReturnsTheWritersError(t *testing.T) {
	broken := errors.New("line is down")
	w := writes{then: func(n int) error {
		if n == 2 {
			return broken
		}
		return nil
	}}
	m := simulate.New(simulate.Options{})
	err := m.Run(t.Context(), &w, 0, time.Now)
	if !errors.Is(err, broken) || len(w.all) != 2 {
		t.Errorf("got %v after %d writes, want %v after 2", err, len(w.all), broken)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var w writes
	if err := simulate.New(simulate.Options{}).Run(ended, &w, 0, time.Now); err != nil || len(w.all) != 0 {
		t.Errorf("context over before the start: %d writes, error %v", len(w.all), err)
	}

	// A reader that hangs must not hold Run.
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ours, theirs := net.Pipe()
		defer theirs.Close()
		if err := simulate.New(simulate.Options{}).Run(ctx, ours, time.Second, time.Now); err != nil {
			t.Error(err)
		}
	})
}

// serve starts a server that ends with the test.
func serve(t *testing.T, addr string) (server *simulate.Server, stop func()) {
	t.Helper()
	server, err := simulate.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return server, stop
}

// client connects and waits until the server knows it as one of so many.
func client(t *testing.T, server *simulate.Server, clients int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	wait(t, server, clients)
	return conn
}

func wait(t *testing.T, server *simulate.Server, clients int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.Wait(ctx, clients); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, server *simulate.Server, text string) {
	t.Helper()
	if n, err := server.Write([]byte(text)); err != nil || n != len(text) {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
	}
}

func receive(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

func closed(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("connection is open: read %d bytes, error %v", n, err)
	}
}

func TestServer(t *testing.T) {
	server, stop := serve(t, testkit.Addr(t))
	send(t, server, "nobody listens")
	a := client(t, server, 1)
	if _, err := a.Write([]byte("what clients say is ignored\r\n")); err != nil {
		t.Fatal(err)
	}
	send(t, server, "one")
	receive(t, a, "one")

	b := client(t, server, 2)
	send(t, server, "two") // and nothing older for b
	receive(t, a, "two")
	receive(t, b, "two")

	a.Close()
	wait(t, server, 1)
	send(t, server, "three")
	receive(t, b, "three")

	server.Cut()
	closed(t, b)
	wait(t, server, 0)
	c := client(t, server, 1)
	send(t, server, "four")
	receive(t, c, "four")

	stop()
	closed(t, c)
	if _, err := server.Write([]byte("five")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end Write gives %v, want %v", err, net.ErrClosed)
	}
	again, _ := serve(t, server.Addr()) // the address is free
	d := client(t, again, 1)
	send(t, again, "six")
	receive(t, d, "six")
}

func TestServerWaitEnds(t *testing.T) {
	server, _ := serve(t, testkit.Addr(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestListenSaysWhere(t *testing.T) {
	server, _ := serve(t, testkit.Addr(t))
	_, err := simulate.Listen(server.Addr())
	if err == nil || !strings.Contains(err.Error(), server.Addr()) {
		t.Errorf("second listener on %s: error %v", server.Addr(), err)
	}
}

// A meter behind a server: every client gets the same whole telegrams.
func TestMeterServes(t *testing.T) {
	server, _ := serve(t, testkit.Addr(t))
	a, b := client(t, server, 1), client(t, server, 2)
	ctx, cancel := context.WithCancel(t.Context())
	start := noon(t)
	now := start
	m := simulate.New(simulate.Options{Start: start, Standard: simulate.EMUCS17})
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		err := m.Run(ctx, server, 0, func() time.Time {
			now = now.Add(time.Second)
			return now
		})
		if err != nil {
			t.Error(err)
		}
	})
	// Both at once: the server waits for the slower of its clients.
	var readers sync.WaitGroup
	for _, conn := range []net.Conn{a, b} {
		readers.Go(func() {
			twin := simulate.New(simulate.Options{Start: start, Standard: simulate.EMUCS17})
			r := bufio.NewReader(conn)
			for i := range 300 {
				want := twin.Telegram(start.Add(time.Duration(i+1) * time.Second))
				got := make([]byte, len(want))
				if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want) {
					t.Errorf("telegram %d: error %v, got\n%s", i, err, got)
					break
				}
			}
			conn.Close()
		})
	}
	readers.Wait()
}
