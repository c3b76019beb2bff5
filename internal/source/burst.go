package source

import "math/bits"

// burst is what bytes tell about the mode that they were read in.
//
// A whole line of a telegram proves that the mode is right, whatever stands
// around it: noise never makes one, and where parity is checked but not sent
// every line breaks, because the bytes of ")" and CR have an odd number of
// ones. The head of an encrypted frame proves it as well.
type burst struct {
	bytes       int
	lines       int // of telegrams, whole
	parityLines int // the same with parity bits: 7E1 read as 8N1
	frames      int // heads of encrypted frames
	slow        int // bytes with at most one edge

	text, parity line
	head         int // bytes of a frame's head so far
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
		if b.frame(c) {
			b.frames++
		}
		if bits.OnesCount8((c^c>>1)&0x7F) <= 1 {
			b.slow++
		}
	}
}

// isSlow tells that the sender is slower by far. At 9600 baud one bit lasts
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

// ends tells whether c ends a line that has an object, or its value.
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

// frame tells whether c completes the head of an encrypted frame (general-
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
