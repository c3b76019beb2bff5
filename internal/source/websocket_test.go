package source_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

var (
	noLimit = time.Now().Add(time.Hour)
	past    = time.Unix(1, 0)
)

// way returns the line at an address.
func way(t *testing.T, address string) source.Port {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return source.Way{URL: u, Shown: u.Redacted()}.Port()
}

// serveWebSocket serves each web socket by use, and asks for a login where a
// user is given.
func serveWebSocket(t *testing.T, user string, use func(*websocket.Conn)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != user || user != "" && password != "p@ss" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return // the answer has said it
		}
		defer conn.Close()
		use(conn)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestWebSocket: messages of both kinds are read, and the line comes back.
func TestWebSocket(t *testing.T) {
	var connections atomic.Int64
	end := make(chan struct{})
	address := serveWebSocket(t, "me", func(conn *websocket.Conn) {
		n := connections.Add(1)
		_ = conn.WriteMessage(websocket.TextMessage, []byte("one\n"))
		_ = conn.WriteControl(websocket.PingMessage, []byte("are you there?"), noLimit)
		_ = conn.WriteMessage(websocket.BinaryMessage, []byte("two\nhalf of "))
		_ = conn.WriteMessage(websocket.TextMessage, []byte("three\n"))
		if n == 2 {
			<-end
		}
	})
	s := record(way(t, "ws://me:p%40ss@"+address+"/telegrams?x=1"))
	s.start(t)
	defer close(end)
	s.awaitLine(t, "half of three")
	if e := s.awaitState(t, 3, source.Lost); e.Cause != diagnosis.HungUp {
		t.Errorf("lost because of %v, %s", e.Err, e.Cause)
	}
	s.awaitState(t, 5, source.Alive)
	if text := s.Name(); strings.Contains(text, "p@ss") || strings.Contains(text, "p%40ss") {
		t.Errorf("the line is called %s", text)
	}
}

// TestWebSocketRefused: whatever is at the address, the cause is named.
func TestWebSocketRefused(t *testing.T) {
	status := func(code int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(server.Close)
		return "ws://" + server.Listener.Addr().String()
	}
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	defer html.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // it tells of the refusals
	secure.StartTLS()
	defer secure.Close()
	closed := listen(t, "127.0.0.1:0")
	closed.Close()
	for name, tt := range map[string]struct {
		address string
		cause   diagnosis.Cause
		says    string
	}{
		"nothing there":             {status(404), diagnosis.NoWebSocket, "404 Not Found"},
		"a redirect":                {status(301), diagnosis.NoWebSocket, "301"},
		"a login is wanted":         {status(401), diagnosis.LoginRefused, "401"},
		"forbidden":                 {status(403), diagnosis.LoginRefused, "403"},
		"another login":             {"ws://you:geheim@" + serveWebSocket(t, "me", func(*websocket.Conn) {}), diagnosis.LoginRefused, "401"},
		"a page":                    {"ws://" + html.Listener.Addr().String(), diagnosis.NoWebSocket, "200"},
		"the port for TLS":          {"ws://" + secure.Listener.Addr().String(), diagnosis.NoWebSocket, "400"},
		"a certificate of its own":  {"wss://" + secure.Listener.Addr().String(), diagnosis.Certificate, "certificate"},
		"no TLS":                    {"wss://" + html.Listener.Addr().String(), diagnosis.NoWebSocket, "TLS"},
		"nobody listens":            {"ws://" + closed.Addr().String(), diagnosis.Refused, "refused"},
		"a meter's bytes, raw":      {"ws://" + serveBytes(t, "/ISK5\\2M550T-1012\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n"), diagnosis.NoWebSocket, "no answer of a web server"},
		"it hangs up without words": {"ws://" + serveBytes(t, ""), diagnosis.NoWebSocket, "no answer of a web server"},
	} {
		port := way(t, tt.address)
		conn, err := port.Open(t.Context())
		if err == nil {
			conn.Close()
			t.Errorf("%s: the line is open", name)
			continue
		}
		if got := port.Cause(err); got != tt.cause || !strings.Contains(err.Error(), tt.says) || port.Help(err) == "" || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got %s, %v, %q", name, got, err, port.Help(err))
		}
	}
}

// serveBytes answers a request with what is no HTTP.
func serveBytes(t *testing.T, text string) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	ended := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-ended })
	go func() {
		defer close(ended)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, text)
		conn.Close()
	}()
	return l.Addr().String()
}

// TestWebSocketWithoutEnd: a message without end costs no memory, and its cause
// is named.
func TestWebSocketWithoutEnd(t *testing.T) {
	var sent atomic.Int64
	address := serveWebSocket(t, "", func(conn *websocket.Conn) {
		w, err := conn.NextWriter(websocket.TextMessage)
		for err == nil && sent.Load() < 100<<20 {
			var n int
			n, err = io.WriteString(w, strings.Repeat("1-0:1.8.0(1*kWh)\r\n", 1000))
			sent.Add(int64(n))
		}
	})
	port := way(t, "ws://"+address)
	conn, err := port.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(noLimit)
	if _, err = conn.Read(make([]byte, 100)); err == nil || port.Cause(err) != diagnosis.TooLong {
		t.Errorf("got %v", err)
	}
	if got := sent.Load(); got > 32<<20 {
		t.Errorf("%d bytes were taken", got)
	}
}

// TestWebSocketSilent: silence is noticed as on any line.
func TestWebSocketSilent(t *testing.T) {
	end := make(chan struct{})
	address := serveWebSocket(t, "", func(*websocket.Conn) { <-end })
	defer close(end)
	port := way(t, "ws://"+address)
	conn, err := port.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(past)
	if _, err = conn.Read(make([]byte, 100)); err == nil || port.Cause(err) != diagnosis.NoAnswer {
		t.Errorf("got %v", err)
	}
}
