package socket_test

import (
	"bufio"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
)

func TestNewClientGetsTheLatestReading(t *testing.T) {
	tests := []struct {
		name    string
		age     time.Duration
		welcome bool
	}{
		{"fresh", 0, true},
		{"nearly a minute old", 50 * time.Second, true},
		{"a minute old", time.Minute, false},
		{"of yesterday", 24 * time.Hour, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := serveJSON(t, 2)
			s.hub.Publish(line(1))
			s.hub.Publish(socket.Line{Received: time.Now().Add(-test.age), Data: []byte("{\"n\":2}\r\n")})
			p := s.join(t)
			if test.welcome {
				p.want(t, "{\"n\":2}\r\n") // before the next one comes
			}
			s.hub.Publish(line(3))
			p.want(t, "{\"n\":3}\r\n")
		})
	}
	t.Run("none yet", func(t *testing.T) {
		s := serveJSON(t, 2)
		p := s.join(t)
		s.hub.Publish(line(1))
		p.want(t, "{\"n\":1}\r\n")
	})
}

// A script may close its side at once: nc host 3010 </dev/null
func TestClientThatSaysNothingMore(t *testing.T) {
	s := serveJSON(t, 2)
	s.hub.Publish(line(1))
	p := dial(t, s.address)
	if err := p.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.want(t, "{\"n\":1}\r\n")
	p.wantEnd(t)
	s.awaitClients(t, 0)
}

func TestEveryClientGetsEveryLine(t *testing.T) {
	s := serveJSON(t, 3)
	peers := []peer{s.join(t), s.join(t), s.join(t)}
	const lines = 3000 // fit into the queue, whatever the clients do
	for n := range lines {
		s.hub.Publish(line(n))
	}
	for _, p := range peers {
		for n := range lines {
			p.want(t, string(line(n).Data))
		}
	}
	await(t, "all sent", func() bool { got, _ := s.counts(); return got.Sent == 3*lines })
	if got, clients := s.counts(); clients != 3 || got.Dropped != 0 || got.Errors != 0 || got.LastSuccess == nil {
		t.Errorf("%d clients, %+v, want 3 and nothing lost", clients, got)
	}
}

// number reads a line, which must be whole.
func number(t *testing.T, from *bufio.Reader) (n, size int) {
	t.Helper()
	text, err := from.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var object struct{ N int }
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatalf("%.40q: %v", text, err)
	}
	return object.N, len(text)
}

// A client that does not read misses lines, the oldest first and only whole
// ones. It costs a bounded queue, and the others notice nothing.
func TestSlowClientMissesLines(t *testing.T) {
	s := serveJSON(t, 2)
	slow := s.join(t)
	if err := slow.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	quick := s.join(t)
	const lines = 10_000 // of a kilobyte
	for n := range lines {
		s.hub.Publish(long(n))
		if got, _ := number(t, quick.Reader); got != n {
			t.Fatalf("the other client gets line %d, want %d", got, n)
		}
	}
	await(t, "a warning", func() bool { return s.log.Count("level=WARN", "misses readings") > 0 })
	last, received := -1, 0
	for last < lines-1 {
		n, size := number(t, slow.Reader)
		if n <= last {
			t.Fatalf("line %d comes after %d", n, last)
		}
		last = n
		received += size
	}
	// The queue, a batch on its way, and what the system holds at both ends.
	if most := 3 << 20; received > most {
		t.Errorf("%d bytes were kept for the slow client, want %d at most", received, most)
	}
	if got := s.log.Count("level=WARN"); got != 1 {
		t.Errorf("%d warnings, want 1", got)
	}
	s.hub.Publish(long(lines)) // it is as good as any other again
	if got, _ := number(t, slow.Reader); got != lines {
		t.Errorf("then line %d, want %d", got, lines)
	}
	await(t, "all counted", func() bool { got, _ := s.counts(); return got.Sent+got.Dropped == 2*(lines+1) })
	if got, clients := s.counts(); got.Dropped == 0 || clients != 2 {
		t.Errorf("%d clients, %+v, want lines dropped and both clients there", clients, got)
	}
}

// What clients send is thrown away, telnet's negotiation as well as floods.
func TestClientThatSends(t *testing.T) {
	s := serveJSON(t, 2)
	flood := s.join(t)
	telnet := s.join(t)
	if _, err := telnet.Write([]byte("\xff\xfd\x03\xff\xfb\x18GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	flooded := make(chan error, 1)
	go func() {
		_, err := io.CopyN(flood.TCPConn, zeros{}, 1<<20)
		flooded <- err
	}()
	for n := range 100 {
		s.hub.Publish(line(n))
		telnet.want(t, string(line(n).Data))
		flood.want(t, string(line(n).Data))
	}
	if err := <-flooded; err != nil {
		t.Errorf("flooding: %v", err)
	}
	s.hub.Publish(line(100))
	flood.want(t, string(line(100).Data))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
