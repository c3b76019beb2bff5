package cipher

import "encoding/hex"

// Proof is what a Strict Opener keeps from one run to the next: that tags
// have fitted with a key, and how far the meters' frame counters were.
type Proof struct {
	Key      string            `json:"key"`      // fingerprint of the key
	Counters map[string]uint32 `json:"counters"` // by the meter's system title, in hex
}

// Proof returns what there is to keep; false while no tag has fitted.
func (o *Opener) Proof() (Proof, bool) {
	if !o.proven {
		return Proof{}, false
	}
	p := Proof{Key: o.key, Counters: make(map[string]uint32)}
	for i := range o.meters.list {
		if m := &o.meters.list[i]; m.used > 0 && m.started && m.tagged {
			p.Counters[hex.EncodeToString(m.title[:])] = m.counter
		}
	}
	return p, true
}

// Restore takes what an earlier run has kept, unless it is of another key.
func (o *Opener) Restore(p Proof) {
	if p.Key == "" || p.Key != o.key {
		return
	}
	o.proven = true
	for text, counter := range p.Counters {
		title, err := hex.DecodeString(text)
		if err != nil || len(title) != titleSize {
			continue
		}
		m := o.meters.add(title)
		m.counter, m.started, m.tagged = counter, true, true
	}
}
