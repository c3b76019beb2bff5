package simulate

import "time"

// household is what does not change.
type household struct {
	seed              uint64
	serial            int // number in all identifiers
	phases            int
	solar, gas, water bool
	message           string
	home              *time.Location // the people's clock
}

// The directions of energy.
const (
	imported = iota
	exported
)

// world is a household and its meters at one second.
type world struct {
	household
	clock   *time.Location // the meter's
	tariffs tariffs
	capture int64 // seconds from one reading of gas and water to the next
	monthly compiled
	months  int

	t      int64 // now, seconds since 1970
	events []event
	next   int // of events
	day    int // that is planned
	load   flows
	panels int64    // watts from the sun
	down   [4]int   // power failures in force, by phase
	upset  [4]int64 // a sag or swell in force, mV
	calm   [4]int64 // when it ends

	watts, vars [4]int64 // in the last second; [0] is the sum of the phases, minus is export
	quadrant    int      // of the sum, IEC 62056-62: 1 both import, 4 energy import and reactive export

	tariff    int
	energy    [2][3]int64 // J, by direction and tariff; [0] is the sum
	reactive  [5]int64    // var s, by quadrant
	volume    flows       // ml of gas and water
	captured  flows       // the same, when last read
	readAt    int64
	failures  []outage // that were long, newest first
	short     int64    // power failures of any length
	long      int64
	sags      [4]int64
	swells    [4]int64
	quarter   [2]int64   // J in this quarter of an hour, by direction
	peaks     [2][3]peak // of this month, by direction and tariff; [0] is any
	month     time.Month
	histories [][]byte // one text for each month, oldest first
}

// outage is a long power failure.
type outage struct{ end, seconds int64 }

// peak is the highest demand of a quarter of an hour, in watts.
type peak struct{ at, watts int64 }

// The log of long power failures holds so many (DSMR 5.0.2, 1-0:99.97.0),
// and three minutes is what makes a failure long.
const (
	maxOutages  = 10
	longSeconds = 180
)

// standby is what a household takes when nobody is at home, by phase.
var standby = flows{watts: [4]int64{0, 64, 97, 31}, vars: [4]int64{0, -38, -52, -17}}

// begin puts the world at start, in the middle of its life.
func (w *world) begin(start int64) {
	w.past(start)
	w.t = start
	local := time.Unix(start, 0).In(w.home)
	w.plan(local.AddDate(0, 0, -1).Unix()) // what began yesterday may still run
	w.plan(start)
	w.day = local.Day()
	w.tariff = w.tariffs.at(time.Unix(start, 0).In(w.clock))
	w.month = time.Unix(start, 0).In(w.clock).Month()
	w.captured = w.volume
	w.readAt = start - start%w.capture
	w.panels = w.sun(start)
	w.power()
}

// advance lets the world go on until t.
func (w *world) advance(t int64) {
	for w.t < t {
		w.second()
	}
}

// second is the second that begins now.
func (w *world) second() {
	if w.t%10 == 0 {
		w.panels = w.sun(w.t)
	}
	w.power()
	d, joules := imported, w.watts[0]
	if joules < 0 {
		d, joules = exported, -joules
	}
	w.energy[d][0] += joules
	w.energy[d][w.tariff] += joules
	w.quarter[d] += joules
	w.reactive[w.quadrant] += max(w.vars[0], -w.vars[0])
	w.volume.gas += w.load.gas
	w.volume.water += w.load.water
	w.t++
	if w.t%w.capture == 0 {
		w.captured, w.readAt = w.volume, w.t
	}
	if w.t%900 == 0 { // midnight is one of these in every zone
		w.quarterHour()
	}
}

// power finds what the phases carry now.
func (w *world) power() {
	for w.next < len(w.events) && w.events[w.next].at <= w.t {
		w.happen(&w.events[w.next])
		w.next++
	}
	noise := mix(w.seed, uint64(w.t))
	w.watts[0], w.vars[0] = 0, 0
	for i := 1; i <= w.phases; i++ {
		watts := standby.watts[i] + w.load.watts[i]
		watts += watts*int64(noise&63)/2048 + int64(noise>>6&7)
		noise >>= 12
		vars := standby.vars[i] + w.load.vars[i]
		if w.solar && i == w.phases { // the inverter has one phase, the last
			watts -= w.panels
		}
		if w.down[i] > 0 {
			watts, vars = 0, 0
		}
		w.watts[i], w.vars[i] = watts, vars
		w.watts[0] += watts
		w.vars[0] += vars
	}
	w.quadrant = quadrantOf(w.watts[0], w.vars[0])
}

func quadrantOf(watts, vars int64) int {
	switch {
	case watts >= 0 && vars >= 0:
		return 1
	case vars >= 0:
		return 2
	case watts < 0:
		return 3
	}
	return 4
}

// happen lets an event happen.
func (w *world) happen(e *event) {
	i := e.phase
	switch e.does {
	case turnOn:
		w.load.add(e.of, 1)
	case turnOff:
		w.load.add(e.of, -1)
	case sag:
		w.sags[i]++
		w.upset[i], w.calm[i] = -60_000, e.at+e.seconds
	case swell:
		w.swells[i]++
		w.upset[i], w.calm[i] = 31_000, e.at+e.seconds
	case failure:
		w.down[i]++
	case restore:
		w.down[i]--
		w.failed(e.at, e.seconds)
	}
}

// failed counts a power failure that is over.
func (w *world) failed(end, seconds int64) {
	w.short++
	if seconds <= longSeconds {
		return
	}
	w.long++
	w.failures = append([]outage{{end, seconds}}, w.failures[:min(len(w.failures), maxOutages-1)]...)
}

// quarterHour is the end of a quarter of an hour: of a demand period, and
// perhaps of a tariff, a day, a month.
func (w *world) quarterHour() {
	for d := range w.quarter {
		now := peak{w.t, (w.quarter[d] + 450) / 900}
		for _, i := range []int{0, w.tariff} {
			if p := &w.peaks[d][i]; now.watts > p.watts {
				*p = now
			}
		}
		w.quarter[d] = 0
	}
	local := time.Unix(w.t, 0).In(w.clock)
	w.tariff = w.tariffs.at(local)
	if month := local.Month(); month != w.month {
		w.month = month
		w.closeMonth()
	}
	if day := time.Unix(w.t, 0).In(w.home).Day(); day != w.day {
		w.day = day
		w.plan(w.t)
	}
}

// closeMonth keeps what the meter keeps of a month that ends now.
func (w *world) closeMonth() {
	if w.months > 0 {
		w.histories = append(w.histories, w.monthly.append(nil, w))
		w.histories = w.histories[max(len(w.histories)-w.months, 0):]
	}
	for d := range w.peaks {
		for i := range w.peaks[d] {
			w.peaks[d][i] = peak{at: w.t}
		}
	}
}
