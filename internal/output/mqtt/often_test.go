package mqtt

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestOneStateASecond: at interval 0 and a telegram a second no device has
// more than one state a second, refreshes included; only a birth or a button
// is answered at once.
func TestOneStateASecond(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 2))
		o := options()
		o.Interval = 0
		s := newSession(o)
		s.status(start, alive())
		s.update(start, dutch())
		connect(s, start)
		last, states, atOnce := map[string]time.Time{}, map[string]int{}, false
		check := func(now time.Time, messages []message) {
			for _, m := range messages {
				device, ok := strings.CutSuffix(m.topic, "/state")
				if !ok || device == "smartmeter/p1_bridge" {
					continue
				}
				if before, known := last[device]; known && now.Sub(before) < stateEvery && !atOnce {
					t.Fatalf("seed %d: two states of %s within %s", seed, device, now.Sub(before))
				}
				last[device] = now
				states[device]++
			}
		}
		offset := time.Duration(random.IntN(1000)) * time.Millisecond
		const seconds = 2000
		for n := range seconds {
			second := start.Add(time.Duration(n+1)*time.Second + offset)
			for at := s.next(); !at.IsZero() && at.Before(second); at = s.next() {
				atOnce = !s.birthAt.IsZero()
				check(at, s.tick(at))
				if atOnce {
					clear(last) // the broker was asked for these
				}
			}
			atOnce = false
			check(second, s.update(second, later(dutch(), time.Duration(n+1)*time.Second, func(r *meter.Reading) {
				if n%300 == 17 {
					r.Channels[1].Time = clock(r.Time, -time.Second)
					r.Channels[1].Value = meter.NewValue(int64(246138+n), 3)
				}
			})))
			if random.IntN(400) == 0 {
				s.received(second, incoming{"homeassistant/status", []byte("online"), false})
			}
		}
		if n := states["smartmeter/p1"]; n < seconds {
			t.Errorf("seed %d: %d states of %d telegrams", seed, n, seconds)
		}
	}
}

// TestOneAnnouncementADevice: a full meter is announced by one message a
// device.
func TestOneAnnouncementADevice(t *testing.T) {
	for name, u := range map[string]*meter.Update{"dutch": dutch(), "belgian": belgian(), "warmtelink": warmtelink(), "old": old()} {
		s := newSession(options())
		all := keep(connect(s, start))
		all = append(all, keep(s.status(start, alive()))...)
		all = append(all, keep(s.update(start, u))...)
		count := map[string]int{}
		for _, m := range all {
			if strings.HasSuffix(m.topic, "/config") {
				count[m.topic]++
			}
		}
		devices := 0
		for _, d := range s.devices {
			if d.IsKnown() {
				devices++
			}
		}
		if len(count) != devices {
			t.Errorf("%s: %d announcements, want %d", name, len(count), devices)
		}
		for topic, n := range count {
			if n != 1 {
				t.Errorf("%s: %s is sent %d times", name, topic, n)
			}
		}
	}
}
