package shelly

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// pipes is a listener within a bubble of synctest.
type pipes struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.end:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.end) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// following runs a test with a web socket within a bubble, where time costs none.
func following(t *testing.T, test func(*testing.T, *house, *websocket.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{})
		p := &pipes{conns: make(chan net.Conn), end: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		server := &http.Server{Handler: h.handler(), BaseContext: func(net.Listener) context.Context { return ctx }}
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(p) })
		wg.Go(func() {
			if err := h.meter.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		near, far := net.Pipe()
		p.conns <- far
		dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return near, nil }}
		conn, _, err := dialer.Dial("ws://127.0.0.1/rpc", nil)
		if err != nil {
			t.Fatal(err)
		}
		test(t, h, conn)
		cancel()
		near.Close()
		_ = server.Close()
		h.Server.following.Wait()
		wg.Wait()
	})
}

// frames returns what the web socket gets, until it ends.
func frames(conn *websocket.Conn) <-chan string {
	list := make(chan string, 1000)
	go func() {
		defer close(list)
		for {
			_, text, err := conn.ReadMessage()
			if err != nil {
				return
			}
			list <- string(text)
		}
	}()
	return list
}

// TestMeterFallsSilent: who follows is told so once, in place of a value that
// nobody vouches for, and told when readings come again.
func TestMeterFallsSilent(t *testing.T) {
	following(t, func(t *testing.T, h *house, conn *websocket.Conn) {
		list := frames(conn)
		send(t, conn, `{"id":1,"src":"me","method":"Shelly.GetDeviceInfo"}`)
		<-list
		synctest.Wait()
		for n := range 3 {
			h.tell(t, values{meter.PowerNet: fmt.Sprint(n)})
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Minute)
		h.tell(t, values{meter.PowerNet: "7"})
		synctest.Wait()
		var got []string
		for len(list) > 0 {
			text := <-list
			switch {
			case strings.Contains(text, "power_meter_failure") && strings.Contains(text, `"total_act_power":null`):
				got = append(got, "silent")
			default:
				_, power, _ := strings.Cut(text, `"total_act_power":`)
				power, _, _ = strings.Cut(power, ",")
				got = append(got, power)
			}
		}
		if want := "0.0 1.0 2.0 silent 7.0"; strings.Join(got, " ") != want {
			t.Errorf("got %q, want %s", got, want)
		}
	})
}

// TestGoneFollower: a web socket whose other end is silent for three pings is
// closed, and one that answers them is not.
func TestGoneFollower(t *testing.T) {
	for answers, want := range map[bool]bool{true: true, false: false} {
		following(t, func(t *testing.T, h *house, conn *websocket.Conn) {
			pings := 0
			answer := conn.PingHandler()
			conn.SetPingHandler(func(data string) error {
				pings++
				if answers {
					return answer(data)
				}
				return nil
			})
			list := frames(conn)
			send(t, conn, `{"id":1,"src":"me","method":"Shelly.GetDeviceInfo"}`)
			<-list
			time.Sleep(time.Hour)
			select {
			case _, isOpen := <-list:
				if !isOpen && want {
					t.Error("a client that answers pings was closed")
				}
			default:
				if !want {
					t.Errorf("a client that answered none of %d pings is there still", pings)
				}
			}
		})
	}
}

// TestUnreadNotifications: a web socket that nobody reads is closed, without
// holding up anybody.
func TestUnreadNotifications(t *testing.T) {
	following(t, func(t *testing.T, h *house, conn *websocket.Conn) {
		send(t, conn, `{"id":1,"src":"me","method":"Shelly.GetDeviceInfo"}`)
		if _, _, err := conn.ReadMessage(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for n := range 30 {
			h.tell(t, values{meter.PowerNet: fmt.Sprint(n)}) // each is taken at once
			time.Sleep(time.Second)
		}
		ended := make(chan struct{})
		go func() {
			h.Server.following.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Error("it is open still")
		}
	})
}
