package latest

import "time"

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
	at      time.Time // when it was said; zero: never
}

// Named returns the identifier of the meter that sent a message, "" where it has
// not said one yet. id is the message's own; ok is false where several meters
// send from the address, so that nobody can tell whose it is.
func (s *Senders) Named(address uint64, id string, now time.Time) (name string, ok bool) {
	if id != "" {
		s.add(sender{address, id, now})
		return id, true
	}
	var newest *sender
	fresh := 0
	for i := range s.known {
		k := &s.known[i]
		if k.at.IsZero() || k.address != address {
			continue
		}
		if now.Sub(k.at) <= namedEvery {
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
	return newest.id, true
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

// add remembers a sender in its own place, or in that of the one that was silent
// for longest.
func (s *Senders) add(n sender) {
	place := &s.known[0]
	for i := range s.known {
		k := &s.known[i]
		if k.address == n.address && k.id == n.id {
			place = k
			break
		}
		if k.at.Before(place.at) {
			place = k
		}
	}
	*place = n
}
