package shelly

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// open runs a house without batteries and returns once HTTP is open.
func open(t testing.TB) *house {
	t.Helper()
	opened := make(chan string, 1)
	h := newHouse(t, Options{HTTP: emulate.HTTP{Address: testkit.Addr(t), OnListen: func(a net.Addr) { opened <- a.String() }}})
	h.start(t, func(ctx context.Context) error { return h.meter.Run(ctx, h.serveHTTP) })
	h.addr = <-opened
	return h
}

func (h *house) do(t testing.TB, method, path, host, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "tester")
	r.Host = host
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

// TestHTTP: all ways to ask, before and after the first reading.
func TestHTTP(t *testing.T) {
	h := open(t)
	const id = `"id":"shellypro3em-02abcdef0123"`
	tests := []struct {
		method, path, host, body string
		before, after            int
		want                     string // after
	}{
		{"GET", "/shelly", "", "", 200, 200, id},
		{"GET", "/rpc/Shelly.GetDeviceInfo", "", "", 200, 200, id},
		{"GET", "/rpc/EM.GetStatus?id=0", "", "", 503, 200, `"total_act_power":-1500.0`},
		{"POST", "/rpc/EM.GetStatus", "", `{"id":0}`, 503, 200, `"total_act_power":-1500.0`},
		{"POST", "/rpc/Cloud.SetConfig", "", `{"config":{"enable":false}}`, 200, 200, `{"restart_required":false}`},
		{"POST", "/rpc/Shelly.Reboot", "", "", 200, 200, `null`},
		{"POST", "/rpc", "", `{"id":5,"src":"me","method":"EM.GetStatus","params":{"id":0}}`, 503, 200, `{"id":5,"src":"shellypro3em-02abcdef0123","dst":"me","result":{`},
		{"POST", "/rpc", "", `{"id":5,"method":"Shelly.Reboot"}`, 200, 200, `{"id":5,"src":"shellypro3em-02abcdef0123","result":null}`},
		{"POST", "/rpc", "", `{"id":5,"method":"X.Y"}`, 200, 200, `"error":{"code":404,"message":"No handler for X.Y"}}`},
		{"GET", "/rpc/EM.GetStatus", "", "", 500, 500, `{"code":-103,"message":"Missing required argument 'id'!"}`},
		{"GET", "/rpc/X.Y", "", "", 404, 404, `{"code":404,"message":"No handler for X.Y"}`},
		{"POST", "/rpc", "", `{`, 400, 400, `{"code":-103,"message":"no JSON-RPC: unexpected end of JSON input"}`},
		{"POST", "/rpc", "", strings.Repeat("x", mostBody+1), 413, 413, `-103`},
		{"POST", "/rpc/EM.GetStatus", "", `[0]`, 400, 400, `-103`},
		{"GET", "/rpc", "", "", 404, 404, ""},
		{"GET", "/", "", "", 404, 404, ""},
		{"DELETE", "/rpc", "", "", 405, 405, ""},
		{"GET", "/shelly", "homeassistant.local:81", "", 200, 200, id},
		{"GET", "/shelly", "evil.example", "", 403, 403, "not known"},
	}
	for _, test := range tests {
		if status, got := h.do(t, test.method, test.path, test.host, test.body); status != test.before {
			t.Errorf("before: %s %s %.50s: %d %s, want %d", test.method, test.path, test.body, status, got, test.before)
		}
	}
	h.tell(t, values{meter.PowerNet: "-1500"})
	for _, test := range tests {
		if status, got := h.do(t, test.method, test.path, test.host, test.body); status != test.after || !strings.Contains(got, test.want) {
			t.Errorf("after: %s %s %.50s: %d %s, want %d %s", test.method, test.path, test.body, status, got, test.after, test.want)
		}
	}
	clients := h.meter.Status(time.Now()).Clients
	if len(clients) != 1 || !strings.HasSuffix(clients[0].Client, " (tester)") || clients[0].Count == 0 || clients[0].Refused == 0 {
		t.Errorf("book: %+v", clients)
	}
}

// TestSlowClients: whoever opens connections and says nothing has no more than
// its share, and others are answered.
func TestSlowClients(t *testing.T) {
	h := open(t)
	host, _, _ := net.SplitHostPort(h.addr)
	for range 80 {
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}).Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "POST /rpc HTTP/1.1\r\nHost: "+host+"\r\nContent-Len"); err != nil && !errors.Is(err, net.ErrClosed) {
			continue // it was refused
		}
	}
	if status, _ := h.do(t, "GET", "/shelly", "", ""); status != 200 {
		t.Errorf("another client: %d", status)
	}
	if used := h.clients(); used > 32 {
		t.Errorf("%d connections", used)
	}
}

// socket opens a web socket.
func (h *house) socket(t testing.TB) *websocket.Conn {
	t.Helper()
	conn, answer, err := websocket.DefaultDialer.Dial("ws://"+h.addr+"/rpc", nil)
	if err != nil {
		t.Fatal(err, answer)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// frame is what a web socket gets.
type frame struct {
	ID     *int
	Dst    string
	Method string
	Error  *rpcError
	Result map[string]json.RawMessage
	Params map[string]json.RawMessage
}

func receive(t testing.TB, conn *websocket.Conn) (f frame) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := conn.ReadJSON(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func send(t testing.TB, conn *websocket.Conn, text string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// TestWebSocket: calls are answered, and from the first one on each reading is
// sent once.
func TestWebSocket(t *testing.T) {
	h := open(t)
	conn, silent := h.socket(t), h.socket(t)
	send(t, conn, `{"id":1,"src":"me","method":"Shelly.GetStatus"}`)
	if f := receive(t, conn); *f.ID != 1 || f.Error != nil || !strings.Contains(string(f.Result["em:0"]), "power_meter_failure") {
		t.Errorf("before the first reading: %+v", f)
	}
	for n := range 5 {
		h.tell(t, values{meter.PowerNet: fmt.Sprint(n), meter.EnergyImportTotal: "7"})
		f := receive(t, conn)
		if want := fmt.Sprintf(`"total_act_power":%d.0,`, n); f.Method != "NotifyStatus" || f.Dst != "me" || !strings.Contains(string(f.Params["em:0"]), want) {
			t.Errorf("reading %d: %+v", n, f)
		}
		if _, ok := f.Params["emdata:0"]; ok != (n == 0) {
			t.Errorf("reading %d: %+v", n, f)
		}
	}
	send(t, conn, `{"src":"me","method":"Shelly.Reboot"}`) // wants no answer
	send(t, conn, `hello`)
	if f := receive(t, conn); f.ID != nil || f.Error == nil || f.Error.Code != codeInvalidArgument {
		t.Errorf("no JSON: %+v", f)
	}
	send(t, conn, `{"id":2,"method":"EM.GetStatus","params":{"id":3}}`)
	if f := receive(t, conn); *f.ID != 2 || f.Error == nil || f.Error.Code != codeNotFound {
		t.Errorf("no such component: %+v", f)
	}
	if err := silent.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, text, err := silent.ReadMessage(); err == nil {
		t.Errorf("who asked nothing was told %s", text)
	}
	send(t, conn, strings.Repeat("x", mostBody+1))
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("a message that is too long is taken")
	}
	await(t, "end of the web socket", func() bool { return h.clients() <= 1 })
}

// TestForeignPage: a page of another site opens no web socket.
func TestForeignPage(t *testing.T) {
	h := open(t)
	_, answer, err := websocket.DefaultDialer.Dial("ws://"+h.addr+"/rpc", http.Header{"Origin": {"http://evil.example"}})
	if err == nil || answer == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("%v, %v", answer, err)
	}
}

// TestHalfOpen: a web socket whose other end vanished costs a slot for a while,
// and its unread notifications nobody's time.
func TestHalfOpen(t *testing.T) {
	h := open(t)
	for range 10 {
		conn := h.socket(t)
		send(t, conn, `{"id":1,"src":"me","method":"Shelly.GetDeviceInfo"}`) // and reads nothing
	}
	other := h.socket(t)
	send(t, other, `{"id":1,"src":"me","method":"Shelly.GetDeviceInfo"}`)
	if f := receive(t, other); *f.ID != 1 {
		t.Errorf("%+v", f)
	}
	await(t, "first notification", func() bool {
		h.tell(t, values{meter.PowerNet: "1"})
		return receive(t, other).Method == "NotifyStatus"
	})
	for n := range 200 {
		h.tell(t, values{meter.PowerNet: fmt.Sprint(n)})
		for want := fmt.Sprintf(`"total_act_power":%d.0,`, n); !strings.Contains(string(receive(t, other).Params["em:0"]), want); {
		}
	}
}

// TestStop: the end closes web sockets and requests under way.
func TestStop(t *testing.T) {
	opened := make(chan string, 1)
	h := newHouse(t, Options{HTTP: emulate.HTTP{Address: testkit.Addr(t), OnListen: func(a net.Addr) { opened <- a.String() }}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.meter.Run(ctx, h.serveHTTP) }()
	h.addr = <-opened
	asked, silent := h.socket(t), h.socket(t)
	send(t, asked, `{"id":1,"src":"me","method":"Shelly.GetDeviceInfo"}`)
	receive(t, asked)
	half, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := bufio.NewWriter(half).WriteString("GET /she"); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
	for _, conn := range []*websocket.Conn{asked, silent} {
		if _, _, err := conn.ReadMessage(); err == nil {
			t.Error("a web socket is open")
		}
	}
	if used := h.clients(); used != 0 {
		t.Errorf("%d connections are open", used)
	}
}
