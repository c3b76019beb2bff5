package latest

import (
	"slices"
	"strings"
	"time"
)

// namedEvery is how often a meter whose short lists have no identifier sends one
// that has: each 10 s, and some may be lost.
const namedEvery = time.Minute

// Senders remembers which meter sends from which address of the line, so that a
// message without an identifier (Norway's list of the power alone) belongs to the
// meter that sent it. The zero Senders knows none; it serves one goroutine.
type Senders struct{ known [maxMeters]sender }

type sender struct {
	address uint64
	id      string
	family  string    // of its layouts, their first word: Iskra
	layouts []string  // those that it was said in
	at      time.Time // when it was said; zero: never
}

// Named returns the identifier of the meter that sent a message, "" where it has
// not said one yet. id is the message's own; ok is false where several meters
// send from the address, so that nobody can tell whose it is. layout is that of
// the message, "" where its meters have one identifier: Iskra's say another one
// in some lists, and then it is the one that is last in the alphabet.
func (s *Senders) Named(address uint64, id, layout string, now time.Time) (name string, ok bool) {
	if id != "" {
		return s.meterOf(s.add(address, id, layout, now)), true
	}
	var newest *sender
	fresh := 0
	for i := range s.known {
		k := &s.known[i]
		if k.at.IsZero() || k.address != address {
			continue
		}
		if now.Sub(k.at) <= namedEvery && s.meterOf(k) == k.id {
			fresh++
		}
		if newest == nil || k.at.After(newest.at) {
			newest = k
		}
	}
	switch {
	case fresh > 1:
		return "", false
	case newest == nil:
		return "", true
	}
	return s.meterOf(newest), true
}

// Speaks reports whether the meter with an identifier is one that sends now.
func (s *Senders) Speaks(id string, now time.Time) bool {
	for i := range s.known {
		if k := &s.known[i]; k.id == id && !k.at.IsZero() && now.Sub(k.at) <= namedEvery {
			return true
		}
	}
	return false
}

// meterOf returns the identifier that counts of those of a meter. Two are of one
// meter where they come from one address in lists of one maker, and no list has
// both.
func (s *Senders) meterOf(k *sender) string {
	name := k.id
	isIn := func(layout string) bool { return slices.Contains(k.layouts, layout) }
	for i := range s.known {
		other := &s.known[i]
		isKin := k.family != "" && other.family == k.family && other.address == k.address
		if isKin && other.id > name && !slices.ContainsFunc(other.layouts, isIn) {
			name = other.id
		}
	}
	return name
}

// add remembers a sender in its own place, or in that of the one that was silent
// for longest.
func (s *Senders) add(address uint64, id, layout string, now time.Time) *sender {
	place := &s.known[0]
	for i := range s.known {
		k := &s.known[i]
		if k.address == address && k.id == id {
			place = k
			break
		}
		if k.at.Before(place.at) {
			place = k
		}
	}
	if place.address != address || place.id != id {
		*place = sender{address: address, id: id}
		place.family, _, _ = strings.Cut(layout, " ")
	}
	if !slices.Contains(place.layouts, layout) {
		place.layouts = append(place.layouts, layout)
	}
	place.at = now
	return place
}
