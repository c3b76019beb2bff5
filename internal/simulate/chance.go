package simulate

import "math/rand/v2"

// What is left to chance, each with a stream of its own, so that a change to
// one leaves the others alone.
const (
	chancePast uint64 = (iota + 1) << 56
	chanceDay
	chanceIncident
	chanceCover
	chanceCloud
	chanceShred
	chanceVoltage
	chanceFrequency
)

// dice returns a stream that follows from the seed, what it is for, and a
// number.
func (h household) dice(of uint64, number int64) *rand.Rand {
	return rand.New(rand.NewPCG(h.seed, of^uint64(number)))
}

// mix is the output function of SplitMix64: a number that looks random and
// follows from a seed and a position. Unlike a generator it can be asked for
// any second without the seconds before.
func mix(seed, position uint64) uint64 {
	z := seed + (position+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// wander is a smooth random walk through -1024 ... 1024 with a turn each
// period seconds at most.
func (h household) wander(of uint64, t, period int64) int64 {
	knot := func(k int64) int64 { return int64(mix(h.seed^of, uint64(k))&2047) - 1023 }
	k, f := t/period, t%period
	a, b := knot(k), knot(k+1)
	return a + (b-a)*f/period
}
