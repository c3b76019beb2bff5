package guard_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// totals are the quantities that the Guard judges.
var totals = func() (list []meter.Quantity) {
	for q := range meter.NumQuantities {
		if u := meter.Quantities[q].Unit; u == meter.KilowattHour || u == meter.KilovarHour {
			list = append(list, q)
		}
	}
	return list
}()

// sums are the totals that fall when one of their parts does.
var sums = map[meter.Quantity]bool{meter.EnergyImportTotal: true, meter.EnergyExportTotal: true}

// watch checks what must hold for every sequence of readings: what entities
// see never falls unless that was told, and what is told has an order.
type watch struct {
	t *testing.T
	stages
	shown   map[any]meter.Value // by quantity, or by the subject of an M-Bus meter
	allowed map[any]bool        // to fall, once
	open    map[guard.Subject]bool
}

func newWatch(t *testing.T) *watch {
	return &watch{t: t, stages: newStages(), shown: map[any]meter.Value{}, allowed: map[any]bool{}, open: map[guard.Subject]bool{}}
}

// apply shows the reading to the Guard and tells whether anything is held back.
func (w *watch) apply(r *meter.Reading) (holds bool) {
	w.t.Helper()
	guarded, events := w.stages.apply(r)
	for _, e := range events {
		w.event(r, e)
	}
	for q := range meter.NumQuantities {
		v, ok := guarded.Values.Get(q)
		before, was := r.Values.Get(q)
		if meter.Quantities[q].Unit != meter.KilowattHour && meter.Quantities[q].Unit != meter.KilovarHour && (v != before || ok != was) {
			w.t.Fatalf("%s is no total, and was changed from %s to %s", meter.Quantities[q].JSON, before, v)
		}
	}
	for _, q := range totals {
		if v, ok := guarded.Values.Get(q); ok {
			w.rises(q, v)
		}
	}
	for i := range guarded.Channels {
		if c := &guarded.Channels[i]; c.Unit != meter.UnitNone && c.Meter.Slot > 0 {
			m, _ := c.Type.Medium()
			w.rises(guard.Subject{Slot: c.Meter.Slot, Medium: m}, c.Value)
		}
	}
	return guarded != r
}

func (w *watch) event(r *meter.Reading, e guard.Event) {
	w.t.Helper()
	switch e.Kind {
	case guard.Held:
		if w.open[e.Subject] {
			w.t.Fatalf("%s is held twice", e.Subject.Key())
		}
		w.open[e.Subject] = true
		return
	case guard.Replaced:
		if e.Subject.Slot > 0 {
			w.allowed[e.Subject] = true
			break
		}
		for _, q := range totals {
			delete(w.open, guard.Subject{Quantity: q})
			w.allowed[q] = true
		}
	case guard.Confirmed:
		if e.Subject.Slot > 0 {
			w.allowed[e.Subject] = true
		} else {
			w.allowed[e.Subject.Quantity] = true
			for q := range sums {
				w.allowed[q] = true
			}
		}
		fallthrough
	case guard.Returned:
		if !w.open[e.Subject] {
			w.t.Fatalf("%s was not held", e.Subject.Key())
		}
	}
	delete(w.open, e.Subject)
}

func (w *watch) rises(of any, v meter.Value) {
	w.t.Helper()
	if before, ok := w.shown[of]; ok && v.Cmp(before) < 0 {
		if !w.allowed[of] {
			w.t.Fatalf("%v: entities see it fall from %s to %s, and nobody was told", of, before, v)
		}
		delete(w.allowed, of)
	}
	w.shown[of] = v
}

// glitch spoils a reading in one of the ways that are known, or not yet.
func glitch(random *rand.Rand, r *meter.Reading) {
	spoil := func(v meter.Value) meter.Value {
		switch random.IntN(6) {
		case 0:
			return meter.NewValue(0, 3)
		case 1:
			return v.Shift(-1) // a digit is lost
		case 2:
			return v.Shift(1)
		case 3:
			return v.Add(meter.NewValue(random.Int64N(1000_000), 3))
		case 4:
			return v.Sub(meter.NewValue(random.Int64N(1000), 3))
		}
		return meter.NewValue(random.Int64N(100_000_000), 3)
	}
	all := random.IntN(4) == 0
	for _, q := range totals {
		if v, ok := r.Values.Get(q); ok && (all || random.IntN(6) == 0) {
			r.Values.Set(q, spoil(v))
		}
	}
	for i := range r.Channels {
		if c := &r.Channels[i]; c.Unit != meter.UnitNone && (all || random.IntN(3) == 0) {
			c.Value = spoil(c.Value)
		}
	}
	switch random.IntN(8) {
	case 0:
		r.EquipmentID = ""
	case 1:
		r.EquipmentID += "X"
	case 2:
		r.Checksum = meter.ChecksumAbsent
	case 3:
		r.Values.Clear(totals[random.IntN(len(totals))])
	}
}

// simulated reads a simulated meter.
type simulated struct {
	t       *testing.T
	meter   *simulate.Meter
	scanner *frame.Scanner
	parser  dsmr.Parser
}

func newSimulated(t *testing.T, o simulate.Options) *simulated {
	return &simulated{t: t, meter: simulate.New(o), scanner: frame.NewScanner(nil)}
}

// read returns the reading of a moment that is received at another, with its
// totals as spoil leaves it.
func (s *simulated) read(received, at time.Time, spoil func(*meter.Reading)) *meter.Reading {
	s.t.Helper()
	s.scanner.Reset(bytes.NewReader(s.meter.Telegram(at)))
	if !s.scanner.Scan() {
		s.t.Fatal("no telegram")
	}
	r, err := s.parser.Parse(s.scanner.Frame().Telegram, received)
	if err != nil {
		s.t.Fatal(err)
	}
	if spoil != nil {
		spoil(r)
	}
	return r
}

// TestGlitches lets every standard's meter live, spoils its readings and
// checks that entities see what they may, and all of it soon after the end.
func TestGlitches(t *testing.T) {
	for standard := range simulate.Standards {
		info := simulate.Standards[standard]
		t.Run(info.Name, func(t *testing.T) {
			for seed := range uint64(2) {
				random := rand.New(rand.NewPCG(seed, uint64(standard)))
				start := time.Date(2026, 6, 12, 4, 0, 0, 0, time.UTC)
				m := newSimulated(t, simulate.Options{Standard: simulate.Standard(standard), Seed: seed, Start: start})
				w := newWatch(t)
				now := start
				for range 400 {
					now = now.Add(10 * time.Second)
					w.apply(m.read(now, now, func(r *meter.Reading) {
						if random.IntN(10) == 0 {
							glitch(random, r)
						}
						if random.IntN(100) == 0 {
							r.Received = r.Received.Add(time.Duration(random.IntN(3)-1) * time.Hour) // a clock that is set
						}
					}))
				}
				// The glitches are over. What is left is held back until three
				// readings of M-Bus have come, one an hour.
				held := false
				for range 5 * 60 {
					now = now.Add(time.Minute)
					held = w.apply(m.read(now, now, nil))
				}
				if held {
					t.Errorf("seed %d: after five hours something is still held back: %v", seed, w.open)
				}
			}
		})
	}
}

// TestOrdinaryLife: half a day of every standard's meter, the end of summer time
// within it, with telegrams that come late and at once: nothing is held back.
func TestOrdinaryLife(t *testing.T) {
	for standard := range simulate.Standards {
		info := simulate.Standards[standard]
		t.Run(info.Name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(standard), 3))
			now := time.Date(2026, 10, 24, 18, 0, 0, 0, time.UTC)
			m := newSimulated(t, simulate.Options{Standard: simulate.Standard(standard), Seed: 11, Start: now})
			s := newStages()
			for i := range 12 * 360 {
				now = now.Add(10 * time.Second)
				late := now.Add(time.Duration(random.IntN(5)) * time.Second)
				if i%500 > 490 {
					late = now.Add(time.Duration(500-i%500) * 10 * time.Second) // all at the same moment
				}
				r := m.read(late, now, nil)
				guarded, events := s.apply(r)
				waits := r.Checksum == meter.ChecksumAbsent || i <= 15*6 // a first 0 does
				if len(events) > 0 || guarded != r && !waits {
					t.Fatalf("%s: %s", now, told(events))
				}
			}
		})
	}
}

// TestEnergiesCatchUp is exact where the meter has no M-Bus: a quarter of an
// hour.
func TestEnergiesCatchUp(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 7))
		checksum := meter.Checksum(seed % 2) // absent, valid
		now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
		w, energy := newWatch(t), int64(12_345_678)
		next := func() *meter.Reading {
			now, energy = now.Add(10*time.Second), energy+random.Int64N(30)
			r := &meter.Reading{Received: now, Checksum: checksum, EquipmentID: "A"}
			r.Values.Set(meter.EnergyImportT1, meter.NewValue(energy, 3))
			r.Values.Set(meter.EnergyImportT2, meter.NewValue(energy/3, 3))
			return r
		}
		for range 100 {
			r := next()
			if random.IntN(3) == 0 {
				glitch(random, r)
			}
			w.apply(r)
		}
		held := 0
		for range 200 {
			r := next()
			if w.apply(r) {
				held++
			}
		}
		// A line begins with its first telegram, so it is one telegram more
		// than the time has intervals.
		if most := 15*6 + 1; held > most {
			t.Errorf("seed %d: held back for %d telegrams, want at most %d", seed, held, most)
		}
	}
}
