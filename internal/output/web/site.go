package web

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// statusEvery is how often event streams get the status without a change; it
// also finds clients that are gone.
const statusEvery = 5 * time.Second

// Site is what all servers show: the world, and what is remembered of it.
type Site struct {
	world  World
	meters []*shown
	zone   *time.Location

	statuses hub.Hub[stated] // the status as JSON, encoded once for all streams
	samples  hub.Hub[[]byte] // the inverter's samples likewise
	streams  atomic.Int64    // open now
	wake     chan struct{}   // a stream was opened
}

// shown is a meter with what is remembered of it.
type shown struct {
	Meter
	past     *past
	captures captures
}

// stated is a status for those who may see addresses, and for everybody.
type stated struct{ all, public []byte }

// New returns the site of the world. What it remembers of each meter's day is
// kept in the store; days begin at midnight of the zone.
func New(w World, s *store.Store, zone *time.Location) *Site {
	site := &Site{world: w, zone: zone, wake: make(chan struct{}, 1)}
	for _, m := range w.Meters {
		site.meters = append(site.meters, &shown{Meter: m, past: newPast(s, m.Slot, zone)})
	}
	return site
}

// updates are the hubs of the meters.
func updates(meters []*shown) (hubs []*hub.Hub[*meter.Update]) {
	for _, m := range meters {
		hubs = append(hubs, m.Updates)
	}
	return hubs
}

// sunny returns the meter whose readings have what the inverter gives.
func (s *Site) sunny() *shown {
	if i := slices.IndexFunc(s.meters, func(m *shown) bool { return m.HasSolar }); i >= 0 {
		return s.meters[i]
	}
	return s.meters[0]
}

// find returns the meter in that slot; nil: there is none.
func (s *Site) find(slot string) *shown {
	for _, m := range s.meters {
		if m.Slot == slot {
			return m
		}
	}
	return nil
}

// Run remembers what passes, and sends event streams the status, until ctx
// ends.
func (s *Site) Run(ctx context.Context) error {
	// A minute's readings, for the time that the disk takes.
	updates := hub.SubscribeAll(updates(s.meters), 60*len(s.meters), hub.DropOldest, func(*meter.Update) bool { return true })
	defer updates.Close()
	var lines []*hub.Hub[meter.Status]
	for _, m := range s.meters {
		lines = append(lines, m.Line)
	}
	line := hub.SubscribeAll(lines, 1, hub.DropOldest, nil)
	defer line.Close()
	samples := s.world.Samples.SubscribeLatest(1, hub.DropOldest, func(*meter.Solar) bool { return true })
	defer samples.Close()
	timer := time.NewTimer(statusEvery)
	defer timer.Stop()
	var taken []*meter.Update
	var changes []meter.Status
	var suns []*meter.Solar
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-updates.Ready():
			taken, _ = updates.Take(taken[:0])
			for _, u := range taken {
				s.find(u.Slot).past.add(u)
			}
			clear(taken)
			continue
		case <-samples.Ready():
			suns, _ = samples.Take(suns[:0])
			for _, sun := range suns {
				s.sunny().past.sun(sun)
				s.samples.Publish(sun.AppendJSON(nil))
			}
			continue
		case <-line.Ready():
			changes, _ = line.Take(changes[:0])
		case <-s.wake:
		case <-timer.C:
		}
		if s.streams.Load() == 0 {
			continue // the next stream wakes it
		}
		timer.Reset(statusEvery)
		var text stated
		var err error
		if text.all, err = s.state(true, nil); err == nil {
			text.public, err = s.state(false, nil)
		}
		if err != nil {
			return err
		}
		s.statuses.Publish(text)
	}
}

// sun is what the inverter said last, where there is one and it is fresh.
func (s *Site) sun(now time.Time) (*meter.Solar, bool) {
	if s.world.Solar == nil {
		return nil, false
	}
	return s.world.Solar(now)
}
