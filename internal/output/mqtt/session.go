package mqtt

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// settle is how long Home Assistant may take to subscribe to the topics of
	// an announcement; states are not retained, so they are sent again then.
	settle = 3 * time.Second

	// refreshEvery is when all states are sent again whatever happened.
	refreshEvery = 15 * time.Minute

	// minuteOnly holds back the time of the last telegram, which would else
	// make a new state every time.
	minuteOnly = time.Minute
)

// session knows what to publish when. Its methods are steps: an event and the
// time in, messages out, valid until the next step. It knows no clock, no
// goroutine and no broker. While it may not publish - without a connection, or
// while another program does - its steps yield nothing of the meter, but it
// goes on learning.
type session struct {
	outbox
	*home
	options *Options
	claims  claims
	kept    kept
	former  former

	online    bool      // connected, and the publisher of the slot
	stoodBy   bool      // since it published last
	told      byte      // what the topic connected says: 0, '1' or '2'
	birthAt   time.Time // when to answer Home Assistant's birth; zero: no need
	refreshAt time.Time // when to send all states
}

func newSession(o *Options) *session {
	h := newHome(o)
	s := &session{
		options: o,
		home:    h,
		kept:    kept{slots: h.slots(), topics: make(map[string]*keptTopic)},
		former:  newFormer(&h.names),
	}
	s.claims = claims{
		topics: h.claimTopics(o.Discovery), instance: o.instance, emit: s.emit,
		unheard: make(map[string]bool),
	}
	return s
}

// connected is the first step on a new connection: nothing is published before
// it is known that no other program publishes the slot.
func (s *session) connected(now time.Time) []message {
	s.begin()
	s.online = false
	s.kept.connect()
	s.claims.connected(now)
	if s.claims.role == standingBy {
		s.logStandBy()
	}
	return s.messages
}

// takeOver begins to publish. Entities become available last, so that none
// shows an old value.
func (s *session) takeOver(now time.Time) {
	s.online, s.told, s.birthAt = true, 0, time.Time{}
	s.clearLeftovers(now)
	for _, d := range s.devices {
		d.connect()
		switch {
		case d == s.bridge:
		case d == d.of.electricity && d.of.line.newest == nil: // an earlier run may have left it online
			d.shown = offline
			s.retain(now, d.Topics.Availability, []byte(offline))
		default:
			s.setAvailability(now, d, false)
		}
	}
	s.refreshAt = now.Add(refreshEvery)
	s.announce(now, true)
	for _, m := range s.meters {
		if m.line.newest != nil {
			m.compat.reading(&s.outbox, m.line.newest)
		}
	}
	if s.inverter != nil && s.inverter.last != nil {
		s.meters[0].compat.sample(&s.outbox, s.inverter.last)
	}
	s.refresh(now, true)
	s.setConnected(now)
	s.available(now)
}

// lost ends a connection.
func (s *session) lost() {
	s.online = false
	s.claims.lost()
}

// update takes a reading.
func (s *session) update(now time.Time, u *meter.Update) []message {
	s.begin()
	m, entities := s.meter(u.Slot), u.Entities()
	turns := m.line.newest != nil && m.rates.Turns(m.line.newest.Entities(), entities)
	if d := m.electricity; turns && s.online && d.IsKnown() && m.rates.IsFresh {
		s.measured(now, m, true) // the last of the old tariff
	}
	m.line.newest, m.line.fresh = u, true
	m.rates.Add(entities)
	m.learn(u)
	if !s.online {
		return nil
	}
	m.compat.reading(&s.outbox, u)
	m.compat.changes(&s.outbox, u)
	s.announce(now, false)
	if d := m.electricity; d.IsKnown() && (turns || d.stateOf == nil || m.rates.IsDue(now.Sub(d.stateAt))) {
		s.measured(now, m, turns)
	}
	s.attributes(m, false)
	for _, sub := range m.submeters {
		if sub.fresh {
			s.state(now, sub.device)
		}
	}
	s.available(now)
	return s.messages
}

// status takes news of a meter's line.
func (s *session) status(now time.Time, st meter.Status) []message {
	s.begin()
	m := s.meter(st.Slot)
	m.line.status = st
	if !st.Alive {
		s.catchUp(now, m)
		m.line.fresh = false
		m.rates.Drop()
	}
	if !st.Last.IsZero() && (m.line.lastAt.IsZero() || now.Sub(m.line.lastAt) >= minuteOnly) {
		m.line.shown, m.line.lastAt = st.Last, now
	}
	if !s.online {
		return nil
	}
	s.setConnected(now)
	s.state(now, s.bridge)
	s.available(now)
	return s.messages
}

// sampled takes what the inverter says.
func (s *session) sampled(now time.Time, sample *meter.Solar) []message {
	s.begin()
	s.learnSample(sample)
	if !s.online {
		return nil
	}
	s.meters[0].compat.sample(&s.outbox, sample)
	s.announceDevice(now, s.inverter.device, false)
	if v := s.inverter; v.shown != online || s.meters[0].rates.IsDue(now.Sub(v.stateAt)) {
		s.state(now, v.device)
	}
	s.available(now)
	return s.messages
}

// next returns when tick is due, zero for never.
func (s *session) next() time.Time {
	at := s.claims.next()
	if !s.online {
		return at
	}
	at = earlier(earlier(at, s.kept.next()), earlier(earlier(s.refreshAt, s.birthAt), s.inverter.ends()))
	for _, d := range s.devices {
		at = earlier(at, d.againAt)
		if s.options.Discovery {
			at = earlier(at, d.announceAt())
		}
	}
	return at
}

// tick does what is due.
func (s *session) tick(now time.Time) []message {
	s.begin()
	s.claimed(now, s.claims.tick)
	if !s.online {
		return s.messages
	}
	if due(s.kept.next(), now) {
		s.mend(now)
	}
	if due(s.inverter.ends(), now) {
		s.available(now)
	}
	if due(s.birthAt, now) {
		s.answerBirth(now)
	}
	for _, d := range s.devices {
		if s.options.Discovery && due(d.announceAt(), now) {
			isCopy := due(d.copyAt, now)
			if isCopy {
				d.copyAt = time.Time{}
				d.Forget()
			}
			s.announceDevice(now, d, isCopy)
		}
	}
	if due(s.refreshAt, now) {
		s.refreshAt = now.Add(refreshEvery)
		s.refresh(now, false)
	}
	for _, d := range s.devices {
		if due(d.againAt, now) {
			s.again(now, d)
		}
	}
	return s.messages
}

// answerBirth sends everything again to a Home Assistant that has started.
func (s *session) answerBirth(now time.Time) {
	s.birthAt = time.Time{}
	s.refreshAt = now.Add(settle)
	s.announce(now, true)
	s.refresh(now, true)
	for _, d := range s.devices {
		if d.shown != "" {
			s.retain(now, d.Topics.Availability, []byte(d.shown))
		}
	}
}

// stop is the last step: everything is unavailable from now on, also when the
// next run knows nothing of these devices.
func (s *session) stop(now time.Time) []message {
	s.begin()
	if !s.online {
		return nil
	}
	for _, m := range s.meters {
		s.catchUp(now, m)
	}
	for _, d := range s.devices {
		if d.shown == online {
			s.setAvailability(now, d, false)
		}
	}
	s.claims.stop()
	s.retain(now, s.names.connected(), []byte{'0'})
	return s.messages
}
