package source_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

func TestPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := record(script(&at, fails(syscall.ECONNREFUSED)))
		run(t, s, time.Hour)
		const ms, sec = time.Millisecond, time.Second
		checkPauses(t, at, 250*ms, 500*ms, sec, 2*sec, 4*sec, 8*sec, 16*sec, 30*sec, 30*sec, 30*sec)
		if diff := cmp.Diff([]string{"lost"}, s.states()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{saidLost}, s.logged()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestPausesStartAnew(t *testing.T) {
	const ms, sec = time.Millisecond, time.Second
	no := fails(syscall.ECONNREFUSED)
	tests := []struct {
		name string
		rows []func(net.Conn) error
		want []time.Duration
	}{
		{"after a telegram", []func(net.Conn) error{no, no, no, says(0, "telegram\n"), no}, []time.Duration{250 * ms, 500 * ms, sec, 250 * ms, 500 * ms}},
		{"after bytes that came for a while", []func(net.Conn) error{no, no, no, says(3*sec, "junk"), no}, []time.Duration{250 * ms, 500 * ms, sec, 3*sec + 250*ms, 500 * ms}},
		{"not after a greeting", []func(net.Conn) error{says(0, "junk: port already in use\r\n")}, []time.Duration{250 * ms, 500 * ms, sec, 2 * sec}},
		{"not after an open door", []func(net.Conn) error{says(0)}, []time.Duration{250 * ms, 500 * ms, sec, 2 * sec}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				s := record(script(&at, test.rows...))
				run(t, s, time.Minute)
				checkPauses(t, at, test.want...)
			})
		})
	}
}

func TestSaysOnceThatItIsLostAndOnceThatItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := record(script(&at,
			says(time.Second, "one\n", "two\n"),
			fails(syscall.ECONNREFUSED), fails(syscall.ECONNREFUSED), fails(syscall.EHOSTUNREACH), fails(syscall.ECONNREFUSED),
			says(0, "junk\n"), // open, but no telegram
			silent(says(time.Second, "three\n", "four\n")),
		))
		run(t, s, 30*time.Second)
		if diff := cmp.Diff([]string{"one", "two", "junk", "three", "four"}, s.lines); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		var got []string
		for _, e := range s.events {
			text := e.State.String()
			if e.Err != nil {
				text += ": " + e.Err.Error()
			}
			got = append(got, text)
		}
		want := []string{
			"opened", "alive",
			"lost: EOF", "lost: connection refused", "lost: no route to host", "lost: connection refused",
			"opened", "lost: EOF",
			"opened", "alive",
		}
		// The last line falls silent for 15 s, before the 30 s are over.
		if diff := cmp.Diff(want, got[:min(len(got), len(want))]); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{saidOpen, saidAlive, saidLost, saidAgain}, s.logged()[:4]); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

// TestSaysHowLongItWasAway: from the last telegram on, although the silence is
// noticed later.
func TestSaysHowLongItWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := record(script(&at, silent(says(0, "one\n")), says(0, "two\n")))
		run(t, s, 16*time.Second)
		if got := s.log.String(); !strings.Contains(got, "telegrams arrive again") || !strings.Contains(got, "away=15s") {
			t.Errorf("got %s", got)
		}
	})
}

func TestSilenceIsNoticed(t *testing.T) {
	every := func(pause time.Duration) func(net.Conn) error {
		return silent(says(pause, "a\n", "b\n", "c\n", "d\n"))
	}
	tests := []struct {
		name  string
		row   func(net.Conn) error
		after time.Duration // since the opening
	}{
		{"from the start", silent(says(0)), 15 * time.Second},
		{"a meter of every second", every(time.Second), 19 * time.Second},
		{"a meter of every ten seconds", every(10 * time.Second), 90 * time.Second},
		{"bytes that are no telegram are no silence", silent(says(14*time.Second, "junk", "junk", "junk", "junk", "junk")), 85 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				s := record(script(&at, test.row))
				run(t, s, 5*time.Minute)
				if got, least := at[1].Sub(at[0]), test.after+250*time.Millisecond; got < least || got > least+25*time.Millisecond {
					t.Errorf("opened again after %v, want %v", got, least)
				}
				var lost []error
				for _, e := range s.events {
					if e.State == source.Lost {
						lost = append(lost, e.Err)
					}
				}
				if len(lost) == 0 || !errors.Is(lost[0], os.ErrDeadlineExceeded) || !strings.Contains(lost[0].Error(), "no data for ") {
					t.Errorf("lost because of %v, want silence", lost)
				}
			})
		})
	}
}

// A gateway that speaks every five minutes must be listened to for longer
// than it is silent, though at first nobody knows how long that is.
func TestSlowGatewayIsLearnt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var peer net.Conn
		s := record(source.Port{Name: "slow", Open: func(context.Context) (source.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			conn, other := net.Pipe()
			peer = other
			return conn, nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
		defer cancel()
		go func() {
			ticks := time.NewTicker(5 * time.Minute)
			defer ticks.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticks.C:
				}
				mu.Lock()
				_, _ = io.WriteString(peer, "telegram\n") // nobody listens: no matter
				mu.Unlock()
			}
		}()
		if err := s.Run(ctx, s.use); err != nil {
			t.Errorf("Run: %v", err)
		}
		if got, want := len(s.lines), 12*12-20; got < want {
			t.Errorf("%d telegrams of %d, want %d at least", got, 12*12, want)
		}
		if got := s.events[len(s.events)-1].State; got != source.Alive {
			t.Errorf("in the end it is %v, want alive", got)
		}
	})
}

func TestEndsWithItsContext(t *testing.T) {
	waiting := func(ctx context.Context) (source.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var at []time.Time
	tests := []struct {
		name string
		open func(context.Context) (source.Conn, error)
	}{
		{"while opening", waiting},
		{"while reading", script(&at, silent(says(0, "telegram\n"))).Open},
		{"while pausing", script(&at, fails(syscall.ENOENT)).Open},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at = nil
				const end = 10 * time.Second // in the middle of a pause of 8 s
				s := record(source.Port{Name: test.name, Open: test.open})
				start := time.Now()
				run(t, s, end)
				if got := time.Since(start); got != end {
					t.Errorf("ran for %v, want %v", got, end)
				}
				for _, e := range s.events {
					if e.State == source.Lost && !errors.Is(e.Err, syscall.ENOENT) {
						t.Errorf("lost because of %v: the end of the program is no loss", e.Err)
					}
				}
			})
		})
	}
}

// The reader says (0, nil) to nobody, and the error of use is told where the
// line itself has none.
func TestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errUse := errors.New("cannot use it")
		var causes []error
		n := 0
		s := source.New(source.Port{Name: "odd", Open: func(context.Context) (source.Conn, error) {
			return &odd{}, nil
		}}, slog.New(slog.DiscardHandler), func(e source.Event) {
			if e.State == source.Lost {
				causes = append(causes, e.Err)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Run(ctx, func(r io.Reader) error {
			if n++; n > 1 {
				return errUse
			}
			got, err := io.ReadAll(r)
			if diff := cmp.Diff("abc", string(got)); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
			return err
		}); err != nil {
			t.Errorf("Run: %v", err)
		}
		if len(causes) < 2 || !errors.Is(causes[0], io.EOF) || !errors.Is(causes[1], errUse) {
			t.Errorf("causes %v, want EOF and %v", causes, errUse)
		}
	})
}

// odd returns nothing between any two bytes.
type odd struct{ n int }

func (o *odd) Read(p []byte) (int, error) {
	o.n++
	switch {
	case o.n > 6:
		return 0, io.EOF
	case o.n%2 == 1:
		return 0, nil
	}
	p[0] = "abc"[o.n/2-1]
	return 1, nil
}

func (*odd) Close() error                    { return nil }
func (*odd) SetReadDeadline(time.Time) error { return nil }
