package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// soakMeter is a network reader that sends numbered telegrams, and whose
// connection can be broken.
type soakMeter struct {
	house    *simulate.Meter
	listener net.Listener
	broker   string // its address
	sent     atomic.Int64

	mu      sync.Mutex
	line    net.Conn
	begun   time.Time
	text    []byte // of one telegram, reused
	stopped bool
	times   [4096]atomic.Int64 // when the newest telegrams were sent, since begun
}

func (m *soakMeter) open() (err error) {
	m.begun = time.Now()
	if m.listener, err = net.Listen("tcp", loopback); err != nil {
		return fmt.Errorf("opening the meter's reader: %w", err)
	}
	return nil
}

// accept waits until the program is connected, and sends a telegram at once.
func (m *soakMeter) accept() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.admit()
}

// admit is accept with the lock held.
func (m *soakMeter) admit() (err error) {
	if err := m.listener.(*net.TCPListener).SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return fmt.Errorf("waiting for the program: %w", err)
	}
	if m.line, err = m.listener.Accept(); err != nil {
		return fmt.Errorf("waiting for the program: %w", err)
	}
	return nil
}

// send sends one telegram.
func (m *soakMeter) send(n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > 0 && m.stopped {
		return nil
	}
	return m.write(n)
}

// telegram is valid until the next one. In the house a second passes between
// two.
func (m *soakMeter) telegram(n int) ([]byte, error) {
	m.text = m.house.AppendTelegram(m.text[:0], m.begun.Add(time.Duration(n)*time.Second))
	return m.text, number(m.text, n)
}

func (m *soakMeter) write(n int) error {
	t, err := m.telegram(n)
	if err != nil {
		return err
	}
	if err := m.line.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("sending a telegram: %w", err)
	}
	if _, err := m.line.Write(t); err != nil {
		return fmt.Errorf("sending a telegram: %w", err)
	}
	if n > 0 {
		m.times[n%len(m.times)].Store(int64(time.Since(m.begun)))
		m.sent.Store(int64(n))
	}
	return nil
}

// since is how long ago telegram n was sent; one that is here before its
// writer knows that it is sent counts as 0.
func (m *soakMeter) since(n int, now time.Time) time.Duration {
	sent := time.Duration(m.times[n%len(m.times)].Load())
	if int64(n) > m.sent.Load() {
		return 0
	}
	return max(0, now.Sub(m.begun)-sent)
}

// run sends telegrams until ctx ends. After a pause it goes on at the same
// pace, and does not make up for it.
func (m *soakMeter) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second / soakRate)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := m.send(n); err != nil {
			return err
		}
	}
}

// breakOff sends half a telegram, resets the connection and takes the next.
// quiet is called before that and returns once the readers have all there is:
// a reset throws away what was not read.
func (m *soakMeter) breakOff(quiet func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := quiet(); err != nil {
		return err
	}
	next, err := m.telegram(int(m.sent.Load() + 1))
	if err != nil {
		return err
	}
	if _, err := m.line.Write(next[:len(next)/2]); err != nil {
		return fmt.Errorf("sending half a telegram: %w", err)
	}
	if err := reset(m.line); err != nil {
		return err
	}
	return m.admit()
}

// pause ends sending.
func (m *soakMeter) pause() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
}

func (m *soakMeter) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener != nil {
		m.listener.Close()
	}
	if m.line != nil {
		m.line.Close()
	}
}

// reset ends a connection without a goodbye.
func reset(conn net.Conn) error {
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		return fmt.Errorf("resetting a connection: %w", err)
	}
	return conn.Close()
}
