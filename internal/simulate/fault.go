package simulate

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// The faults of a line. Each returns a damaged copy and leaves p alone;
// positions are taken modulo the length, so that any number will do.

// FlipBit turns one bit over: bit n%8 of byte n/8.
func FlipBit(p []byte, n int) []byte {
	q := slices.Clone(p)
	if len(q) > 0 {
		q[n/8%len(q)] ^= 1 << (n % 8)
	}
	return q
}

// Cut takes n bytes out from position at on, at most to the end: what a slow
// host loses.
func Cut(p []byte, at, n int) []byte {
	if len(p) == 0 {
		return nil
	}
	at %= len(p)
	return slices.Delete(slices.Clone(p), at, min(at+n, len(p)))
}

// Insert puts noise in at a position.
func Insert(p []byte, at int, noise []byte) []byte {
	return slices.Insert(slices.Clone(p), at%(len(p)+1), noise...)
}

// Noise returns n bytes that follow from the seed: what an open or inverted
// line gives.
func Noise(seed uint64, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(mix(seed, uint64(i)))
	}
	return p
}

// EvenParity sets bit 7 of every byte to the even parity of the other seven:
// what a line of 7E1 delivers when it is read as 8N1.
func EvenParity(p []byte) []byte {
	q := slices.Clone(p)
	for i, b := range q {
		b &= 0x7F
		q[i] = b | byte(bits.OnesCount8(b)&1)<<7
	}
	return q
}

// Restart is p that breaks off after n bytes and starts again: what a bad
// contact of the request line gives. The second copy is whole.
func Restart(p []byte, n int) []byte {
	if len(p) == 0 {
		return nil
	}
	return append(slices.Clone(p[:n%len(p)]), p...)
}

// Damage does one of three things to a telegram, whichever follows from the
// seed: a bit flipped, bytes lost, noise inside. It happens behind the "/" and
// before the "!", so that a checksum, if there is one, no longer fits (but for
// one seed in 65,536). What is no telegram comes back as it is.
func Damage(telegram []byte, seed uint64) []byte {
	end := bytes.LastIndexByte(telegram, '!')
	if end < 2 {
		return slices.Clone(telegram)
	}
	dice := rand.New(rand.NewPCG(seed, uint64(end)))
	at := 1 + dice.IntN(end-1)
	switch dice.IntN(3) {
	case 0:
		return FlipBit(telegram, at*8+dice.IntN(7))
	case 1:
		return Cut(telegram, at, 1+dice.IntN(min(80, end-at)))
	}
	return Insert(telegram, at, Noise(seed, 1+dice.IntN(40)))
}
