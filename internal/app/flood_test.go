package app_test

import (
	"net"
	"testing"
)

// TestFlood: readers that come and go and clients that are too many write one
// line of each kind, and the rest for who debugs.
func TestFlood(t *testing.T) {
	t.Parallel()
	meter := newLine(t)
	p := start(t, meter.variable(), "SOCKET_CLIENTS=1")
	const times = 6
	for n := range times {
		conn := meter.accept()
		write(t, conn, numbered(n))
		conn.Close()
	}
	meter.accept()
	lines := p.dial("json")
	waitFor(t, "a client", func() bool { return p.log.Count("client connected") == 1 })
	for range times {
		var clients []net.Conn
		for range 2 {
			clients = append(clients, p.dial("json").conn)
		}
		for _, c := range clients {
			c.Close()
		}
	}
	lines.conn.Close()
	for _, text := range []string{"no data from the meter", "telegrams arrive again"} {
		waitFor(t, text, func() bool { return p.log.Count(text) >= times-1 })
	}
	for _, text := range []string{"no data from the meter", "telegrams arrive again", "readings have resumed", "too many clients"} {
		if n := p.log.Count(text) - p.log.Count(text, "level=DEBUG"); n > 1 {
			t.Errorf("%q was told %d times, want once", text, n)
		}
	}
}
