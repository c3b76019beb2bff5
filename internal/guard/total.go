package guard

import (
	"math"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// total is what is known of one total: the line of values that is believed,
// and the one that is in doubt.
type total struct {
	known bool // there is a truth
	truth line
	doubt doubt
	rate  float64     // that a doubtful line proved, above the usual; unit per hour
	was   meter.Value // what the last verdict gave up: the wrong value, or the old truth
}

// line is a row of values that follow each other.
type line struct {
	value meter.Value
	unit  meter.Unit
	at    time.Time // our clock at the last value
	moved time.Time // when it last changed
}

// doubt is a line that does not go on where the truth ended.
type doubt struct {
	line
	first meter.Value
	since time.Time // its first value
	count int       // its values
	held  int       // all values since the truth was left, of lines that were given up too
	quiet bool      // only a part of the sum is doubted, which was told
}

// rules are how much is believed, and when.
type rules struct {
	rate   float64       // the most that the connection delivers, unit per hour
	idle   time.Duration // a register that is brought up to date now and then may have waited so long
	first  int           // values that make a first truth
	values int           // values that make a doubtful line the truth, if
	lasts  time.Duration // it lasts so long too
}

// verdict is what becomes of a value.
type verdict uint8

const (
	believed  verdict = iota // it goes on
	returned                 // it goes on where the truth ended; what was held back was wrong
	confirmed                // what was held back is the truth
	doubted                  // held back from now on
	held                     // held back still
	unknown                  // held back, and there is no truth to show
)

const (
	// burst is what may come at once when something on the way kept telegrams:
	// each is of an interval of ten seconds at most.
	burst = 15 * time.Second

	// longest bounds what a clock that was set does to a silence. Real use of
	// more than a week is far below a week of all that the connection delivers.
	longest = 7 * 24 * time.Hour
)

// judge takes the next value. One that is not fresh is a reading that was
// there before, which proves nothing again. A value that follows another that
// is in doubt is held back with it.
func (t *total) judge(v meter.Value, u meter.Unit, now time.Time, r *rules, fresh, follows bool) verdict {
	if t.known && !follows && t.fits(v, u, now, r) {
		if fresh || v != t.truth.value {
			t.truth.take(v, u, now)
		}
		return t.settle(returned, t.doubt.value)
	}
	arises := t.doubt.held == 0
	t.suspect(v, u, now, follows)
	d := &t.doubt
	// The longer we doubt, the more we believe: whatever a meter does steadily
	// becomes the truth in the end.
	switch {
	case d.count == 0 || !d.fits(v, u, now, max(r.rate, t.rate)*float64(d.held), r.idle):
		d.start(v, u, now)
	case fresh:
		d.take(v, u, now)
		d.count++
	}
	if now.Before(d.since) {
		d.since = now // the clock was set back
	}
	values, lasts := r.values, r.lasts
	if !t.known {
		values, lasts = r.first, 0
	}
	switch {
	case !follows && d.count >= values && now.Sub(d.since) >= lasts:
		old := t.truth.value
		if t.known {
			t.learn(r)
		}
		t.truth, t.known = d.line, true
		return t.settle(confirmed, old)
	case !t.known:
		return unknown
	case arises && !d.quiet:
		return doubted
	}
	return held
}

// settle ends the doubt, if there is one.
func (t *total) settle(v verdict, was meter.Value) verdict {
	if t.doubt.held == 0 {
		return believed
	}
	if t.doubt.quiet {
		v = believed
	}
	t.was, t.doubt = was, doubt{}
	return v
}

// suspect counts a value that is held back. What is only seen once is not yet
// a line.
func (t *total) suspect(v meter.Value, u meter.Unit, now time.Time, follows bool) {
	if t.doubt.held == 0 {
		t.doubt = doubt{quiet: follows || !t.known}
		t.doubt.take(v, u, now)
	}
	t.doubt.held++
}

// accept makes the value the truth, whatever was before.
func (t *total) accept(v meter.Value, u meter.Unit, now time.Time) {
	*t = total{known: true, truth: line{v, u, now, now}}
}

func (t *total) fits(v meter.Value, u meter.Unit, now time.Time, r *rules) bool {
	return t.truth.fits(v, u, now, max(r.rate, t.rate), r.idle)
}

// learn raises what is believed to what was proved: some connections are
// larger than ours.
func (t *total) learn(r *rules) {
	if d := &t.doubt; passed(d.since, d.at) > 0 {
		if rate := 2 * d.value.Sub(d.first).Float64() / passed(d.since, d.at).Hours(); rate > r.rate {
			t.rate = max(t.rate, rate)
		}
	}
}

func (d *doubt) start(v meter.Value, u meter.Unit, now time.Time) {
	d.line = line{v, u, now, now}
	d.first, d.since, d.count = v, now, 1
}

func (l *line) take(v meter.Value, u meter.Unit, now time.Time) {
	if v.Cmp(l.value) != 0 || u != l.unit {
		l.moved = now
	}
	l.value, l.unit, l.at = v, u, now
}

// fits tells whether the value goes on where the line ended: it does not fall,
// and rises no faster than the rate. One step of its last digit it may always
// take.
func (l *line) fits(v meter.Value, u meter.Unit, now time.Time, rate float64, idle time.Duration) bool {
	switch c := v.Cmp(l.value); {
	case u != l.unit || c < 0:
		return false
	case c == 0:
		return true
	}
	waited := passed(l.at, now) + min(passed(l.moved, l.at), idle) + burst
	return v.Sub(l.value).Float64() <= rate*waited.Hours()+math.Pow10(-v.Decimals())
}

// passed is the time between two moments. Between moments of one run the clock
// that never jumps tells it; else the wall clock, which was perhaps set.
func passed(from, to time.Time) time.Duration {
	return min(max(to.Sub(from), 0), longest)
}
