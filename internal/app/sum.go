package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

const (
	// sumReadings is how many readings wait for the sum: a network reader
	// delivers some minutes at once after a stall.
	sumReadings = 1024
	sumStatuses = 64

	sumFile = "account_" + config.SumSlot
)

// sum is what all electricity meters say together, as one more meter: a reading
// for each round in which all have spoken. A meter without data ends it, and
// nothing is filled in for it.
type sum struct {
	log     *slog.Logger
	zone    *time.Location
	store   *store.Store
	members []*member
	account derive.Account
	totals  *totals                                  // guards what was settled, and counts what the house uses
	solar   func(now time.Time) (*meter.Solar, bool) // nil: there is no inverter

	readings []*hub.Hub[*meter.Update] // of the members
	lines    []*hub.Hub[meter.Status]
	updates  *hub.Hub[*meter.Update] // of the sum
	status   *hub.Hub[meter.Status]

	stands meter.Status // as published
}

// member is a meter of the sum.
type member struct {
	slot       string
	newest     *meter.Reading // as entities show it; nil: there is none, or its line is dead
	isNew      bool           // it came after the last sum
	isAlive    bool           // its line is
	isKnown    bool           // there was one
	isElectric bool           // it measures electricity
	at         time.Time      // when the last one came
	gaps       [2]time.Duration
}

// newSum returns the sum of the meters; nil where there is one only.
func newSum(h *house, meters []*pipeline) *sum {
	if len(meters) < 2 {
		return nil
	}
	log := h.deps.Log.With("part", "sum", "slot", config.SumSlot)
	s := &sum{
		log: log, zone: h.zone, store: h.store, totals: newTotals(config.SumSlot, h.zone, h.store, log),
		updates: new(hub.Hub[*meter.Update]), status: new(hub.Hub[meter.Status]),
		stands: meter.Status{Slot: config.SumSlot, Started: time.Now()},
	}
	if h.panels != nil {
		s.solar = h.panels.Latest
	}
	h.store.Load(sumFile, &s.account)
	for _, p := range meters {
		m := &member{slot: p.meter.Slot}
		for name := range s.account.Members {
			m.isElectric = m.isElectric || strings.HasPrefix(name, m.slot+".")
		}
		s.members = append(s.members, m)
		s.readings, s.lines = append(s.readings, p.updates), append(s.lines, p.vitals.hub)
	}
	s.status.Publish(s.stands)
	return s
}

// run adds up until ctx ends, and keeps what was counted: at once where the
// meters changed, else as often as totals are.
func (s *sum) run(ctx context.Context) error {
	defer s.save()
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	readings := hub.SubscribeAll(s.readings, sumReadings, hub.DropOldest, nil)
	defer readings.Close()
	lines := hub.SubscribeAll(s.lines, sumStatuses, hub.DropOldest, func(meter.Status) bool { return true })
	defer lines.Close()
	var updates []*meter.Update
	var statuses []meter.Status
	takeLines := func() {
		statuses, _ = lines.Take(statuses[:0]) // no error: this policy never disconnects
		for _, st := range statuses {
			s.line(st)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.save()
		case <-lines.Ready():
			takeLines()
		case <-readings.Ready():
			takeLines() // a reading must not overtake the news that its meter is back, or outlive that it is gone
			updates, _ = readings.Take(updates[:0])
			for _, u := range updates {
				s.update(u)
			}
			clear(updates)
		}
	}
}

// line takes how the line of a meter stands. A dead one ends the sum.
func (s *sum) line(st meter.Status) {
	m := s.member(st.Slot)
	if m.isAlive = st.Alive; m.isAlive {
		return
	}
	m.newest, m.isNew, m.at, m.gaps = nil, false, time.Time{}, [2]time.Duration{}
	if m.isElectric || !m.isKnown {
		s.setAlive(false)
	}
}

// update takes a reading of a meter, and publishes the sum when that completes
// the round.
func (s *sum) update(u *meter.Update) {
	m := s.member(u.Slot)
	r := u.Entities()
	m.hear(r)
	readings, ok := s.round()
	if !ok {
		return
	}
	for _, m := range s.members {
		m.isNew = false
	}
	s.publish(readings)
}

// hear takes a reading of the meter.
func (m *member) hear(r *meter.Reading) {
	if !m.at.IsZero() {
		m.gaps[0], m.gaps[1] = m.gaps[1], r.Received.Sub(m.at)
	}
	m.newest, m.isNew, m.isKnown, m.at = r, true, true, r.Received
	m.isElectric = m.isElectric || r.Values.Has(meter.PowerNet) || r.Values.Has(meter.EnergyImportTotal)
}

// gap is how far apart the meter's readings are: the larger of the last two
// times between them, because some come in bursts.
func (m *member) gap() time.Duration { return max(m.gaps[0], m.gaps[1]) }

// round returns the readings to add: one of each meter, all new, whose times
// lie within two intervals of the slowest.
func (s *sum) round() ([]*meter.Reading, bool) {
	var readings []*meter.Reading
	var first, last time.Time
	var gap time.Duration
	for _, m := range s.members {
		switch {
		case !m.isKnown:
			return nil, false // it may measure electricity
		case !m.isElectric:
			continue
		case !m.isNew || !m.isAlive:
			return nil, false
		}
		readings = append(readings, m.newest)
		gap = max(gap, m.gap())
		if first.IsZero() || m.at.Before(first) {
			first = m.at
		}
		if m.at.After(last) {
			last = m.at
		}
	}
	return readings, len(readings) > 1 && last.Sub(first) <= 2*gap
}

// publish adds the readings up.
func (s *sum) publish(readings []*meter.Reading) {
	r := derive.Sum(readings)
	if s.account.Settle(&r, readings, s.names()) {
		s.log.Info("the meters of the sum have changed. Its totals continue from where they were, " +
			"so that nothing is counted that was not used")
		s.save()
	}
	r.Checksum = meter.ChecksumValid // each reading's had been judged already
	s.totals.identify(&r)
	s.totals.judge(&r)
	addSolar(&r, s.solar, s.totals)
	derive.House(&r)
	r.Checksum = meter.ChecksumAbsent
	u := &meter.Update{
		Slot: config.SumSlot, Reading: r, JSON: r.AppendJSON(nil, s.zone), HasPower: r.Values.Has(meter.PowerNet),
	}
	u.Guarded = s.totals.show(&u.Reading)
	s.stands.Last, s.stands.Telegrams = r.Received, s.stands.Telegrams+1
	s.setAlive(true)
	s.updates.Publish(u)
}

// names tell the meters in the sum apart. That in a slot has a new one when it
// was replaced.
func (s *sum) names() (names []string) {
	for _, m := range s.members {
		if m.isElectric {
			names = append(names, fmt.Sprintf("%s.%d", m.slot, m.newest.Meter.Meter))
		}
	}
	return names
}

// save writes to disk what was counted.
func (s *sum) save() {
	if len(s.account.Members) > 0 {
		s.store.Save(sumFile, s.account)
		s.totals.save()
	}
}

func (s *sum) setAlive(isAlive bool) {
	if s.stands.Alive != isAlive {
		s.stands.Alive = isAlive
		s.status.Publish(s.stands)
	}
}

func (s *sum) member(slot string) *member {
	return s.members[slices.IndexFunc(s.members, func(m *member) bool { return m.slot == slot })]
}
