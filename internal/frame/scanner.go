package frame

import (
	"bytes"
	"io"
	"time"
)

// A message that is not whole, the text that it began in, and the start of the
// next must fit.
const bufferSize = 4 * MaxTelegram

// Scanner finds the messages in a stream of bytes. Its memory is one fixed
// buffer.
//
// A message whose length stands at its start is only a candidate until somebody
// has opened it: these bytes may be part of a text, or noise. So Scan returns
// it, and whoever asked says what it was by Accept or Reject. While a candidate
// is not whole, the bytes from its start on wait.
type Scanner struct {
	// Pass, if set, is called with the bytes that are no part of a candidate, in
	// their order and as soon as that is known; start: they begin a message.
	Pass func(p []byte, start bool)
	// Unopened makes Pass take all bytes as they come, those of candidates too:
	// nobody is going to open them.
	Unopened bool
	// Now, if set, is the clock. A message without framing may begin where the
	// line was silent.
	Now func() time.Time

	r     io.Reader
	err   error
	frame Frame
	stats Stats

	buf   []byte
	start int   // where the text begins, or the next byte to look at
	pos   int   // inside a text: up to here no end was found
	end   int   // end of what was read
	base  int64 // where buf stands in the stream

	inside  bool // start is a text's tag
	before  byte // the byte before start while outside
	restart int  // inside: the last text that began anew in a line of its own

	parity bool // the text has parity bits, taken off up to masked
	masked int
	wrong  int  // parity bits of it
	known  bool // the line has them: they are taken off as bytes come in

	kind      Kind // of the candidate
	match     Match
	bareAPDUs apdus
	tags      [numKinds]int // up to here the framing's tag does not come
	edge      int           // where a message without framing may begin; -1: nowhere
	begun     int64         // where in the stream the last message with a framing began
	isFlagDue bool          // the byte at start closes an HDLC frame
	inFrame   bool          // what is passed is part of such a message
	textOnly  bool          // the line speaks P1: nothing else is looked for
	lastRead  time.Time

	beyond    byte // the one before the buffer
	clear     int  // up to here no candidate begins
	candidate int  // length of the one at clear; 0: none is known
	seen      int  // bytes of it that hold no start of the sender's next
	lost      bool // its end is: candidate reaches to where that one begins
	asked     bool // it was given out, and neither accepted nor rejected
	doubt     int  // up to here it is what is left of a rejected candidate

	passed  int  // up to here
	begins  bool // what is passed next begins a message
	claimed int  // Unopened: the length that a new candidate has by its start
	bare    int  // Unopened: up to here bytes pass before anybody has looked for telegrams in them
}

// NewScanner returns a Scanner on r.
func NewScanner(r io.Reader) *Scanner {
	// The start of a stream counts as the start of a line.
	return &Scanner{r: r, buf: make([]byte, bufferSize), before: '\n', begun: -1}
}

// Reset makes the Scanner go on with another stream and keeps its counters:
// a message does not go on after a lost connection.
func (s *Scanner) Reset(r io.Reader) {
	*s = Scanner{Pass: s.Pass, Unopened: s.Unopened, Now: s.Now, r: r, stats: s.stats, buf: s.buf, known: s.known, before: '\n',
		bareAPDUs: s.bareAPDUs, begun: -1}
}

// Frame is what the last Scan found.
func (s *Scanner) Frame() Frame { return s.frame }

// Offset is where the candidate that the last Scan found stands in the stream.
func (s *Scanner) Offset() int64 { return s.base + int64(s.clear) }

// Stats returns the counters since the start.
func (s *Scanner) Stats() Stats { return s.stats }

// Err returns why Scan gave false; io.EOF is nil.
func (s *Scanner) Err() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// HasParity says that a good telegram had parity bits: they are taken off from
// now on as bytes come in, until one does not fit.
func (s *Scanner) HasParity() { s.known = true }

// Scan waits for the next message, of whatever verdict. It gives false when the
// stream ended; a telegram that the end cut off is found before that, and is
// marked Truncated.
func (s *Scanner) Scan() bool {
	s.Reject() // a candidate about which nobody said a word
	for {
		if s.next() {
			return true
		}
		if s.err != nil {
			return s.flush()
		}
		s.fill()
	}
}

func (s *Scanner) fill() {
	if s.end > len(s.buf)/2 {
		s.shift()
	}
	// A reader that gives nothing a hundred times is broken (io.ErrNoProgress).
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.heard(n)
		s.stripKnown(s.buf[s.end : s.end+n])
		s.end += n
		if err != nil {
			s.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// shift moves what is not done to the start of the buffer.
func (s *Scanner) shift() {
	if s.start > 0 {
		s.beyond = s.buf[s.start-1]
	}
	copy(s.buf, s.buf[s.start:s.end])
	s.base += int64(s.start)
	for _, at := range []*int{&s.pos, &s.end, &s.restart, &s.masked, &s.clear, &s.doubt, &s.passed, &s.bare} {
		*at = max(0, *at-s.start)
	}
	for kind := range s.tags {
		s.tags[kind] = max(0, s.tags[kind]-s.start)
	}
	if s.edge -= s.start; s.edge < 0 {
		s.edge = -1
	}
	s.start = 0
}

// next looks for a message in what is buffered.
func (s *Scanner) next() bool {
	s.passFlag()
	decided := s.find()
	if s.text(s.clear) {
		return true
	}
	s.passClear()
	if s.isFramed() {
		s.passFramed()
		return decided && s.give()
	}
	if s.Unopened && s.candidate > 0 {
		if s.claimed > 0 { // it is new
			s.begins = s.clear >= s.bare && s.passed == s.clear
			s.bare = max(s.bare, s.clear+s.claimed)
			s.claimed = 0
		}
		if !decided {
			s.pass(s.end)
		}
	}
	if !decided {
		return false
	}
	end := min(s.clear+s.candidate, s.end)
	s.frame = Frame{Kind: Ciphered, Bytes: s.buf[s.clear:end], Whole: !s.lost && end == s.clear+s.candidate, Edge: s.clear == s.edge}
	s.asked = true
	return true
}

// passClear passes what is before the candidate, or before the byte that more
// are needed of.
func (s *Scanner) passClear() {
	if s.isSettled() {
		s.pass(s.clear)
	} else {
		s.pass(s.start)
	}
}

// isSettled reports whether what comes next is passed: what is left of a rejected
// candidate is not yet known to be dropped.
func (s *Scanner) isSettled() bool { return s.inside || s.start >= s.doubt || s.Unopened }

// find goes on to the next candidate, which begins at clear, and reports
// whether it is all there, or never will be.
func (s *Scanner) find() bool {
	if s.candidate > 0 {
		return s.isFramed() || s.hasEnd()
	}
	row := &framings[Ciphered]
	for s.match = (Match{}); ; {
		if s.kind, s.clear = s.nextTag(); s.clear == s.end {
			return false
		}
		if s.kind != Ciphered {
			if found, wait := s.findFramed(); found || wait {
				return found
			}
			s.clear++
			continue
		}
		switch size := row.measure(s.buf[s.clear:s.end]); {
		case size > 0:
			s.candidate, s.seen, s.lost = size, 0, false
			s.claimed = size
			return s.hasEnd()
		case size == 0 && s.err == nil:
			return false
		}
		s.clear++
	}
}

// hasEnd reports whether the candidate is all there, or never will be: where
// the same sender's next message begins, this one has lost its end. Waiting for
// that would hold the next one up.
func (s *Scanner) hasEnd() bool {
	row := &framings[Ciphered]
	f := s.buf[s.clear:min(s.clear+s.candidate, s.end)]
	if from := max(row.header, s.seen-row.sender+1); len(f) > from && !s.lost {
		if i := bytes.Index(f[from:], f[:row.sender]); i >= 0 {
			s.candidate, s.lost = from+i, true
		}
		s.seen = len(f)
	}
	return s.lost || len(f) == s.candidate || s.err != nil
}

// Accept says that the candidate was a message, of which used bytes are proven:
// what is behind them may hold another one. A text that was interrupted by it
// has lost its end.
func (s *Scanner) Accept(used int) {
	size := len(s.frame.Bytes)
	if s.inside {
		s.inside = false
		s.stats.Cut++
		s.stats.Skipped += uint64(s.clear - s.start)
	}
	s.start = s.clear + used
	s.doubt = max(s.doubt, s.clear+size)
	s.before = '\n'
	s.leave(s.start)
	s.clear, s.pos = s.start, s.start
	s.candidate, s.asked, s.match = 0, false, Match{}
	s.isFlagDue = s.kind == HDLC
	if s.edge = -1; s.kind == Bare || s.kind == Ciphered {
		s.edge = s.start
	}
}

// Reject says that the candidate was none. Inside a text its bytes are the
// text's; outside, they are dropped but for what begins in them: a message that
// lost bytes on the way seems to reach into what follows it.
func (s *Scanner) Reject() {
	if !s.asked {
		return
	}
	if !s.inside {
		s.doubt = max(s.doubt, s.clear+len(s.frame.Bytes))
	}
	s.clear++
	s.candidate, s.asked, s.match = 0, false, Match{}
}

// leave goes on to at; what was not passed before it is not.
func (s *Scanner) leave(at int) {
	if s.Unopened {
		s.pass(at)
	}
	if at > s.passed {
		s.passed, s.begins = at, false
	}
}

// mark says that a telegram begins at that byte.
func (s *Scanner) mark(at int) {
	s.pass(at)
	if s.passed == at && at >= s.bare {
		s.begins = true
	}
}

// pass gives out the bytes before at, which are no candidate's.
func (s *Scanner) pass(at int) {
	if at <= s.passed {
		return
	}
	if s.Pass != nil {
		s.Pass(s.buf[s.passed:at], s.begins)
	}
	s.passed, s.begins = at, false
}
