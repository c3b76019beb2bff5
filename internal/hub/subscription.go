package hub

import (
	"errors"
	"math"
	"sync"
)

// Policy says what happens to a subscriber whose queue is full.
type Policy uint8

const (
	// DropOldest makes room: the subscriber misses its oldest values. For
	// values that stand alone, such as readings.
	DropOldest Policy = iota
	// Disconnect ends the subscription: half a byte stream is worse than a new
	// connection.
	Disconnect
)

// ErrOverflow ends a subscription with policy Disconnect that did not keep up.
var ErrOverflow = errors.New("queue is full: the reader is too slow")

// Subscription is one subscriber's queue. Its methods may be called from one
// goroutine, beside any publisher.
type Subscription[T any] struct {
	hubs  []*Hub[T]
	limit int
	full  Policy
	ready chan struct{} // holds a token while there is something to Take

	mu      sync.Mutex
	queue   []item[T] // what waits starts at head
	head    int
	held    int // cost of what waits
	dropped uint64
	err     error
}

type item[T any] struct {
	value T
	cost  int
}

func (s *Subscription[T]) push(v T, cost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	for s.head < len(s.queue) && s.held+cost > s.limit {
		if s.full == Disconnect {
			s.err = ErrOverflow
			s.empty()
			s.signal()
			return
		}
		s.shift()
		s.dropped++
	}
	if len(s.queue) == cap(s.queue) && s.head > len(s.queue)/2 {
		// Move to the front instead of growing: a queue that is always full
		// costs no memory.
		n := copy(s.queue, s.queue[s.head:])
		clear(s.queue[n:])
		s.queue, s.head = s.queue[:n], 0
	}
	s.queue = append(s.queue, item[T]{v, cost})
	s.held += cost
	s.signal()
}

// shift takes the oldest item out.
func (s *Subscription[T]) shift() T {
	oldest := s.queue[s.head]
	clear(s.queue[s.head : s.head+1])
	s.head++
	s.held -= oldest.cost
	return oldest.value
}

// empty makes the queue empty and, after a burst, gives its memory back.
func (s *Subscription[T]) empty() {
	clear(s.queue)
	if cap(s.queue) > 1024 {
		s.queue = nil
	}
	s.queue, s.head, s.held = s.queue[:0], 0, 0
}

func (s *Subscription[T]) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Ready receives when there is something to Take, or when the subscription
// has ended. It is never closed.
func (s *Subscription[T]) Ready() <-chan struct{} { return s.ready }

// Take appends all that waits in the queue to into and empties the queue. The
// error is ErrOverflow once a subscription with policy Disconnect has ended.
func (s *Subscription[T]) Take(into []T) ([]T, error) {
	return s.TakeSome(into, math.MaxInt)
}

// TakeSome is Take for values of at most limit together (but always one). The
// others stay in the queue, and Ready receives again for them.
func (s *Subscription[T]) TakeSome(into []T, limit int) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for taken := 0; s.head < len(s.queue); {
		cost := s.queue[s.head].cost
		if taken > 0 && cost > limit-taken {
			s.signal()
			return into, s.err
		}
		into = append(into, s.shift())
		taken += cost
	}
	s.empty()
	return into, s.err
}

// Err is ErrOverflow once a subscription with policy Disconnect has ended,
// else nil: for a subscriber that is busy with what it took before.
func (s *Subscription[T]) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Dropped returns how many values this subscriber missed.
func (s *Subscription[T]) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Close ends the subscription; what waits in its queue is gone.
func (s *Subscription[T]) Close() {
	for _, h := range s.hubs {
		h.mu.Lock()
		delete(h.subscribers, s)
		h.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue, s.head, s.held = nil, 0, 0
}
