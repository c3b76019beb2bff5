package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func signed(body string) string {
	return fmt.Sprintf("%s!%04X\r\n", body, frame.Checksum([]byte(body+"!")))
}

// TestSeed is the user's own document: its raw sample goes in, comes out of
// the raw socket byte for byte, and as a JSON line with every field of its
// JSON sample that the telegram has.
func TestSeed(t *testing.T) {
	meter := newLine(t)
	p := start(t, meter.variable())
	raw, lines := p.dial("raw"), p.dial("json")
	conn := meter.accept()
	sample := seed(t)
	// The clients must be known before the bytes come.
	waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
	write(t, conn, sample)
	if got := raw.bytes(len(sample)); got != sample {
		t.Errorf("raw socket: %s", cmp.Diff(sample, got))
	}
	line := lines.line()
	if !strings.HasSuffix(line, "}\r\n") {
		t.Errorf("the line ends in %q, want }\\r\\n", line[len(line)-3:])
	}
	got, want := map[string]any{}, map[string]any{}
	sampleJSON := `{"header":"KFM5KAIFA-METER","p1Version":"42","powerTs":"2019-05-14T21:36:20","powerSn":"453xxxxxxxxxx",
		"totalT1Use":2000.123,"totalT2Use":1000.456,"totalT1Delivered":1000.456,"totalT2Delivered":2000.789,"currentTarrif":1,
		"currentUsage":0.329,"currentDelivery":0,"powerFailures":0,"longPowerFailures":0,"voltageSagsL1":0,"voltageSwellsL1":0,
		"currentL1":2,"currentUsageL1":0.329,"currentDeliveryL1":0,"deviceType":"003","gasSn":"473xxx",
		"gas":{"ts":"2019-05-14T21:00:00","totalUse":1543.012},"calculatedUsage":329}`
	for text, into := range map[string]*map[string]any{line: &got, sampleJSON: &want} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waiting in vain for %s", what)
		}
	}
}

// telegrams are the plain telegrams of testdata, with the lines that the JSON
// socket must send for them.
func telegrams(t *testing.T) (stream []byte, lines []string) {
	t.Helper()
	files, err := filepath.Glob("../dsmr/testdata/telegrams/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, data...)
		stream = append(stream, "\r\n"...)
	}
	s, parser, deriver := frame.NewScanner(bytes.NewReader(stream)), new(dsmr.Parser), &derive.Deriver{Zone: time.Local}
	home := household.Household{Zone: time.Local}
	for s.Scan() {
		if s.Frame().Kind != frame.Text {
			continue
		}
		r, err := parser.Parse(s.Frame().Telegram, time.Now())
		if err != nil {
			continue
		}
		home.Identify(r)
		deriver.Apply(r)
		lines = append(lines, string(r.AppendJSON(nil, time.Local))+"\r\n")
	}
	return stream, lines
}

// TestEveryTelegram feeds all plain telegrams through both kinds of source.
func TestEveryTelegram(t *testing.T) {
	stream, want := telegrams(t)
	check := func(t *testing.T, p *program, feed func([]byte)) {
		raw, lines := p.dial("raw"), p.dial("json")
		waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
		for piece := range slices.Chunk(stream, 700) {
			feed(piece)
		}
		if got := raw.bytes(len(stream)); got != string(stream) {
			t.Error("the raw socket's bytes are not the meter's")
		}
		for i, want := range want {
			if diff := cmp.Diff(want, lines.line()); diff != "" {
				t.Fatalf("line %d: (-want +got)\n%s", i, diff)
			}
		}
	}
	t.Run("network", func(t *testing.T) {
		meter := newLine(t)
		p := start(t, meter.variable())
		conn := meter.accept()
		check(t, p, func(b []byte) { write(t, conn, string(b)) })
	})
	t.Run("serial", func(t *testing.T) {
		master, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer master.Close()
		defer tty.Close()
		p := start(t, "PORT="+tty.Name())
		waitFor(t, "the open port", func() bool { return p.log.Count("line to the meter is open") == 1 })
		check(t, p, func(b []byte) { write(t, master, string(b)) })
	})
}

// TestBadInput: nothing is invented, nothing is lost but what was damaged.
func TestBadInput(t *testing.T) {
	meter := newLine(t)
	p := start(t, meter.variable())
	lines := p.dial("json")
	waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
	conn := meter.accept()
	good := func(n int) { write(t, conn, numbered(n)) }
	good(1)
	write(t, conn, string(simulate.Noise(1, 40000)))                          // garbage
	write(t, conn, "\r\n"+numbered(666)[:40])                                 // half a telegram
	good(2)                                                                   // behind it
	write(t, conn, "/endless\r\n"+strings.Repeat("1-0:1.7.0(x)\r\n", 100000)) // a telegram without end
	good(3)
	for n := range 8 * len(numbered(666)) { // every single bit flipped
		if n%97 == 0 {
			write(t, conn, string(simulate.FlipBit([]byte(numbered(666)), n)))
		}
	}
	good(4)
	for _, b := range []byte(numbered(5)) { // bytes one by one
		write(t, conn, string(b))
	}
	write(t, conn, numbered(6)+numbered(7)) // two in one
	for want := 1; want <= 7; want++ {
		var got struct{ CalculatedUsage json.Number }
		line := lines.line()
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got.CalculatedUsage.String() != fmt.Sprint(want) {
			t.Fatalf("got %s W, want %d: %s", got.CalculatedUsage, want, line)
		}
	}
}

// TestSourceCut: connected goes 2, 1, 2, and the readings go on.
func TestSourceCut(t *testing.T) {
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	p := start(t, meter.variable(), b.variable())
	conn := meter.accept()
	b.wait("smartmeter/connected", "1")
	write(t, conn, numbered(1))
	b.wait("smartmeter/status/energy", `"calculatedUsage":1`)
	b.wait("smartmeter/connected", "2")
	b.wait("smartmeter/p1/availability", "online")
	conn.Close()
	b.wait("smartmeter/p1/availability", "offline")
	b.wait("smartmeter/connected", "1")
	write(t, meter.accept(), numbered(2))
	b.wait("smartmeter/connected", "2")
	b.wait("smartmeter/p1/availability", "online")
	if lost, back := p.log.Count("level=WARN", "no data from the meter"), p.log.Count("level=INFO", "telegrams arrive", "away"); lost != 1 || back != 1 {
		t.Errorf("%d lines at loss and %d at return, want one each", lost, back)
	}
	p.stop()
	b.wait("smartmeter/connected", "0")
}

// TestBrokerRestart: discovery and states come back by themselves.
func TestBrokerRestart(t *testing.T) {
	meter, first := newLine(t), newBroker(t, testkit.Addr(t))
	start(t, meter.variable(), first.variable(), "MQTT_INTERVAL=0")
	conn := meter.accept()
	write(t, conn, numbered(1))
	first.wait("smartmeter/p1/state", `"power_net":1`)
	first.close()
	second := newBroker(t, first.addr)
	write(t, conn, numbered(2))
	second.wait("homeassistant/device/smartmeter_p1/config", "power_net")
	second.wait("smartmeter/p1/state", `"power_net":2`)
	second.wait("smartmeter/connected", "2")
	second.wait("smartmeter/p1/availability", "online")
}

// TestDiscoveryIsRemembered: after a restart the entities are announced before
// the first telegram, and offline until then.
func TestDiscoveryIsRemembered(t *testing.T) {
	meter, data := newLine(t), "DATA="+t.TempDir()
	first := newBroker(t, testkit.Addr(t))
	p := start(t, meter.variable(), first.variable(), data)
	write(t, meter.accept(), numbered(1))
	first.wait("homeassistant/device/smartmeter_p1/config", "power_net")
	p.stop()
	second := newBroker(t, testkit.Addr(t))
	start(t, meter.variable(), second.variable(), data)
	second.wait("homeassistant/device/smartmeter_p1/config", "power_net")
	second.wait("smartmeter/p1/availability", "offline")
	write(t, meter.accept(), numbered(2))
	second.wait("smartmeter/p1/availability", "online")
}

// TestNothingIsSet: the program says so, names what there is, and waits with
// its outputs open.
func TestNothingIsSet(t *testing.T) {
	b := newBroker(t, testkit.Addr(t))
	p := start(t, b.variable())
	b.wait("smartmeter/connected", "1")
	p.dial("json")
	waitFor(t, "a line that says what is missing", func() bool {
		return p.log.Count("no source is set", "SMARTMETER_PORT", "SMARTMETER_SOCKET") == 1
	})
}

func TestHealth(t *testing.T) {
	p := start(t)
	if got := p.get("healthz"); got != "alive\n" {
		t.Errorf("got %q", got)
	}
	// A web site whose name leads here now must not read the line.
	for host, want := range map[string]int{
		"site.example": http.StatusForbidden, "site.example:8098": http.StatusForbidden, "localhost:8098": http.StatusOK,
		"127.0.0.1:8098": http.StatusOK, "[::1]:8098": http.StatusOK, "smartmeter": http.StatusOK,
	} {
		request, err := http.NewRequest(http.MethodGet, "http://"+p.address("health")+"/capture?redact=no", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("asked as %s: %d, want %d", host, answer.StatusCode, want)
		}
	}
}
