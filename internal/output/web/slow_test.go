package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// pipes is a listener whose connections hold not a byte, in a bubble of time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// bubbled runs a server until the test ends.
func bubbled(t *testing.T) (*Site, *pipes) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	site := New(World{
		Meters:  []Meter{{Slot: "p1", Updates: new(hub.Hub[*meter.Update]), Line: new(hub.Hub[meter.Status])}},
		Samples: new(hub.Hub[*meter.Solar]),
		Status:  func(now time.Time) status.Snapshot { return status.Snapshot{Time: now} }, Health: func() error { return nil },
	}, store.Open(t.TempDir(), log), time.UTC)
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = site.Run(ctx) })
	wg.Go(func() { _ = site.Server(Options{Page: true, Log: log}).serve(ctx, l) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		synctest.Wait()
	})
	return site, l
}

func request(t *testing.T, conn net.Conn, path string) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// A stream whose client reads nothing is given up, and one that reads slowly
// gets the newest reading and misses those between.
func TestStreamNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, l := bubbled(t)
		conn := l.dial()
		defer conn.Close()
		request(t, conn, "/api/events")
		synctest.Wait()
		if got := site.streams.Load(); got != 1 {
			t.Fatalf("%d streams, want 1", got)
		}
		time.Sleep(writeTime + time.Second)
		synctest.Wait()
		if got := site.streams.Load() + int64(site.meters[0].Updates.Subscribers()); got != 1 { // the site itself
			t.Errorf("%d streams and subscribers are left", got)
		}
	})
}

func TestStreamReadSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, l := bubbled(t)
		conn := l.dial()
		defer conn.Close()
		request(t, conn, "/api/events")
		lines := bufio.NewReader(conn)
		for n := range 100 {
			last := ""
			for i := range 50 {
				last = strconv.Itoa(n*50 + i)
				site.meters[0].Updates.Publish(&meter.Update{Slot: "p1", JSON: []byte(last)})
			}
			came := 0
			for line := ""; line != "data: "+last+"\n"; came++ {
				var err error
				if line, err = lines.ReadString('\n'); err != nil {
					t.Fatalf("round %d: %v", n, err)
				}
			}
			if most := 30; came > most { // lines; a reading has four
				t.Errorf("round %d: %d lines came before the newest reading, want %d at most", n, came, most)
			}
			time.Sleep(writeTime / 2)
		}
	})
}

// A stream outlives the time that any other answer has.
func TestStreamLivesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, l := bubbled(t)
		conn := l.dial()
		defer conn.Close()
		request(t, conn, "/api/events")
		statuses := make(chan struct{}, 1000)
		go func() {
			lines := bufio.NewScanner(conn)
			for lines.Scan() {
				if lines.Text() == "event: status" {
					statuses <- struct{}{}
				}
			}
		}()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got, want := len(statuses), int(10*time.Minute/statusEvery); got < want || got > want+1 {
			t.Errorf("%d events of status, want %d", got, want)
		}
		if got := site.streams.Load(); got != 1 {
			t.Errorf("%d streams, want 1", got)
		}
	})
}

// Clients that connect and say nothing, or never end saying it, are closed, and
// those that wait behind them are served.
func TestClientsThatSayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := bubbled(t)
		var wg sync.WaitGroup
		for n := range mostConnections {
			conn := l.dial()
			defer conn.Close()
			if n%2 == 0 {
				continue
			}
			wg.Go(func() { // a header that never ends
				for {
					if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nX: y\r\n"[n%20:]); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
		}
		conn := make(chan net.Conn)
		go func() { conn <- l.dial() }()
		synctest.Wait()
		select {
		case <-conn:
			t.Fatal("a connection too many is accepted")
		default:
		}
		time.Sleep(headerTime + time.Second)
		synctest.Wait()
		late := <-conn
		defer late.Close()
		request(t, late, "/healthz")
		answer, err := http.ReadResponse(bufio.NewReader(late), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("got %v, %v", answer, err)
		}
		wg.Wait()
	})
}

// An answer that nobody takes holds a connection for a while only.
func TestAnswerNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, l := bubbled(t)
		conn := l.dial()
		defer conn.Close()
		request(t, conn, "/api/status")
		time.Sleep(answerTime + time.Second)
		synctest.Wait()
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("the connection is not closed: %v", err)
		}
		if got := site.streams.Load(); got != 0 {
			t.Errorf("%d streams", got)
		}
	})
}
