package source

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// ownerLeaves is how long the meter that was first on a topic may be silent
	// until another one takes its place: a reader that starts again takes less.
	ownerLeaves = time.Minute

	// A mishap is a telegram that nobody but a second publisher sends; a reader
	// that starts again may make one.
	manyMishaps = 3
	mishapsLast = time.Minute
)

// publishers notices that two readers publish on one topic, which MQTT does not
// tell. Two meters have different names; two readers of one meter are seldom
// equally quick, so that its time goes back; and where telegrams come in pieces
// two begin before the first has ended, and then both end.
type publishers struct {
	owner  string // the meter whose telegrams are read
	heard  time.Time
	newest meter.Timestamp // of its telegrams

	mishaps [manyMishaps]time.Time // the last, as a ring
	next    int

	open     int  // telegrams in pieces that have begun and not ended, two at most
	overlaps bool // two had
}

// takes reports whether a message is to be read. It is left out while another
// meter owns the topic, and when a newer telegram of the meter was read already.
func (p *publishers) takes(message []byte, now time.Time) bool {
	if !isWhole(message) {
		p.piece(message, now)
		return true
	}
	name, at := nameOf(message), timeOf(message)
	switch {
	case name != p.owner && p.owner != "" && now.Sub(p.heard) < ownerLeaves:
		p.mishap(now)
		return false
	case name != p.owner:
		p.owner, p.newest = name, meter.Timestamp{}
	case isBefore(at, p.newest):
		p.heard = now
		p.mishap(now)
		return false
	}
	p.heard, p.newest = now, at
	return true
}

// isBefore reports whether a telegram's time is before another's, by less than
// a clock that is set right.
func isBefore(at, newest meter.Timestamp) bool {
	if at.IsZero() || newest.IsZero() || at.Compare(newest) >= 0 {
		return false
	}
	back := newest.Wall().Sub(at.Wall())
	return back > 0 && back < ownerLeaves
}

// piece counts the telegrams that begin and end.
func (p *publishers) piece(message []byte, now time.Time) {
	if len(message) == 0 {
		return
	}
	switch message[0] {
	case '/':
		p.open = min(p.open+1, 2)
		p.overlaps = p.open == 2
	case '!':
		p.open = max(p.open-1, 0)
		if p.open == 0 && p.overlaps {
			p.mishap(now)
			p.overlaps = false
		}
	}
}

func (p *publishers) mishap(now time.Time) {
	p.mishaps[p.next%manyMishaps] = now
	p.next++
}

// areTwo reports whether there were many mishaps lately.
func (p *publishers) areTwo(now time.Time) bool {
	oldest := p.mishaps[p.next%manyMishaps]
	return !oldest.IsZero() && now.Sub(oldest) < mishapsLast
}

// areMixed reports whether there were, and telegrams come in pieces.
func (p *publishers) areMixed(now time.Time) bool { return p.owner == "" && p.areTwo(now) }
