package source

import (
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// settled is a listener that has found an old meter.
func settled(t *testing.T, device string) (*listener, *wire) {
	t.Helper()
	w := &wire{sent: "9600 7E1", telegram: telegramFile(t, "nl-22-lg-e350.txt"), period: 10 * time.Second, first: time.Now()}
	l := listen(newProber(device, mode115200N8, usualPace), w)
	l.run(t, time.Minute, 3)
	if len(l.good) != 3 || w.heard != "9600 7E1" {
		t.Fatalf("%d readings in mode %s", len(l.good), w.heard)
	}
	l.good, w.asked = nil, nil
	return l, w
}

// becomes makes the wire lead to another meter.
func (w *wire) becomes(sent string, telegram []byte, first time.Time) {
	w.sent, w.telegram, w.first, w.next = sent, telegram, first, 0
}

// A night without the meter is no reason to look for another mode.
func TestModeIsKeptOverSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := settled(t, device(t))
		morning := time.Now().Add(8 * time.Hour)
		w.becomes(w.sent, w.telegram, morning)
		l.run(t, 9*time.Hour, 1)
		if got := slices.Compact(w.asked); !slices.Equal(got, []string{"9600 7E1"}) {
			t.Errorf("modes asked for: %q", got)
		}
		// The first may come while the line is closed for a moment.
		if len(l.good) == 0 || l.good[0].Sub(morning) > w.period+w.duration() {
			t.Errorf("not read in the morning\n%s", l.log.String())
		}
		if n := l.said("the meter speaks"); n != 1 {
			t.Errorf("the mode was told %d times", n)
		}
	})
}

// Nor is damage, unless nothing else comes for ten minutes.
func TestModeIsKeptInNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := settled(t, device(t))
		good := w.telegram
		w.becomes("9600 7E1", simulate.Noise(3, 300), time.Now())
		l.run(t, 9*time.Minute, 1)
		w.becomes("9600 7E1", good, time.Now())
		l.run(t, time.Minute, 1)
		w.becomes("9600 7E1", simulate.Noise(3, 300), time.Now())
		l.run(t, 9*time.Minute, 1)
		if got := slices.Compact(w.asked); !slices.Equal(got, []string{"9600 7E1"}) {
			t.Errorf("modes asked for: %q", got)
		}
	})
}

// Noise of the evening does not add up with noise of the morning.
func TestNoiseDoesNotAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := settled(t, device(t))
		w.becomes("9600 7E1", simulate.Noise(3, 300), time.Now())
		l.run(t, time.Minute, 1)
		w.becomes("9600 7E1", simulate.Noise(3, 300), time.Now().Add(8*time.Hour))
		l.run(t, 8*time.Hour+5*time.Minute, 1)
		if got := slices.Compact(w.asked); !slices.Equal(got, []string{"9600 7E1"}) {
			t.Errorf("modes asked for: %q", got)
		}
	})
}

// Noise may spoil the telegram that would have shown the mode: what is likely
// is tried twice before the others.
func TestLikelyModeIsTriedAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	p := newProber("/dev/ttyUSB0", mode115200N8, usualPace)
	p.opened(now, false)
	noise, slow := simulate.Noise(3, 300), make([]byte, 300)
	var got []string
	for range 19 {
		now = now.Add(5 * time.Second)
		if p.mode == mode115200N8 {
			p.heard(slow, now)
		} else {
			p.heard(noise, now)
		}
		now = now.Add(usualPace.quiet)
		if p.judge(now) == "" {
			t.Fatalf("mode %s is kept in noise", modes[p.mode])
		}
		if p.mode != mode115200N8 {
			got = append(got, modes[p.mode].name)
		}
	}
	want := []string{"9600 7E1", "9600 7E1", "9600 8N1", "2400 8E1", "2400 8N1", "115200 8E1", "38400 8N1", "115200 7E1", "9600 8E1", "9600 7E1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modes from 115200 8N1 on (-want +got):\n%s", diff)
	}
}

func TestMeterIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := settled(t, device(t))
		w.becomes("115200 8N1", telegramFile(t, "nl-50-iskra-3812.txt"), time.Now())
		start := time.Now()
		l.run(t, time.Hour, 1)
		if len(l.good) == 0 {
			t.Fatalf("no reading in an hour\n%s", l.log.String())
		}
		if got := l.good[0].Sub(start); got < usualPace.long || got > usualPace.long+30*time.Second {
			t.Errorf("first reading after %v, want ten minutes", got)
		}
		if diff := cmp.Diff([]string{"9600 7E1", "115200 8N1"}, w.asked); diff != "" {
			t.Errorf("modes asked for (-want +got):\n%s", diff)
		}
		if l.said("the meter speaks 9600 7E1") != 1 || l.said("the meter speaks 115200 8N1") != 1 {
			t.Errorf("not each mode was told once\n%s", l.log.String())
		}
		if n := l.said("level=WARN"); n != 0 {
			t.Errorf("%d warnings: the line was never lost\n%s", n, l.log.String())
		}
	})
}

// Another cable may lead to another meter: no ten minutes are waited for.
func TestCableIsReplaced(t *testing.T) {
	tests := []struct {
		sent, file string
		asked      []string
		told       int
	}{
		{"115200 8N1", "nl-50-iskra-3812.txt", []string{"9600 7E1", "115200 8N1"}, 2},
		{"9600 7E1", "nl-22-lg-e350.txt", []string{"9600 7E1"}, 1},
	}
	for _, test := range tests {
		t.Run(test.sent, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				device := device(t)
				l, w := settled(t, device)
				if err := os.WriteFile(device+".new", nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(device+".new", device); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				w.becomes(test.sent, telegramFile(t, test.file), start.Add(5*time.Second))
				l.run(t, time.Minute, 1)
				if len(l.good) == 0 || l.good[0].Sub(start) > 30*time.Second {
					t.Errorf("%d readings\n%s", len(l.good), l.log.String())
				}
				if diff := cmp.Diff(test.asked, w.asked); diff != "" {
					t.Errorf("modes asked for (-want +got):\n%s", diff)
				}
				if n := l.said("the meter speaks"); n != test.told {
					t.Errorf("modes were told %d times, want %d\n%s", n, test.told, l.log.String())
				}
			})
		})
	}
}

// A silent line tells nothing. It is opened in the next mode only where it is
// opened anew anyway, and whatever mode that is, a meter is found.
func TestSilenceChangesNothingQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{sent: "115200 8N1", telegram: telegramFile(t, "nl-50-iskra-3812.txt"), period: 10 * time.Second}
		start := time.Now()
		w.first = start.Add(time.Hour)
		l := listen(newProber(device(t), mode115200N8, usualPace), w)
		l.run(t, time.Hour, 1)
		if n := len(w.asked); n < 50 || n > 55 {
			t.Errorf("%d modes in an hour, want one in 70 s", n)
		}
		l.run(t, time.Minute, 1)
		if len(l.good) == 0 || l.good[0].Sub(w.first) > 20*time.Second {
			t.Errorf("%d readings\n%s", len(l.good), l.log.String())
		}
	})
}

// A few bytes between telegrams, as plugs and meters make them, are no reason
// to leave a mode that has not been settled yet, and nor are some more when
// the port was just opened.
func TestFewBytesAreNoEvidence(t *testing.T) {
	for after, bytes := range map[time.Duration]int{10 * time.Millisecond: leastAtOnce - 1, time.Second: leastBytes - 1} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{sent: "115200 8N1", telegram: make([]byte, bytes), period: time.Hour, first: time.Now().Add(after)}
				l := listen(newProber("/dev/ttyUSB0", mode115200N8, usualPace), w)
				l.run(t, 10*time.Second, 1)
				w.becomes("115200 8N1", telegramFile(t, "nl-50-iskra-3812.txt"), time.Now().Add(3*time.Second))
				l.run(t, 10*time.Second, 1)
				if len(l.good) != 1 || len(slices.Compact(w.asked)) != 1 {
					t.Errorf("%d readings, modes asked for: %q", len(l.good), w.asked)
				}
			})
		})
	}
}

// Where telegrams follow each other without a pause, no burst ends.
func TestLineWithoutPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{sent: "9600 7E1", telegram: telegramFile(t, "nl-22-lg-e350.txt"), first: time.Now()}
		w.period = w.duration()
		l := listen(newProber("/dev/ttyUSB0", mode115200N8, usualPace), w)
		l.run(t, 10*w.period, 1)
		if len(l.good) == 0 || l.good[0].Sub(w.first) > 3*w.period {
			t.Errorf("%d readings\n%s", len(l.good), l.log.String())
		}
	})
}

// Text without a good telegram may be what another program can read: the mode
// is left for a look every ten minutes at most.
func TestModeIsKeptInDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		damaged := simulate.FlipBit(telegramFile(t, "se-kaifa-7d16.txt"), 4001)
		w := &wire{sent: "115200 7E1", telegram: damaged, period: 10 * time.Second, first: time.Now()}
		l := listen(newProber("/dev/ttyUSB0", mode115200N8, usualPace), w)
		l.run(t, 65*time.Minute, 1)
		if n := len(w.asked); len(l.good) > 0 || n < 10 || n > 16 {
			t.Errorf("%d readings, %d modes in an hour: %q", len(l.good), n, w.asked)
		}
	})
}

// A port that cannot have a mode goes on in the usual one.
func TestModeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{sent: "9600 7E1", telegram: simulate.Noise(3, 300), period: 10 * time.Second, first: time.Now(), refuses: "9600 7E1"}
		l := listen(newProber("/dev/ttyUSB0", mode9600E7, usualPace), w) // refused when it is opened
		l.run(t, 5*time.Minute, 1)
		for _, want := range []string{"115200 8N1", "115200 7E1", "115200 8E1", "9600 8N1", "2400 8E1"} {
			if !slices.Contains(w.asked, want) {
				t.Errorf("%s was not tried: %q", want, w.asked)
			}
		}
		if n := l.said("level=WARN"); n != 1 {
			t.Errorf("%d warnings, want one of the opening\n%s", n, l.log.String())
		}
	})
}
