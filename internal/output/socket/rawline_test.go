package socket_test

import (
	"io"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
)

// rawLine is a line whose bytes are published for the raw socket, as the app
// does it. A Write returns when all of it is.
type rawLine struct {
	bytes chan []byte
	asks  chan bool
	rest  []byte
}

func newRawLine(t *testing.T, chunks *hub.Hub[socket.Chunk]) *rawLine {
	l := &rawLine{bytes: make(chan []byte), asks: make(chan bool)}
	r := decode.NewReader(decode.Options{Raw: func(p []byte, start bool) { socket.PublishRaw(chunks, p, start) }})
	r.Reset(l)
	go func() {
		for more := true; more; {
			_, more = r.Next()
		}
	}()
	<-l.asks
	t.Cleanup(func() { close(l.bytes) })
	return l
}

// Read gives what is written, to the Reader.
func (l *rawLine) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		l.asks <- true
		l.rest = <-l.bytes
	}
	if l.rest == nil {
		return 0, io.EOF
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// Write is the meter's.
func (l *rawLine) Write(p []byte) (int, error) {
	l.bytes <- p
	<-l.asks
	return len(p), nil
}

// TestPublishRawWithoutClients: nothing is copied or kept for nobody.
func TestPublishRawWithoutClients(t *testing.T) {
	chunks := socket.NewChunks()
	telegram := []byte("/ISk5\r\n\r\n1-0:1.8.1(1*kWh)\r\n!1234\r\n")
	if got := testing.AllocsPerRun(100, func() { socket.PublishRaw(chunks, telegram, true) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if _, ok := chunks.Latest(); ok {
		t.Error("something was published")
	}
}

// TestPublishRawCopies: the line's buffer is written again.
func TestPublishRawCopies(t *testing.T) {
	chunks := socket.NewChunks()
	sub := chunks.Subscribe(1<<20, hub.Disconnect)
	defer sub.Close()
	buffer := []byte("/ISk5\r\n")
	socket.PublishRaw(chunks, buffer, true)
	buffer[0] = 'X'
	got, err := sub.Take(nil)
	if err != nil || len(got) != 1 || string(got[0].Data) != "/ISk5\r\n" || !got[0].Start {
		t.Errorf("got %v, %v", got, err)
	}
}
