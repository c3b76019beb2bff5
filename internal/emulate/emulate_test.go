package emulate_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// real is a meter that is emulated.
type real struct {
	*emulate.Meter
	hub   *hub.Hub[*meter.Update]
	store *store.Store
	stop  func()
}

// start runs an emulated meter until the test ends, or stop is called.
func start(t *testing.T, s *store.Store) *real {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if s == nil {
		s = store.Open(t.TempDir(), log)
	}
	r := &real{hub: new(hub.Hub[*meter.Update]), store: s}
	r.Meter = emulate.New(emulate.Options{Name: "homewizard_p1", Kind: "homewizard", Slot: "p1", Updates: r.hub, Store: s})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// tell publishes a reading with the net power of the whole and of the phases.
func (r *real) tell(power int64, phases ...int64) {
	u := &meter.Update{Slot: "p1", HasPower: true, Reading: meter.Reading{Received: time.Now()}}
	u.Reading.Values.Set(meter.PowerNet, meter.NewValue(power, 0))
	for i, p := range phases {
		u.Reading.Values.Set(meter.PowerNetL1+meter.Quantity(i), meter.NewValue(p, 0))
	}
	r.hub.Publish(u)
	synctest.Wait()
}

func watts(v *emulate.View) string {
	if v == nil {
		return ""
	}
	list := []string{v.Power.String()}
	for _, p := range v.Phases {
		if p.Power.Valid {
			list = append(list, p.Power.String())
		}
	}
	return strings.Join(list, " ")
}

// TestNext: whoever asks three times a reading is told each reading once, and
// the same as who asks once.
func TestNext(t *testing.T) {
	for _, test := range []struct {
		interval, poll time.Duration
		wait           bool // the client waits for an answer before it asks again
	}{
		{time.Second, 300 * time.Millisecond, false},
		{time.Second, 300 * time.Millisecond, true},
		{10 * time.Second, 300 * time.Millisecond, false},
		{10 * time.Second, 3 * time.Second, true},
		{time.Second, 4 * time.Second, true},
	} {
		t.Run(fmt.Sprint(test.interval, test.poll, test.wait), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := start(t, nil)
				var mu sync.Mutex
				var got []int64
				ask := func() {
					if v, ok := m.Next(t.Context(), "battery"); ok {
						mu.Lock()
						got = append(got, v.Power.Int())
						mu.Unlock()
					}
				}
				var asks sync.WaitGroup
				asks.Go(func() {
					for begin := time.Now(); time.Since(begin) < 100*time.Second; time.Sleep(test.poll) {
						if test.wait {
							ask()
						} else {
							asks.Go(ask)
						}
					}
				})
				for i := range int64(100 * time.Second / test.interval) {
					m.tell(i)
					time.Sleep(test.interval)
				}
				asks.Wait()
				for i, p := range got {
					if i > 0 && p <= got[i-1] {
						t.Fatalf("after %d came %d", got[i-1], p)
					}
				}
				least := int(100*time.Second/max(test.interval, test.poll)) - 1
				if len(got) < least {
					t.Errorf("%d readings were told, want %d", len(got), least)
				}
			})
		})
	}
}

// TestNextEnds: a poll that nothing comes for ends after one and a half
// intervals, and when the client asks again.
func TestNextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := start(t, nil)
		for i := range int64(4) {
			m.tell(i)
			time.Sleep(2 * time.Second)
		}
		v, ok := m.Next(t.Context(), "a")
		if !ok || v.Power.Int() != 3 || v.Interval != 2*time.Second || v.Age(time.Now()) != 2*time.Second {
			t.Fatalf("%+v, %v", v, ok)
		}
		begin := time.Now()
		if _, ok := m.Next(t.Context(), "a"); ok || time.Since(begin) != 3*time.Second {
			t.Errorf("told %v after %v", ok, time.Since(begin))
		}
		first := make(chan bool)
		go func() {
			_, ok := m.Next(t.Context(), "b")
			_, ok2 := m.Next(t.Context(), "b")
			first <- ok && !ok2
		}()
		synctest.Wait()
		if _, ok := m.Next(t.Context(), "b"); ok || !<-first {
			t.Error("the second poll of a client did not end the first")
		}
	})
}

// TestFresh: what is older than the rhythm allows is never told.
func TestFresh(t *testing.T) {
	for _, test := range []struct{ interval, allowed time.Duration }{
		{time.Second, 5 * time.Second},
		{2500 * time.Millisecond, 7500 * time.Millisecond},
		{10 * time.Second, 30 * time.Second},
		{time.Minute, 90 * time.Second},
		{15 * time.Minute, 22*time.Minute + 30*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := start(t, nil)
			if _, ok := m.Newest(time.Now()); ok {
				t.Error("told before the first reading")
			}
			for i := range int64(10) {
				m.tell(i)
				time.Sleep(test.interval)
			}
			time.Sleep(time.Hour) // an outage says nothing of the rhythm
			m.tell(20)
			now := time.Now()
			if v, ok := m.Newest(now.Add(test.allowed)); !ok || v.Power.Int() != 20 || !m.Status(now).Fresh {
				t.Errorf("each %v: not told after %v", test.interval, test.allowed)
			}
			if _, ok := m.Newest(now.Add(test.allowed + 1)); ok {
				t.Errorf("each %v: told after more than %v", test.interval, test.allowed)
			}
			time.Sleep(test.allowed + 1)
			if _, ok := m.Next(t.Context(), "a"); ok {
				t.Errorf("each %v: told as new", test.interval)
			}
		})
	}
}

// TestWithoutPower: a message without the power brings no new one.
func TestWithoutPower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := start(t, nil)
		m.tell(7)
		time.Sleep(4 * time.Second)
		u := &meter.Update{Slot: "p1", Reading: meter.Reading{Received: time.Now()}}
		u.Reading.Values.Set(meter.PowerNet, meter.NewValue(7, 0)) // of the message before
		u.Reading.Values.Set(meter.EnergyImportTotal, meter.NewValue(12345, 3))
		m.hub.Publish(u)
		synctest.Wait()
		v, ok := m.Newest(time.Now())
		if !ok || v.Sequence != 1 || v.Age(time.Now()) != 4*time.Second || v.Import.String() != "12.345" || v.Export.Valid {
			t.Errorf("%+v, %v", v, ok)
		}
	})
}

func TestOffset(t *testing.T) {
	for _, test := range []struct {
		power  int64
		phases []int64
		offset int
		want   string
	}{
		{500, nil, 0, "500"},
		{500, nil, -800, "-300"},
		{500, []int64{500}, 100, "600 600"},
		{600, []int64{100, 200, 300}, 60, "660 110 220 330"},
		{-100, []int64{-400, 100, 200}, 7, "-93 -396 101 202"},
		{0, []int64{0, 0, 0}, 100, "100 34 33 33"},
		{1, []int64{0, 0, 1}, -20000, "-19999 0 0 -19999"},
		{30, []int64{10, 10, 10}, 10, "40 14 13 13"},
		{1 << 62, []int64{1 << 62, 1 << 62}, 10, "4611686018427387914 4611686018427387909 4611686018427387909"},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := start(t, nil)
			m.tell(test.power, test.phases...)
			before, _ := m.Newest(time.Now())
			if err := m.SetOffset(test.offset); err != nil {
				t.Fatal(err)
			}
			v, ok := m.Newest(time.Now())
			if !ok || watts(v) != test.want || v.Sequence != before.Sequence {
				t.Errorf("%d %v with %d: %s, want %s", test.power, test.phases, test.offset, watts(v), test.want)
			}
			split := v.Split()
			if sum := split[0].Add(split[1]).Add(split[2]); len(test.phases) != 2 && sum.Cmp(v.Power) != 0 {
				t.Errorf("%d %v with %d: the phases have %s", test.power, test.phases, test.offset, sum)
			}
		})
	}
}

// TestKept: identity and offset are the same after a restart, and an offset
// beyond the limits is refused.
func TestKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := start(t, nil)
		mac := m.MAC()
		if mac[0]&3 != 2 || mac.Hex() == "000000000000" {
			t.Errorf("%s is not of the private range", mac)
		}
		for _, watts := range []int{emulate.LeastOffset, emulate.MostOffset, 0, -250} {
			if err := m.SetOffset(watts); err != nil || m.Offset() != watts {
				t.Errorf("%d: %v, it is %d", watts, err, m.Offset())
			}
		}
		for _, watts := range []int{emulate.LeastOffset - 1, emulate.MostOffset + 1} {
			if err := m.SetOffset(watts); err == nil || m.Offset() != -250 {
				t.Errorf("%d is taken, it is %d", watts, m.Offset())
			}
		}
		m.stop()
		again := start(t, m.store)
		if again.MAC() != mac || again.Offset() != -250 {
			t.Errorf("%s became %s, the offset is %d", mac, again.MAC(), again.Offset())
		}
		other := emulate.New(emulate.Options{Name: "other", Prefix: []byte{0xb4, 0x3a, 0x45}, Updates: m.hub, Store: m.store})
		if s := other.MAC().String(); !strings.HasPrefix(s, "b4:3a:45:") || other.MAC() == mac {
			t.Errorf("%s has not the prefix", s)
		}
	})
}

// TestBook: who asks is noted, in a book of bounded size.
func TestBook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := start(t, nil)
		m.tell(300)
		time.Sleep(500 * time.Millisecond)
		v, _ := m.Newest(time.Now())
		for i := range 500 {
			m.Answered(fmt.Sprint("client ", i), "data", v)
			time.Sleep(time.Millisecond)
		}
		m.Refused("client 499", strings.Repeat("x", 200)+"\x1b[31m", "no reading")
		s := m.Status(time.Now())
		if len(s.Clients) != 32 || s.Name != "homewizard_p1" || s.Meter != "p1" || s.Serial != m.MAC().Hex() {
			t.Fatalf("%d clients of %s", len(s.Clients), s.Name)
		}
		c := s.Clients[0]
		if c.Client != "client 499" || len(c.What) != 83 || c.Why != "no reading" ||
			c.Power.String() != "300" || c.Age != 0.999 || c.Count != 1 || c.Refused != 1 {
			t.Errorf("%+v", c)
		}
		if c := s.Clients[1]; c.Client != "client 498" || c.What != "data" || c.Why != "" || c.Refused != 0 {
			t.Errorf("%+v", c)
		}
	})
}
