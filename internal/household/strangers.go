package household

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// maxAge is how old the reading of an M-Bus meter that still reports may
	// be: gas meters report once an hour, water meters once a day.
	maxAge = 24 * time.Hour

	// missed is how many readings a newcomer has while a meter, which is still
	// in the telegrams, has none before the newcomer takes its place.
	missed = 3

	// maxStrangers bounds how many meters of one medium without a slot are
	// remembered.
	maxStrangers = 4
)

// stranger is an M-Bus meter without a slot, beside meters that have theirs:
// the successor of one of them, one that was replaced, or one more.
type stranger struct {
	rival
	channel   int // it is known by where it has no identifier
	last      sample
	rounds    int  // its readings since the first
	isGone    bool // it had a slot, or is known from an earlier run, and has not reported since
	isLeftOut bool
}

// decide gives a stranger that was there for long enough the slot of a meter
// that is gone, or a slot of its own.
func (h *Household) decide(r *meter.Reading, m meter.Medium, known, channel int, e evidence) {
	c, of := &r.Channels[channel-1], &h.media[m]
	st := of.strangers[known]
	isBoth := false
	for slot := range of.members {
		s := &of.members[slot]
		isBoth = isBoth || s.rounds > 0
		isGone := !h.reports(s, r) || st.rounds >= missed && s.rounds == 0
		if isGone && !m.IsLesser(c.Unit, s.unit) || m.IsLesser(s.unit, c.Unit) {
			from := s.claim.id
			of.forget(known)
			of.strangers[of.remember(from, s.channel, s.last, e.now)].isGone = true
			s.claim.take(st.id, s.claim.last+1, e.now)
			if s.isMet {
				r.Channels[s.channel-1].Meter = meter.Identity{}
			}
			h.replace(m, slot, channel, c, from, e)
			return
		}
	}
	switch {
	case !isBoth || st.rounds == 0 || m.IsLesser(c.Unit, of.members[0].unit):
	case len(of.members) < MaxSame:
		of.forget(known)
		h.join(m, channel, c, e)
	case !st.isLeftOut:
		of.strangers[known].isLeftOut = true
		h.events = append(h.events, Event{Kind: LeftOut, Medium: m, To: st.id})
	}
}

// reports reports whether the member still reports: its reading changed not
// long ago, or is not old by the clock of the electricity meter.
func (h *Household) reports(s *member, r *meter.Reading) bool {
	if s.moved.IsZero() {
		s.moved = r.Received // known from an earlier run only
	}
	if r.Received.Sub(s.moved) <= maxAge {
		return true
	}
	return !r.Time.IsZero() && !s.last.time.IsZero() && h.isRecent(s.last.time, r)
}

// isRecent reports whether a reading of that time is not too old.
func (h *Household) isRecent(t meter.Timestamp, r *meter.Reading) bool {
	return t.IsZero() || r.Time.IsZero() || r.Time.Time(h.Zone, r.Received).Sub(t.Time(h.Zone, r.Received)) <= maxAge
}

// absent returns the slot of a member that the telegram lacks, that of the
// channel first; false when all are there.
func (d *medium) absent(channel int) (slot int, ok bool) {
	for i := range d.members {
		if s := &d.members[i]; !s.isMet {
			if s.channel == channel {
				return i, true
			}
			if !ok {
				slot, ok = i, true
			}
		}
	}
	return slot, ok
}

// stranger returns the index of a stranger, -1 where it is not known.
func (d *medium) stranger(id string, channel int) int {
	for i := range d.strangers {
		if st := &d.strangers[i]; st.id == id && (id != "" || st.channel == channel) {
			return i
		}
	}
	return -1
}

// remember notes a stranger and returns its index. Members have to report anew
// beside it.
func (d *medium) remember(id string, channel int, last sample, now time.Time) int {
	for i := range d.members {
		d.members[i].rounds = 0
	}
	if len(d.strangers) == maxStrangers {
		d.forget(0)
	}
	d.strangers = append(d.strangers, stranger{rival: rival{id: id, since: now}, channel: channel, last: last})
	return len(d.strangers) - 1
}

// next notes the reading of another telegram. It reports whether that goes on
// from the one before: one that falls is not to begin the meter's line.
func (st *stranger) next(now sample) bool {
	before := st.last
	switch {
	case now == before:
		return true
	case !now.isNewer(before):
		return false
	case before != (sample{}): // else it is known from an earlier run only
		st.rounds++
		st.isGone = false
	}
	st.last = now
	return before == (sample{}) || now.unit == before.unit && now.value.Cmp(before.value) >= 0
}

func (d *medium) forget(i int) { d.strangers = append(d.strangers[:i], d.strangers[i+1:]...) }
