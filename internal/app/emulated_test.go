package app_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// emulates returns the variables of the nth emulated meter.
func emulates(n, kind, meter, port string) []string {
	return []string{"EMULATE_" + n + "_KIND=" + kind, "EMULATE_" + n + "_METER=" + meter, "EMULATE_" + n + "_PORT=" + port}
}

// TestEmulated: each emulated meter tells of its own meter, keeps its identity
// and offset, and is on the board with who asked.
func TestEmulated(t *testing.T) {
	day, night := newLine(t), newLine(t)
	data := t.TempDir()
	variables := append([]string{"SOCKET=" + day.listener.Addr().String(), "API_SERVER=127.0.0.1:0", "DATA=" + data},
		further(0, "night", night.listener.Addr().String())...)
	variables = append(variables, emulates("0", "homewizard", "", "127.0.0.1:0")...)
	variables = append(variables, emulates("1", "ecotracker", "night", "127.0.0.1:0")...)
	variables = append(variables, emulates("2", "homewizard", "sum", "127.0.0.1:0")...)
	p := start(t, variables...)
	ask := func(server, path string) (int, string) {
		t.Helper()
		if p.address(server) == "" {
			p.dial(server) // which waits until it listens
		}
		answer, err := http.Get("http://" + p.address(server) + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	_, identity := ask("homewizard_p1", "api")
	if !strings.Contains(identity, `"product_type":"HWE-P1"`) {
		t.Errorf("identity: %s", identity)
	}
	if code, body := ask("homewizard_p1", "api/v1/data"); code != http.StatusServiceUnavailable {
		t.Errorf("before the first reading: %d %s", code, body)
	}
	dayConn, nightConn := day.accept(), night.accept()
	for _, tt := range []struct{ server, path, want string }{
		{"homewizard_p1", "api/v1/data", `"active_power_w":3,`},
		{"homewizard_p1", "api/v1/telegram", numbered(3)},
		{"ecotracker_night", "v1/json", `"power":300,`},
		{"homewizard_sum", "api/v1/data", `"active_power_w":303,`},
	} {
		waitFor(t, tt.server+" to tell "+tt.want, func() bool {
			write(t, dayConn, numbered(3)) // again and again: the sum needs intervals
			write(t, nightConn, numbered(300))
			code, body := ask(tt.server, tt.path)
			return code == http.StatusOK && strings.Contains(body, tt.want)
		})
	}
	if code, _ := ask("homewizard_sum", "api/v1/telegram"); code != http.StatusServiceUnavailable {
		t.Errorf("the sum's telegram: %d", code)
	}
	list := p.status().Emulated
	if len(list) != 3 || list[0].Name != "homewizard_p1" || list[1].Kind != "ecotracker" || list[2].Meter != "sum" ||
		!list[1].Fresh {
		t.Errorf("on the board: %+v", list)
	}
	if c := list[0].Clients; len(c) != 1 || c[0].Client != "127.0.0.1 (Go-http-client/1.1)" ||
		c[0].Power.String() != "3" || c[0].Count == 0 {
		t.Errorf("the book: %+v", c)
	}
	p.stop()

	p = start(t, variables...)
	if _, body := ask("homewizard_p1", "api"); body != identity {
		t.Errorf("%s became %s", identity, body)
	}
}

// TestEmulatedPortInUse: the port of an emulated meter that somebody else has
// is told, and all else runs.
func TestEmulatedPortInUse(t *testing.T) {
	other, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	meter := newLine(t)
	p := start(t, append(emulates("0", "homewizard", "p1", other.Addr().String()), meter.variable())...)
	json := p.dial("json")
	write(t, meter.accept(), numbered(1))
	if got := json.line(); !strings.Contains(got, `"calculatedUsage":1`) {
		t.Errorf("the socket says %s", got)
	}
	waitFor(t, "the reason in the log", func() bool {
		return p.log.Count("part=homewizard_p1", "is taken by another program", "SMARTMETER_EMULATE_0_PORT") == 1
	})
	other.Close()
	waitFor(t, "the port", func() bool { return p.log.Count("emulated meter is open") == 1 })
}

// TestEmulatedCrowd: hundreds of clients at once, some of which send half a
// question, are answered or told that there are too many, and the meter is read on.
func TestEmulatedCrowd(t *testing.T) {
	meter := newLine(t)
	p := start(t, append(emulates("0", "homewizard", "p1", "127.0.0.1:0"), meter.variable())...)
	json, conn := p.dial("json"), meter.accept()
	write(t, conn, numbered(1))
	json.line()
	p.dial("homewizard_p1")
	address := p.address("homewizard_p1")
	for range 10 {
		half, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		if _, err := io.WriteString(half, "GET /api/v1/data HTTP/1.1\r\nHost: "); err != nil {
			t.Fatal(err)
		}
	}
	var told, refused atomic.Int64
	var crowd sync.WaitGroup
	for range 500 {
		crowd.Go(func() {
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: deadline}
			answer, err := client.Get("http://" + address + "/api/v1/data")
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			switch answer.StatusCode {
			case http.StatusOK:
				told.Add(1)
			case http.StatusServiceUnavailable:
				refused.Add(1)
			}
		})
	}
	write(t, conn, numbered(2))
	if got := json.line(); !strings.Contains(got, `"calculatedUsage":2`) {
		t.Errorf("beside the crowd: %s", got)
	}
	crowd.Wait()
	if told.Load() == 0 || told.Load()+refused.Load() != 500 {
		t.Errorf("%d were told and %d refused, of 500", told.Load(), refused.Load())
	}
}

// TestEmulatedOffset: a number that Home Assistant sets changes what is told from
// then on, also after a restart, and the button takes it back.
func TestEmulatedOffset(t *testing.T) {
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	variables := append(emulates("0", "ecotracker", "p1", "127.0.0.1:0"),
		meter.variable(), b.variable(), "DATA="+t.TempDir())
	const number, button = "smartmeter/p1_bridge/offset_ecotracker_p1", "smartmeter/p1_bridge/reset_offset_ecotracker_p1"
	tells := func(p *program, want string) {
		t.Helper()
		p.dial("ecotracker_p1")
		waitFor(t, "the emulated meter to tell "+want, func() bool {
			answer, err := http.Get("http://" + p.address("ecotracker_p1") + "/v1/json")
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			return err == nil && strings.Contains(string(text), `"power":`+want+",")
		})
	}
	p := start(t, variables...)
	write(t, meter.accept(), numbered(300))
	tells(p, "300")
	b.wait("homeassistant/device/smartmeter_p1_bridge/config", `"command_topic":"`+number+`"`)
	if err := b.server.Publish(number, []byte("-1000"), false, 0); err != nil {
		t.Fatal(err)
	}
	tells(p, "-700")
	b.wait("smartmeter/p1_bridge/state", `"offset_ecotracker_p1":-1000`)
	p.stop()

	p = start(t, variables...)
	write(t, meter.accept(), numbered(200))
	tells(p, "-800")
	b.wait("smartmeter/p1_bridge/state", `"offset_ecotracker_p1":-1000`)
	if err := b.server.Publish(button, []byte("PRESS"), false, 0); err != nil {
		t.Fatal(err)
	}
	tells(p, "200")
}
