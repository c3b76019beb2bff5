package source_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// recorder is a source with what it said and did. Each line that use reads
// counts as a telegram unless it starts with "junk".
type recorder struct {
	*source.Source

	mu     sync.Mutex
	log    bytes.Buffer
	events []source.Event
	lines  []string
	more   chan struct{} // a token after each line or event
}

func record(port source.Port) *recorder {
	r := &recorder{more: make(chan struct{}, 1)}
	r.Source = source.New(port, slog.New(slog.NewTextHandler(r, nil)), func(e source.Event) {
		r.note(func() { r.events = append(r.events, e) })
	})
	return r
}

// Write takes a line of the log.
func (r *recorder) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

func (r *recorder) note(what func()) {
	r.mu.Lock()
	what()
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *recorder) use(from io.Reader) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "junk") {
			r.Telegram(time.Now())
		}
		r.note(func() { r.lines = append(r.lines, lines.Text()) })
	}
	return lines.Err()
}

// start runs the source until the test ends, which then waits for it.
func (r *recorder) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, r.use) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// await waits until what is true of the recorder.
func (r *recorder) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		ok := is()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.more:
		case <-late:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("no %s; events %v, lines %q", what, r.events, r.lines)
		}
	}
}

func (r *recorder) awaitLine(t *testing.T, line string) {
	t.Helper()
	r.await(t, line, func() bool { return len(r.lines) > 0 && r.lines[len(r.lines)-1] == line })
}

// awaitState waits for event n, which must be state.
func (r *recorder) awaitState(t *testing.T, n int, state source.State) (e source.Event) {
	t.Helper()
	r.await(t, state.String(), func() bool {
		if len(r.events) < n {
			return false
		}
		e = r.events[n-1]
		return true
	})
	if e.State != state {
		t.Fatalf("event %d is %v, want %v", n, e, state)
	}
	return e
}

func (r *recorder) states() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var states []string
	for _, e := range r.events {
		states = append(states, e.State.String())
	}
	return states
}

// logged returns the messages at info and above, with their levels.
func (r *recorder) logged() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var said []string
	for line := range strings.Lines(r.log.String()) {
		_, line, _ = strings.Cut(line, "level=")
		level, line, _ := strings.Cut(line, " msg=")
		message, _, _ := strings.Cut(line, " source=")
		said = append(said, level+" "+strings.Trim(message, `"`))
	}
	return said
}

const (
	saidOpen  = "INFO line to the meter is open"
	saidAlive = "INFO telegrams arrive"
	saidAgain = "INFO telegrams arrive again"
	saidLost  = "WARN no data from the meter: trying again until it works"
)

// script is a port that behaves differently at each opening; the last row
// serves for all later ones.
func script(at *[]time.Time, rows ...func(peer net.Conn) error) source.Port {
	return source.Port{Name: "scripted", Open: func(context.Context) (source.Conn, error) {
		*at = append(*at, time.Now())
		row := rows[min(len(*at), len(rows))-1]
		conn, peer := net.Pipe()
		opened := make(chan error)
		go func() {
			defer peer.Close()
			opened <- row(nil)
			_ = row(peer) // writing fails once the source closes: no matter
		}()
		if err := <-opened; err != nil {
			return nil, err
		}
		return conn, nil
	}}
}

// fails refuses to open; says opens, and writes each text after its pause.
func fails(err error) func(net.Conn) error { return func(net.Conn) error { return err } }

func says(pause time.Duration, texts ...string) func(net.Conn) error {
	return func(peer net.Conn) error {
		if peer == nil {
			return nil
		}
		for _, text := range texts {
			time.Sleep(pause)
			if _, err := io.WriteString(peer, text); err != nil {
				return err
			}
		}
		return nil
	}
}

// falls silent: says, and then keeps the line open.
func silent(say func(net.Conn) error) func(net.Conn) error {
	return func(peer net.Conn) error {
		if peer == nil {
			return nil
		}
		if err := say(peer); err != nil {
			return err
		}
		_, err := peer.Read(make([]byte, 1)) // until the source closes
		return err
	}
}

func run(t *testing.T, s *recorder, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	if err := s.Run(ctx, s.use); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// checkPauses compares the times between openings; each may be up to a tenth
// longer, on purpose.
func checkPauses(t *testing.T, at []time.Time, want ...time.Duration) {
	t.Helper()
	if len(at) <= len(want) {
		t.Fatalf("%d openings, want more than %d", len(at), len(want))
	}
	for i, least := range want {
		if got := at[i+1].Sub(at[i]); got < least || got > least+least/10 {
			t.Errorf("pause %d: %v, want %v and at most a tenth more", i+1, got, least)
		}
	}
}
