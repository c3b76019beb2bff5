package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

const (
	// saveEvery spares the SD cards that many of these machines run on: after a
	// crash, totals of a quarter of an hour ago are good enough.
	saveEvery = 15 * time.Minute

	// sayEvery is how often the log repeats that a total is held back.
	sayEvery = 15 * time.Minute
)

// totals finds out which meters speak, guards the totals that entities show,
// logs what it does, and keeps what it knows from one run to the next.
type totals struct {
	log   *slog.Logger
	store *store.Store
	file  string
	due   chan struct{} // receives when there is something that must be saved soon

	mu        sync.Mutex
	household household.Household
	guard     guard.Guard
	fresh     bool // there is something to save
	isBegun   bool // there was a reading in this run
	said      map[guard.Subject]*said
}

// said is what was logged about one total.
type said struct {
	at     time.Time // that it is held back
	open   bool      // and not yet how it ended
	unsaid int       // times it was held back since
}

func newTotals(slot string, zone *time.Location, s *store.Store, log *slog.Logger) *totals {
	t := &totals{
		log: log, store: s, file: "totals_" + slot, due: make(chan struct{}, 1),
		household: household.Household{Zone: zone}, said: make(map[guard.Subject]*said),
	}
	if k, ok := loadMeters(s, slot, t.file); ok {
		t.household.Restore(k.Household)
		t.guard.Restore(k.Guard)
	}
	return t
}

// identify finds out which meters speak in the reading.
func (t *totals) identify(r *meter.Reading) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.household.Identify(r) {
		t.tellHousehold(e)
		t.hurry()
	}
}

// judge judges the totals of an identified reading, and returns how many are
// newly held back.
func (t *totals) judge(r *meter.Reading) (holds uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	firsts := t.guard.Firsts()
	for _, e := range t.guard.Judge(r) {
		switch e.Kind {
		case guard.Held:
			holds++
		case guard.Confirmed, guard.Replaced:
			t.hurry()
		}
		t.tell(r.Received, e)
	}
	if t.guard.Firsts() != firsts {
		t.hurry()
	}
	if !t.isBegun { // what was saved is no longer complete
		t.isBegun = true
		t.hurry()
	}
	t.fresh = true
	return holds
}

// house adds the energy that the house has used to the reading that was judged
// last. sample is the inverter's last one in this run; nil: there is none.
func (t *totals) house(r *meter.Reading, sample *meter.Solar) {
	t.mu.Lock()
	defer t.mu.Unlock()
	firsts := t.guard.Firsts()
	if used, ok := t.guard.HouseEnergy(r, sample); ok {
		r.Values.Set(meter.EnergyHouse, used)
	}
	if t.guard.Firsts() != firsts {
		t.hurry()
	}
}

// hurry asks for the state to be saved soon: otherwise, after a crash, the next
// run would begin with totals other than those that the entities show.
func (t *totals) hurry() {
	select {
	case t.due <- struct{}{}:
	default:
	}
}

// show returns the reading that was judged last without the totals that are
// held back, or nil if none is.
func (t *totals) show(r *meter.Reading) *meter.Reading {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.guard.Show(r)
}

// run saves at once what must not be lost, and everything else every saveEvery
// and at the end, without waiting for any output.
func (t *totals) run(ctx context.Context) error {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			t.save()
			return nil
		case <-t.due:
			t.save()
		case <-ticker.C:
			t.save()
		}
	}
}

// save writes to disk while the meter's goroutine continues.
func (t *totals) save() { t.write(false) }

// saveLast writes to disk at the end, when no reading follows.
func (t *totals) saveLast() { t.write(true) }

func (t *totals) write(isLast bool) {
	t.mu.Lock()
	fresh, state := t.fresh || isLast && t.isBegun, meters{Household: t.household.State(), Guard: t.guard.State()}
	state.Guard.Complete = isLast
	t.fresh = false
	t.mu.Unlock()
	if fresh {
		t.store.Save(t.file, state)
	}
}

// tellHousehold logs what becomes of the meters; that one was replaced is told
// with its totals.
func (t *totals) tellHousehold(e household.Event) {
	device := "Electricity meter"
	if !e.Electricity {
		device = meter.Media[e.Medium].Device
	}
	switch e.Kind {
	case household.Waits:
		t.log.Info("the telegrams name another meter. Its totals are shown once that has lasted for a quarter of an hour; "+
			"nothing is lost", "meter", device)
	case household.LeftOut:
		t.log.Warn("there are more meters of one kind than can be shown: only the first two are", "meter", device)
	}
}

// tell logs that a total is held back, and the outcome.
func (t *totals) tell(now time.Time, e guard.Event) {
	s := t.said[e.Subject]
	if s == nil {
		s = new(said)
		t.said[e.Subject] = s
	}
	log := t.log.With("total", e.Subject.Key(), "from", e.From.String(), "to", e.To.String(), "unit", e.Unit.String())
	due := s.at.IsZero() || now.Sub(s.at) >= sayEvery
	switch e.Kind {
	case guard.Held:
		if !due {
			s.unsaid++
			return
		}
		why := "it cannot have risen so fast"
		if e.To.Cmp(e.From) < 0 {
			why = "it fell"
		}
		if s.unsaid > 0 {
			log = log.With("again", s.unsaid)
		}
		log.Info("a total is held back from the entities: " + why +
			". It is shown again when it continues as before, or when the new value persists")
		*s = said{at: now, open: true}
	case guard.Returned:
		if s.open {
			log.Info("the total continues as before; what was held back was wrong")
		}
		s.open = false
	case guard.Confirmed:
		if s.open || due {
			log.Warn("the total that was held back is confirmed and shown now. " + advise(e))
		}
		s.open = false
	case guard.Replaced:
		if due || s.open {
			t.replaced(log, e)
			*s = said{at: now}
		}
	}
}

// replaced logs that the meter was replaced, as a warning only if a person has
// to correct the statistics.
func (t *totals) replaced(log *slog.Logger, e guard.Event) {
	device := "Electricity meter"
	if e.Subject.Slot > 0 {
		device = meter.Media[e.Subject.Medium].Device
	}
	const text = "the meter was replaced, or there is one more: its totals are shown as they are"
	if !e.Booked {
		log.Info(text, "meter", device)
		return
	}
	log.Warn(text+". "+advise(e), "meter", device)
}

// advise returns what a person can do about statistics that are now wrong.
func advise(e guard.Event) string {
	if e.Booked {
		return "Home Assistant counts the difference as used: correct it under Developer tools, Statistics"
	}
	return "Was the meter replaced? If not, look at the energy dashboard; " +
		"statistics are corrected under Developer tools, Statistics"
}
