package frame

import (
	"bytes"
	"math/bits"
)

// A line of 7 data bits and even parity (7E1) that is read as 8 data bits
// without (8N1), as network readers and some USB adapters do, has the parity
// in bit 7 of every byte. Taking that bit off blindly would destroy telegrams
// that carry bytes above 0x7F under their checksum, so it is done for a
// telegram whose identification has it throughout, and believed when the
// checksum fits, or without one when every byte has it. Once a telegram was
// good, it is done for the line (HasParity).

// paritySlash is "/" with its even parity.
const paritySlash = '/' | 0x80

// maxHeader bounds how long an identification is looked for.
const maxHeader = 128

func even(b byte) bool { return bits.OnesCount8(b)&1 == 0 }

// parityHeader reports whether p begins with the identification line of a
// telegram that has parity bits; sure is false while more bytes are needed.
func parityHeader(p []byte) (yes, sure bool) {
	end := bytes.IndexByte(p[:min(len(p), maxHeader)], '\n')
	if end < 0 {
		end = min(len(p), maxHeader)
		sure = end == maxHeader
	} else {
		yes, sure = end > 5, true
	}
	for i, b := range p[:end] {
		c := b & 0x7F
		if !even(b) || (c < ' ' || c > '~') && (c != '\r' || i != end-1) {
			return false, true
		}
	}
	return yes, sure
}

// header reports whether a telegram's identification line begins p; sure is
// false while more bytes are needed to tell. It is strict: it is asked about
// ciphertext.
func header(p []byte) (yes, sure bool) {
	for i := 1; i < min(len(p), maxHeader); i++ {
		switch c := p[i]; {
		case c == '\n' && p[i-1] == '\r':
			return i > len("/XXX5"), true
		case c != '\r' && (c < ' ' || c > '~'), p[i-1] == '\r':
			return false, true
		}
	}
	return false, len(p) >= maxHeader
}

// strip takes the parity bits off and counts the bytes whose parity is wrong.
func strip(p []byte) (wrong int) {
	for i, b := range p {
		if !even(b) {
			wrong++
		}
		p[i] = b & 0x7F
	}
	return wrong
}

// stripKnown takes the parity bits off a line that is known to have them, up to
// a byte that does not fit.
func (s *Scanner) stripKnown(p []byte) {
	for i := 0; i < len(p) && s.known; i++ {
		if s.known = even(p[i]); s.known {
			p[i] &= 0x7F
		}
	}
}
