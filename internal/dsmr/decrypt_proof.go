package dsmr

import (
	"bytes"
	"encoding/hex"
)

// Proof is what a Strict Decrypter keeps from one run to the next: that tags
// have fitted with a key, and how far the meters' frame counters were.
type Proof struct {
	Key      string            `json:"key"`      // fingerprint of the key
	Counters map[string]uint32 `json:"counters"` // by the meter's system title, in hex
}

// Proof returns what there is to keep; false while no tag has fitted.
func (d *Decrypter) Proof() (Proof, bool) {
	if !d.proven {
		return Proof{}, false
	}
	p := Proof{Key: d.key, Counters: make(map[string]uint32)}
	for i := range d.meters.list {
		if m := &d.meters.list[i]; m.used > 0 && m.started && m.tagged {
			p.Counters[hex.EncodeToString(m.title[:])] = m.counter
		}
	}
	return p, true
}

// Restore takes what an earlier run has kept, unless it is of another key.
func (d *Decrypter) Restore(p Proof) {
	if p.Key == "" || p.Key != d.key {
		return
	}
	d.proven = true
	for text, counter := range p.Counters {
		title, err := hex.DecodeString(text)
		if err != nil || len(title) != titleSize {
			continue
		}
		m := d.meters.add(title)
		m.counter, m.started, m.tagged = counter, true, true
	}
}

// plainTelegrams counts the telegrams in bytes that have no frame around them.
type plainTelegrams struct {
	inside bool // a telegram's "/" was there
	before byte
}

func (t *plainTelegrams) count(p []byte) (ends int) {
	for _, c := range p {
		switch {
		case c == '/' && (t.before < ' ' || t.before > '~'):
			t.inside = true
		case c == '!' && t.inside && bytes.IndexByte([]byte("\r\n)"), t.before) >= 0:
			t.inside = false
			ends++
		}
		t.before = c
	}
	return ends
}
