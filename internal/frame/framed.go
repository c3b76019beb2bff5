package frame

import (
	"bytes"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// pause is how long a line is silent between two messages that have no framing.
const pause = 300 * time.Millisecond

// heard takes that n bytes have come.
func (s *Scanner) heard(n int) {
	if s.Now == nil || n == 0 {
		return
	}
	now := s.Now()
	if !s.lastRead.IsZero() && now.Sub(s.lastRead) >= pause {
		s.edge = s.end
	}
	s.lastRead = now
}

// IsText says that a telegram was good: a line speaks one protocol, so nothing
// else is looked for until bytes come that are in no telegram.
func (s *Scanner) IsText() { s.textOnly = true }

// Count takes a message that was put together from frames.
func (s *Scanner) Count(sum meter.Checksum) { s.stats.count(Telegram{Checksum: sum}) }

// isFramed reports whether the candidate, or what may become one, has a framing
// other than that of ciphered telegrams.
func (s *Scanner) isFramed() bool { return s.match.State != None }

// nextTag returns where the next message may begin, and with which framing.
func (s *Scanner) nextTag() (kind Kind, at int) {
	if s.clear == s.edge && s.clear < s.end && beginsAPDU(s.buf[s.clear]) {
		return Bare, s.clear
	}
	kinds := Bare
	if s.textOnly {
		kinds = HDLC
	}
	at = s.end
	for k := Ciphered; k < kinds; k++ {
		from := max(s.tags[k], s.clear)
		if from < s.end && s.buf[from] != framings[k].tag {
			if i := bytes.IndexByte(s.buf[from:s.end], framings[k].tag); i >= 0 {
				from += i
			} else {
				from = s.end
			}
		}
		if s.tags[k] = from; from < at {
			kind, at = k, from
		}
	}
	return kind, at
}

// findFramed looks at what may begin at clear. wait: more bytes decide.
func (s *Scanner) findFramed() (found, wait bool) {
	p := s.buf[s.clear:s.end]
	m := Match{}
	if s.kind == Bare {
		if m = s.bareAPDUs.match(p); m.State != None && holdsFrame(p, m.Size) {
			return false, false // it was noise
		}
	} else {
		m = framings[s.kind].match(p, s.err != nil)
	}
	switch {
	case m.State == Whole:
		s.match, s.candidate = m, m.Size
		return true, false
	case m.State == More && s.err == nil && len(p) < framings[s.kind].limit:
		s.match = m
		return false, true
	case m.Certain: // it broke off
		s.stats.Cut++
		s.passClear()
		s.markFrame()
	}
	return false, false
}

// passFramed passes the bytes of a message with a framing at once: nobody takes
// them out.
func (s *Scanner) passFramed() {
	if s.match.State == More && !s.match.Certain {
		if s.inLine() && s.isSettled() {
			s.pass(s.clear + 1 + letters(s.buf[s.clear+1:s.end]))
		}
		return
	}
	s.markFrame()
	size := s.match.Size
	if s.match.Sure > 0 {
		size = s.match.Sure
	}
	s.inFrame = true
	s.pass(min(s.end, s.clear+size))
	s.inFrame = false
}

// markFrame says once that a message begins at clear.
func (s *Scanner) markFrame() {
	s.leave(s.clear)
	if s.inLine() {
		return
	}
	if at := s.base + int64(s.clear); s.begun != at && s.passed == s.clear && s.clear >= s.bare {
		s.begun, s.begins = at, true
	}
}

// inLine reports whether what begins at clear is most likely a letter within a
// line of text, which nobody is to wait for: the frames of HDLC and of M-Bus
// begin with ~ and h, and follow each other without a letter between them.
func (s *Scanner) inLine() bool {
	before := s.beyond
	if s.clear > 0 {
		before = s.buf[s.clear-1]
	}
	return (s.kind == HDLC || s.kind == MBus) && before >= ' ' && before < hdlcFlag
}

// letters returns how many bytes of text p begins with in which no message begins.
func letters(p []byte) int {
	for i, b := range p {
		if (b < ' ' || b > '}') && b != '\r' && b != '\n' || b == '/' || b == mbusStart {
			return i
		}
	}
	return len(p)
}

// passFlag passes the flag behind an HDLC frame at once, although it may open
// the next frame: a reader would else wait for the end of this one.
func (s *Scanner) passFlag() {
	if !s.isFlagDue || s.start == s.end {
		return
	}
	s.isFlagDue = false
	if s.buf[s.start] == hdlcFlag {
		s.inFrame = true
		s.pass(s.start + 1)
		s.inFrame = false
	}
}

// InFrame reports, to Pass, whether the bytes are those of a message with a
// framing other than that of ciphered telegrams.
func (s *Scanner) InFrame() bool { return s.inFrame }

// give makes a frame of the candidate. One whose check does not fit is counted.
func (s *Scanner) give() bool {
	m := &s.match
	if m.Checksum == meter.ChecksumInvalid {
		s.stats.Checksums++
	}
	s.frame = Frame{Kind: s.kind, Bytes: s.buf[s.clear : s.clear+s.candidate], Whole: true,
		Checksum: m.Checksum, Payload: m.Payload, Part: m.Part}
	s.asked = true
	return true
}

// holdsFrame reports whether within the size of what p begins with, which may be
// a message without framing, another message begins, so that it is noise in front
// of that. What is
// encrypted may stand behind the header of HDLC or that of a block.
func holdsFrame(p []byte, size int) bool {
	inner := bytes.IndexByte(p[:min(len(p), apduHeaders)], framings[Ciphered].tag)
	for i := 1; i < min(size, len(p)); i++ {
		found := false
		switch p[i] {
		case '/':
			found, _ = header(p[i:])
		case framings[Ciphered].tag:
			isInner := i == len(llc) && p[0] == llc[0] || i == wrapperHeader && p[0] == 0 ||
				i >= blockHeader && p[i-blockHeader] == tagBlockTransfer
			found = !(i == inner && isInner) && framings[Ciphered].measure(p[i:]) > 0
		case hdlcFlag:
			found = MatchHDLC(p[i:], false).Certain
		case mbusStart:
			found = MatchMBus(p[i:], false).Certain
		case smlEscape:
			found = MatchSML(p[i:], false).Certain
		}
		if found {
			return true
		}
	}
	return false
}
