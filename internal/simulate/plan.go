package simulate

import (
	"cmp"
	"slices"
	"time"
)

// flows is what runs through the meters at one moment.
type flows struct {
	watts, vars [4]int64 // by phase, from 1
	gas, water  int64    // ml/s
}

// add adds by times g.
func (f *flows) add(g *flows, by int64) {
	for i := range f.watts {
		f.watts[i] += by * g.watts[i]
		f.vars[i] += by * g.vars[i]
	}
	f.gas += by * g.gas
	f.water += by * g.water
}

// appliance is a row of the table of what a household does in a day.
type appliance struct {
	phase    int // 0: on all three
	percent  int // of days on which it runs
	from, to int // when it starts, minutes after local midnight
	steps    []step
}

// step is a part of an appliance's run.
type step struct {
	seconds     int
	on, off     int   // a thermostat's seconds; 0: on all the time
	heat        bool  // shorter when it is warm outside
	watts, vars int64 // on each of its phases
	gas, water  int64 // ml/s
}

const hour = 60 // minutes

// appliances is the table of appliances: one row each.
var appliances = []appliance{
	{1, 100, 0, 10, []step{{seconds: 85200, on: 900, off: 1700, watts: 88, vars: 52}}},                                     // refrigerator
	{2, 100, 0, 10, []step{{seconds: 85200, on: 1100, off: 2900, watts: 74, vars: 47}}},                                    // freezer
	{2, 100, 0, 5, []step{{seconds: 85800, on: 1020, off: 780, watts: 62, vars: 8}}},                                       // ventilation
	{1, 95, 6*hour + 30, 7*hour + 20, []step{{seconds: 4200, watts: 95}}},                                                  // lights in the morning
	{1, 100, 17*hour + 30, 19 * hour, []step{{seconds: 14400, watts: 165, vars: -20}}},                                     // lights in the evening
	{2, 90, 19 * hour, 20 * hour, []step{{seconds: 10200, watts: 155, vars: -35}}},                                         // television
	{3, 70, 9 * hour, 10 * hour, []step{{seconds: 25200, watts: 85, vars: -25}}},                                           // desk
	{2, 95, 6*hour + 40, 7*hour + 40, []step{{seconds: 190, watts: 2150}}},                                                 // kettle
	{2, 80, 7 * hour, 8*hour + 30, []step{{seconds: 300, on: 25, off: 15, watts: 1350}}},                                   // coffee
	{2, 60, 15 * hour, 16*hour + 30, []step{{seconds: 190, watts: 2150}}},                                                  // tea
	{1, 85, 17*hour + 15, 18*hour + 15, []step{{seconds: 480, watts: 1900}, {seconds: 1500, on: 9, off: 14, watts: 1900}}}, // hob
	{2, 60, 17*hour + 15, 18*hour + 15, []step{{seconds: 1500, on: 12, off: 18, watts: 1450}}},                             // second hob
	{3, 40, 17 * hour, 18 * hour, []step{{seconds: 660, watts: 2600}, {seconds: 2400, on: 70, off: 110, watts: 2600}}},     // oven
	{3, 45, 9 * hour, 16 * hour, []step{ // washing machine: water, heating, drum, spin
		{seconds: 100, watts: 40, water: 120},
		{seconds: 1260, watts: 2050, vars: 60},
		{seconds: 2700, on: 12, off: 5, watts: 190, vars: 130},
		{seconds: 420, watts: 480, vars: 210},
	}},
	{3, 35, 12 * hour, 19 * hour, []step{{seconds: 5400, watts: 780, vars: 260}}}, // tumble dryer
	{2, 70, 20 * hour, 21*hour + 30, []step{ // dishwasher: wash, rinse, dry
		{seconds: 80, watts: 45, water: 60},
		{seconds: 960, watts: 1950},
		{seconds: 2400, watts: 85, vars: 60},
		{seconds: 780, watts: 1950},
	}},
	{0, 100, 5 * hour, 5*hour + 40, []step{{seconds: 64800, on: 1620, off: 1500, heat: true, watts: 690, vars: 310}}},        // heat pump
	{0, 45, 18 * hour, 23 * hour, []step{{seconds: 7800, watts: 3620, vars: -90}, {seconds: 600, watts: 1500, vars: -90}}},   // car
	{1, 100, 6 * hour, 6*hour + 30, []step{{seconds: 57600, on: 560, off: 1300, heat: true, watts: 75, vars: 20, gas: 230}}}, // boiler
	{1, 95, 6*hour + 30, 8 * hour, []step{{seconds: 430, watts: 95, vars: 20, gas: 610, water: 135}}},                        // shower
	{1, 55, 21 * hour, 22*hour + 30, []step{{seconds: 520, watts: 95, vars: 20, gas: 610, water: 135}}},                      // second shower
	{1, 100, 6*hour + 40, 8*hour + 30, []step{{seconds: 900, on: 60, off: 300, water: 110}}},                                 // taps in the morning
	{1, 100, 12 * hour, 13 * hour, []step{{seconds: 500, on: 40, off: 200, water: 110}}},                                     // taps at noon
	{1, 100, 17*hour + 30, 19 * hour, []step{{seconds: 1300, on: 25, off: 120, watts: 20, gas: 160, water: 75}}},             // dishes
	{1, 100, 21 * hour, 23 * hour, []step{{seconds: 900, on: 60, off: 400, water: 110}}},                                     // taps at night
}

// incident is a row of the table of what happens to the grid.
type incident struct {
	does     action
	perMille int // of days, on each phase
	min, max int // seconds
}

var incidents = []incident{
	{sag, 70, 1, 3},
	{swell, 20, 1, 3},
	{failure, 12, 2, 150},
	{failure, 4, 200, 5400}, // long ones: more than three minutes
}

// action is what an event does.
type action uint8

const (
	turnOn action = iota
	turnOff
	sag
	swell
	failure
	restore
)

// event is a change at a second.
type event struct {
	at      int64
	does    action
	phase   int   // of incidents, from 1
	seconds int64 // how long the incident lasts
	of      *flows
}

// plan adds the events of the local day that t is in. Runs may last into the
// next day, so what is left of the day before stays.
func (w *world) plan(t int64) {
	local := time.Unix(t, 0).In(w.home)
	year, month, date := local.Date()
	day := time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / 86400
	at := func(minutes, seconds int) int64 {
		return time.Date(year, month, date, 0, minutes, seconds, 0, w.home).Unix()
	}
	w.events = slices.Delete(w.events, 0, w.next)
	w.next = 0
	heat := int(seasonAt(local).heat)
	for i, a := range appliances {
		dice := w.dice(chanceDay, day<<8|int64(i))
		if dice.IntN(100) >= a.percent {
			continue
		}
		start := at(a.from, dice.IntN((a.to-a.from)*60))
		for _, s := range a.steps {
			length := s.seconds
			if s.heat {
				length = length * heat / 100
			}
			end := start + int64(length)
			of := w.flowsOf(a.phase, s)
			for start < end {
				off := end
				if s.on > 0 {
					off = min(start+int64(s.on*(90+dice.IntN(21))/100), end)
				}
				w.events = append(w.events, event{at: start, does: turnOn, of: of}, event{at: off, does: turnOff, of: of})
				start = min(off+int64(s.off), end)
			}
		}
	}
	dice := w.dice(chanceIncident, day)
	for _, n := range incidents {
		for phase := 1; phase <= w.phases; phase++ {
			if dice.IntN(1000) >= n.perMille {
				continue
			}
			start, seconds := at(0, dice.IntN(86400)), int64(n.min+dice.IntN(n.max-n.min))
			w.events = append(w.events, event{at: start, does: n.does, phase: phase, seconds: seconds})
			if n.does == failure {
				w.events = append(w.events, event{at: start + seconds, does: restore, phase: phase, seconds: seconds})
			}
		}
	}
	slices.SortStableFunc(w.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
}

// flowsOf puts a step onto its phases. A household with one phase has a
// smaller car charger and heat pump.
func (w *world) flowsOf(phase int, s step) *flows {
	f := &flows{gas: s.gas, water: s.water}
	first, last := phase, phase
	switch {
	case w.phases == 1:
		first, last = 1, 1
	case phase == 0:
		first, last = 1, 3
	}
	for i := first; i <= last; i++ {
		f.watts[i], f.vars[i] = s.watts, s.vars
	}
	return f
}
