package capture

import (
	"bytes"
	"math/bits"
	"strings"
)

// mask hides each letter and digit of p in place and keeps its shape: hex
// digits stay hex digits, capitals stay capitals. On a line with parity bits
// all that it writes has an even number of ones, elsewhere an odd one and its
// bit 7, so that neither line becomes the other.
func mask(p []byte, parity bool) {
	for i, b := range p {
		c := b & 0x7F
		kind := strings.IndexByte("0AGag", shape(c))
		switch {
		case kind < 0:
		case parity:
			p[i] = "9AZcx"[kind]
		default:
			p[i] = "8CXay"[kind] | b&0x80
		}
	}
}

// shape returns the first character of the kind that c is of: a digit, a hex
// digit or another letter, in capitals or not; 0 for what is none.
func shape(c byte) byte {
	switch first := c &^ 0x1F; { // of the column of ASCII that c stands in
	case isDigit(c):
		return '0'
	case !isLetter(c):
		return 0
	case c-first <= 6:
		return first + 1
	default:
		return first + 7
	}
}

// maskLines masks what is no whole telegram, line by line: each may have parity
// bits or not.
func maskLines(p []byte) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
		mask(p[:end], hasParity(p[:end]))
		p = p[end:]
	}
}

// hasParity reports whether a line is text with parity bits, by what no
// redaction changes: blanks and marks that have an odd number of ones.
func hasParity(line []byte) bool {
	with, without := 0, 0
	for _, b := range line {
		if bytes.IndexByte([]byte("\r */)"), b&0x7F) < 0 {
			continue
		}
		if b > 0x7F {
			with++
		} else {
			without++
		}
	}
	return with > 1 && with > without // one bit may have been flipped
}

// withParity gives p its parity bits.
func withParity(p []byte) {
	for i, b := range p {
		p[i] = b | byte(bits.OnesCount8(b&0x7F)&1)<<7
	}
}
