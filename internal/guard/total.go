package guard

import (
	"math"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// total is what is known of one total: the line of values that is trusted, and
// the one that is doubted.
type total struct {
	known bool // there is a truth
	kept  bool // it is that of an earlier run, and entities may have seen more since
	truth line
	doubt doubt
	next  doubt       // of a meter that does not count yet
	rate  float64     // that a doubted line proved, above the usual; unit per hour
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
	first  meter.Value
	since  time.Time // its first value
	count  int       // its values that are evidence
	breaks int       // lines that were given up for this one
	isOpen bool      // there is a doubt
	quiet  bool      // no event told of it
	seen   int       // telegrams of the line, those that repeat a value included
	long   bool      // it waits as a first value too: one was late, or a line of several telegrams was given up
}

// sample is a value that comes now.
type sample struct {
	value     meter.Value
	unit      meter.Unit
	at        time.Time
	isFresh   bool // not the reading that was there before, which proves nothing again
	isBooting bool // the meter's clock is not set: no evidence for a doubted line
	isRival   bool // of a meter that does not count yet: it is held back until that does
	isZero    bool // beside nothing but zeros, as while a meter boots
	isLate    bool // as a first value it waits as long as a jump: a boot would say so, or it adds to a sum
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

// judge takes the next value.
func (t *total) judge(s *sample, r *rules) verdict {
	if s.isRival {
		t.next.follow(s, max(r.rate, t.rate), r.idle)
		return t.withheld()
	}
	t.next = doubt{}
	if t.known && t.fits(s, r) && !(t.kept && s.isZero) {
		if s.isFresh || s.value != t.truth.value {
			t.take(s)
		}
		return t.settle(returned, t.doubt.value)
	}
	arises := t.suspect(s)
	d := &t.doubt
	d.long = d.long || s.isLate
	d.follow(s, max(r.rate, t.rate), r.idle)
	if needed := t.wait(r); d.count >= needed.values && s.at.Sub(d.since) >= needed.lasts {
		old := t.truth.value
		if t.known {
			t.learn(r)
		}
		t.truth, t.known, t.kept = d.line, true, false
		return t.settle(confirmed, old)
	}
	if arises {
		return doubted
	}
	return t.withheld()
}

// withheld is the verdict on a value that is held back as others before it.
func (t *total) withheld() verdict {
	if !t.known {
		return unknown
	}
	return held
}

// follow takes the next value of the doubted line. Whatever a meter does
// steadily becomes the truth in the end: the more lines broke, the more is
// believed.
func (d *doubt) follow(s *sample, rate float64, idle time.Duration) {
	switch {
	case s.isBooting:
		d.isOpen, d.count = true, 0
	case d.count == 0:
		d.start(s)
	case !d.fits(s, rate*float64(d.breaks+1), idle):
		d.long = d.long || d.seen > 1 || d.value.Sign() == 0
		d.breaks++
		d.start(s)
	case s.isFresh:
		d.take(s)
		d.count++
	}
	d.seen++
	if d.since.IsZero() || s.at.Before(d.since) {
		d.since = s.at // of an earlier run; or the clock was set back
	}
}

// wait returns what the doubted line needs to be confirmed.
func (t *total) wait(r *rules) wait {
	d := &t.doubt
	switch {
	case !t.known && d.long:
		return r.long
	case !t.known:
		return wait{values: r.first}
	case d.unit == t.truth.unit && d.value.Cmp(t.truth.value) < 0 && !IsReset(t.truth.value, d.value):
		return r.brief
	}
	return r.long
}

// settle ends the doubt, if there is one.
func (t *total) settle(v verdict, was meter.Value) verdict {
	if !t.doubt.isOpen {
		return believed
	}
	if t.doubt.quiet {
		v = believed
	}
	t.was, t.doubt = was, doubt{}
	return v
}

// suspect notes that a value is held back, and reports whether one is from now
// on. What is only seen once is not yet a line.
func (t *total) suspect(s *sample) (arises bool) {
	if t.doubt.isOpen {
		return false
	}
	isTold := t.known && s.value.Cmp(t.truth.value) != 0
	t.doubt = doubt{isOpen: true, quiet: !isTold}
	t.doubt.line.take(s)
	return isTold
}

// take notes a value that goes on.
func (t *total) take(s *sample) {
	t.truth.take(s)
	t.kept = false
}

// renew leaves the truth for another meter's line, which is doubted so far.
func (t *total) renew() {
	*t = total{doubt: t.next}
	t.doubt.quiet = true
}

// isSteady reports whether the doubted line was there for long enough to be
// confirmed, so that it need not come once more.
func (d *doubt) isSteady(now time.Time, r *rules) bool {
	return !d.since.IsZero() && d.count >= r.long.values && now.Sub(d.since) >= r.long.lasts
}

func (t *total) fits(s *sample, r *rules) bool {
	return t.truth.fits(s, max(r.rate, t.rate), r.idle)
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

func (d *doubt) start(s *sample) {
	d.line = line{s.value, s.unit, s.at, s.at}
	d.first, d.since, d.count, d.seen, d.isOpen = s.value, s.at, 1, 0, true
}

func (l *line) take(s *sample) {
	if s.value.Cmp(l.value) != 0 || s.unit != l.unit {
		l.moved = s.at
	}
	l.value, l.unit, l.at = s.value, s.unit, s.at
}

// fits reports whether the value goes on where the line ended: it does not
// fall, and rises no faster than the rate. One step of its last digit it may
// always take.
func (l *line) fits(s *sample, rate float64, idle time.Duration) bool {
	switch c := s.value.Cmp(l.value); {
	case s.unit != l.unit || c < 0:
		return false
	case c == 0:
		return true
	}
	waited := passed(l.at, s.at) + min(passed(l.moved, l.at), idle) + burst
	return s.value.Sub(l.value).Float64() <= rate*waited.Hours()+math.Pow10(-s.value.Decimals())
}

// passed is the time between two moments. Between moments of one run the clock
// that never jumps tells it; else the wall clock, which was perhaps set.
func passed(from, to time.Time) time.Duration {
	return min(max(to.Sub(from), 0), longest)
}
