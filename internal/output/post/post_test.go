package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const deadline = 30 * time.Second

const defaultFields = "powerTs,totalT1Use,totalT1Delivered,totalT2Use,gas_totalUse,gas_ts"

// server keeps what it is sent.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // Content-Type: body
	answer   func(w http.ResponseWriter, n int) bool
	busy     int
	most     int // requests at once
}

func newServer(t *testing.T, start func(http.Handler) *httptest.Server) *server {
	t.Helper()
	s := &server{}
	s.Server = start(s)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, r.Header.Get("Content-Type")+": "+string(body))
	n, answer := len(s.requests), s.answer
	s.busy++
	s.most = max(s.most, s.busy)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}()
	if answer != nil {
		answer(w, n)
	}
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

type output struct {
	log     *testkit.Log
	board   status.Board
	updates hub.Hub[*meter.Update]
}

func start(t *testing.T, o Options, every time.Duration) *output {
	t.Helper()
	p := &output{log: new(testkit.Log)}
	o.Log, o.Counter, o.Agent = slog.New(slog.NewTextHandler(p.log, nil)), p.board.Output("post"), "smartmeter/test"
	if o.Fields == "" {
		o.Fields = defaultFields
	}
	out := New(o, &p.updates)
	out.pause, out.every = time.Millisecond, every
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- out.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "the output to listen", func() bool { return p.updates.Subscribers() == 1 })
	return p
}

func (p *output) read(json string) { p.updates.Publish(&meter.Update{JSON: []byte(json)}) }

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

const reading = `{"crc":true,"powerTs":"2021-02-26T12:15:24","totalT1Use":5000.7,"totalT2Use":2000,"totalT1Delivered":0,"gas":{"ts":"2021-02-26T12:00:00","totalUse":2000.3},"textMessage":"a&b=\"c\"","peakDemandHistory":[{"value":1}]}`

func TestBodies(t *testing.T) {
	for _, test := range []struct {
		name  string
		post  config.Post
		want  string
		meter string // the slot of one of several; empty: there is one
	}{
		{name: "the default form", post: config.Post{}, want: `application/x-www-form-urlencoded: powerTs=2021-02-26T12%3A15%3A24&totalT1Use=5000.7&totalT1Delivered=0&totalT2Use=2000&gas_totalUse=2000.3&gas_ts=2021-02-26T12%3A00%3A00`},
		{name: "JSON", post: config.Post{JSON: true}, want: `application/json: {"powerTs":"2021-02-26T12:15:24","totalT1Use":5000.7,"totalT1Delivered":0,"totalT2Use":2000,"gas_totalUse":2000.3,"gas_ts":"2021-02-26T12:00:00"}`},
		{name: "other fields", post: config.Post{Fields: "crc, textMessage,absent"}, want: `application/x-www-form-urlencoded: crc=true&textMessage=a%26b%3D%22c%22`},
		{name: "all fields", post: config.Post{JSON: true, Fields: "*"}, want: `application/json: {"crc":true,"powerTs":"2021-02-26T12:15:24","totalT1Use":5000.7,"totalT2Use":2000,"totalT1Delivered":0,` +
			`"gas_ts":"2021-02-26T12:00:00","gas_totalUse":2000.3,"textMessage":"a&b=\"c\"","peakDemandHistory":[{"value":1}]}`},
		{name: "no field that is there", post: config.Post{Fields: "absent"}, want: `application/x-www-form-urlencoded: `},
		{name: "of one of several", post: config.Post{Fields: "crc"}, meter: "heat", want: `application/x-www-form-urlencoded: meter=heat&crc=true`},
		{name: "the same as JSON", post: config.Post{Fields: "crc", JSON: true}, meter: "heat", want: `application/json: {"meter":"heat","crc":true}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, httptest.NewServer)
			test.post.URL = config.WebURL(s.URL) + "/readings?key=geheim"
			p := start(t, Options{Post: test.post, Meter: test.meter}, time.Hour)
			p.read(reading)
			waitFor(t, "the request", func() bool { return len(s.got()) == 1 })
			if diff := cmp.Diff(test.want, s.got()[0]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The first reading goes at once, then the first after each interval.
func TestInterval(t *testing.T) {
	s := newServer(t, httptest.NewServer)
	p := start(t, Options{Post: config.Post{URL: config.WebURL(s.URL), Fields: "n"}}, 50*time.Millisecond)
	begin := time.Now()
	n := 0
	waitFor(t, "five requests", func() bool {
		n++
		p.read(fmt.Sprintf(`{"n":%d}`, n))
		return len(s.got()) >= 5
	})
	if got := s.got(); !strings.HasSuffix(got[0], ": n=1") {
		t.Errorf("the first request has %s, want the first reading", got[0])
	}
	if passed := time.Since(begin); passed < 4*50*time.Millisecond {
		t.Errorf("five requests within %v", passed)
	}
	if s.most != 1 {
		t.Errorf("got %d requests at once, want 1", s.most)
	}
}

func refuse(code int) func(http.ResponseWriter, int) bool {
	return func(w http.ResponseWriter, _ int) bool { w.WriteHeader(code); return true }
}

// A server that fails is asked again with pauses, not at once, and never with
// two requests; it is told once, and its return too.
func TestTrouble(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter, int) bool
		says   string
		again  bool
	}{
		{"503", refuse(503), "cannot be posted", true},
		{"429", refuse(429), "cannot be posted", true},
		{"dies in the middle", func(http.ResponseWriter, int) bool { panic(http.ErrAbortHandler) }, "cannot be posted", true},
		{"401", refuse(401), "right key", false},
		{"404", refuse(404), "no such address", false},
		{"301", func(w http.ResponseWriter, _ int) bool {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(301)
			return true
		}, "has moved", false},
		{"400", refuse(400), "post.fields", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, httptest.NewServer)
			s.answer = test.answer
			p := start(t, Options{Post: config.Post{URL: config.WebURL(s.URL) + "/api/webhook/geheim?key=geheim", Fields: "n"}}, time.Second)
			p.read(`{"n":1}`)
			waitFor(t, "it to be given up", func() bool { return p.board.Snapshot(time.Now()).Outputs[0].Dropped == 1 })
			if n := len(s.got()); test.again != (n > 1) || n > 12 {
				t.Errorf("got %d requests", n)
			}
			s.mu.Lock()
			s.answer = nil
			s.mu.Unlock()
			waitFor(t, "the next reading", func() bool {
				p.read(`{"n":2}`)
				return strings.Contains(p.log.String(), "posted again")
			})
			if got := p.log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, test.says) || strings.Contains(got, "geheim") {
				t.Errorf("log: got %s\nwant a line with %q and one of the return", got, test.says)
			}
			if s.most != 1 {
				t.Errorf("got %d requests at once, want 1", s.most)
			}
		})
	}
}

// A server that hangs does not hold up the program's end.
func TestHangs(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, httptest.NewServer)
	s.answer = func(http.ResponseWriter, int) bool { <-release; return true }
	t.Cleanup(func() { close(release) })
	p := start(t, Options{Post: config.Post{URL: config.WebURL(s.URL)}}, time.Hour) // its end is waited for
	p.read(reading)
	waitFor(t, "the request", func() bool { return len(s.got()) == 1 })
}

// A server with a certificate of an own authority.
func TestTLS(t *testing.T) {
	s := newServer(t, httptest.NewTLSServer)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Run("unknown", func(t *testing.T) {
		p := start(t, Options{Post: config.Post{URL: config.WebURL(s.URL)}}, time.Millisecond)
		p.read(reading)
		waitFor(t, "the line in the log", func() bool { return strings.Contains(p.log.String(), "post.ca_file") })
	})
	t.Run("known", func(t *testing.T) {
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		p := start(t, Options{Post: config.Post{URL: config.WebURL(s.URL)}, TLS: &tls.Config{RootCAs: roots}}, time.Hour)
		p.read(reading)
		waitFor(t, "the request", func() bool { return len(s.got()) == 1 })
	})
}

func FuzzFlatten(f *testing.F) {
	f.Add([]byte(reading))
	f.Add([]byte(`{"a":{"b":{"c":null}},"d":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := flatten(b)
		if err != nil {
			return
		}
		if again, err := flatten(object(fields)); err == nil {
			if diff := cmp.Diff(len(fields), len(again)); diff != "" {
				t.Errorf("%q: %s", b, diff)
			}
		}
	})
}
