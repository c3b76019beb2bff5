package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
)

// patience is how long Ease waits for these subscribers.
const patience = 100 * time.Millisecond

// eases tells how long Ease takes.
func eases[T any](h *hub.Hub[T]) time.Duration {
	start := time.Now()
	h.Ease()
	return time.Since(start)
}

// A subscriber that goes on reading loses nothing, however fast the source is.
func TestEaseWaitsForWhoReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub.Hub[int]
		reading := h.Subscribe(8, hub.Disconnect)
		reading.WantAll(patience)
		var stalled []*hub.Subscription[int]
		for range 3 {
			s := h.Subscribe(8, hub.DropOldest)
			s.WantAll(patience)
			defer s.Close()
			stalled = append(stalled, s)
		}
		const last = 1000
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer reading.Close()
			var got []int
			for len(got) < last {
				<-reading.Ready()
				time.Sleep(patience / 2)
				var err error
				if got, err = reading.TakeSome(got, 2); err != nil {
					t.Error(err)
					return
				}
			}
			for i, v := range got {
				if v != i {
					t.Errorf("in place of %d came %d", i, v)
					return
				}
			}
		}()
		for v := range last {
			h.Publish(v)
			h.Ease()
		}
		<-done
		for _, s := range stalled {
			if got, want := s.Dropped(), uint64(last-8); got != want {
				t.Errorf("a stalled subscriber missed %d values, want %d", got, want)
			}
		}
	})
}

// Whoever does not read holds up the source once, and for a moment only.
func TestEaseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub.Hub[int]
		s := h.Subscribe(8, hub.DropOldest)
		s.WantAll(patience)
		publish := func(n int) (waited time.Duration) {
			for v := range n {
				h.Publish(v)
				waited += eases(&h)
			}
			return waited
		}
		for _, step := range []struct {
			what string
			do   func() time.Duration
			want time.Duration
		}{
			{"half full", func() time.Duration { return publish(4) }, 0},
			{"more than half full", func() time.Duration { return publish(1) }, patience},
			{"full", func() time.Duration { return publish(100) }, 0},
			{"some were taken", func() time.Duration { _, _ = s.TakeSome(nil, 4); return publish(100) }, 0},
			{"all were taken", func() time.Duration { take(t, s); return publish(4) }, 0},
			{"and it is behind again", func() time.Duration { return publish(100) }, patience},
			{"it is closed", func() time.Duration { s.Close(); return publish(100) }, 0},
		} {
			if got := step.do(); got != step.want {
				t.Errorf("%s: waited %v, want %v", step.what, got, step.want)
			}
		}
	})
}

// On a line as slow as a meter's, who does not keep up is never waited for.
func TestEaseIsForBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub.Hub[int]
		s := h.Subscribe(8, hub.DropOldest)
		s.WantAll(patience)
		defer s.Close()
		content := h.Subscribe(1, hub.DropOldest) // with the newest
		defer content.Close()
		for v := range 100 {
			h.Publish(v)
			if got := eases(&h); got != 0 {
				t.Fatalf("waited %v after value %d", got, v)
			}
			time.Sleep(time.Second)
			if v%10 == 0 {
				_, _ = s.TakeSome(nil, 2)
			}
		}
	})
}

// A client that goes while it is waited for ends the waiting.
func TestEaseEndsWithItsSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub.Hub[int]
		s := h.Subscribe(2, hub.Disconnect)
		s.WantAll(patience)
		h.Publish(1)
		h.Publish(2)
		time.AfterFunc(patience/4, s.Close)
		if got, want := eases(&h), patience/4; got != want {
			t.Errorf("waited %v, want %v", got, want)
		}
	})
}
