package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// healthy is a meter whose line is well, beside one that is in trouble.
type healthy struct {
	t         *testing.T
	line      net.Conn
	json, raw *client
	sent      int
}

// hears connects to both sockets of the meter in that slot.
func hears(p *program, slot string, line net.Conn) *healthy {
	p.t.Helper()
	connected := p.log.Count("client connected")
	h := &healthy{t: p.t, line: line, json: p.dial("json " + slot), raw: p.dial("raw " + slot)}
	waitFor(p.t, "the healthy meter's clients", func() bool { return p.log.Count("client connected") >= connected+2 })
	return h
}

// during sends telegrams while something happens, and some more, and fails
// unless each arrives on both sockets, in order.
func (h *healthy) during(happens func()) {
	h.t.Helper()
	stop, stopped := make(chan struct{}), make(chan error, 1)
	first := h.sent
	go func() {
		const least = 50
		for n := first; ; n++ {
			select {
			case <-stop:
				if n-first >= least {
					h.sent = n
					stopped <- nil
					return
				}
			default:
			}
			if _, err := io.WriteString(h.line, numbered(n%1000)); err != nil {
				stopped <- err
				return
			}
			time.Sleep(5 * time.Millisecond) // as a meter has a rhythm; no test depends on how fast it is
		}
	}()
	happens()
	close(stop)
	if err := <-stopped; err != nil {
		h.t.Fatalf("the healthy meter's line: %v", err)
	}
	for n := first; n < h.sent; n++ {
		if got, want := h.json.line(), fmt.Sprintf(`"calculatedUsage":%d}`, n%1000); !strings.Contains(got, want) {
			h.t.Fatalf("the healthy meter's telegram %d: got %q, want %q", n, got, want)
		}
		if text := numbered(n % 1000); h.raw.bytes(len(text)) != text {
			h.t.Fatalf("the healthy meter's telegram %d is not what it sent", n)
		}
	}
}

// TestFaultBeside: whatever is the matter with one meter's line, the one beside
// it misses no telegram, and the other one's comes back by itself.
func TestFaultBeside(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		more  []string
		fault func(t *testing.T, p *program, r *reader, conn net.Conn) (back net.Conn) // nil: the line is never well
	}{
		{name: "hangs up again and again", fault: func(t *testing.T, _ *program, r *reader, conn net.Conn) net.Conn {
			for range 3 {
				write(t, conn, numbered(1)[:30])
				conn.Close()
				conn = r.accept()
			}
			return conn
		}},
		{name: "resets and refuses", fault: func(t *testing.T, p *program, r *reader, conn net.Conn) net.Conn {
			r.off()
			cutOff(t, conn)
			waitFor(t, "attempts", func() bool { return p.log.Count("connection refused") >= 2 })
			r.on()
			return r.accept()
		}},
		{name: "half open and silent", fault: func(_ *testing.T, _ *program, r *reader, _ net.Conn) net.Conn {
			return r.accept() // it is opened again after its patience
		}},
		{name: "noise", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			for n := range 200 {
				write(t, conn, string(simulate.Noise(uint64(n), 4000)))
			}
			waitFor(t, "the noise", func() bool { return p.stands("p1").Counters.Bytes >= 200*4000 })
			return conn
		}},
		{name: "a telegram without end", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			write(t, conn, "/KFM5TEST\r\n\r\n")
			for range 3000 {
				write(t, conn, "1-0:1.7.0(00.001*kW)\r\n")
			}
			waitFor(t, "the end", func() bool { return p.stands("p1").Counters.Bytes >= 3000*22 })
			return conn
		}},
		{name: "wrong checksums", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			for range 100 {
				write(t, conn, strings.Replace(numbered(1), "KFM5TEST", "KFM5TOST", 1))
			}
			waitFor(t, "the telegrams", func() bool { c := p.stands("p1").Counters; return c.Bad() >= 100 })
			return conn
		}},
		{name: "a burst of a thousand", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			write(t, conn, strings.Repeat(numbered(1), 1000))
			waitFor(t, "the burst", func() bool { return p.stands("p1").Counters.Telegrams >= 1000 })
			return conn
		}},
		{name: "encrypted, and no key", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			_, frames := luxembourg(t, 20)
			write(t, conn, strings.Join(frames, ""))
			waitFor(t, "the frames", func() bool { c := p.stands("p1").Counters; return c.Bad() >= 20 })
			return nil
		}},
		{name: "clients that flood and never read", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			for _, socket := range []string{"json", "raw"} {
				deaf := p.dial(socket).conn.(*net.TCPConn)
				if err := deaf.SetReadBuffer(4096); err != nil {
					t.Fatal(err)
				}
				for range 20 {
					if _, err := deaf.Write(make([]byte, 4096)); err != nil {
						break // it was told to go
					}
				}
			}
			write(t, conn, strings.Repeat(numbered(1), 5000))
			waitFor(t, "the readings", func() bool { return p.stands("p1").Counters.Telegrams >= 5000 })
			return conn
		}},
		{name: "its data folder cannot be written", fault: func(t *testing.T, p *program, _ *reader, conn net.Conn) net.Conn {
			waitFor(t, "a file in its place", func() bool { // the program may make the folder again meanwhile
				return os.RemoveAll(p.data) == nil && os.WriteFile(p.data, nil, 0o600) == nil
			})
			write(t, conn, numbered(1))
			return conn
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ill, well := newReader(t, testkit.Addr(t)), newLine(t)
			p := start(t, append(append(test.more, ill.variable()), further(0, "night", well.listener.Addr().String())...)...)
			conn, beside := ill.accept(), hears(p, "night", well.accept())
			var back net.Conn
			beside.during(func() { back = test.fault(t, p, ill, conn) })
			if back == nil {
				return
			}
			telegrams := p.stands("p1").Counters.Telegrams
			beside.during(func() {
				write(t, back, "\r\n!\r\n"+numbered(7)+numbered(8)) // behind what was cut off
				waitFor(t, "the line that is well again", func() bool { return p.stands("p1").Counters.Telegrams > telegrams })
			})
			if l := p.stands("night"); l.Counters.Bad() > 0 || l.Source.Reconnects > 0 || l.Source.State != status.Alive {
				t.Errorf("the healthy meter stands as %+v", l)
			}
		})
	}
}

// TestFaultCableBeside: a cable that is pulled, beside one that is not.
func TestFaultCableBeside(t *testing.T) {
	t.Parallel()
	c, well := newCable(t), newLine(t)
	p := start(t, append(further(0, "night", well.listener.Addr().String()), "PORT="+c.link, "SERIAL_MODE=115200 8N1")...)
	beside := hears(p, "night", well.accept())
	waitFor(t, "the open port", func() bool { return p.stands("p1").Source.State == status.Opened })
	beside.during(func() {
		c.pull()
		waitFor(t, "the loss", func() bool { return p.stands("p1").Source.State == status.Lost })
		c.plug()
		waitFor(t, "the open port", func() bool { return p.stands("p1").Source.State == status.Opened })
	})
	write(t, c.meter, numbered(5))
	waitFor(t, "the reading", func() bool { return p.stands("p1").Counters.Telegrams == 1 })
}

// TestFaultPortOfOneTaken: the port of one meter's socket is taken, which is
// that socket's business.
func TestFaultPortOfOneTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first, well := newLine(t), newLine(t)
	p := start(t, append(further(0, "night", well.listener.Addr().String()), first.variable(), "TCP_SERVER="+taken.Addr().String())...)
	waitFor(t, "a line about the port", func() bool { return p.log.Count("level=ERROR", "is taken by another program") == 1 })
	conn := well.accept()
	first.accept()
	connected := p.log.Count("client connected")
	raw := p.dial("raw night")
	waitFor(t, "the client", func() bool { return p.log.Count("client connected") > connected })
	write(t, conn, numbered(3))
	if got := raw.bytes(len(numbered(3))); got != numbered(3) {
		t.Errorf("got %q", got)
	}
}

// TestMetersOfTwoCountries: a Belgian meter beside an encrypted one of
// Luxembourg, whose tariffs have numbers only: each is read as its own country
// has it, and what they say together has no tariffs.
func TestMetersOfTwoCountries(t *testing.T) {
	belgian, encrypted := newLine(t), newLine(t)
	p := start(t, append(further(0, "lux", encrypted.listener.Addr().String(), "ENC_KEY="+key), belgian.variable(), "API_SERVER=127.0.0.1:0")...)
	a, b := belgian.accept(), encrypted.accept()
	_, frames := luxembourg(t, 4)
	begin := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	house := simulate.New(simulate.Options{Standard: simulate.EMUCS17, Seed: 3, Start: begin})
	for n, frame := range frames {
		write(t, a, string(house.Telegram(begin.Add(time.Duration(n)*10*time.Second))))
		waitFor(t, "the Belgian reading", func() bool { return p.stands("p1").Counters.Telegrams == uint64(n+1) })
		write(t, b, frame)
		waitFor(t, "the reading of Luxembourg", func() bool { return p.stands("lux").Counters.Telegrams == uint64(n+1) })
	}
	read := func(slot string) (r map[string]any) {
		t.Helper()
		var code int
		var body string
		waitFor(t, "the reading of "+slot, func() bool {
			code, body = p.ask("api", "api/reading?meter="+slot)
			return code == http.StatusOK
		})
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	first, second, sum := read("p1"), read("lux"), read("sum")
	if first["averageDemand"] == nil || second["averageDemand"] != nil || first["totalT1Use"] == nil || second["header"] == first["header"] {
		t.Errorf("the readings are %v and %v", first, second)
	}
	if sum["totalUse"] == nil || sum["totalT1Use"] != nil || sum["powerSn"] != nil || sum["crc"] != nil {
		t.Errorf("the sum is %v", sum)
	}
	if tariffs := p.stands("p1").Meter.Tariffs; len(tariffs) != 2 || p.stands("lux").Meter.Tariffs != nil {
		t.Errorf("tariffs are %v and %v", tariffs, p.stands("lux").Meter.Tariffs)
	}
	if p.log.Count(key)+p.log.Count(strings.ToUpper(key)) > 0 {
		t.Error("the key is in the log")
	}
}
