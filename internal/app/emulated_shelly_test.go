package app_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestEmulatedShelly: a battery is told each telegram once, in the moment that it
// is whole; others ask over HTTP. What is asked for is written into the book.
func TestEmulatedShelly(t *testing.T) {
	meter := newLine(t)
	host := testkit.Host(t)
	p := start(t, append([]string{meter.variable(), "API_SERVER=127.0.0.1:0"}, emulates("0", "shelly_pro_3em", "", host+":0")...)...)
	json, conn := p.dial("json"), meter.accept()
	waitFor(t, "the ports", func() bool { return p.log.Count("part=shelly_pro_3em_p1", "is open", "address="+host+":2220") == 1 })
	battery, err := net.Dial("udp", host+":2220")
	if err != nil {
		t.Fatal(err)
	}
	defer battery.Close()
	ask := func() {
		t.Helper()
		if _, err := battery.Write([]byte(`{"id":1,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if code, body := p.ask("shelly_pro_3em_p1", "rpc/EM.GetStatus?id=0"); code != 503 || !strings.Contains(body, "-114") {
		t.Errorf("before the first reading: %d %s", code, body)
	}
	// told asks until there is an answer, or for that long.
	told := func(patience time.Duration) string {
		t.Helper()
		answer := make([]byte, 1000)
		for end := time.Now().Add(patience); time.Now().Before(end); {
			ask()
			if err := battery.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if n, err := battery.Read(answer); err == nil {
				return string(answer[:n])
			}
		}
		return ""
	}
	for n := 1; n <= 5; n++ {
		ask() // it waits for the telegram
		write(t, conn, numbered(n))
		json.line()
		if got, want := told(deadline), `"total_act_power":`+strconv.Itoa(n)+".001}}"; !strings.HasSuffix(got, want) {
			t.Errorf("telegram %d: %s", n, got)
		}
	}
	if got := told(100 * time.Millisecond); got != "" {
		t.Errorf("the same reading again: %s", got)
	}
	if code, body := p.ask("shelly_pro_3em_p1", "rpc/EM.GetStatus?id=0"); code != 200 || !strings.Contains(body, `"total_act_power":5.0`) {
		t.Errorf("HTTP: %d %s", code, body)
	}
	clients := p.status().Emulated[0].Clients
	if len(clients) != 2 || clients[1].Client != host+" (hame)" && clients[1].Client != "127.0.0.1 (hame)" || clients[1].Count != 5 {
		t.Errorf("book: %+v", clients)
	}
}
