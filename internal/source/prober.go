package source

import (
	"sync/atomic"
	"time"
)

// prober finds the mode that a meter speaks, by listening alone. It takes the
// bytes, judges each burst of them that brought no good telegram, and tells
// the mode to listen in next.
//
// The modes are a star. Its centre is 115200 8N1, which most meters speak and
// which tells most of the others apart: 9600 baud gives bytes without edges,
// 7E1 lines with parity bits, 8E1 the lines themselves or, on some chips,
// noise of another kind. From any other mode, where noise tells little, the
// way leads back there. So two telegrams are enough to find any mode from any
// other, and the third is read.
//
// Only bytes are evidence: a meter says nothing between two telegrams, for up
// to ten seconds. But some adapters keep bytes back that do not fit, so a line
// that is opened anew for its silence is opened in the next mode. A mode in
// which good telegrams came is kept, over a lost line and every silence, until
// bytes have come for long without any, or the device is another one.
type prober struct {
	device string
	pace   pace
	mode   int // in modes

	settled bool            // good telegrams came in this mode
	fails   [len(modes)]int // how often noise came in a mode since the last good telegram
	burst   burst
	unread  int       // how many bursts were text in this mode, without a good telegram
	middle  bool      // the burst was joined in its middle
	checked time.Time // when a mode was left although it gave text
	opening time.Time // when the line was opened
	last    time.Time // when the last byte came
	since   time.Time // bytes have come since then without a good telegram; zero: they have not

	found atomic.Pointer[string] // what the meter speaks, once it is settled
	said  string
}

// pace is how long the prober waits.
type pace struct {
	quiet time.Duration // without a byte ends a burst; meters pause longer between telegrams
	long  time.Duration // with bytes, but without a good telegram: a mode that was right is doubted
	night time.Duration // without a byte: what came before no longer counts
}

var usualPace = pace{quiet: 300 * time.Millisecond, long: 10 * time.Minute, night: time.Minute}

const (
	// Fewer bytes are no evidence: plugs and relays make some. The shortest
	// telegrams, read at a twelfth of their speed, give about a dozen, and at 2400
	// baud a quarter of that.
	leastBytes = 8
	// Opening the port switches the reader's electronics on, which may make
	// more; so what comes at once must be more as well.
	leastAtOnce = 32
	// Where no pause comes, so many are enough. Some meters send a thousand
	// bytes of 0xFF inside a telegram.
	mostBytes = 1500
	// One telegram may be damaged by chance.
	mostUnread = 2
)

func newProber(device string, mode int, pace pace) *prober {
	return &prober{device: device, mode: mode, pace: pace}
}

// name names the line for people. Any goroutine may call it.
func (p *prober) name() string {
	if found := p.found.Load(); found != nil {
		return p.device + " (auto: " + *found + ")"
	}
	return p.device + " (auto)"
}

// opened records that the line was opened, and whether the device is the one
// that it was before.
func (p *prober) opened(now time.Time, same bool) {
	p.opening, p.burst = now, burst{}
	if !same {
		p.unsettle()
		p.since, p.checked, p.fails = time.Time{}, time.Time{}, [len(modes)]int{}
	}
}

func (p *prober) unsettle() {
	p.settled = false
	p.found.Store(nil)
}

// heard takes bytes that came at now.
func (p *prober) heard(b []byte, now time.Time) {
	pause := now.Sub(p.last)
	if p.since.IsZero() || pause > p.pace.night {
		p.since = now
	}
	if p.doubtful(now) {
		if pause >= p.pace.quiet && p.middle {
			p.burst = burst{} // the end of something tells little
		}
		if p.burst.bytes == 0 {
			p.middle = min(pause, now.Sub(p.opening)) < p.pace.quiet
		}
		p.burst.add(b)
	}
	p.last = now
}

// telegram records that the bytes were a good telegram. It returns what the
// meter speaks, and whether that is news.
func (p *prober) telegram() (speaks string, isNew bool) {
	p.since = time.Time{}
	if p.settled {
		p.burst, p.unread = burst{}, 0
		return p.said, false
	}
	speaks = modes[p.mode].name
	if sent, ok := withParity[p.mode]; ok && p.burst.parityLines > 0 {
		speaks = modes[sent].name + ", read as " + speaks
	}
	p.settled, p.burst, p.unread, p.fails = true, burst{}, 0, [len(modes)]int{}
	p.found.Store(&speaks)
	isNew = speaks != p.said
	p.said = speaks
	return speaks, isNew
}

// withParity are the modes of which the one beside shows parity bits.
var withParity = map[int]int{mode115200N8: mode115200E7, mode9600N8: mode9600E7}

// doubtful reports whether the mode may be wrong.
func (p *prober) doubtful(now time.Time) bool { return !p.settled || p.overdue(now) }

func (p *prober) overdue(now time.Time) bool {
	return !p.since.IsZero() && now.Sub(p.since) >= p.pace.long
}

// wake is when the burst ends, if no byte comes before; zero if there is none
// to judge.
func (p *prober) wake(now time.Time) time.Time {
	least := leastBytes
	if p.middle {
		least = leastAtOnce
	}
	if modes[p.mode].line.BaudRate == 2400 {
		least /= 3
	}
	if !p.doubtful(now) || p.burst.bytes < least {
		return time.Time{}
	}
	return p.last.Add(p.pace.quiet)
}

// judge looks at the burst once it is over. The mode is another one afterwards
// if why is not empty.
func (p *prober) judge(now time.Time) (why string) {
	b := &p.burst
	proof := b.lines + b.frames + b.parityLines
	end := p.wake(now)
	switch over := !end.IsZero() && !now.Before(end); {
	case !over && (b.bytes < mostBytes || proof > 0):
		return ""
	case p.mode == mode115200N8 && over && p.middle && proof == 0 && !b.isSlow():
		// It may be the end of an encrypted frame.
	case proof == 0:
		p.fails[p.mode]++
		return p.turn(p.next(), "the bytes are not a message")
	case p.mode == mode115200N8 && proof == b.parityLines:
		return p.turn(mode115200E7, "bytes have a parity bit")
	default:
		// It is text, but does 115200 8N1 not give more? Where errors are not
		// noticed, 7E1 reads all but the telegrams that have an eighth bit.
		p.unread++
		if p.mode != mode115200N8 && p.unread >= mostUnread && now.Sub(p.checked) >= p.pace.long {
			p.checked = now
			p.fails[p.mode] += 2 // or a mode of the same speed?
			return p.turn(mode115200N8, "no good telegram arrives")
		}
	}
	*b = burst{}
	return ""
}

// silent records that the line is closed because it was silent for too long.
func (p *prober) silent() {
	if !p.settled {
		p.turn(p.next(), "")
	}
}

// refused records that the port cannot have the mode. It returns false where
// there is no other to go to: any port has 115200 8N1.
func (p *prober) refused() bool {
	if p.mode == mode115200N8 {
		return false
	}
	p.fails[p.mode] += 2
	p.turn(mode115200N8, "")
	return true
}

// The modes beside 115200 8N1, the likely ones first.
var (
	slowFirst = [...]int{mode9600E7, mode9600N8, mode2400E8, mode2400N8, mode115200E8, mode38400N8, mode115200E7, mode9600E8}
	fastFirst = [...]int{mode115200E8, mode38400N8, mode115200E7, mode9600E7, mode9600N8, mode2400E8, mode2400N8, mode9600E8}
)

// next is the mode that is likely when this one is not the right one. Where
// it was wrong twice, the others have their turn.
func (p *prober) next() int {
	if p.mode != mode115200N8 {
		return mode115200N8
	}
	likely := slowFirst
	if p.burst.bytes > 0 && !p.burst.isSlow() {
		likely = fastFirst
	}
	best := likely[0]
	for _, mode := range likely[1:] {
		if p.fails[mode]+1 < p.fails[best] {
			best = mode
		}
	}
	return best
}

// turn changes the mode.
func (p *prober) turn(mode int, why string) string {
	p.unsettle()
	p.mode, p.burst, p.unread, p.since = mode, burst{}, 0, time.Time{}
	return why
}
