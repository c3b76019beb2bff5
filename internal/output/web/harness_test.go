package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// late is when a test gives up waiting for what must happen.
const late = 20 * time.Second

// world is what the tests' servers show.
type world struct {
	web.World
	web.Meter // the first, as far as it is not changed
	board     status.Board
	line      func(*status.Line) // changes how the line of the first meter stands
	dead      error
	text      string
	lost      error // of the capture
}

func newWorld() *world {
	w := new(world)
	w.board.Version, w.board.Started = "1.2.3", time.Unix(1_700_000_000, 0).UTC()
	w.line = func(l *status.Line) {}
	w.board.Line(func(time.Time) status.Line {
		l := status.Line{
			Slot:    "p1",
			Source:  status.Source{Kind: "serial", Name: "/dev/ttyUSB0", Mode: "115200 8N1", State: status.Alive},
			Verdict: status.Verdict{Name: "good", Good: true, Text: "readings arrive"},
		}
		w.line(&l)
		return l
	})
	w.World = web.World{
		Samples: new(hub.Hub[*meter.Solar]), Status: w.board.Snapshot,
		Health:   func() error { return w.dead },
		Settings: config.Config{Slot: "p1", MQTT: config.MQTT{Password: "secret"}}.Settings(),
	}
	w.Meter = web.Meter{
		Slot: "p1", Updates: new(hub.Hub[*meter.Update]), Line: new(hub.Hub[meter.Status]),
		Telegram: func() ([]byte, bool) { return []byte(w.text), w.text != "" },
		Explain:  func(meter.Language) ([]byte, bool) { return []byte(`{"header":"x"}`), w.text != "" },
		Capture:  func() ([]byte, error) { return []byte("# smartmeter capture 1\n"), w.lost },
	}
	return w
}

// all is the world with its meters.
func (w *world) all() web.World {
	all := w.World
	all.Meters = append([]web.Meter{w.Meter}, all.Meters...)
	return all
}

// publish makes a reading of the telegram's lines.
func (w *world) publish(t testing.TB, at time.Time, lines ...string) *meter.Update {
	t.Helper()
	u := update(t, at, lines...)
	w.Updates.Publish(u)
	return u
}

func update(t testing.TB, at time.Time, lines ...string) *meter.Update {
	t.Helper()
	text := "/ISK5TEST\r\n\r\n" + strings.Join(lines, "\r\n") + "\r\n!\r\n"
	s := frame.NewScanner(strings.NewReader(text))
	if !s.Scan() {
		t.Fatalf("no telegram in %q", text)
	}
	r, err := (&dsmr.Parser{Lax: true}).Parse(s.Frame().Telegram, at)
	if err != nil {
		t.Fatal(err)
	}
	return &meter.Update{Slot: "p1", Reading: *r, JSON: r.AppendJSON(nil, time.UTC)}
}

// served is a running server.
type served struct {
	*world
	log  bytes.Buffer
	url  string
	stop func() // and wait; also done when the test ends
}

func serve(t *testing.T, w *world, o web.Options) *served {
	t.Helper()
	s := &served{world: w}
	var mu sync.Mutex
	log := slog.New(slog.NewTextHandler(&locked{&mu, &s.log}, nil))
	site := web.New(w.all(), store.Open(t.TempDir(), log), time.UTC)
	open := make(chan string, 1)
	o.Address, o.What, o.Setting, o.Log = "127.0.0.1:0", "page", "SMARTMETER_WEB_SERVER", log
	o.OnListen = func(addr net.Addr) { open <- addr.String() }
	o.Counter = w.board.Output("page")
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{site.Run, site.Server(o).Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(s.stop)
	select {
	case addr := <-open:
		s.url = "http://" + addr
	case <-time.After(late):
		t.Fatal("the server does not open")
	}
	return s
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// answer is what a server said.
type answer struct {
	*http.Response
	body string
}

// ask sends a request; headers are pairs of name and value.
func (s *served) ask(t *testing.T, method, path string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(r) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (s *served) get(t *testing.T, path string, headers ...string) answer {
	t.Helper()
	return s.ask(t, http.MethodGet, path, headers...)
}

var errDead = errors.New("the main loop has stopped")
