package source_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

const played = `# smartmeter capture 1
0.000 = lost: opening /dev/ttyUSB0: no such file
1.000 = opened
3.000 < one\n
5.000 < two\n
5.000 < th
5.500 < ree\n
8.000 = lost: the device is gone
12.000 = opened
14.000 < four\n
`

func records(t *testing.T, text string) []capture.Record {
	t.Helper()
	c, err := capture.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.Records
}

// replayed runs a replay to its end, or for so long, and tells what came when.
func replayed(ctx context.Context, port source.Port) (got []string) {
	start := time.Now()
	note := func(what string) { got = append(got, time.Since(start).Round(100*time.Millisecond).String()+" "+what) }
	s := source.New(port, slog.New(slog.DiscardHandler), func(e source.Event) {
		if e.State == source.Lost {
			note("lost: " + e.Err.Error())
		} else {
			note(e.State.String())
		}
	})
	err := s.Run(ctx, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			note(lines.Text())
			s.Telegram(time.Now())
		}
		return lines.Err()
	})
	if err != nil {
		note(err.Error())
	}
	note("end")
	return got
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := replayed(t.Context(), source.Replay("file", records(t, played), 1, false))
		want := []string{"0s lost: opening /dev/ttyUSB0: no such file", "1s opened", "3s one", "3s alive", "5s two", "5.5s three",
			"8s lost: the device is gone", "12s opened", "14s four", "14s alive", "14s end"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestReplaySpeed: ten times faster, the source's own pauses aside.
func TestReplaySpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		replayed(t.Context(), source.Replay("file", records(t, played), 10, false))
		if took := time.Since(start); took < 1400*time.Millisecond || took > 1900*time.Millisecond {
			t.Errorf("took %s, want 1.4 s and a little", took)
		}
		start = time.Now()
		replayed(t.Context(), source.Replay("file", records(t, strings.ReplaceAll(played, "8.000 = lost: the device is gone\n", "")), 0, false))
		if took := time.Since(start); took > time.Second {
			t.Errorf("as fast as possible took %s", took)
		}
	})
}

// TestReplayLoop begins anew a second behind the end, until it is told to
// stop.
func TestReplayLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7500*time.Millisecond)
		defer cancel()
		got := replayed(ctx, source.Replay("file", records(t, "# smartmeter capture 1\n0 = opened\n1 < a\\n\n2 < b\\n\n"), 1, true))
		want := []string{"0s opened", "1s a", "1s alive", "2s b", "4s a", "5s b", "7s a", "7.5s end"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestReplaySilence: silence in a file is silence on the line.
func TestReplaySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := replayed(t.Context(), source.Replay("file", records(t, "# smartmeter capture 1\n0 < a\\n\n30 < b\\n\n"), 1, false))
		want := []string{"0s opened", "0s a", "0s alive", "15s lost: no data for 15s", "15.3s opened", "30s b", "30s alive", "30s end"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestReplayClose ends a Read that waits.
func TestReplayClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := source.Replay("file", records(t, "# smartmeter capture 1\n0 = opened\n60 < a\\n\n"), 1, false)
		conn, err := port.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { conn.Close() })
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, want %v", err, os.ErrClosed)
		}
	})
}

// TestReplayRoundTrip: what is captured of a replay is the capture.
func TestReplayRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		again := &capture.Capture{}
		add := func(r capture.Record) {
			r.At = time.Since(start)
			again.Records = append(again.Records, r)
		}
		s := source.New(source.Replay("file", records(t, played), 1, false), slog.New(slog.DiscardHandler), func(e source.Event) {
			switch e.State {
			case source.Opened:
				add(capture.Record{Kind: capture.Opened})
			case source.Lost:
				add(capture.Record{Kind: capture.Lost, Text: e.Err.Error()})
			}
		})
		_ = s.Run(t.Context(), func(r io.Reader) error {
			for buf := make([]byte, 100); ; {
				n, err := r.Read(buf)
				if err != nil {
					return err
				}
				add(capture.Record{Data: bytes.Clone(buf[:n])})
			}
		})
		var out strings.Builder
		if err := again.Write(&out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(played, out.String()); diff != "" {
			t.Errorf("(-first +again)\n%s", diff)
		}
	})
}
