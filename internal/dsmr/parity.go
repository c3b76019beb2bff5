package dsmr

import (
	"bytes"
	"io"
	"math/bits"
)

// A line of 7 data bits and even parity (7E1) that is read as 8 data bits
// without (8N1), as network readers and some USB adapters do, has the parity
// in bit 7 of every byte. Taking that bit off blindly would destroy telegrams
// that carry bytes above 0x7F under their checksum, so it is done for a
// telegram whose identification has it throughout, and believed when the
// checksum fits, or without one when every byte has it.

// paritySlash is "/" with its even parity.
const paritySlash = '/' | 0x80

// maxHeader bounds how long an identification is looked for.
const maxHeader = 128

func even(b byte) bool { return bits.OnesCount8(b)&1 == 0 }

// parityHeader tells whether p begins with the identification line of a
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

// ParityReader takes the parity bits off a line that is known to have them.
// It must be switched on, by who found a good telegram that had them, and
// switches itself off at a byte that does not fit.
type ParityReader struct {
	R  io.Reader
	On bool
}

// Read reads from R.
func (p *ParityReader) Read(b []byte) (int, error) {
	n, err := p.R.Read(b)
	for i := 0; i < n && p.On; i++ {
		if p.On = even(b[i]); p.On {
			b[i] &= 0x7F
		}
	}
	return n, err
}
