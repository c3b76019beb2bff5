package app_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestStall: a broker, a database, a web hook and an inverter that hang, clients
// that never read, pages among them, and one that floods change nothing for the
// others: every reading arrives, in order.
func TestStall(t *testing.T) {
	hanging, err := net.Listen("tcp", testkit.Addr(t)) // accepts by the backlog and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	meter := newLine(t)
	addr := hanging.Addr().String()
	p := start(t, meter.variable(), "MQTT_URL=mqtt://"+addr, "WEB_SERVER=127.0.0.1:0", "SUNSPEC_MODBUS="+addr, "SUNSPEC_INTERVAL=1", "POST_URL=http://"+addr+"/hook", "POST_INTERVAL=1",
		"INFLUX_URL=http://"+addr, "INFLUX_TOKEN=t", "INFLUX_ORG=o", "INFLUX_BUCKET=b")
	for _, name := range []string{"json", "raw"} { // never read
		conn := p.dial(name).conn
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"events", "status", "history"} {
		conn := p.dial("page").conn
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "GET /api/%s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
	}
	flood := p.dial("json").conn
	go func() {
		rubbish := []byte(strings.Repeat("x", 4096))
		for {
			if _, err := flood.Write(rubbish); err != nil {
				return
			}
		}
	}()
	lines, raw := p.dial("json"), p.dial("raw")
	waitFor(t, "all clients", func() bool { return p.log.Count("client connected") == 5 })
	conn := meter.accept()
	const n = 5000
	go func() {
		for i := range n {
			if _, err := fmt.Fprint(conn, numbered(i)); err != nil {
				return
			}
		}
	}()
	rawEnd := make(chan string, 1)
	go func() { rawEnd <- raw.bytes(n * len(numbered(1))) }()
	for i := range n {
		if line := lines.line(); !strings.Contains(line, fmt.Sprintf(`"calculatedUsage":%d}`, i)) {
			t.Fatalf("reading %d: got %s", i, line)
		}
	}
	if got := <-rawEnd; !strings.HasSuffix(got, numbered(n-1)) {
		t.Errorf("the raw socket's last telegram is %q", got[len(got)-80:])
	}
}

// TestBurst: a thousand telegrams at once, as a network reader delivers them
// after a stall of a quarter of an hour, and who reads loses none.
func TestBurst(t *testing.T) {
	_, w := crowd(t)
	w.chunk(1_000, func(n int) string { // as long as a real one
		return signed(fmt.Sprintf("/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n0-0:96.13.0(%s)\r\n1-0:1.7.0(%06.3f*kW)\r\n", strings.Repeat("4D", 400), float64(n)/1000))
	}, ",")
	w.reading()
}
