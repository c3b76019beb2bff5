// Package emulate is what all emulated meters share. An emulated meter is a
// server that looks like a meter of another maker, so that a battery, a wallbox
// or an energy manager that knows only that one is told what the household's
// own meter says. Batteries steer by it, which gives the rules:
//
//   - What is told is never older than the meter's own rhythm allows. A client
//     that asks while there is nothing fresh is refused or gets no answer, so
//     that it goes to its own safe mode.
//   - A client that asks more often than the meter speaks gets each reading
//     once, where its protocol lets it wait: one that sees the same surplus
//     twice corrects it twice, and the power swings. See Meter.Next.
//   - The identity is made once and kept, because clients are paired with it.
//   - Who asked what, and what was told, stands in a book that people can read.
//
// A kind of meter is a package of its own below internal/output. It makes no
// copy of any of this: it asks its Meter for a View, writes it as its protocol
// does, and notes who was answered.
package emulate

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// Options is what a Meter needs.
type Options struct {
	Name    string                  // of the emulated meter, in files, topics and ids: "homewizard_p1"
	Kind    string                  // what it looks like, as the option has it: "homewizard"
	Slot    string                  // of the real meter
	Prefix  []byte                  // of the MAC address; empty: of the private range
	Updates *hub.Hub[*meter.Update] // of the real meter
	Store   *store.Store            // keeps identity and offset
}

// Meter is one emulated meter. Its methods may be called by any goroutine.
type Meter struct {
	options Options
	mac     MAC
	counter *status.Counter // may be nil
	due     chan struct{}   // there is something to save

	mu      sync.Mutex
	kept    kept
	fresh   bool          // there is something to save
	update  *meter.Update // the last one
	view    *View         // nil: no reading had the power yet
	rhythm  rhythm
	changed chan struct{} // closed when there is another reading
	book    book
}

// New returns the emulated meter with the identity that it always had.
func New(o Options) *Meter {
	m := &Meter{options: o, due: make(chan struct{}, 1), changed: make(chan struct{})}
	o.Store.Load(m.file(), &m.kept)
	if checkOffset(m.kept.Offset) != nil {
		m.kept.Offset = 0
	}
	isKnown := false
	if m.mac, isKnown = parseMAC(m.kept.MAC, o.Prefix); !isKnown {
		m.mac = newMAC(o.Prefix)
		m.kept.MAC, m.fresh = m.mac.Hex(), true
	}
	return m
}

func (m *Meter) file() string { return "emulated_" + m.options.Name }

// Name returns what the meter is called in topics and ids.
func (m *Meter) Name() string { return m.options.Name }

// Kind returns what it looks like, as the option has it.
func (m *Meter) Kind() string { return m.options.Kind }

// Slot returns that of the real meter.
func (m *Meter) Slot() string { return m.options.Slot }

// MAC returns the meter's own.
func (m *Meter) MAC() MAC { return m.mac }

// Count has answers counted there. It must be called before Run.
func (m *Meter) Count(c *status.Counter) { m.counter = c }

// Run follows the real meter and runs the servers of the kind, until ctx ends;
// then it returns nil. A server that fails ends them all.
func (m *Meter) Run(ctx context.Context, servers ...func(context.Context) error) error {
	defer m.save()
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range append(servers, m.follow, m.saves) {
		group.Go(func() error { return retry.Recovered(func() error { return run(ctx) }) })
	}
	return group.Wait()
}

// follow takes every update.
func (m *Meter) follow(ctx context.Context) error {
	// What waits is a second's burst; of readings only the newest is told.
	updates := m.options.Updates.SubscribeLatest(8, hub.DropOldest, func(*meter.Update) bool { return true })
	defer updates.Close()
	var taken []*meter.Update
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-updates.Ready():
		}
		taken, _ = updates.Take(taken[:0]) // no error: this policy never disconnects
		for _, u := range taken {
			m.take(u)
		}
		clear(taken)
	}
}

// take makes the update the one that is told. Of one whose message had no power,
// the totals are new and the power is that of the reading before.
func (m *Meter) take(u *meter.Update) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.update == u {
		return // again, because the output was started again
	}
	m.update = u
	before := m.view
	switch {
	case u.HasPower:
		m.rhythm.beat(u.Reading.Received)
		m.show(u.Reading.Received, 1)
		close(m.changed)
		m.changed = make(chan struct{})
	case before != nil:
		m.show(before.Received, 0)
	}
}

// show makes the view of the last update. The lock is held.
func (m *Meter) show(received time.Time, step uint64) {
	v := newView(m.update.Entities(), m.kept.Offset)
	v.Received, v.Interval = received, m.rhythm.interval()
	if m.view != nil {
		v.Sequence = m.view.Sequence
	}
	v.Sequence += step
	m.view = v
}

// Newest returns what is told now; false while there is nothing fresh. It is for
// protocols that must answer at once, and that tell a reading more than once to
// who asks more than once.
func (m *Meter) Newest(now time.Time) (*View, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.view == nil || !m.view.Fresh(now) {
		return nil, false
	}
	return m.view, true
}

// waitBeats is how many intervals Next waits for the next reading.
const waitBeats = 1.5

// Next returns a fresh reading that the client has not got from Next before. It
// waits for one up to one and a half of the meter's intervals; false: there was
// none, ctx has ended, or the client has asked again, which is answered instead.
func (m *Meter) Next(ctx context.Context, name string) (*View, bool) {
	now := time.Now()
	m.mu.Lock()
	c := m.book.of(name, now)
	if c.wait != nil {
		close(c.wait)
	}
	again := make(chan struct{})
	c.wait = again
	timer := time.NewTimer(time.Duration(waitBeats * float64(m.rhythm.interval())))
	defer timer.Stop()
	defer func() {
		if c.wait == again {
			c.wait = nil
		}
		m.mu.Unlock()
	}()
	for {
		if v := m.view; v != nil && v.Sequence > c.got && v.Fresh(time.Now()) && c.wait == again {
			c.got = v.Sequence
			return v, true
		}
		changed := m.changed
		m.mu.Unlock()
		ended := false
		select {
		case <-changed:
		case <-again:
			ended = true
		case <-timer.C:
			ended = true
		case <-ctx.Done():
			ended = true
		}
		m.mu.Lock()
		if ended {
			return nil, false
		}
	}
}

// Changed returns a channel that is closed when there is another reading, for
// protocols that send each reading by themselves.
func (m *Meter) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// Answered notes what a client was told: what is its question, as short as its
// protocol has it. v is nil where that was no reading. The name tells clients
// apart: an address, with what else the protocol says of who asks.
func (m *Meter) Answered(name, what string, v *View) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.book.of(name, now)
	c.What, c.Why = text(what), ""
	c.Count++
	if v != nil {
		power := v.Power
		c.Power, c.Age = &power, v.Age(now).Seconds()
	}
	m.counter.Sent(1, now)
}

// Refused notes that a client got no reading, and why.
func (m *Meter) Refused(name, what, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.book.of(name, time.Now())
	c.What, c.Why = text(what), text(why)
	c.Refused++
	m.counter.Dropped(1)
}

// Offset returns what is added to the power, in W.
func (m *Meter) Offset() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept.Offset
}

// SetOffset sets what is added to the power, in W, from now on. It is the same
// reading still: a client that waits goes on waiting.
func (m *Meter) SetOffset(watts int) error {
	if err := checkOffset(watts); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept.Offset == watts {
		return nil
	}
	m.kept.Offset, m.fresh = watts, true
	if m.view != nil {
		m.show(m.view.Received, 0)
	}
	select {
	case m.due <- struct{}{}:
	default:
	}
	return nil
}

// saves writes to disk what changed, the identity at once and offsets a minute
// later. The last one is written by Run.
func (m *Meter) saves(ctx context.Context) error {
	m.save()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-m.due:
		}
		if !retry.Sleep(ctx, saveAfter) {
			return nil
		}
		m.save()
	}
}

func (m *Meter) save() {
	m.mu.Lock()
	fresh, state := m.fresh, m.kept
	m.fresh = false
	m.mu.Unlock()
	if fresh {
		m.options.Store.Save(m.file(), state)
	}
}

// Status returns how the emulated meter stands.
func (m *Meter) Status(now time.Time) status.Emulated {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := status.Emulated{
		Name: m.options.Name, Kind: m.options.Kind, Meter: m.options.Slot, Serial: m.mac.Hex(), Offset: m.kept.Offset,
		Fresh: m.view != nil && m.view.Fresh(now), Clients: m.book.askers(),
	}
	return s
}
