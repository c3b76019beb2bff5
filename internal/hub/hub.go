// Package hub fans values out: one publisher, any number of subscribers, each
// with a bounded queue of its own. Publishing never waits.
package hub

import "sync"

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
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = v
	h.published++
	cost := h.cost(v)
	for s := range h.subscribers {
		s.push(v, cost)
	}
}

func (h *Hub[T]) cost(v T) int {
	if h.Cost == nil {
		return 1
	}
	return h.Cost(v)
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

// Waiting returns how many values wait for a subscriber, summed over all.
func (h *Hub[T]) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for s := range h.subscribers {
		s.mu.Lock()
		n += len(s.queue) - s.head
		s.mu.Unlock()
	}
	return n
}

// Subscribe starts a subscription whose queue holds values of at most limit
// together (but always one). Close must be called.
func (h *Hub[T]) Subscribe(limit int, full Policy) *Subscription[T] {
	return h.SubscribeLatest(limit, full, nil)
}

// SubscribeLatest is Subscribe with the value published last already in the
// queue, where there is one and want agrees. No value between it and the
// next one is missed or doubled. A nil want never agrees.
func (h *Hub[T]) SubscribeLatest(limit int, full Policy, want func(T) bool) *Subscription[T] {
	return SubscribeAll([]*Hub[T]{h}, limit, full, want)
}

// SubscribeAll is SubscribeLatest to several hubs at once: their values wait
// in one queue.
func SubscribeAll[T any](hubs []*Hub[T], limit int, full Policy, want func(T) bool) *Subscription[T] {
	s := &Subscription[T]{hubs: hubs, limit: limit, full: full, ready: make(chan struct{}, 1)}
	for _, h := range hubs {
		h.add(s, want)
	}
	return s
}

func (h *Hub[T]) add(s *Subscription[T], want func(T) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if want != nil && h.published > 0 && want(h.latest) {
		s.push(h.latest, h.cost(h.latest))
	}
	if h.subscribers == nil {
		h.subscribers = make(map[*Subscription[T]]struct{})
	}
	h.subscribers[s] = struct{}{}
}
