package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// uarts are the kinds of port that deliver bytes with errors somehow.
var uarts = map[string]simulate.UART{
	"plain":       {},
	"16550":       {Resync: true},
	"FTDI":        {Packet: 62},
	"blind":       {Blind: true},
	"blind 16550": {Blind: true, Resync: true},
}

// Whatever mode it starts in and whatever the meter speaks, the third whole
// telegram is read at the latest.
func TestEveryModeIsFound(t *testing.T) {
	tests := []struct{ sent, file string }{
		{"115200 8N1", "nl-50-iskra-3812.txt"},
		{"115200 8N1", "hu-aux-5c2e.txt"}, // with raw bytes of 0xFF
		{"115200 8N1", "nl-40-minimal-lowercase-crc-60e5.txt"},
		{"9600 7E1", "nl-22-lg-e350.txt"}, // no checksum
		{"9600 7E1", "de-easymeter-q3da.txt"},
		{"115200 7E1", "si-iskra-ie7-nocrc.txt"},
		{"115200 7E1", "se-kaifa-7d16.txt"},
		{"115200 8E1", "dk-lg-e360-9b00.txt"},
	}
	device := device(t)
	for _, test := range tests {
		telegram := telegramFile(t, test.file)
		for kind, uart := range uarts {
			for start := range modes {
				for _, period := range []time.Duration{time.Second, 10 * time.Second} {
					for _, phase := range []time.Duration{0, 10, 350, 999} { // thousandths of the period
						if start > mode115200E8 && (phase == 999 || period > time.Second) {
							continue // the modes of meters without P1 text: no need to wait as often
						}
						t.Run(fmt.Sprintf("%s/%s/%s/%s/%v/%d", test.file, test.sent, kind, modes[start], period, phase), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) {
								opened := time.Now()
								w := &wire{uart: uart, sent: test.sent, telegram: telegram, period: period}
								w.first = opened.Add(period*phase/1000 - period) // one may be on its way already
								l := listen(newProber(device, start, usualPace), w)
								l.run(t, 10*period, 1)
								limit := 3*period + w.duration()
								if strings.HasPrefix(modes[start].name, "2400 ") {
									limit += period // one telegram may give too few bytes there to tell
								}
								if len(l.good) == 0 || l.good[0].Sub(opened) > limit {
									t.Fatalf("%d readings, want the first after %v at most\n%s", len(l.good), limit, l.log.String())
								}
								if n := l.said("the meter speaks "); n != 1 {
									t.Errorf("the mode was told %d times\n%s", n, l.log.String())
								}
								if got := l.Name(); !strings.HasPrefix(got, device+" (auto: ") || !strings.Contains(got, w.heard) {
									t.Errorf("the line is called %s, want the mode %s in it", got, w.heard)
								}
							})
						})
					}
				}
			}
		}
	}
}

// An adapter that keeps bytes with errors back is silent in a wrong mode.
func TestEveryModeIsFoundWithoutNoise(t *testing.T) {
	for sent, file := range map[string]string{
		"115200 8N1": "nl-50-iskra-3812.txt", "9600 7E1": "nl-22-lg-e350.txt", "115200 7E1": "se-kaifa-7d16.txt", "115200 8E1": "dk-lg-e360-9b00.txt",
	} {
		for start := range modes {
			t.Run(sent+" from "+modes[start].name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &wire{uart: simulate.UART{Drops: true}, sent: sent, telegram: telegramFile(t, file), period: 10 * time.Second, first: time.Now()}
					l := listen(newProber(device(t), start, usualPace), w)
					l.run(t, 3*time.Minute, 1)
					if len(l.good) == 0 {
						t.Errorf("no reading in three minutes\n%s", l.log.String())
					}
				})
			})
		}
	}
}

// What the log says, and what the port is asked for.
func TestModeIsTold(t *testing.T) {
	parity := simulate.UART{}.Hear(telegramFile(t, "se-kaifa-7d16.txt"), "115200 7E1", "115200 8N1")
	tests := []struct {
		name     string
		uart     simulate.UART
		sent     string
		telegram []byte
		speaks   string
		asked    []string
	}{
		{"the usual one", simulate.UART{}, "115200 8N1", telegramFile(t, "nl-50-iskra-3812.txt"), "115200 8N1", []string{"115200 8N1"}},
		{"an old meter", simulate.UART{}, "9600 7E1", telegramFile(t, "nl-22-lg-e350.txt"), "9600 7E1", []string{"115200 8N1", "9600 7E1"}},
		{"with parity", simulate.UART{Resync: true}, "115200 8E1", telegramFile(t, "dk-lg-e360-9b00.txt"), "115200 8E1", []string{"115200 8N1", "115200 8E1"}},
		{"parity bits that the scanner takes off", simulate.UART{}, "115200 8N1", parity, "115200 7E1, read as 115200 8N1", []string{"115200 8N1"}},
		{"parity bits of a telegram that is damaged", simulate.UART{}, "115200 7E1", simulate.FlipBit(telegramFile(t, "se-kaifa-7d16.txt"), 4001), "", []string{"115200 8N1", "115200 7E1", "115200 8N1", "115200 7E1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{uart: test.uart, sent: test.sent, telegram: test.telegram, period: 10 * time.Second, first: time.Now().Add(5 * time.Second)}
				l := listen(newProber("/dev/ttyUSB0", mode115200N8, usualPace), w)
				l.run(t, 59*time.Second, 3)
				if diff := cmp.Diff(test.asked, w.asked); diff != "" {
					t.Errorf("modes asked for (-want +got):\n%s", diff)
				}
				want := "/dev/ttyUSB0 (auto)"
				if test.speaks != "" {
					want = "/dev/ttyUSB0 (auto: " + test.speaks + ")"
					if n := l.said(`level=INFO msg="the meter speaks ` + test.speaks + `" source="/dev/ttyUSB0 (auto)"`); n != 1 {
						t.Errorf("the mode was told %d times\n%s", n, l.log.String())
					}
				}
				if got := l.Name(); got != want {
					t.Errorf("the line is called %s, want %s", got, want)
				}
				if got, want := l.said(`level=DEBUG msg="listening in another serial mode"`), len(test.asked)-1; got != want {
					t.Errorf("%d changes of mode were told, want %d\n%s", got, want, l.log.String())
				}
				if n := l.said("level=WARN"); n != 0 {
					t.Errorf("%d warnings\n%s", n, l.log.String())
				}
			})
		})
	}
}

// Encrypted frames cannot be read here, but they show that the mode is right,
// also when the first is joined in its middle.
func TestEncryptedFramesAreNoNoise(t *testing.T) {
	for _, file := range []string{"lu-encrypted-openhab.bin", "at-encrypted-synthetic.bin"} {
		frame := telegramFile(t, "../encrypted/"+file)
		for start := range modes {
			for _, phase := range []time.Duration{-300, -40, 100} { // ms after the opening
				t.Run(fmt.Sprintf("%s/%s/%d", file, modes[start], phase), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := &wire{sent: "115200 8N1", telegram: frame, period: 10 * time.Second, first: time.Now().Add(phase * time.Millisecond)}
						l := listen(newProber("/dev/ttyUSB0", start, usualPace), w)
						l.run(t, 5*time.Minute, 1)
						want := []string{modes[start].name, "115200 8N1"}
						if diff := cmp.Diff(slices.Compact(want), w.asked); diff != "" {
							t.Errorf("modes asked for (-want +got):\n%s", diff)
						}
					})
				})
			}
		}
	}
}

// What no mode can read is listened to in all of them, with one change a
// telegram at most.
func TestNoiseThatNothingReads(t *testing.T) {
	noises := map[string]*wire{
		"inverted": {uart: simulate.UART{Inverted: true}, sent: "115200 8N1", telegram: telegramFile(t, "nl-50-iskra-3812.txt")},
		"random":   {sent: "115200 8N1", telegram: simulate.Noise(7, 900)},
	}
	for name, w := range noises {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w.first, w.period = time.Now(), time.Second
				l := listen(newProber("/dev/ttyUSB0", mode115200N8, usualPace), w)
				l.run(t, 30*time.Second, 1)
				for _, m := range modes {
					if !slices.Contains(w.asked, m.name) {
						t.Errorf("%s was not tried: %q", m, w.asked)
					}
				}
				if len(w.asked) > 31 {
					t.Errorf("%d modes in 30 telegrams", len(w.asked))
				}
				if len(l.good) > 0 || l.said("level=INFO") != 1 {
					t.Errorf("%d readings\n%s", len(l.good), l.log.String())
				}
			})
		})
	}
}
