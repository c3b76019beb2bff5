package mqtt

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

var (
	stories   = flag.Uint64("stories", 100, "how many stories TestStories makes up")
	storyFrom = flag.Uint64("stories-from", 1, "seed of the first of them")
	oneStory  = flag.Uint64("story", 0, "tell the story of this seed alone, and log what happens in it")
)

// failedStories are the seeds of all stories that ever failed. What happens in
// a story depends on its seed and on the code that makes it up.
var failedStories = []uint64{238, 1326, 1369, 1398, 2682, 127428}

// TestStories makes up the lives of meters: boots, zeros, foreign and damaged
// identifiers, lines that vanish, meters and channels that are exchanged,
// silence, restarts with and without state, a second app of the same slot. At
// every step, entities show only what a meter counted. At the end they show the
// right totals, and Home Assistant has booked what was used, to the last digit.
func TestStories(t *testing.T) {
	if *oneStory > 0 {
		tellStory(t, *oneStory)
		return
	}
	for _, seed := range failedStories {
		t.Run(fmt.Sprint("failed/", seed), func(t *testing.T) { tellStory(t, seed) })
	}
	var telegrams, books atomic.Int64
	for batch := uint64(0); batch < *stories; batch += storyBatch {
		t.Run(fmt.Sprint("from ", *storyFrom+batch), func(t *testing.T) {
			t.Parallel()
			for i := batch; i < min(batch+storyBatch, *stories); i++ {
				t.Run(fmt.Sprint(*storyFrom+i), func(t *testing.T) {
					n, m := tellStory(t, *storyFrom+i)
					telegrams.Add(n)
					books.Add(m)
				})
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d stories, %d telegrams, %d books equal", *stories, telegrams.Load(), books.Load())
	})
}

// storyBatch is how many stories are told one after the other.
const storyBatch = 50

// story is one of them.
type story struct {
	*storyHome
	random   *rand.Rand
	time     time.Time
	counted  time.Time
	zone     *time.Location
	meter    *storyMeter
	app      *storyProgram
	rival    *storyProgram // a second app of the slot; nil: none
	foreign  *storyMeter   // a neighbour's, and what a rival may read
	isSame   bool          // the rival reads our meter
	interval time.Duration
	isOff    bool // the meter is without power
	runs     int
	sent     int64
}

func tellStory(t *testing.T, seed uint64) (telegrams, books int64) {
	t.Cleanup(func() {
		if t.Failed() && *oneStory == 0 {
			t.Logf("all that happens in it: go test ./internal/output/mqtt -run TestStories -story %d -v", seed)
		}
	})
	s := newStory(t, seed)
	s.start(s.app)
	s.calm()
	for range 1 + s.random.IntN(5) {
		s.good(2 + s.random.IntN(18)) // what was wrong before ends by that
		s.event()
	}
	s.calm()
	if s.rival != nil && s.rival.isUp && s.random.IntN(2) == 0 {
		s.log("the second app stops")
		s.rival.stop()
	}
	s.calmMBus()
	s.rest()
	s.app.stop() // shows what waits for its minute
	for _, b := range s.books {
		s.check(b)
		books++
	}
	return s.sent, books
}

func newStory(t *testing.T, seed uint64) *story {
	random := rand.New(rand.NewPCG(seed, 12))
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 1, 0, random.IntN(365*24*60), 0, 0, time.UTC)
	switch random.IntN(10) {
	case 0:
		begin = time.Date(2026, 3, 28, 12, random.IntN(13*60), 0, 0, time.UTC)
	case 1:
		begin = time.Date(2026, 10, 24, 12, random.IntN(13*60), 0, 0, time.UTC)
	}
	s := &story{
		random: random, zone: zone, time: begin, counted: begin,
		interval: []time.Duration{5, 10, 10, 10, 30, 60}[random.IntN(6)] * time.Second,
	}
	s.storyHome = &storyHome{
		t: t, now: func() time.Time { return s.time }, log: func(string, ...any) {},
		kept: map[string][]byte{}, states: map[string][]byte{},
	}
	if *oneStory > 0 {
		s.storyHome.log = func(format string, a ...any) {
			t.Logf("%s  %s", s.time.Format("02 15:04:05"), fmt.Sprintf(format, a...))
		}
	}
	s.meter = newStoryMeter(random, &storyKinds[random.IntN(len(storyKinds))])
	s.foreign = newStoryMeter(random, &storyKinds[random.IntN(len(storyKinds))])
	channels := random.Perm(4)
	for i, b := range []storyMBus{
		{kind: "003", key: "gas_total", unit: "m3", flow: 1800},
		{kind: "007", key: "water_total", unit: "m3", flow: 40},
		{kind: "004", key: "heat_total", unit: "GJ", flow: 15},
	} {
		if random.IntN(3) < i {
			continue
		}
		b.channel, b.counter = channels[i]+1, 1+random.Int64N(9_000_000)
		b.every = []time.Duration{0, 5 * time.Minute, time.Hour, time.Hour, 24 * time.Hour}[random.IntN(5)]
		b.id = storyID(random)
		s.meter.hang(&b)
	}
	for _, b := range slices.Concat(s.meter.mbus) {
		b.count(begin, 0)
		s.follow(b)
	}
	s.followElectricity()
	s.log("%s, every %s, M-Bus meters: %d", s.meter.kind.name, s.interval, len(s.meter.mbus))
	s.app = &storyProgram{home: s.storyHome, zone: zone}
	s.programs = []*storyProgram{s.app}
	return s
}

// followElectricity makes the meter's registers the truth.
func (s *story) followElectricity() {
	m := s.meter
	for direction, name := range []string{"import", "export"} {
		s.book("p1", "energy_"+name+"_total").follows(func() int64 { return m.total(direction) })
		if m.kind.isPrinted {
			continue
		}
		for tariff := range m.kind.tariffs {
			key := fmt.Sprintf("energy_%s_tariff_%d", name, tariff+1)
			s.book("p1", key).follows(func() int64 { return m.counters[direction*m.kind.tariffs+tariff] })
		}
	}
}

func (s *story) follow(b *storyMBus) {
	device := b.key[:len(b.key)-len("_total")]
	s.book("p1_"+device, b.key).follows(func() int64 { return b.reading })
}

// start begins the next run of a program.
func (s *story) start(p *storyProgram) {
	s.runs++
	p.start(fmt.Sprintf("%02x%06x", s.random.IntN(256), s.runs))
}

// pass lets the time pass, with what is due in it.
func (s *story) pass(d time.Duration) {
	end := s.time.Add(d)
	for range 100_000 {
		var first *storyProgram
		for _, p := range s.programs {
			if at := p.next(); due(at, end) && (first == nil || at.Before(first.next())) {
				first = p
			}
		}
		if first == nil {
			s.time = end
			if !s.isOff {
				s.meter.count(s.random, s.time, s.time.Sub(s.counted))
			}
			s.counted = s.time
			return
		}
		s.time = latest(s.time, first.next())
		first.tick()
	}
	s.t.Fatal("something is due for ever")
}

// send prints the next telegram on the line.
func (s *story) send(what spoiled) {
	s.pass(s.interval)
	s.deliver(s.meter.telegram(s.zone, s.time, what))
}

func (s *story) deliver(telegram []byte) {
	s.sent++
	s.app.take(telegram)
	switch {
	case s.rival == nil:
	case s.isSame:
		s.rival.take(telegram)
	default:
		s.rival.take(s.foreign.telegram(s.zone, s.time, spoiled{}))
	}
}

// good lets the meter send n telegrams as it should.
func (s *story) good(n int) {
	for range n {
		s.send(spoiled{})
	}
}

// rest lets the meter say once more what it said last: without a checksum, an
// M-Bus reading is believed when it stands in two telegrams.
func (s *story) rest() {
	s.isOff = true
	s.good(1)
	s.isOff = false
}

// calm is as long as any total of the electricity meter may be held back.
func (s *story) calm() { s.good(max(14, int(16*time.Minute/s.interval))) }

// calmMBus is as long as any total of an M-Bus meter may be: a day and three
// readings.
func (s *story) calmMBus() {
	var lasts time.Duration
	for _, b := range s.meter.mbus {
		lasts = max(lasts, 5*b.every+10*time.Minute)
	}
	for range 24 {
		s.pass(lasts / 24)
		s.good(2)
	}
	s.calm()
}
