package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
)

// ErrEnd ends the Run of a source that has an end.
var ErrEnd = errors.New("the file has ended")

// Replay returns the line that a capture was made of: the same bytes after the
// same times, and lost where it was lost. speed is how many times faster it
// goes; with 0 nothing is waited for. At its end Run ends, or begins anew with
// loop.
func Replay(name string, records []capture.Record, speed float64, loop bool) Port {
	r := &replay{name: name, records: records, speed: speed, loop: loop}
	return Port{
		Name: name,
		Open: r.open,
		Help: func(error) string { return "the capture was made this way" },
	}
}

// replay is a capture and how far it was played.
type replay struct {
	name    string
	records []capture.Record
	speed   float64
	loop    bool

	next  int       // of the records
	start time.Time // when the first one was due
}

// pauseBetween is the time from the end of a capture to its beginning anew.
const pauseBetween = time.Second

// open goes on to where the line was opened, or to bytes.
func (r *replay) open(ctx context.Context) (Conn, error) {
	if r.start.IsZero() {
		r.start = time.Now()
	}
	for {
		record, err := r.peek()
		if err != nil {
			return nil, err
		}
		if record.Kind == capture.Data {
			return &replayConn{replay: r, closed: make(chan struct{})}, nil
		}
		if err := r.wait(ctx.Done(), time.Time{}); err != nil {
			return nil, err
		}
		r.next++
		switch record.Kind {
		case capture.Opened:
			return &replayConn{replay: r, closed: make(chan struct{})}, nil
		case capture.Lost:
			return nil, errors.New(record.Text)
		}
	}
}

// peek returns the next record, or ErrEnd.
func (r *replay) peek() (*capture.Record, error) {
	if r.next == len(r.records) {
		if !r.loop || r.next == 0 {
			return nil, fmt.Errorf("replaying %s: %w", r.name, ErrEnd)
		}
		last := r.records[r.next-1].At
		r.start = r.start.Add(r.scaled(last - r.records[0].At + pauseBetween))
		r.next = 0
	}
	return &r.records[r.next], nil
}

func (r *replay) scaled(d time.Duration) time.Duration {
	if r.speed <= 0 {
		return 0
	}
	return time.Duration(float64(d) / r.speed)
}

// wait waits until the next record is due, at most until the deadline.
func (r *replay) wait(done <-chan struct{}, deadline time.Time) error {
	due := r.start.Add(r.scaled(r.records[r.next].At - r.records[0].At))
	late := !deadline.IsZero() && deadline.Before(due)
	if late {
		due = deadline
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
		return os.ErrClosed
	}
	if late {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// replayConn is one connection of a capture.
type replayConn struct {
	*replay
	rest     []byte
	deadline time.Time
	closed   chan struct{}
	once     sync.Once
}

// SetReadDeadline sets when Read gives up.
func (c *replayConn) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

// Read gives the bytes of one record when they are due.
func (c *replayConn) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		record, err := c.peek()
		if err != nil {
			return 0, err
		}
		if record.Kind == capture.Opened && c.next > 0 { // the program that captured closed the line by itself
			return 0, io.EOF
		}
		if err := c.wait(c.closed, c.deadline); err != nil {
			return 0, err
		}
		c.next++
		if record.Kind == capture.Lost {
			return 0, errors.New(record.Text)
		}
		c.rest = record.Data // none, where the file begins anew
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Close ends a Read that waits.
func (c *replayConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
