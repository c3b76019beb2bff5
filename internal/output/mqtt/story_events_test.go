package mqtt

import (
	"strings"
	"time"
)

// event lets something happen to the household.
func (s *story) event() {
	events := []struct {
		name string
		run  func()
	}{
		{"the meter boots", s.boot},
		{"the meter boots", s.boot},
		{"zeros", s.zeros},
		{"glitch", s.glitch},
		{"a foreign telegram", s.strange},
		{"another identifier", s.damagedID},
		{"a line is missing", s.missingLine},
		{"the M-Bus meters are missing", func() { s.spoil(60, spoiled{without: true}) }},
		{"the M-Bus meters have no identifier", func() { s.spoil(60, spoiled{noID: true}) }},
		{"the M-Bus meters say 0", func() { s.spoil(60, spoiled{noFlow: true}) }},
		{"M-Bus channels are exchanged", s.exchangeChannels},
		{"the M-Bus meters' time stands still", func() {
			for _, b := range s.meter.mbus {
				b.stands = true
			}
		}},
		{"the other tariff", func() { s.meter.tariff = (s.meter.tariff + 1) % s.meter.kind.tariffs }},
		{"silence", func() { s.pass(time.Duration(1+s.random.IntN(180)) * time.Minute) }},
		{"silence of days", func() { s.pass(time.Duration(1+s.random.IntN(60)) * time.Hour) }},
		{"the app is started again", func() { s.restart(s.app.stop) }},
		{"the app is killed", func() { s.restart(s.app.kill) }},
		{"the state is lost", s.loseState},
		{"Home Assistant is started again", s.restartHome},
		{"the broker is started again", s.restartBroker},
		{"another electricity meter", s.exchangeMeter},
		{"another M-Bus meter", s.exchangeMBus},
		{"a second app", s.secondApp},
	}
	e := events[s.random.IntN(len(events))]
	s.log("-- %s", e.name)
	e.run()
}

// shortly is how long what is wrong may last without a word that it is: what
// lasts for a quarter of an hour is taken for true.
const shortly = 14 * time.Minute

// spoil sends up to n spoiled telegrams, at most for a while.
func (s *story) spoil(n int, what spoiled) { s.spoilFor(n, shortly, what) }

func (s *story) spoilFor(n int, most time.Duration, what spoiled) {
	n = min(1+s.random.IntN(n), int(most/s.interval))
	s.log("%d telegrams", n)
	for range n {
		s.send(what)
	}
}

// anyID is an identifier that is not the meter's: none, or another one's.
func (s *story) anyID() string {
	switch s.random.IntN(4) {
	case 0:
		return strings.Repeat("0", 34)
	case 1:
		return strings.Repeat("F", 34)
	case 2:
		return strings.Repeat("20", 17)
	}
	return storyID(s.random)
}

// boot is a power cut: silence, then telegrams of a meter that knows nothing
// yet, then perhaps some with the clock set.
func (s *story) boot() {
	s.pass(time.Duration(10+s.random.IntN(1200)) * time.Second)
	what := spoiled{booting: true}
	if s.random.IntN(4) > 0 {
		what.id = s.anyID()
	}
	most := shortly / 2
	if s.meter.kind.isChecked { // the clock shows that it is not set
		most = 24 * time.Hour
	}
	s.spoilFor(150, most, what)
	switch s.random.IntN(4) {
	case 0:
		s.spoilFor(60, shortly/2, spoiled{zeros: true})
	case 1:
		s.restart(s.app.kill)
	}
}

func (s *story) zeros() {
	what := spoiled{zeros: true}
	if s.random.IntN(3) == 0 {
		what.id = s.anyID()
	}
	s.spoil(100, what)
}

// glitch is a telegram with wrong registers, perhaps with a power that would
// make them possible.
func (s *story) glitch() {
	for range 1 + s.random.IntN(3) {
		what := spoiled{values: map[int]int64{}}
		for i, n := range s.meter.counters {
			switch s.random.IntN(8) {
			case 0:
				what.values[i] = 0
			case 1:
				what.values[i] = n / 10
			case 2:
				what.values[i] = n + 20_000_000 + s.random.Int64N(20_000_000)
			case 3:
				what.values[i] = max(n-1-s.random.Int64N(1000), 0)
			}
		}
		if s.random.IntN(3) == 0 {
			what.power = 99_000
		}
		s.send(what)
		s.good(s.random.IntN(3))
	}
}

// strange is some telegrams of another meter.
func (s *story) strange() {
	for range 1 + s.random.IntN(4) {
		s.pass(s.interval)
		s.deliver(s.foreign.telegram(s.zone, s.time, spoiled{}))
	}
}

func (s *story) damagedID() { s.spoil(50, spoiled{id: s.anyID()}) }

func (s *story) missingLine() {
	i := s.random.IntN(len(s.meter.kind.registers))
	for range 1 + s.random.IntN(100) {
		s.send(spoiled{missing: []int{i}})
	}
	if s.random.IntN(3) == 0 {
		s.restart(s.app.stop)
		s.spoil(30, spoiled{missing: []int{i}})
	}
}

func (s *story) exchangeChannels() {
	by := 1 + s.random.IntN(3)
	for _, b := range s.meter.mbus {
		b.channel = 1 + (b.channel-1+by)%4
	}
}

// restart ends a run and begins the next one.
func (s *story) restart(end func()) {
	end()
	s.pass(time.Duration(1+s.random.IntN(480)) * time.Second)
	s.start(s.app)
}

// loseState starts the app again with no data folder, or a damaged one. Zeros
// may come first; a telegram of another meter with values would be believed.
func (s *story) loseState() {
	s.app.kill()
	switch s.random.IntN(3) {
	case 0:
		s.app.disk = storyDisk{}
	case 1:
		s.app.disk.meters = nil
	case 2:
		s.app.disk.meters = s.app.disk.meters[:s.random.IntN(len(s.app.disk.meters))]
	}
	s.pass(time.Duration(1+s.random.IntN(480)) * time.Second)
	s.start(s.app)
	if s.random.IntN(2) == 0 {
		s.spoil(60, spoiled{booting: s.random.IntN(2) == 0, zeros: true, id: s.anyID()})
	}
	s.calm()
	s.calmMBus()
}

func (s *story) restartHome() {
	clear(s.states)
	s.publish([]message{{topic: "homeassistant/status", payload: []byte("online")}})
}

func (s *story) restartBroker() {
	for _, p := range s.programs {
		if p.isUp {
			p.isConnected = false
			p.session.lost()
		}
	}
	if s.random.IntN(2) == 0 {
		clear(s.kept)
	}
	s.good(s.random.IntN(10))
	for _, p := range s.programs {
		if p.isUp {
			s.connect(p)
		}
	}
}

// exchangeMeter puts another electricity meter in the place of ours. The M-Bus
// meters stay.
func (s *story) exchangeMeter() {
	s.calm()
	kind := s.meter.kind
	if kind.tariffs > 1 && s.random.IntN(3) == 0 {
		kind = &storyKinds[0]
	}
	next := newStoryMeter(s.random, kind)
	if s.random.IntN(3) > 0 { // a new one
		for i := range next.counters {
			next.counters[i] = s.random.Int64N(500)
		}
		next.counters[0]++
	}
	next.mbus = s.meter.mbus
	s.isOff = true
	s.pass(time.Duration(5+s.random.IntN(60)) * time.Minute)
	s.isOff = false
	s.isShown("smartmeter/p1/state")
	s.meter = next
	s.followElectricity()
	if s.random.IntN(2) == 0 {
		s.spoil(20, spoiled{booting: true, id: s.anyID()})
	}
	s.calm()
}

// isShown checks that all is shown that the meters counted until they fell
// silent.
func (s *story) isShown(topic string) {
	for _, b := range s.books {
		if b.topic == topic {
			s.check(b)
		}
	}
}

func (s *story) exchangeMBus() {
	if len(s.meter.mbus) == 0 {
		return
	}
	s.calm()
	s.calmMBus()
	b := s.meter.mbus[s.random.IntN(len(s.meter.mbus))]
	if b.frozen {
		return // it was exchanged before
	}
	next := *b
	next.id, next.counter, next.at, next.readyAt, next.stands = storyID(s.random), s.random.Int64N(3000), time.Time{}, time.Time{}, false
	if s.random.IntN(3) == 0 {
		next.counter = s.random.Int64N(9_000_000) // a used one
	}
	next.counter++
	if s.random.IntN(2) == 0 {
		s.pass(time.Duration(1+s.random.IntN(20)) * time.Hour)
		s.good(2)
	}
	old := b
	for i := range s.meter.mbus {
		if s.meter.mbus[i] == old {
			s.meter.mbus[i] = &next
		}
	}
	if s.random.IntN(2) == 0 && len(s.meter.mbus) < 4 { // the old one stays in the telegrams
		old.frozen = true
		used := map[int]bool{}
		for _, d := range s.meter.mbus {
			used[d.channel] = true
		}
		for c := 1; c <= 4; c++ {
			if !used[c] {
				next.channel = c
			}
		}
		s.meter.hang(old)
	}
	next.count(s.time, 0)
	s.follow(&next)
	s.calmMBus()
}

// secondApp starts another app with the same slot, which reads another meter or
// ours. Where it reads ours, the first may end, and it goes on.
func (s *story) secondApp() {
	if s.rival != nil {
		if s.rival.isUp {
			s.rival.kill()
			return
		}
		s.start(s.rival)
		return
	}
	s.good(12)
	s.isSame = s.random.IntN(2) == 0
	s.rival = &storyProgram{home: s.storyHome, zone: s.zone}
	s.programs = append(s.programs, s.rival)
	s.start(s.rival)
	s.good(s.random.IntN(100))
	if s.isSame && s.random.IntN(2) == 0 {
		s.log("the first app ends for good")
		s.app.kill()
		s.app, s.rival = s.rival, nil
		s.programs = s.programs[1:]
		s.pass(12 * time.Minute)
		s.calm()
	}
}
