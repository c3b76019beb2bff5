package diagnosis

import (
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// Patience is how long there may be no reading until that is a problem: a
	// network reader that starts again, and a search for the serial mode, take
	// less.
	Patience = 30 * time.Second

	leastPause = 15 * time.Second // between two readings, to doubt that they arrive

	// memory is how long bytes count as evidence, or twice as long at most:
	// what a line did before somebody changed the cable must not.
	memory = 2 * time.Minute

	// Less is no evidence of noise: plugs and relays make some.
	leastNoise = 32

	// A line that is joined in the middle of a telegram gives text for a while
	// that is none: until the next telegram's end, or as long as any telegram.
	wholeText = 4 << 10
	wholeTime = 20 * time.Second

	// Damaged telegrams are a problem from one in twenty, and no longer below
	// one in fifty, of those in the last minutes.
	minutes  = 15
	leastBad = 5
	isMany   = 20
	isFew    = 50
)

// Judge is given all that the line does, and finds the cause. New makes
// one. Its methods belong to one goroutine at a time.
type Judge struct {
	start time.Time
	unset string // what to do; empty: a source is set

	good   time.Time     // the last reading; zero: none
	pause  time.Duration // how long one is normal between two
	arrive bool          // readings do, since the line was opened
	bad    bool          // but many are damaged
	hint   Cause         // what could be better about them; Waiting: nothing
	detail string        // said of the hint

	lost    bool // the line is
	opened  time.Time
	trouble Cause  // why the line was lost last, since the last reading; Waiting: it was not
	advice  string // what to do about that
	heard   int    // bytes since the line was opened

	fresh, stale Evidence // since the last reading: since turned, and before that
	turned       time.Time

	tally [minutes]tally // a ring
	cause Cause
	since time.Time

	problem bool // told, and not over yet
}

type tally struct {
	minute    int64
	good, bad uint64
}

// New returns a Judge of a line that is about to be opened.
func New(start time.Time) *Judge {
	return &Judge{start: start, pause: leastPause, turned: start, since: start}
}

// Unset records that no source is set, and the serial devices that there are.
func (j *Judge) Unset(devices []string) {
	j.unset = Unset.Next(meter.English) + ". " + Devices(devices)
}

// devicesFound begins a list of serial devices, which ends an advice.
const devicesFound = "Serial devices found: "

// Devices names the serial devices for people.
func Devices(found []string) string {
	if len(found) == 0 {
		return "No serial device was found: is the cable plugged in?"
	}
	return devicesFound + strings.Join(found, ", ")
}

// WithoutDevices returns an advice without its list of devices.
func WithoutDevices(next string) string {
	before, _, _ := strings.Cut(next, devicesFound)
	return strings.TrimSpace(before)
}

// Bytes records what the line sent.
func (j *Judge) Bytes(p []byte, now time.Time) {
	if now.Sub(j.turned) >= memory {
		if now.Sub(j.turned) < 2*memory {
			j.stale = j.fresh
		} else {
			j.stale.Reset()
		}
		j.fresh.Reset()
		j.turned = now
	}
	j.heard += len(p)
	j.fresh.Bytes(p)
}

// Bad records why a message gave no reading.
func (j *Judge) Bad(cause Cause, now time.Time) {
	j.fresh.Message(cause)
	j.count(now).bad++
}

// Cut records n telegrams that never ended.
func (j *Judge) Cut(n uint64, now time.Time) {
	if n > 0 {
		j.fresh.Cut(n)
		j.count(now).bad += n
	}
}

// Good records a reading; pause is how long one may be normal between two.
func (j *Judge) Good(now time.Time, pause time.Duration) {
	j.count(now).good++
	j.good, j.pause, j.arrive = now, max(pause, leastPause), true
	j.trouble = Waiting
	j.fresh.Reset()
	j.stale.Reset()
	j.turned = now
}

// Hint records what a person could do to have more of the readings that arrive,
// and what to say of it beside the row's text; Waiting: nothing.
func (j *Judge) Hint(hint Cause, detail string) { j.hint, j.detail = hint, detail }

// Opened records that the line was opened.
func (j *Judge) Opened(now time.Time) {
	j.lost, j.opened, j.heard = false, now, 0
	if !quits(j.trouble) {
		j.trouble = Waiting
	}
}

// Lost records why the line was lost or cannot be opened. What to do about it is
// advice, or where that is empty what the cause's row says.
func (j *Judge) Lost(cause Cause, advice string) {
	j.lost, j.arrive = true, false
	j.trouble, j.advice = cause, advice
	if advice == "" {
		j.advice = cause.Next(meter.English)
	}
	if cause == Missing || cause == Gone || cause == MixedTelegrams { // who knows what comes in its place
		j.fresh.Reset()
		j.stale.Reset()
	}
}

func (j *Judge) count(now time.Time) *tally {
	minute := int64(now.Sub(j.start) / time.Minute)
	t := &j.tally[max(0, minute)%minutes]
	if t.minute != minute {
		*t = tally{minute: minute}
	}
	return t
}

// damaged returns how many percent of the telegrams of the last minutes were
// damaged, and whether that is too many.
func (j *Judge) damaged(now time.Time) (percent int, many bool) {
	var good, bad uint64
	first := int64(now.Sub(j.start)/time.Minute) - minutes
	for _, t := range j.tally {
		if t.minute > first {
			good, bad = good+t.good, bad+t.bad
		}
	}
	if bad == 0 {
		return 0, false
	}
	all := good + bad
	limit := uint64(isMany)
	if j.bad {
		limit = isFew
	}
	return int((bad*100 + all/2) / all), bad >= leastBad && bad*limit >= all
}

// Finding is what a Judge decides.
type Finding struct {
	Cause   Cause
	Next    string    // what to do about it, for people, in English; empty: nothing
	Problem bool      // a person should do something
	Share   int       // of the telegrams that are damaged, in percent; 0: where that is not the matter
	Since   time.Time // the cause is this one
}

// Find decides what is the matter at now.
func (j *Judge) Find(now time.Time) Finding {
	cause, next := j.judge(now)
	if cause != j.cause {
		j.cause, j.since = cause, now
	}
	j.bad = cause == Degraded
	f := Finding{Cause: cause, Next: next, Since: j.since}
	switch {
	case cause == Degraded:
		f.Share, _ = j.damaged(now)
	case cause.Member() != "":
		f.Share = 100 // since the last reading
	}
	last := j.good
	if last.IsZero() {
		last = j.start
	}
	late := now.Sub(last) > max(Patience, j.pause)
	// Readings alone end a problem: a line that comes and goes would else end
	// and make one each time.
	j.problem = cause == Degraded || cause == Unset || cause.Problem() && late || j.problem && !cause.Arrive()
	f.Problem = j.problem
	return f
}

// judge returns the cause, and what to do.
func (j *Judge) judge(now time.Time) (Cause, string) {
	if j.unset != "" {
		return Unset, j.unset
	}
	if j.arrive && now.Sub(j.good) <= j.pause {
		if _, many := j.damaged(now); many {
			return Degraded, Degraded.Next(meter.English)
		}
		if j.hint != Waiting {
			return j.hint, j.hint.Next(meter.English) + j.detail
		}
		return Good, ""
	}
	heard := Waiting
	if now.Sub(j.turned) < 2*memory {
		heard = j.bytes(now)
	}
	// Somebody who says the wrong thing and then nothing, or hangs up, is judged
	// by what was said. But one who hangs up in a telegram's middle cuts it, and
	// so does silence.
	if heard != Waiting && (!j.lost && j.heard > 0 || quits(j.trouble) && heard != Cut) {
		return heard, heard.Next(meter.English)
	}
	if j.trouble == Waiting {
		return Waiting, ""
	}
	return j.trouble, j.advice
}

// quits reports whether a line that is lost so can be opened again, and then
// goes the same way as before.
func quits(c Cause) bool {
	switch c {
	case Silence, Mute, HungUp, TopicSilent, TopicOther, OldTelegram, MixedTelegrams, TooLong:
		return true
	}
	return false
}

// bytes returns what they are; Waiting where they are too few to know.
func (j *Judge) bytes(now time.Time) Cause {
	e := j.stale
	e.Add(&j.fresh)
	cause := e.Cause()
	n := e.Seen()
	switch cause {
	case Noise, Parity:
		if n < leastNoise {
			return Waiting
		}
	case Cut, OtherText:
		if e.Count(Cut) == 0 && n < wholeText && !j.lost && now.Sub(j.opened) < wholeTime {
			return Waiting
		}
	}
	return cause
}
