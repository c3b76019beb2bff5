package shelly

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// wire is a socket of UDP within a bubble of synctest.
type wire struct {
	in     chan datagram
	out    chan datagram
	closed chan struct{}
	once   sync.Once
}

type datagram struct {
	data []byte
	peer net.Addr
}

func newWire() *wire {
	return &wire{in: make(chan datagram, 1000), out: make(chan datagram, 1000), closed: make(chan struct{})}
}

func (w *wire) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case d := <-w.in:
		return copy(p, d.data), d.peer, nil
	case <-w.closed:
		return 0, nil, net.ErrClosed
	}
}

func (w *wire) WriteTo(p []byte, to net.Addr) (int, error) {
	w.out <- datagram{append([]byte(nil), p...), to}
	return len(p), nil
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) LocalAddr() net.Addr              { return battery(0) }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func battery(n int) net.Addr { return &net.UDPAddr{IP: net.IPv4(192, 168, 1, byte(n)), Port: 22222} }

// ask sends a request with that number.
func (w *wire) ask(id int, from net.Addr) {
	w.in <- datagram{fmt.Appendf(nil, `{"id":%d,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`, id), from}
}

// total is what an answer tells.
type total struct {
	ID     int
	Result struct {
		Total float64 `json:"total_act_power"`
	}
}

// answers takes what was answered so far.
func (w *wire) answers(t *testing.T) (list []total) {
	t.Helper()
	synctest.Wait()
	for len(w.out) > 0 {
		var a total
		d := <-w.out
		if err := json.Unmarshal(d.data, &a); err != nil {
			t.Fatalf("%s: %v", d.data, err)
		}
		list = append(list, a)
	}
	return list
}

// inBubble runs a house whose batteries are at the end of a wire.
func inBubble(t *testing.T, test func(*testing.T, *house, *wire)) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t, Options{}), newWire()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- h.meter.Run(ctx, func(ctx context.Context) error {
				if err := h.answerDatagrams(ctx, w); ctx.Err() == nil {
					return err
				}
				return nil
			})
		}()
		test(t, h, w)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestEachReadingOnce: batteries that ask each 0.3 s are told each reading once,
// the moment that it comes, whether the meter speaks each second or each ten.
func TestEachReadingOnce(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 10 * time.Second} {
		t.Run(interval.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house, w *wire) {
				const readings = 20
				start := time.Now()
				go func() {
					for n := range readings {
						h.tell(t, values{meter.PowerNet: fmt.Sprint(n + 1)})
						time.Sleep(interval)
					}
				}()
				time.Sleep(time.Millisecond)
				var told []float64
				for id := 0; time.Since(start) < readings*interval; id++ {
					w.ask(id, battery(7))
					time.Sleep(300 * time.Millisecond)
					for _, a := range w.answers(t) {
						told = append(told, a.Result.Total)
					}
				}
				if len(told) != readings {
					t.Fatalf("%d answers for %d readings: %v", len(told), readings, told)
				}
				for n, power := range told {
					if want := float64(n+1) + 0.001; power != want {
						t.Errorf("answer %d: %v, want %v", n, power, want)
					}
				}
			})
		})
	}
}

// TestWaits: the last request of each battery is answered as soon as there is a
// reading, and those before it never.
func TestWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house, w *wire) {
		h.tell(t, values{meter.PowerNet: "100"})
		w.ask(1, battery(7))
		if got := w.answers(t); len(got) != 1 || got[0].ID != 1 || got[0].Result.Total != 100.001 {
			t.Fatalf("at once: %+v", got)
		}
		time.Sleep(300 * time.Millisecond)
		w.ask(2, battery(7))
		w.ask(3, battery(7))
		w.ask(4, battery(8)) // another one, which gets it at once
		if got := w.answers(t); len(got) != 1 || got[0].ID != 4 {
			t.Fatalf("of the same reading: %+v", got)
		}
		time.Sleep(700 * time.Millisecond)
		h.tell(t, values{meter.PowerNet: "-200"})
		if got := w.answers(t); len(got) != 1 || got[0].ID != 3 || got[0].Result.Total != -199.999 {
			t.Fatalf("of the next reading: %+v", got)
		}
		if s := h.meter.Status(time.Now()); len(s.Clients) != 2 || s.Clients[0].Client != "192.168.1.7 (hame)" || s.Clients[0].Count != 2 || s.Clients[0].What != threePhases {
			t.Errorf("book: %+v", s.Clients)
		}
	})
}

// TestSilence: without a fresh reading there is no answer, and none is made up
// for by a late one.
func TestSilence(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house, w *wire) {
		w.ask(1, battery(7))
		time.Sleep(time.Minute)
		for n := range 5 {
			h.tell(t, values{meter.PowerNet: fmt.Sprint(n)})
			time.Sleep(time.Second)
		}
		w.ask(2, battery(7))
		if got := w.answers(t); len(got) != 1 || got[0].ID != 2 {
			t.Fatalf("fresh: %+v", got)
		}
		time.Sleep(time.Hour)
		w.ask(3, battery(7))
		w.ask(4, battery(8))
		time.Sleep(time.Minute)
		if got := w.answers(t); len(got) != 0 {
			t.Fatalf("an hour later: %+v", got)
		}
		h.tell(t, values{meter.PowerNet: "9"})
		if got := w.answers(t); len(got) != 0 {
			t.Fatalf("a minute after it was asked: %+v", got)
		}
		for _, c := range h.meter.Status(time.Now()).Clients {
			if c.Refused == 0 || c.Why != errUnavailable.Message {
				t.Errorf("book: %+v", c)
			}
		}
	})
}

// TestManyBatteries: whoever invents clients gets no more than so many answers,
// and the others go on.
func TestManyBatteries(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house, w *wire) {
		for n := range 500 {
			w.in <- datagram{fmt.Appendf(nil, `{"id":%d,"src":"%d","method":"EM.GetStatus","params":{"id":0}}`, n, n), battery(9)}
		}
		synctest.Wait()
		h.tell(t, values{meter.PowerNet: "9"})
		if got := w.answers(t); len(got) != mostWaiting {
			t.Errorf("%d answers", len(got))
		}
		w.ask(1, battery(7))
		if got := w.answers(t); len(got) != 1 {
			t.Errorf("another battery: %+v", got)
		}
		if h.log.Count("level=WARN", "too many clients") == 0 || len(h.meter.Status(time.Now()).Clients) > 32 {
			t.Errorf("log: %s", h.log)
		}
	})
}

// TestRealPorts: over real sockets, with what is no request between the others;
// a port that is taken is tried again until it is free.
func TestRealPorts(t *testing.T) {
	host := testkit.Host(t)
	var ports []int
	for range 2 {
		l, err := net.ListenPacket("udp", host+":0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l.LocalAddr().(*net.UDPAddr).Port)
		defer l.Close()
		if len(ports) == 2 {
			l.Close()
		} else {
			time.AfterFunc(50*time.Millisecond, func() { l.Close() })
		}
	}
	h := newHouse(t, Options{HTTP: emulate.HTTP{Address: host + ":0"}, BatteryPorts: ports})
	h.start(t, h.Run)
	await(t, "UDP ports", func() bool { return h.log.Count("port for batteries is open") == 2 })
	h.tell(t, values{meter.PowerNet: "42"})
	for _, port := range ports {
		conn, err := net.Dial("udp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, packet := range []string{
			"", "hame", "{", strings.Repeat("x", 65000), `{"id":1,"method":"Shelly.Reboot"}`, `{"id":1,"method":"EM.GetStatus","params":{"id":7}}`,
			fmt.Sprintf(`{"id":7,"src":"%d","method":"EM.GetStatus","params":{"id":0}}`, port),
		} {
			if _, err := conn.Write([]byte(packet)); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		packet := make([]byte, 2000)
		n, err := conn.Read(packet)
		if err != nil {
			t.Fatal(err)
		}
		const want = `{"id":7,"src":"shellypro3em-02abcdef0123","dst":"unknown",` +
			`"result":{"a_act_power":42.0,"b_act_power":0.001,"c_act_power":0.001,"total_act_power":42.001}}`
		if got := string(packet[:n]); got != want {
			t.Errorf("got %s", got)
		}
	}
	if h.log.Count("level=ERROR", "is taken by another program: free it; trying again") == 0 {
		t.Errorf("log: %s", h.log)
	}
}

// await waits until it is so.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}
