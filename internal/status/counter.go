package status

import (
	"sync"
	"sync/atomic"
	"time"
)

// Counter counts what one output does. A nil Counter is ready and counts
// nothing, so that an output need not ask whether anybody wants to know.
type Counter struct {
	name string

	sent, dropped, errors atomic.Uint64
	success               atomic.Int64 // Unix milliseconds; 0: never
	clients               atomic.Pointer[func() int]

	mu  sync.Mutex
	err string
}

// Sent counts n values that left, at now: the output works.
func (c *Counter) Sent(n uint64, now time.Time) {
	if c == nil || n == 0 {
		return
	}
	c.sent.Add(n)
	c.Works(now)
}

// Works records that the output works, though no value left: a connection was
// made, or a port was opened.
func (c *Counter) Works(now time.Time) {
	if c == nil {
		return
	}
	if c.success.Store(now.UnixMilli()); c.errors.Load() == 0 {
		return // the usual case takes no lock
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = ""
}

// Dropped counts n values that were lost.
func (c *Counter) Dropped(n uint64) {
	if c != nil {
		c.dropped.Add(n)
	}
}

// Failed counts a failure. Its text must not show a secret.
func (c *Counter) Failed(err error) {
	if c == nil || err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errors.Add(1)
	c.err = err.Error()
}

// Clients sets how the clients of a server are counted.
func (c *Counter) Clients(count func() int) {
	if c != nil {
		c.clients.Store(&count)
	}
}

func (c *Counter) read() Output {
	o := Output{Name: c.name, Sent: c.sent.Load(), Dropped: c.dropped.Load(), Errors: c.errors.Load()}
	if at := c.success.Load(); at > 0 {
		t := time.UnixMilli(at)
		o.LastSuccess = &t
	}
	if count := c.clients.Load(); count != nil {
		n := (*count)()
		o.Clients = &n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o.LastError = c.err
	return o
}
