// Package hub fans values out: one publisher that never waits, any number of
// subscribers, each with a bounded queue of its own.
package hub

import (
	"errors"
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

// Hub hands every published value to every subscriber. The zero Hub is ready;
// values are counted as 1 each unless Cost is set.
type Hub[T any] struct {
	// Cost is what a value takes from a subscriber's limit, for example its
	// bytes. It must not change once a value was published.
	Cost func(T) int

	mu          sync.Mutex
	subscribers map[*Subscription[T]]struct{}
	latest      T
	published   uint64
}

// Publish hands v to every subscriber and returns at once, whatever they do.
// v must not be changed afterwards.
func (h *Hub[T]) Publish(v T) {
	cost := 1
	if h.Cost != nil {
		cost = h.Cost(v)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = v
	h.published++
	for s := range h.subscribers {
		s.push(v, cost)
	}
}

// Latest returns the value published last; false before the first.
func (h *Hub[T]) Latest() (T, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest, h.published > 0
}

// Subscribers returns how many there are.
func (h *Hub[T]) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subscribers)
}

// Subscribe starts a subscription whose queue holds values of at most limit
// together (but always one). Close must be called.
func (h *Hub[T]) Subscribe(limit int, full Policy) *Subscription[T] {
	s := &Subscription[T]{hub: h, limit: limit, full: full, ready: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subscribers == nil {
		h.subscribers = make(map[*Subscription[T]]struct{})
	}
	h.subscribers[s] = struct{}{}
	return s
}

// Subscription is one subscriber's queue. Its methods may be called from one
// goroutine, beside any publisher.
type Subscription[T any] struct {
	hub   *Hub[T]
	limit int
	full  Policy
	ready chan struct{} // holds a token while there is something to Take

	mu      sync.Mutex
	queue   []item[T]
	held    int
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
	for len(s.queue) > 0 && s.held+cost > s.limit {
		if s.full == Disconnect {
			s.err = ErrOverflow
			s.queue, s.held = nil, 0
			s.signal()
			return
		}
		s.held -= s.queue[0].cost
		clear(s.queue[:1])
		s.queue = s.queue[1:]
		s.dropped++
	}
	s.queue = append(s.queue, item[T]{v, cost})
	s.held += cost
	s.signal()
}

func (s *Subscription[T]) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Ready receives when there is something to Take. It is never closed.
func (s *Subscription[T]) Ready() <-chan struct{} { return s.ready }

// Take appends all that waits in the queue to into and empties the queue. The
// error is ErrOverflow once a subscription with policy Disconnect has ended.
func (s *Subscription[T]) Take(into []T) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.queue {
		into = append(into, s.queue[i].value)
	}
	clear(s.queue)
	if cap(s.queue) > 1024 { // after a burst, give the memory back
		s.queue = nil
	}
	s.queue, s.held = s.queue[:0], 0
	return into, s.err
}

// Dropped returns how many values this subscriber missed.
func (s *Subscription[T]) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Close ends the subscription; what waits in its queue is gone.
func (s *Subscription[T]) Close() {
	s.hub.mu.Lock()
	delete(s.hub.subscribers, s)
	s.hub.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue, s.held = nil, 0
}
