package hub_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
)

func length(s string) int { return len(s) }

func take[T any](t *testing.T, s *hub.Subscription[T]) []T {
	t.Helper()
	got, err := s.Take(nil)
	if err != nil {
		t.Fatalf("Take: %v", err)
	}
	return got
}

func ready[T any](s *hub.Subscription[T]) bool {
	select {
	case <-s.Ready():
		return true
	default:
		return false
	}
}

func TestWaiting(t *testing.T) {
	var h hub.Hub[int]
	if n := h.Waiting(); n != 0 {
		t.Errorf("%d values wait for nobody", n)
	}
	a, b := h.Subscribe(10, hub.DropOldest), h.Subscribe(10, hub.DropOldest)
	defer b.Close()
	for v := range 3 {
		h.Publish(v)
	}
	take(t, a)
	if n := h.Waiting(); n != 3 {
		t.Errorf("%d values wait, want the 3 that one subscriber has not taken", n)
	}
	h.Publish(3)
	a.Close()
	take(t, b)
	if n := h.Waiting(); n != 0 {
		t.Errorf("%d values wait, want none", n)
	}
}

// TestSubscribeAll: one queue has the values of several hubs, the latest of
// each first, and its bound is for all of them.
func TestSubscribeAll(t *testing.T) {
	var a, b hub.Hub[string]
	a.Publish("a1")
	b.Publish("b1")
	s := hub.SubscribeAll([]*hub.Hub[string]{&a, &b}, 3, hub.DropOldest, func(string) bool { return true })
	b.Publish("b2")
	if diff := cmp.Diff([]string{"a1", "b1", "b2"}, take(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, v := range []string{"3", "4"} {
		a.Publish("a" + v)
		b.Publish("b" + v)
	}
	if diff := cmp.Diff([]string{"b3", "a4", "b4"}, take(t, s)); diff != "" || s.Dropped() != 1 {
		t.Errorf("%d dropped, -want +got:\n%s", s.Dropped(), diff)
	}
	s.Close()
	a.Publish("a5")
	b.Publish("b5")
	if a.Subscribers()+b.Subscribers() > 0 || ready(s) && len(take(t, s)) > 0 {
		t.Error("it goes on after Close")
	}
}

func TestEverySubscriberGetsEveryValueInOrder(t *testing.T) {
	var h hub.Hub[int]
	h.Publish(1) // nobody listens yet
	a := h.Subscribe(10, hub.DropOldest)
	defer a.Close()
	h.Publish(2)
	b := h.Subscribe(10, hub.Disconnect)
	defer b.Close()
	h.Publish(3)
	h.Publish(4)
	if diff := cmp.Diff([]int{2, 3, 4}, take(t, a)); diff != "" {
		t.Errorf("first subscriber (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{3, 4}, take(t, b)); diff != "" {
		t.Errorf("second subscriber (-want +got):\n%s", diff)
	}
	if got, want := h.Subscribers(), 2; got != want {
		t.Errorf("Subscribers() = %d, want %d", got, want)
	}
}

func TestFullQueue(t *testing.T) {
	tests := []struct {
		name    string
		limit   int
		full    hub.Policy
		values  []string
		want    []string
		dropped uint64
		err     error
	}{
		{"fits exactly", 6, hub.DropOldest, []string{"aa", "bb", "cc"}, []string{"aa", "bb", "cc"}, 0, nil},
		{"the oldest goes", 6, hub.DropOldest, []string{"aa", "bb", "cc", "d"}, []string{"bb", "cc", "d"}, 1, nil},
		{"a large one takes the place of several", 6, hub.DropOldest, []string{"aa", "bb", "cc", "ddddd"}, []string{"ddddd"}, 3, nil},
		{"one is always held", 6, hub.DropOldest, []string{"aa", "bbbbbbbbb"}, []string{"bbbbbbbbb"}, 1, nil},
		{"and goes in its turn", 6, hub.DropOldest, []string{"bbbbbbbbb", "c"}, []string{"c"}, 1, nil},
		{"nothing costs nothing", 2, hub.DropOldest, []string{"aa", "", ""}, []string{"aa", "", ""}, 0, nil},
		{"a stream fits", 6, hub.Disconnect, []string{"aa", "bb", "cc"}, []string{"aa", "bb", "cc"}, 0, nil},
		{"a stream with a gap ends", 6, hub.Disconnect, []string{"aa", "bb", "cc", "d", "e"}, nil, 0, hub.ErrOverflow},
		{"a stream holds one too", 6, hub.Disconnect, []string{"bbbbbbbbb"}, []string{"bbbbbbbbb"}, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := hub.Hub[string]{Cost: length}
			s := h.Subscribe(test.limit, test.full)
			defer s.Close()
			for _, v := range test.values {
				h.Publish(v)
			}
			if got := s.Err(); !errors.Is(got, test.err) {
				t.Errorf("Err() = %v, want %v", got, test.err)
			}
			if !ready(s) {
				t.Error("not ready")
			}
			got, err := s.Take(nil)
			if !errors.Is(err, test.err) {
				t.Errorf("Take error %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if got := s.Dropped(); got != test.dropped {
				t.Errorf("Dropped() = %d, want %d", got, test.dropped)
			}
		})
	}
}

func TestTakeSomeLeavesTheRestReady(t *testing.T) {
	h := hub.Hub[string]{Cost: length}
	s := h.Subscribe(100, hub.DropOldest)
	defer s.Close()
	for _, v := range []string{"aaa", "b", "cccccc", "d"} {
		h.Publish(v)
	}
	for _, want := range [][]string{{"aaa", "b"}, {"cccccc"}, {"d"}} {
		if !ready(s) {
			t.Fatalf("not ready before %q", want)
		}
		got, err := s.TakeSome(nil, 4)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("TakeSome (-want +got):\n%s", diff)
		}
	}
	if ready(s) {
		t.Error("ready with an empty queue")
	}
}

func TestTakeAppends(t *testing.T) {
	var h hub.Hub[int]
	s := h.Subscribe(10, hub.DropOldest)
	defer s.Close()
	h.Publish(2)
	got, err := s.Take([]int{1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2}, got); diff != "" {
		t.Errorf("Take (-want +got):\n%s", diff)
	}
}

func TestLatest(t *testing.T) {
	var h hub.Hub[int]
	if got, ok := h.Latest(); ok {
		t.Errorf("Latest() = %d before the first", got)
	}
	first := h.SubscribeLatest(10, hub.DropOldest, func(int) bool { t.Error("asked about nothing"); return true })
	defer first.Close()
	h.Publish(1)
	h.Publish(2)
	if got, ok := h.Latest(); got != 2 || !ok {
		t.Errorf("Latest() = %d, %v, want 2", got, ok)
	}
	yes := h.SubscribeLatest(10, hub.DropOldest, func(v int) bool { return v == 2 })
	defer yes.Close()
	no := h.SubscribeLatest(10, hub.DropOldest, func(v int) bool { return v != 2 })
	defer no.Close()
	if !ready(yes) {
		t.Error("not ready with the latest value waiting")
	}
	h.Publish(3)
	if diff := cmp.Diff([]int{2, 3}, take(t, yes)); diff != "" {
		t.Errorf("wanted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{3}, take(t, no)); diff != "" {
		t.Errorf("not wanted (-want +got):\n%s", diff)
	}
}

// Whoever joins while values are published sees one unbroken row.
func TestJoiningMissesAndDoublesNothing(t *testing.T) {
	var h hub.Hub[int]
	var wg sync.WaitGroup
	const last = 2000
	h.Publish(0)
	for range 8 {
		wg.Go(func() {
			s := h.SubscribeLatest(10*last, hub.Disconnect, func(int) bool { return true })
			defer s.Close()
			var got []int
			for len(got) == 0 || got[len(got)-1] != last {
				<-s.Ready()
				var err error
				if got, err = s.TakeSome(got, 1+rand.IntN(5)); err != nil {
					t.Error(err)
					return
				}
			}
			for i, v := range got {
				if v != got[0]+i {
					t.Errorf("after %d came %d", got[0]+i-1, v)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for v := 1; v <= last; v++ {
			h.Publish(v)
		}
	})
	wg.Wait()
	if got := h.Subscribers(); got != 0 {
		t.Errorf("%d subscribers left", got)
	}
}

func TestClosedSubscriberGetsNothing(t *testing.T) {
	var h hub.Hub[int]
	s := h.Subscribe(10, hub.DropOldest)
	h.Publish(1)
	s.Close()
	h.Publish(2)
	if got := take(t, s); len(got) != 0 {
		t.Errorf("Take after Close = %v", got)
	}
	s.Close() // twice is no harm
	if got := h.Subscribers(); got != 0 {
		t.Errorf("%d subscribers left", got)
	}
}

// A subscriber that waits is woken by a value, one that never takes keeps
// nobody waiting: synctest fails if a goroutine blocks for ever.
func TestNobodyWaitsForASlowSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub.Hub[int]
		stuck := h.Subscribe(3, hub.DropOldest)
		defer stuck.Close()
		quick := h.Subscribe(1, hub.DropOldest)
		defer quick.Close()
		values := make(chan int)
		go func() {
			for range 1000 {
				<-quick.Ready()
				got, _ := quick.Take(nil)
				values <- got[0]
			}
		}()
		for v := range 1000 {
			h.Publish(v)
			if got := <-values; got != v {
				t.Fatalf("got %d, want %d", got, v)
			}
		}
		if diff := cmp.Diff([]int{997, 998, 999}, take(t, stuck)); diff != "" {
			t.Errorf("stuck subscriber (-want +got):\n%s", diff)
		}
		if got, want := stuck.Dropped(), uint64(997); got != want {
			t.Errorf("Dropped() = %d, want %d", got, want)
		}
	})
}

// The queue does what a plain slice would do, whatever the order of calls.
func TestQueueAgainstModel(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		const limit = 50
		h := hub.Hub[int]{Cost: func(v int) int { return v % 10 }}
		s := h.Subscribe(limit, hub.DropOldest)
		var model []int
		held := func() (sum int) {
			for _, v := range model {
				sum += v % 10
			}
			return sum
		}
		for v := range 5000 {
			switch random.IntN(20) {
			case 0:
				if got := take(t, s); !slices.Equal(got, model) {
					t.Fatalf("seed %d: Take = %v, want %v", seed, got, model)
				}
				model = nil
			case 1:
				got, _ := s.TakeSome(nil, 12)
				n := 0
				for sum := 0; n < len(model) && (sum == 0 || sum+model[n]%10 <= 12); n++ {
					sum += model[n] % 10
				}
				if !slices.Equal(got, model[:n]) {
					t.Fatalf("seed %d: TakeSome = %v, want %v", seed, got, model[:n])
				}
				model = model[n:]
			default:
				h.Publish(v)
				for len(model) > 0 && held()+v%10 > limit {
					model = model[1:]
				}
				model = append(model, v)
			}
		}
		s.Close()
	}
}

func fullHub(subscribers int) *hub.Hub[[]byte] {
	h := &hub.Hub[[]byte]{Cost: func(b []byte) int { return len(b) }}
	line := make([]byte, 1000)
	for range subscribers {
		h.Subscribe(100*len(line), hub.DropOldest)
	}
	for range 1000 {
		h.Publish(line)
	}
	return h
}

func TestPublishAllocatesNothing(t *testing.T) {
	line := make([]byte, 1000)
	full := fullHub(8)
	if got := testing.AllocsPerRun(1000, func() { full.Publish(line) }); got != 0 {
		t.Errorf("to full queues: %v allocations", got)
	}
	var h hub.Hub[[]byte]
	s := h.Subscribe(10, hub.DropOldest)
	defer s.Close()
	var taken [][]byte
	if got := testing.AllocsPerRun(1000, func() {
		h.Publish(line)
		<-s.Ready()
		taken, _ = s.Take(taken[:0])
	}); got != 0 {
		t.Errorf("to a subscriber that keeps up: %v allocations", got)
	}
}

func BenchmarkPublish(b *testing.B) {
	h := fullHub(8)
	line := make([]byte, 1000)
	b.ReportAllocs()
	for b.Loop() {
		h.Publish(line)
	}
}
