package source

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// hear listens until a frame with a good checksum came, or for so long.
func (l *listener) hear(t *testing.T, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	if err := l.Run(ctx, func(r io.Reader) error {
		scanner := frame.NewScanner(nil)
		scanner.Now = time.Now
		scanner.Reset(r)
		for scanner.Scan() {
			f := scanner.Frame()
			if f.Kind == frame.Text || f.Kind == frame.Ciphered || f.Checksum == meter.ChecksumInvalid || len(f.Payload) < 20 {
				continue
			}
			now := time.Now()
			l.Telegram(now)
			l.good = append(l.good, now)
			cancel()
			return nil
		}
		return scanner.Err()
	}); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestEveryPushIsFound: whatever a meter pushes, it is read within two minutes,
// and within ten messages of a fast one.
func TestEveryPushIsFound(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC)
	for p := range simulate.NumPushes {
		info := simulate.Pushes[p]
		message := simulate.NewPush(p, simulate.Options{Seed: 5, Start: at}).Message(at)
		for kind, uart := range uarts {
			if kind != "plain" && p != simulate.Kaifa && p != simulate.Kamstrup && p != simulate.SML {
				continue
			}
			for _, phase := range []time.Duration{0, 350} { // thousandths of the period
				t.Run(fmt.Sprintf("%s/%s/%s/%d", info.Name, info.Mode, kind, phase), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						opened := time.Now()
						period := min(info.Period, 10*time.Second)
						w := &wire{uart: uart, sent: info.Mode, telegram: message, period: period}
						w.first = opened.Add(period*phase/1000 - period)
						l := listen(newProber("/dev/ttyUSB0", mode115200N8, usualPace), w)
						limit := 12*period + w.duration()
						l.hear(t, limit)
						if len(l.good) == 0 {
							t.Fatalf("no reading in %v\n%s", limit, l.log.String())
						}
						if w.heard != info.Mode && !uart.Blind { // who does not notice errors reads other parities, too
							t.Errorf("read in mode %s, sent in %s", w.heard, info.Mode)
						}
					})
				})
			}
		}
	}
}
