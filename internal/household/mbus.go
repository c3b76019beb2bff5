package household

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// MaxSame is how many meters of one medium have a slot.
const MaxSame = 2

// medium is what is known of the meters of one medium.
type medium struct {
	members   []member // in the order of their slots
	strangers []stranger
}

// member is an M-Bus meter that has a slot.
type member struct {
	claim   claim
	clock   clock
	unit    meter.Unit
	channel int       // it was on last, from 1
	last    sample    // its last reading
	moved   time.Time // our clock when that changed
	rounds  int       // its readings since there is a stranger
	isMet   bool      // in this telegram
}

// sample is a reading of an M-Bus meter.
type sample struct {
	time  meter.Timestamp
	value meter.Value
	unit  meter.Unit
}

func sampleOf(c *meter.Channel) sample { return sample{c.Time, c.Value, c.Unit} }

// isNewer reports whether the meter reported again since the sample before. A
// value that falls while its time stands still is a glitch of the line, and one
// of 0 may be.
func (s sample) isNewer(before sample) bool {
	if s.value.Sign() == 0 {
		return false
	}
	if c := s.time.Compare(before.time); c != 0 || s.unit != before.unit {
		return c > 0 || before.unit == meter.UnitNone
	}
	return s.value.Cmp(before.value) > 0
}

// channels identifies the meters on the channels: those that are known first,
// then the others, the one that speaks best for its medium first.
func (h *Household) channels(r *meter.Reading, e evidence) {
	for m := range h.media {
		for i := range h.media[m].members {
			h.media[m].members[i].isMet = false
		}
	}
	var media [meter.MaxChannels]meter.Medium
	open := 0 // bits of the channels whose meter is not identified yet
	for i := range r.Channels {
		c := &r.Channels[i]
		c.Meter = meter.Identity{}
		if m, ok := c.Type.Medium(); ok {
			media[i] = m
			open |= 1 << i
		}
	}
	if open == 0 {
		return
	}
	for sure := surest; sure > 0; sure-- {
		for i := range r.Channels {
			if open&(1<<i) == 0 {
				continue
			}
			members := h.media[media[i]].members
			for slot := range members {
				if s := &members[slot]; !s.isMet && ownership(media[i], s, i+1, &r.Channels[i]) == sure {
					h.seat(media[i], slot, i+1, &r.Channels[i], e)
					open &^= 1 << i
					break
				}
			}
		}
		if open == 0 {
			return
		}
	}
	for open != 0 {
		best := -1
		for i := range r.Channels {
			c := &r.Channels[i]
			if open&(1<<i) != 0 && (best < 0 || media[i] == media[best] && c.Outranks(&r.Channels[best], media[i])) {
				best = i
			}
		}
		open &^= 1 << best
		if r.Channels[best].Unit != meter.UnitNone {
			h.meet(r, media[best], best+1, e)
		}
	}
}

// ownership reports how surely the channel is that of the member; 0: it is not.
// Two channels can have one identifier: heat in GJ, and the water that carried
// it in m3.
func ownership(m meter.Medium, s *member, channel int, c *meter.Channel) int {
	isHere, isSaid := channel == s.channel, c.ID == s.claim.id && c.ID != ""
	isSame := c.Unit == s.unit || c.Unit == meter.UnitNone // an odd line has none
	switch {
	case isSaid && isSame && isHere:
		return surest
	case isSaid && isSame:
		return 3
	case isHere && (s.claim.id == "" || isBlank(c.ID)) && !m.IsLesser(c.Unit, s.unit):
		return 2
	case isSaid && !m.IsLesser(c.Unit, s.unit):
		return 1
	}
	return 0
}

const surest = 4

// seat gives the channel the slot of its meter.
func (h *Household) seat(m meter.Medium, slot, channel int, c *meter.Channel, e evidence) {
	s := &h.media[m].members[slot]
	s.isMet, s.channel = true, channel
	e.isBooting = h.isBooting(s, c, e)
	if s.claim.hear(c.ID, e) == Met {
		h.events = append(h.events, Event{Kind: Met, Medium: m, Slot: uint8(slot + 1), To: c.ID})
	}
	if now := sampleOf(c); c.Unit != meter.UnitNone && !e.isBooting && now.isNewer(s.last) {
		if s.last != (sample{}) { // else it is known from an earlier run only
			s.rounds++
		}
		s.last, s.moved = now, e.now
	}
	c.Meter = s.claim.identity(uint8(slot+1), c.ID, e)
}

// isBooting reports whether the channel's reading proves nothing: its clock is
// not set, or that of the electricity meter.
func (h *Household) isBooting(s *member, c *meter.Channel, e evidence) bool {
	return c.Unit != meter.UnitNone && s.clock.isUnset(c.Time, false, e.now) || e.isBooting
}

// meet decides about a meter that has no slot.
func (h *Household) meet(r *meter.Reading, m meter.Medium, channel int, e evidence) {
	c, of := &r.Channels[channel-1], &h.media[m]
	if len(of.members) == 0 {
		h.join(m, channel, c, e)
		return
	}
	known := of.stranger(c.ID, channel)
	if slot, ok := of.absent(channel); ok && known < 0 && !m.IsLesser(c.Unit, of.members[slot].unit) {
		h.standIn(m, slot, channel, c, e)
		return
	}
	if known < 0 {
		known = of.remember(c.ID, channel, sampleOf(c), e.now)
	}
	st := &of.strangers[known]
	if e.isBooting {
		return
	}
	st.hear(st.id, e.now)
	isNext := st.next(sampleOf(c))
	if !isNext || st.isGone || !st.isSettled(e) || !h.isRecent(c.Time, r) {
		return
	}
	h.decide(r, m, known, channel, e)
}

// standIn lets the channel speak for a member that the telegram lacks.
func (h *Household) standIn(m meter.Medium, slot, channel int, c *meter.Channel, e evidence) {
	s := &h.media[m].members[slot]
	from := s.claim.id
	e.isBooting = h.isBooting(s, c, e)
	switch s.claim.hear(c.ID, e) {
	case Waits:
		h.events = append(h.events, Event{Kind: Waits, Medium: m, Slot: uint8(slot + 1), From: from, To: c.ID})
	case Replaced:
		h.replace(m, slot, channel, c, from, e)
		return
	}
	s.isMet = true
	if isBlank(c.ID) {
		s.channel = channel
	}
	c.Meter = s.claim.identity(uint8(slot+1), c.ID, e)
}

// replace notes the meter whose identifier has just begun to count.
func (h *Household) replace(m meter.Medium, slot, channel int, c *meter.Channel, from string, e evidence) {
	s := &h.media[m].members[slot]
	*s = member{claim: s.claim, unit: c.Unit}
	h.events = append(h.events, Event{Kind: Replaced, Medium: m, Slot: uint8(slot + 1), From: from, To: s.claim.id})
	h.seat(m, slot, channel, c, e)
}

// join gives the meter a slot of its own.
func (h *Household) join(m meter.Medium, channel int, c *meter.Channel, e evidence) {
	of := &h.media[m]
	of.members = append(of.members, member{unit: c.Unit})
	h.seat(m, len(of.members)-1, channel, c, e)
}
