package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

var page = web.Options{Page: true}

func TestBeforeTheFirst(t *testing.T) {
	s := serve(t, newWorld(), page)
	for _, path := range []string{"/api/reading", "/api/solar", "/api/telegram"} {
		a := s.get(t, path)
		var said struct{ Err string }
		if err := json.Unmarshal([]byte(a.body), &said); err != nil || said.Err == "" || a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s %s", path, a.Status, a.body)
		}
	}
}

func TestReading(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	u := w.publish(t, time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC), "1-0:1.7.0(00.500*kW)")
	a := s.get(t, "/api/reading")
	if a.StatusCode != http.StatusOK || a.body != string(u.JSON) || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %s", a.Status, a.Header, a.body)
	}
	if got, want := a.Header.Get("Last-Modified"), "Tue, 03 Feb 2026 04:05:06 GMT"; got != want {
		t.Errorf("Last-Modified: %s, want %s", got, want)
	}
}

func TestReadingOfAnAge(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	doc := readOpenAPI(t)
	for _, test := range []struct {
		age   time.Duration
		query string
		want  int
	}{
		{time.Hour, "", 200}, {time.Hour, "?max_age=", 200}, {time.Hour, "?max_age=7200", 200}, {time.Hour, "?max_age=30", 503}, {0, "?max_age=3600", 200},
		{0, "?max_age=0", 400}, {0, "?max_age=-1", 400}, {0, "?max_age=30s", 400}, {0, "?max_age=99999999999999999999", 400},
	} {
		w.publish(t, time.Now().Add(-test.age), "1-0:1.7.0(00.500*kW)")
		a := s.get(t, "/api/reading"+test.query)
		if a.StatusCode != test.want {
			t.Errorf("%v old, %s: %s %s", test.age, test.query, a.Status, a.body)
		}
		doc.answered(t, "/api/reading"+test.query, a)
	}
}

func TestSolar(t *testing.T) {
	w := newWorld()
	var sample *meter.Solar
	w.Solar = func(time.Time) (*meter.Solar, bool) { return sample, sample != nil }
	s := serve(t, w, page)
	if a := s.get(t, "/api/solar"); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.body, "does not answer") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	sample = &meter.Solar{Received: time.Unix(0, 0).UTC(), Manufacturer: "Sun"}
	if a := s.get(t, "/api/solar"); a.StatusCode != http.StatusOK || a.body != string(sample.AppendJSON(nil)) {
		t.Errorf("%s %s", a.Status, a.body)
	}
}

func TestStatus(t *testing.T) {
	for _, o := range []web.Options{{Page: true}, {}} {
		s := serve(t, newWorld(), o)
		a := s.get(t, "/api/status")
		for _, want := range []string{`"version":"1.2.3"`, `"mode":"115200 8N1"`, `"good":true`, `"outputs":[{"name":"page","clients":0`} {
			if a.StatusCode != http.StatusOK || !strings.Contains(a.body, want) {
				t.Errorf("%s: no %s in %s", a.Status, want, a.body)
			}
		}
		if !strings.Contains(a.body, `"capture":true`) {
			t.Errorf("no capture is offered: %s", a.body)
		}
		if got := strings.Contains(a.body, `{"name":"slot","value":"p1"}`); got != o.Page {
			t.Errorf("page %v, settings shown %v", o.Page, got)
		}
		if strings.Contains(a.body, "secret") || o.Page && !strings.Contains(a.body, `{"name":"mqtt.password","value":"(hidden)"}`) {
			t.Errorf("a secret is not hidden: %s", a.body)
		}
	}
}

func TestTelegram(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	w.text = "/KFM5\r\n\r\n0-0:96.13.0(<script>\xe9)\r\n!\r\n"
	a := s.get(t, "/api/telegram")
	if a.StatusCode != http.StatusOK || a.body != w.text || a.Header.Get("Content-Type") != "text/plain; charset=iso-8859-1" {
		t.Errorf("%s %s %q", a.Status, a.Header, a.body)
	}
}

func TestTelegramDecoded(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	if a := s.get(t, "/api/telegram?decoded"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s %s", a.Status, a.body)
	}
	w.text = "/KFM5\r\n\r\n!\r\n"
	a := s.get(t, "/api/telegram?decoded")
	if a.StatusCode != http.StatusOK || a.body != `{"header":"x"}` || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %s", a.Status, a.Header, a.body)
	}
	for language, code := range map[string]int{"": 200, "sv": 200, "xx": 400, "NL": 400} {
		if a := s.get(t, "/api/telegram?decoded&language="+language); a.StatusCode != code {
			t.Errorf("language %q: %s %s, want %d", language, a.Status, a.body, code)
		}
	}
}

func TestHealthz(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	if a := s.get(t, "/healthz"); a.StatusCode != http.StatusOK || a.body != "alive\n" {
		t.Errorf("%s %q", a.Status, a.body)
	}
	w.dead = errDead
	if a := s.get(t, "/healthz"); a.StatusCode != http.StatusServiceUnavailable || a.body != errDead.Error()+"\n" {
		t.Errorf("%s %q", a.Status, a.body)
	}
}

func TestCapture(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	a := s.get(t, "/api/capture")
	if name := a.Header.Get("Content-Disposition"); a.StatusCode != http.StatusOK || !strings.HasPrefix(a.body, "# smartmeter capture") || !strings.HasPrefix(name, `attachment; filename="smartmeter-2`) {
		t.Errorf("%s %s %s", a.Status, a.Header, a.body)
	}
	w = newWorld() // that of the other is kept for some seconds
	w.lost = errDead
	if a := serve(t, w, page).get(t, "/api/capture"); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.body, errDead.Error()) {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if a := serve(t, newWorld(), web.Options{}).get(t, "/api/capture"); a.StatusCode != http.StatusNotFound {
		t.Errorf("on the API's port: %s %s", a.Status, a.body)
	}
	w = newWorld()
	w.Capture = nil
	s = serve(t, w, page)
	if a := s.get(t, "/api/capture"); a.StatusCode != http.StatusNotFound || !strings.Contains(s.get(t, "/api/status").body, `"capture":false`) {
		t.Errorf("where none is kept: %s %s", a.Status, a.body)
	}
}

// answerTo returns the status that a server of the world tells a client at
// the address.
func (w *world) answerTo(t *testing.T, o web.Options, path, from string) string {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	site := web.New(w.all(), store.Open(t.TempDir(), o.Log), time.UTC)
	handler := site.Server(o).Handler()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = site.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = from
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	answer, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"verdict"`) {
			return lines.Text()
		}
	}
	t.Fatalf("no status from %s", path)
	return ""
}

// The API's port asks nobody for a password: it names no address, no user and
// no device but to programs on this machine. The page does.
func TestStatusOfTheOpenPort(t *testing.T) {
	w := newWorld()
	w.line = func(s *status.Line) {
		s.Source.Cause = "dial tcp 192.168.1.20:23: refused"
		s.Verdict = status.Verdict{Name: "refused", Text: "it refuses", Next: "Is it plugged in? Serial devices found: /dev/serial/by-id/usb-FTDI_A1B2"}
	}
	w.board.Output("mqtt").Failed(errors.New(`the broker 192.168.1.10 refuses the user "meter"`))
	secret := []string{"/dev/ttyUSB0", "192.168.1.20", "192.168.1.10", "meter", "FTDI"}
	for _, test := range []struct {
		page bool
		from string
		all  bool
	}{{true, "192.168.1.9:1", true}, {false, "192.168.1.9:1", false}, {false, "[fd00::9]:1", false}, {false, "127.0.0.1:1", true}, {false, "[::1]:1", true}} {
		for _, path := range []string{"/api/status", "/api/events"} {
			body := w.answerTo(t, web.Options{Page: test.page}, path, test.from)
			for _, word := range secret {
				if strings.Contains(body, word) != test.all {
					t.Errorf("%s, page %v, asked from %s: %q is shown: %v\n%s", path, test.page, test.from, word, !test.all, body)
				}
			}
			if !strings.Contains(body, `"name":"refused"`) || !strings.Contains(body, `"state":"alive"`) || !strings.Contains(body, `"errors":1`) || !strings.Contains(body, "Is it plugged in?") {
				t.Errorf("%s, page %v, asked from %s: %s", path, test.page, test.from, body)
			}
		}
	}
}
