package cipher

import "bytes"

const (
	// maxMeters bounds the memory: a port has one meter, and a second one
	// when it was exchanged.
	maxMeters = 4

	// Frames that come again come out of the buffers on the way: a counter
	// that is less than buffered behind is one of those.
	buffered = 16
	// A counter that was reset begins near zero: below lowCounter and below
	// half of what it was, it is taken as reset at once.
	lowCounter = 256
	// Elsewhere it takes that many frames which count upwards.
	resetRun = 3

	// What was true of a meter is given up after that many frames in a row which
	// say otherwise: that its tags fit, and that the key is right.
	disbelief = 3
)

// meterState is what is known of a meter from its authentic frames: those
// whose tag, or else whose telegram's checksum, fits.
type meterState struct {
	title   [titleSize]byte
	used    uint64 // when it was found last; 0: never
	counter uint32 // of the last frame that was new
	started bool   // counter is set

	lower uint32 // the last counter below it
	run   int    // how many of those counted upwards

	way     Way  // the last one
	ways    uint // a bit for each that was met
	tagged  bool // tags fit
	misfits int  // frames in a row whose tag did not
}

// advance reports whether a frame is new, by its counter, which goes up by one
// a frame. An unchanged or lower one is a repeat. It begins anew with a new
// key (Luxembourg's specification says from 0), so a clear fall to a low
// value is believed, and so are some frames in a row that count upwards. Where
// the key is known to be the same, strict, both are old frames played back.
func (m *meterState) advance(counter uint32, strict bool) (fresh, old bool) {
	switch {
	case !m.started || counter > m.counter:
	case m.counter-counter < buffered:
		return false, false
	case strict:
		return false, true
	case counter < lowCounter && counter < m.counter/2:
	default:
		if counter <= m.lower {
			m.run = 0
		}
		m.lower = counter
		m.run++
		if m.run < resetRun {
			return false, false
		}
	}
	m.counter, m.started = counter, true
	m.lower, m.run = 0, 0
	return true, false
}

// believes reports whether a frame that was verified in a way is good enough
// for this meter.
func (m *meterState) believes(way Way) bool {
	if way == ByTag || way == ByTagAlone {
		m.tagged, m.misfits = true, 0
		return true
	}
	if m.tagged {
		m.misfits++
		m.tagged = m.misfits < disbelief
	}
	return !m.tagged
}

// learns remembers a way and reports whether it is new.
func (m *meterState) learns(way Way) bool {
	m.way = way
	m.tagged = m.tagged || way == ByTag || way == ByTagAlone
	fresh := m.ways&(1<<way) == 0
	m.ways |= 1 << way
	return fresh
}

// maker returns the manufacturer's letters.
func (m *meterState) maker() string {
	for _, c := range m.title[:3] {
		if c < 'A' || c > 'Z' {
			return ""
		}
	}
	return string(m.title[:3])
}

// meters are those that were met, the last few.
type meters struct {
	list  [maxMeters]meterState
	clock uint64
}

func (s *meters) any() bool { return s.clock > 0 }

// find returns the meter with a system title, nil if there is none.
func (s *meters) find(title []byte) *meterState {
	for i := range s.list {
		if m := &s.list[i]; m.used > 0 && bytes.Equal(m.title[:], title) {
			s.clock++
			m.used = s.clock
			return m
		}
	}
	return nil
}

// add takes in a new meter, in place of the one that was silent longest.
func (s *meters) add(title []byte) *meterState {
	oldest := &s.list[0]
	for i := range s.list {
		if m := &s.list[i]; m.used < oldest.used {
			oldest = m
		}
	}
	s.clock++
	*oldest = meterState{title: [titleSize]byte(title), used: s.clock}
	return oldest
}
