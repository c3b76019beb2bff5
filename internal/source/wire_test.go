package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// latency is how long an adapter gathers bytes before it hands them on.
const latency = 16 * time.Millisecond

// wire is a meter at the other end of a serial port that is none: it hears
// what the port would, in the mode that it is asked for.
type wire struct {
	uart     simulate.UART
	sent     string        // the meter's mode
	telegram []byte        // that it sends
	first    time.Time     // when it begins with one
	period   time.Duration // from one to the next
	refuses  string        // a mode that the port cannot have

	heard string   // the port's mode
	asked []string // the modes that it was asked for
	next  int      // which piece comes next
}

// size is how much comes within the latency.
func (w *wire) size() int {
	var baud int
	if _, err := fmt.Sscanf(w.sent, "%d", &baud); err != nil {
		panic(err)
	}
	return max(1, int(latency)*(baud/10)/int(time.Second))
}

// duration is how long the telegram takes.
func (w *wire) duration() time.Duration {
	return time.Duration(len(w.telegram)/w.size()+1) * latency
}

// piece returns one piece of the stream, and when it has come.
func (w *wire) piece(n int) ([]byte, time.Time) {
	size := w.size()
	each := (len(w.telegram) + size - 1) / size
	k, i := n/each, n%each
	at := w.first.Add(time.Duration(k)*w.period + time.Duration(i+1)*latency)
	return w.telegram[i*size : min((i+1)*size, len(w.telegram))], at
}

func (w *wire) open(_ string, m Mode) (tunable, error) {
	if m.name == w.refuses {
		return nil, ErrNotSerial
	}
	w.heard = m.name
	w.asked = append(w.asked, m.name)
	for _, at := w.piece(w.next); at.Before(time.Now()); _, at = w.piece(w.next) {
		w.next++
	}
	return &wireConn{wire: w, closed: make(chan struct{})}, nil
}

// wireConn is the wire, opened once.
type wireConn struct {
	*wire
	deadline time.Time
	rest     []byte
	once     sync.Once
	closed   chan struct{}
}

func (c *wireConn) SetReadDeadline(t time.Time) error { c.deadline = t; return nil }

func (c *wireConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *wireConn) setMode(m Mode) error {
	if m.name == c.refuses {
		return ErrNotSerial
	}
	c.heard = m.name
	c.asked = append(c.asked, m.name)
	return nil
}

func (c *wireConn) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		piece, at := c.piece(c.next)
		late := !c.deadline.IsZero() && c.deadline.Before(at)
		if late {
			at = c.deadline
		}
		select {
		case <-c.closed:
			return 0, os.ErrClosed
		case <-time.After(time.Until(at)):
		}
		if late {
			return 0, os.ErrDeadlineExceeded
		}
		c.next++
		c.rest = c.uart.Hear(piece, c.sent, c.heard)
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// listener is the program as far as the mode is concerned: it reads, and tells
// which telegrams are good.
type listener struct {
	*Source
	log  bytes.Buffer
	good []time.Time
}

func listen(p *prober, w *wire) *listener {
	l := new(listener)
	log := slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l.Source = New(probing(p, w.open), log, nil)
	return l
}

// run listens for so long, or until enough telegrams were good.
func (l *listener) run(t *testing.T, long time.Duration, enough int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	reader := decode.NewReader(decode.Options{})
	if err := l.Run(ctx, func(r io.Reader) error {
		reader.Reset(r)
		for {
			switch m, more := reader.Next(); {
			case !more:
				return reader.Err()
			case m.Err != nil || m.Reading == nil:
			default:
				now := time.Now()
				l.Telegram(now)
				if l.good = append(l.good, now); len(l.good) == enough {
					cancel()
				}
			}
		}
	}); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// said counts the lines of the log that have the text.
func (l *listener) said(text string) int { return strings.Count(l.log.String(), text) }

func telegramFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../dsmr/testdata/telegrams", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// device is a file, so that there is one: opened again, it is the same.
func device(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ttyUSB0")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
