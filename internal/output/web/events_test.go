package web_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
)

// listener is an event stream as a browser reads it.
type listener struct {
	t     *testing.T
	lines *bufio.Reader
	close func()
}

type event struct{ name, id, data string }

func (s *served) listen(t *testing.T) *listener {
	t.Helper()
	return s.listenTo(t, "/api/events")
}

func (s *served) listenTo(t *testing.T, path string) *listener {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || got != "text/event-stream" || answer.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%s %s", answer.Status, answer.Header)
	}
	l := &listener{t, bufio.NewReader(answer.Body), func() { answer.Body.Close() }}
	t.Cleanup(l.close)
	return l
}

// next returns the next event of a name.
func (l *listener) next(name string) event {
	l.t.Helper()
	timer := time.AfterFunc(late, l.close)
	defer timer.Stop()
	var e event
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			l.t.Fatalf("no event %s: %v", name, err)
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.name == name {
				return e
			}
			e = event{}
		}
	}
}

func TestEvents(t *testing.T) {
	w := newWorld()
	sun := &meter.Solar{Received: time.Now(), Manufacturer: "Sun"}
	w.Solar = func(time.Time) (*meter.Solar, bool) { return sun, true }
	s := serve(t, w, page)
	at := time.UnixMilli(1_770_091_506_789)
	first := w.publish(t, at, "1-0:1.7.0(00.500*kW)")
	w.Samples.Publish(sun)
	l := s.listen(t)
	// The latest comes at once, and then each as it is there.
	if got, want := l.next("reading"), (event{"reading", "1770091506789", string(first.JSON)}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	second := w.publish(t, at.Add(time.Second), "1-0:1.7.0(00.600*kW)")
	if got, want := l.next("reading"), (event{"reading", "1770091507789", string(second.JSON)}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if e := s.listen(t).next("solar"); e.data != string(sun.AppendJSON(nil)) {
		t.Errorf("solar: %s", e.data)
	}
	if e := s.listen(t).next("status"); !strings.Contains(e.data, `"verdict":{"name":"good"`) || strings.Contains(e.data, "settings") {
		t.Errorf("status: %s", e.data)
	}
	// A change of the line is told at once.
	w.Line.Publish(meter.Status{})
	l.next("status")
}

// A stream that begins shows no sample of yesterday.
func TestEventsWithoutOldSolar(t *testing.T) {
	w := newWorld()
	w.Solar = func(time.Time) (*meter.Solar, bool) { return nil, false }
	s := serve(t, w, page)
	w.Samples.Publish(&meter.Solar{Manufacturer: "Old"})
	l := s.listen(t)
	l.next("status")
	w.Samples.Publish(&meter.Solar{Manufacturer: "New"})
	if e := l.next("solar"); !strings.Contains(e.data, "New") {
		t.Errorf("solar: %s", e.data)
	}
}

func TestEventsAreCounted(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	l := s.listen(t)
	l.next("status")
	w.publish(t, time.Now(), "1-0:1.7.0(00.500*kW)")
	l.next("reading")
	now := func() (n int, sent uint64) {
		o := w.board.Snapshot(time.Now()).Outputs[0]
		return *o.Clients, o.Sent
	}
	await(t, "one client", func() bool { n, sent := now(); return n == 1 && sent == 1 })
	l.close()
	await(t, "no client", func() bool { n, _ := now(); return n == 0 })
}

// Five hundred clients want events: some get them, all get an answer, and the
// rest of the server works on.
func TestManyStreams(t *testing.T) {
	const clients, streams = 500, 50
	w := newWorld()
	s := serve(t, w, web.Options{Page: true})
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := make(map[int]int)
	told := make(chan struct{})
	for range clients {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/events", nil)
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := (&http.Transport{}).RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			answers[answer.StatusCode]++
			mu.Unlock()
			if answer.StatusCode != http.StatusOK {
				if answer.Header.Get("Retry-After") == "" {
					t.Errorf("%s without Retry-After", answer.Status)
				}
				answer.Body.Close()
				return
			}
			<-told
			defer answer.Body.Close()
			lines := bufio.NewScanner(answer.Body)
			for lines.Scan() {
				if strings.Contains(lines.Text(), `"calculatedUsage":777`) {
					return
				}
			}
			t.Error("a stream ends without the reading")
		})
	}
	await(t, "an answer for everybody", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return answers[http.StatusOK]+answers[http.StatusServiceUnavailable] == clients
	})
	if got := fmt.Sprint(answers); got != fmt.Sprintf("map[200:%d 503:%d]", streams, clients-streams) {
		t.Errorf("answers %s, want %d streams", got, streams)
	}
	if a := s.get(t, "/healthz"); a.StatusCode != http.StatusOK {
		t.Errorf("meanwhile: %s", a.Status)
	}
	close(told)
	await(t, "all subscribed", func() bool { return w.Updates.Subscribers() == streams+1 })
	u := update(t, time.Now(), "1-0:1.7.0(00.777*kW)")
	u.JSON = []byte(`{"calculatedUsage":777}`)
	w.Updates.Publish(u)
	wg.Wait()
	await(t, "all gone", func() bool { return w.Updates.Subscribers() == 1 })
	s.listen(t).next("reading") // there is room again
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(late); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}
