package web_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
)

func TestRefused(t *testing.T) {
	s := serve(t, newWorld(), page)
	api := serve(t, newWorld(), web.Options{})
	for _, test := range []struct {
		server       *served
		method, path string
		headers      []string
		want         int
	}{
		{s, "GET", "/nothing", nil, 404},
		{s, "GET", "/api", nil, 404},
		{s, "GET", "/api/", nil, 404},
		{s, "GET", "/api/reading/", nil, 404},
		{s, "GET", "//api/reading", nil, 404}, // no redirect: it would leave the prefix
		{s, "GET", "/api/../api/reading", nil, 404},
		{s, "GET", "/..%2f..%2fetc/passwd", nil, 404},
		{s, "GET", "/page/index.html", nil, 404},
		{s, "GET", "/%00", nil, 404},
		{s, "GET", "/api/reading%20", nil, 404},
		{s, "GET", "/<script>alert(1)</script>", nil, 404},
		{s, "GET", "/favicon.ico/x", nil, 404},
		{s, "POST", "/nothing", nil, 404},
		{s, "POST", "/api/reading", nil, 405},
		{s, "PUT", "/", nil, 405},
		{s, "DELETE", "/api/events", nil, 405},
		{s, "OPTIONS", "/api/status", nil, 405},
		{s, "TRACE", "/healthz", nil, 405},
		{s, "BREW", "/metrics", nil, 405},
		{s, "GET", "/api/reading", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{s, "GET", "/api/events", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, 403},
		{s, "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200}, // a link
		{s, "GET", "/healthz", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, 200},
		{s, "GET", "/", nil, 200},
		{api, "GET", "/", nil, 404},
		{api, "GET", "/index.html", nil, 404},
		{api, "GET", "/metrics", nil, 200},
	} {
		a := test.server.ask(t, test.method, test.path, test.headers...)
		name := fmt.Sprintf("%s %.40s %.60q", test.method, test.path, test.headers)
		if a.StatusCode != test.want {
			t.Errorf("%s: %s, want %d", name, a.Status, test.want)
		}
		if a.Header.Get("Location") != "" || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %s", name, a.Header)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %s", name, a.Header)
		}
		if a.StatusCode >= 400 {
			var said struct{ Err string }
			if err := json.Unmarshal([]byte(a.body), &said); err != nil || said.Err == "" || a.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %s %s", name, a.Header.Get("Content-Type"), a.body)
			}
		}
		if a.StatusCode == 405 && a.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow: %s", name, a.Header.Get("Allow"))
		}
	}
}

func TestHead(t *testing.T) {
	s := serve(t, newWorld(), page)
	for path, want := range map[string]int{"/": 200, "/api/events": 200, "/api/status": 200, "/metrics": 200, "/api/reading": 503} {
		if a := s.ask(t, http.MethodHead, path); a.StatusCode != want || a.body != "" || a.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %s %s %q", path, a.Status, a.Header, a.body)
		}
	}
}

// What no HTTP client sends. The server lives, and says it is a bad request.
func TestGarbage(t *testing.T) {
	s := serve(t, newWorld(), page)
	for _, garbage := range []string{
		"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
		strings.Repeat("A", 100<<10), "GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"/ISK5\\2M550E-1012\r\n\r\n1-3:0.2.8(50)\r\n!0000\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(late))
		_, _ = io.WriteString(conn, garbage) // the server may hang up meanwhile
		_ = conn.(*net.TCPConn).CloseWrite()
		if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			if answer.StatusCode < 400 {
				t.Errorf("%.30q: %s", garbage, answer.Status)
			}
			answer.Body.Close()
		}
		conn.Close()
	}
	if a := s.get(t, "/healthz"); a.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %s", a.Status)
	}
}

// A meter's text is text: in JSON, and never as a page.
func TestScriptInTheMetersText(t *testing.T) {
	w := newWorld()
	s := serve(t, w, page)
	const script = `<script>alert("meter")</script>`
	w.text = script
	w.publish(t, time.Now(), "0-0:96.13.0("+fmt.Sprintf("%X", script)+")")
	a := s.get(t, "/api/reading")
	var reading struct{ TextMessage string }
	if err := json.Unmarshal([]byte(a.body), &reading); err != nil || reading.TextMessage != script {
		t.Errorf("%v %q", err, reading.TextMessage)
	}
	if event := s.listen(t).next("reading"); event.data != a.body {
		t.Errorf("event %q, want %q", event.data, a.body)
	}
	for path, kind := range map[string]string{"/api/reading": "application/json", "/api/telegram": "text/plain; charset=iso-8859-1", "/api/events": "text/event-stream"} {
		a := s.ask(t, http.MethodHead, path)
		if a.Header.Get("Content-Type") != kind || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s", path, a.Header)
		}
	}
}

// A web site whose name leads to this machine reads nothing; those who ask by
// an address, a local name or a name that is listed do.
func TestForeignNames(t *testing.T) {
	names := []string{"meter.example.org", "other.example.org"}
	servers := map[string]*served{
		"page": serve(t, newWorld(), web.Options{Page: true, Hosts: names}), "api": serve(t, newWorld(), web.Options{Hosts: names}),
	}
	for host, want := range map[string]int{
		"127.0.0.1": 200, "192.168.1.5:8080": 200, "[::1]:8080": 200, "[fd00::5]": 200, "localhost:8080": 200, "smartmeter": 200,
		"homeassistant.local:8080": 200, "HomeAssistant.Local.": 200, "ha.lan": 200, "ha.home": 200, "ha.home.arpa": 200, "ha.internal": 200,
		"meter.example.org:8080": 200, "METER.example.org": 200, "other.example.org": 200,
		"evil.example": 403, "evil.example:8080": 403, "meter.example.org.evil.example": 403, "xmeter.example.org": 403, "local.evil.example": 403,
		"127.0.0.1.evil.example": 403, "evillocal.example": 403, "1.2.3": 403,
	} {
		for name, s := range servers {
			for _, path := range []string{"/api/status", "/api/telegram", "/api/events", "/metrics", "/"} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Host = host
				answer, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if refused := answer.StatusCode == http.StatusForbidden; refused != (want == http.StatusForbidden) {
					t.Errorf("%s%s asked as %s: %s, want %d", name, path, host, answer.Status, want)
				}
			}
		}
	}
	ingress := serve(t, newWorld(), web.Options{Page: true, Ingress: true})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ingress.url+"/api/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "home.example.org" // by which its owner calls Home Assistant
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("through Home Assistant: %s", answer.Status)
	}
}

// Under Home Assistant the page is for its Supervisor and for this machine.
func TestIngress(t *testing.T) {
	s := serve(t, newWorld(), web.Options{Page: true, Ingress: true})
	if a := s.get(t, "/", "X-Ingress-Path", "/api/hassio_ingress/x"); a.StatusCode != http.StatusOK {
		t.Errorf("from loopback: %s", a.Status)
	}
	policy := s.get(t, "/").Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors 'self'") || s.get(t, "/").Header.Get("X-Frame-Options") != "" {
		t.Errorf("Home Assistant cannot frame the page: %s", policy)
	}
}
