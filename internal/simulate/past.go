package simulate

import (
	"math/rand/v2"
	"time"
)

const joulesPerKWh = 3_600_000

// past lives the meter's life before start, month by month and roughly: it
// leaves registers, counters and a history of peaks that fit together, as a
// meter has them that has hung there for years.
func (w *world) past(start int64) {
	dice := w.dice(chancePast, 0)
	local := time.Unix(start, 0).In(w.clock)
	first := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, w.clock)
	for range 1 + dice.IntN(3) { // years of which nothing else is known
		for m := range 12 {
			w.roughly(dice, seasons[m], 30*86400)
		}
	}
	w.short = dice.Int64N(9)
	for i := 1; i <= w.phases; i++ {
		w.sags[i], w.swells[i] = dice.Int64N(20), dice.Int64N(4)
	}
	for back := 13; back > 0; back-- {
		from, to := first.AddDate(0, -back, 0).Unix(), first.AddDate(0, 1-back, 0).Unix()
		s := seasonAt(time.Unix((from+to)/2, 0))
		w.roughly(dice, s, to-from)
		w.roughPeaks(dice, s, from, to)
		if dice.IntN(6) == 0 {
			w.failed(from+dice.Int64N(to-from), longSeconds+1+dice.Int64N(9000))
		}
		w.t = to
		w.closeMonth()
	}
	s := seasonAt(local)
	w.roughly(dice, s, start-first.Unix())
	if last := start - start%900; last > first.Unix() {
		w.roughPeaks(dice, s, first.Unix(), last)
	}
}

// roughly adds what a household of the season uses in so many seconds.
func (w *world) roughly(dice *rand.Rand, s season, seconds int64) {
	// About gives 75 to 125 percent of an amount a day.
	about := func(perDay int64) int64 {
		return perDay / 100 * (75 + dice.Int64N(50)) / 86400 * seconds
	}
	use := func(direction, tariff int, perDay int64) {
		joules := about(perDay) + dice.Int64N(joulesPerKWh)
		w.energy[direction][0] += joules
		w.energy[direction][tariff] += joules
	}
	second := 2
	if w.tariffs.low == 0 {
		second = 1
	}
	use(imported, 1, 5*joulesPerKWh+s.heat*joulesPerKWh/20)
	use(imported, second, 4*joulesPerKWh+s.heat*joulesPerKWh/20)
	if w.solar {
		use(exported, 1, s.solar*2*3600)
		use(exported, second, s.solar*3/2*3600)
	}
	for q, perDay := range [5]int64{1: 2, 2: 1, 3: 1, 4: 3} {
		w.reactive[q] += perDay * joulesPerKWh / 2 / 86400 * seconds
	}
	w.volume.gas += about(700_000 + s.heat*42_000)
	w.volume.water += about(260_000)
}

// roughPeaks finds highest demands between two quarters of an hour.
func (w *world) roughPeaks(dice *rand.Rand, s season, from, to int64) {
	some := func(watts int64) peak {
		quarters := (to - from) / 900
		return peak{from + 900*(1+dice.Int64N(quarters)), watts/2 + dice.Int64N(watts/2)}
	}
	for d, watts := range []int64{imported: 7000 + 40*s.heat, exported: s.solar} {
		if d == exported && !w.solar {
			continue
		}
		p := &w.peaks[d]
		p[1] = some(watts)
		p[0] = p[1]
		if w.tariffs.low == 0 {
			continue
		}
		if p[2] = some(watts); p[2].watts > p[0].watts {
			p[0] = p[2]
		}
	}
}
