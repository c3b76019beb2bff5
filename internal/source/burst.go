package source

import (
	"bytes"
	"math/bits"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// burst is what bytes tell about the mode that they were read in.
//
// A whole line of a telegram proves that the mode is right, whatever stands
// around it: noise never makes one, and where parity is checked but not sent
// every line breaks, because the bytes of ")" and CR have an odd number of
// ones. The head of an encrypted frame proves it as well, and so do the heads of
// frames with other messages, and what stands in these before each value.
type burst struct {
	bytes       int
	lines       int // of telegrams, whole
	parityLines int // the same with parity bits: 7E1 read as 8N1
	frames      int // heads of frames, and values in them
	slow        int // bytes with at most one edge

	text, parity line
	head         int      // bytes of an encrypted frame's head so far
	recent       [16]byte // the last bytes, the newest at the end
}

func (b *burst) add(p []byte) {
	b.bytes += len(p)
	for _, c := range p {
		if b.text.ends(c) {
			b.lines++
		}
		masked := byte(0)
		if bits.OnesCount8(c)&1 == 0 {
			masked = c & 0x7F
		}
		if b.parity.ends(masked) {
			b.parityLines++
		}
		if b.frame(c) || b.message(c) {
			b.frames++
		}
		if bits.OnesCount8((c^c>>1)&0x7F) <= 1 {
			b.slow++
		}
	}
}

// isSlow reports whether the sender is slower by far. At 9600 baud one bit lasts
// longer than a byte does at 115200, so a byte has seldom more than one edge;
// most have none, since the line rests at the level that starts no byte.
func (b *burst) isSlow() bool { return b.slow*4 > b.bytes*3 }

// line follows one line of text.
type line struct {
	n       int
	last    byte
	bracket bool // one was opened
	broken  bool
}

// leastLine is shorter than every line with an object.
const leastLine = 8

// ends reports whether c ends a line that has an object, or its value.
func (l *line) ends(c byte) bool {
	switch {
	case c == '\r' || c == '\n':
		whole := l.n >= leastLine && l.bracket && l.last == ')' && !l.broken
		*l = line{}
		return whole
	case c < ' ' || c > '~':
		l.broken = true
	case c == '(':
		l.bracket = true
	}
	l.n++
	l.last = c
	return false
}

// frame reports whether c completes the head of an encrypted frame (general-
// glo-ciphering): 0xDB, 8, eight bytes of the system title, and a length of
// more than 127.
func (b *burst) frame(c byte) bool {
	const title = 2
	switch {
	case b.head >= title && b.head < title+8:
		b.head++
	case b.head == title+8:
		b.head = 0
		return c == 0x81 || c == 0x82
	case b.head == 1 && c == 8:
		b.head = title
	case c == 0xDB:
		b.head = 1
	default:
		b.head = 0
	}
	return false
}

// message reports whether c completes something that only a message of DLMS or
// SML has.
func (b *burst) message(c byte) bool {
	copy(b.recent[:], b.recent[1:])
	p := &b.recent
	end := len(p) - 1
	p[end] = c
	switch c {
	case 0xFF:
		// Before a value: octet string of six, or list of seven and octet string,
		// then the code.
		switch {
		case p[end-7] == 0x09 && p[end-6] == 0x06 && p[end-5] <= 1, p[end-7] == 0x77 && p[end-6] == 0x07 && p[end-5] == 1:
			return true
		case p[end-9] == 0x02 && p[end-8] == 0x02 && p[end-7] == 0 && p[end-5] <= 1: // a class without a tag
			return true
		}
		// The head of an M-Bus long frame that is meant for all.
		return p[end-5] == 0x68 && p[end-4] == p[end-3] && p[end-2] == 0x68 && p[end-1]&^0x20 == 0x53
	case 1:
		return bytes.Equal(p[end-7:], smlStart)
	}
	for n := shortestHead; n <= len(p); n++ {
		if p[end+1-n] == 0x7E && frame.MatchHDLC(p[end+1-n:], false).Certain {
			return true
		}
	}
	return false
}

// shortestHead is the length of the head of an HDLC frame with the shortest
// addresses, its checksum included.
const shortestHead = 8

var smlStart = []byte{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1}
