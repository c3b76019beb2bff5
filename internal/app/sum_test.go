package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// sumOf is a sum of meters whose lines are alive, in a folder that outlives it.
func sumOf(t *testing.T, folder string, slots ...string) (*sum, *bytes.Buffer) {
	t.Helper()
	text := new(bytes.Buffer)
	log := slog.New(slog.NewTextHandler(text, nil))
	h := &house{deps: Deps{Log: log}, zone: time.UTC, store: store.Open(folder, log)}
	var meters []*pipeline
	for _, slot := range slots {
		p := &pipeline{vitals: newVitals(slot, h.names, log), updates: new(hub.Hub[*meter.Update])}
		p.meter.Slot = slot
		meters = append(meters, p)
	}
	s := newSum(h, meters)
	for _, slot := range slots {
		s.line(meter.Status{Slot: slot, Alive: true})
	}
	return s, text
}

// says is a reading of a meter: its power in W and its import in Wh.
func (s *sum) says(slot string, at time.Time, watts, energy int64) {
	u := &meter.Update{Slot: slot, Reading: meter.Reading{Received: at, Meter: meter.Identity{Slot: 1, Meter: 1, ID: "E " + slot}}}
	u.Reading.Values.Set(meter.PowerImport, meter.NewValue(watts, 3))
	u.Reading.Values.Set(meter.PowerNet, meter.NewValue(watts, 0))
	u.Reading.Values.Set(meter.EnergyImportTotal, meter.NewValue(energy, 3))
	s.update(u)
}

// shows returns the power and the import of the sum that was published last, as
// entities show it.
func (s *sum) shows() string {
	u, ok := s.updates.Latest()
	if !ok {
		return "nothing"
	}
	var texts []string
	for _, q := range []meter.Quantity{meter.PowerNet, meter.EnergyImportTotal, meter.HouseUse} {
		text := "-"
		if v, ok := u.Entities().Values.Get(q); ok {
			text = v.String()
			if q == meter.EnergyImportTotal {
				text = v.Shift(3).String()
			}
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// TestSumRounds: there is a sum when all meters have spoken, of times that lie
// together, and a dead line ends it.
func TestSumRounds(t *testing.T) {
	s, _ := sumOf(t, t.TempDir(), "p1", "night")
	at := func(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0) }
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() { s.says("p1", at(0), 100, 1000) }, "nothing"},
		{func() { s.says("p1", at(1), 100, 1000) }, "nothing"}, // of the other nothing is known
		{func() { s.says("night", at(1), 50, 500) }, "150 1500 -"},
		{func() { s.says("p1", at(2), 110, 1001) }, "150 1500 -"}, // the other one's is in a sum already
		{func() { s.says("p1", at(3), 120, 1002) }, "150 1500 -"},
		{func() { s.says("night", at(3), 60, 501) }, "180 1503 -"},
		{func() { s.says("p1", at(4), 130, 1003) }, "180 1503 -"},
		{func() { s.line(meter.Status{Slot: "p1"}) }, "180 1503 -"},
		{func() { s.says("night", at(5), 70, 502) }, "180 1503 -"}, // not mixed with a meter that has no data
		{func() { s.says("p1", at(5), 135, 1003) }, "180 1503 -"},  // which waited since before the line was lost
		{func() { s.line(meter.Status{Slot: "p1", Alive: true}); s.says("p1", at(6), 140, 1004) }, "210 1506 -"},
		{func() { s.says("p1", at(7), 140, 1005); s.says("p1", at(8), 150, 1006) }, "210 1506 -"},
		{func() { s.says("night", at(20), 80, 503) }, "230 1509 -"}, // 12 s are less than twice 15
		{func() { s.says("p1", at(21), 160, 1007); s.says("p1", at(22), 160, 1008) }, "230 1509 -"},
	} {
		step.do()
		if got := s.shows(); got != step.want {
			t.Errorf("step %d: got %s, want %s", i, got, step.want)
		}
		st, _ := s.status.Latest()
		if wantAlive := i >= 2 && (i < 7 || i > 9); st.Alive != wantAlive || st.Slot != "sum" {
			t.Errorf("step %d: the sum stands as %+v", i, st)
		}
	}
}

// TestSumApart: readings whose times lie more than two intervals apart are not
// of one moment.
func TestSumApart(t *testing.T) {
	s, _ := sumOf(t, t.TempDir(), "p1", "night")
	at := time.Unix(1_800_000_000, 0)
	s.says("p1", at, 1, 1)
	s.says("p1", at.Add(time.Second), 1, 1)
	s.says("night", at.Add(4*time.Second), 1, 1)
	if got := s.shows(); got != "nothing" {
		t.Errorf("got %s", got)
	}
	s.says("p1", at.Add(5*time.Second), 2, 2)
	if got := s.shows(); got != "3 3 -" {
		t.Errorf("got %s", got)
	}
}

// TestSumWithoutElectricity: a meter that measures heat only is not waited for.
func TestSumWithoutElectricity(t *testing.T) {
	s, _ := sumOf(t, t.TempDir(), "p1", "night", "heat")
	at := time.Unix(1_800_000_000, 0)
	for n := range 3 {
		now := at.Add(time.Duration(n) * time.Second)
		s.says("p1", now, 1, 1)
		s.says("night", now, 2, 2)
		if n == 0 {
			s.update(&meter.Update{Slot: "heat", Reading: meter.Reading{Received: now}})
		}
	}
	s.line(meter.Status{Slot: "heat"})
	if st, _ := s.status.Latest(); s.shows() != "3 3 -" || !st.Alive {
		t.Errorf("got %s, %+v", s.shows(), st)
	}
}

// TestSumOfTheHouse: what the inverter gives belongs to all meters together.
func TestSumOfTheHouse(t *testing.T) {
	s, _ := sumOf(t, t.TempDir(), "p1", "night")
	s.solar = func(time.Time) (*meter.Solar, bool) {
		sample := new(meter.Solar)
		sample.Set(meter.SolarACPower, meter.NewValue(1000, 0))
		return sample, true
	}
	at := time.Unix(1_800_000_000, 0)
	s.says("p1", at, 100, 1)
	s.says("night", at, 50, 1)
	if got := s.shows(); got != "150 2 1150" {
		t.Errorf("got %s", got)
	}
}

// TestSumOfOtherMeters: a meter more, less or in the place of one makes no use
// in the totals, and none is lost that was counted; which is said once.
func TestSumOfOtherMeters(t *testing.T) {
	folder := t.TempDir()
	second := 0
	round := func(s *sum, energies map[string]int64) string {
		second += 10
		for slot, energy := range energies {
			s.says(slot, time.Unix(1_800_000_000+int64(second), 0), 100, energy)
		}
		return s.shows()
	}
	for _, run := range []struct {
		slots  []string
		rounds []map[string]int64
		want   string // after the last
		says   int
	}{
		{[]string{"p1", "night"}, []map[string]int64{{"p1": 1000, "night": 500}, {"p1": 1000, "night": 500}, {"p1": 1010, "night": 520}}, "200 1530 -", 0},
		{[]string{"p1", "night"}, []map[string]int64{{"p1": 1011, "night": 521}, {"p1": 1011, "night": 521}}, "200 1532 -", 0},
		{[]string{"p1", "night", "barn"}, []map[string]int64{{"p1": 1012, "night": 522, "barn": 7000}, {"p1": 1012, "night": 522, "barn": 7000}, {"p1": 1013, "night": 522, "barn": 7001}}, "300 1536 -", 1},
		{[]string{"barn", "p1"}, []map[string]int64{{"p1": 1013, "barn": 7001}, {"p1": 1013, "barn": 7003}}, "200 1538 -", 1},                       // in another order
		{[]string{"p1", "barn"}, []map[string]int64{{"p1": 1013, "barn": 7003}, {"p1": 1014, "barn": 3}, {"p1": 1014, "barn": 5}}, "200 1541 -", 1}, // it began anew
		{[]string{"p1", "barn", "night"}, []map[string]int64{{"p1": 1014, "barn": 5, "night": 600}, {"p1": 1014, "barn": 5, "night": 600}}, "300 1541 -", 1},
	} {
		s, log := sumOf(t, folder, run.slots...)
		last := ""
		for _, energies := range run.rounds {
			last = round(s, energies)
		}
		if last != run.want {
			t.Errorf("%v: got %s, want %s", run.slots, last, run.want)
		}
		if n := strings.Count(log.String(), "the meters of the sum have changed"); n != run.says {
			t.Errorf("%v: said %d times, want %d:\n%s", run.slots, n, run.says, log)
		}
		s.save()
	}
}

// TestSumOfAReplacedMeter: another meter in a slot counts from where it is.
func TestSumOfAReplacedMeter(t *testing.T) {
	s, log := sumOf(t, t.TempDir(), "p1", "night")
	at := time.Unix(1_800_000_000, 0)
	for n, number := range []uint32{1, 1, 2, 2} {
		now := at.Add(time.Duration(n) * time.Second)
		s.says("p1", now, 1, 1000+int64(n))
		u := &meter.Update{Slot: "night", Reading: meter.Reading{Received: now, Meter: meter.Identity{Meter: number}}}
		u.Reading.Values.Set(meter.PowerNet, meter.NewValue(1, 0))
		u.Reading.Values.Set(meter.EnergyImportTotal, meter.NewValue(int64(number)*5000, 3))
		s.update(u)
	}
	if got := s.shows(); got != "2 6003 -" || strings.Count(log.String(), "have changed") != 1 {
		t.Errorf("got %s\n%s", got, log)
	}
}
