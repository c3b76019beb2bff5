package quiet_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
)

// newLog returns a quiet log and what it writes, without times.
func newLog(level slog.Level) (*slog.Logger, *quiet.Handler, func() []string) {
	var mu sync.Mutex
	var out bytes.Buffer
	h := quiet.New(slog.NewTextHandler(locked{&mu, &out}, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return slog.New(h), h, func() []string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	}
}

type locked struct {
	mu  *sync.Mutex
	out *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

// last is when that was: bubbles begin at midnight UTC on 1 January 2000.
func last(minute, second int) string {
	return " last=" + time.Date(2000, 1, 1, 0, minute, second, 0, time.UTC).Local().Format(time.TimeOnly)
}

func compare(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestFlood: an hour of a broker that throws us out every seven seconds.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := newLog(slog.LevelInfo)
		defer h.Close()
		log = log.With("part", "mqtt")
		for n := range 400 {
			log.Warn("lost", "try", n)
			time.Sleep(time.Second)
			log.Info("connected", "try", n)
			time.Sleep(6 * time.Second)
		}
		compare(t, lines(),
			`level=WARN msg=lost part=mqtt try=0`,
			`level=INFO msg=connected part=mqtt try=0`,
			`level=WARN msg=lost part=mqtt try=128 again=128`+last(14, 56),
			`level=INFO msg=connected part=mqtt try=128 again=128`+last(14, 57),
			`level=WARN msg=lost part=mqtt try=257 again=129`+last(29, 59),
			`level=INFO msg=connected part=mqtt try=257 again=129`+last(30, 0),
			`level=WARN msg=lost part=mqtt try=385 again=128`+last(44, 55),
			`level=INFO msg=connected part=mqtt try=385 again=128`+last(44, 56))
	})
}

// TestKinds: what differs is told, and so is what comes later.
func TestKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := newLog(slog.LevelInfo)
		defer h.Close()
		log.Info("held", "total", "import")
		log.Info("held", "total", "export")
		log.Warn("held", "total", "export")
		log.With("part", "json").Info("open", "port", 1)
		log.With("part", "raw").Info("open", "port", 2)
		log.With("part", "raw").Info("open", "port", 3) // the same kind
		log.With("part", "meter", "slot", "p1").Info("lost")
		log.With("part", "meter", "slot", "night").Info("lost")
		log.WithGroup("g").With("x", 1).Warn("else")
		time.Sleep(quiet.Period + time.Second)
		log.Warn("else")
		compare(t, lines(),
			`level=INFO msg=held total=import`,
			`level=INFO msg=held total=export`,
			`level=WARN msg=held total=export`,
			`level=INFO msg=open part=json port=1`,
			`level=INFO msg=open part=raw port=2`,
			`level=INFO msg=lost part=meter slot=p1`,
			`level=INFO msg=lost part=meter slot=night`,
			`level=WARN msg=else g.x=1`,
			`level=INFO msg=open part=raw port=3 again=1`+last(0, 0),
			`level=WARN msg=else`)
	})
}

// TestDebug: who looks for a fault sees every line.
func TestDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := newLog(slog.LevelDebug)
		defer h.Close()
		for range 2 {
			log.Error("lost")
			log.Debug("client")
		}
		compare(t, lines(), "level=ERROR msg=lost", "level=DEBUG msg=client", "level=DEBUG msg=lost", "level=DEBUG msg=client")
	})
}

// TestOthersWords: a text that is new each time is a flood as well, and costs
// no memory.
func TestOthersWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := newLog(slog.LevelInfo)
		defer h.Close()
		log.Warn("usual")
		for n := range 10_000 {
			log.Warn(fmt.Sprint("he said ", n))
		}
		log.Warn("usual")
		if n := len(lines()); n > 300 {
			t.Errorf("%d lines at once, want a few hundred", n)
		}
		before := len(lines())
		time.Sleep(quiet.Period)
		if n := len(lines()) - before; n != 2 {
			t.Errorf("%d lines later, want one for the usual and one for the others", n)
		}
		log.Warn("new")
		compare(t, lines()[before+2:], "level=WARN msg=new")
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := newLog(slog.LevelInfo)
		log.Warn("lost")
		log.Warn("lost")
		h.Close()
		log.Warn("lost")
		log.Info("stopped")
		time.Sleep(time.Hour)
		compare(t, lines(), "level=WARN msg=lost", "level=INFO msg=stopped")
	})
}

// Run with -race.
func TestAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := newLog(slog.LevelInfo)
		defer h.Close()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 100 {
					log.With("part", "x").LogAttrs(context.Background(), slog.LevelWarn, "lost")
				}
			})
		}
		wg.Wait()
		time.Sleep(quiet.Period)
		compare(t, lines(), "level=WARN msg=lost part=x", "level=WARN msg=lost part=x again=799"+last(0, 0))
	})
}
