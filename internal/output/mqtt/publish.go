package mqtt

import "time"

// announce sends the announcements that are due; with again, all of them.
func (s *session) announce(now time.Time, again bool) {
	for _, d := range s.devices {
		s.announceDevice(now, d, again)
	}
}

func (s *session) announceDevice(now time.Time, d *device, again bool) {
	if !s.options.Discovery {
		return
	}
	if config := d.announce(now, again, s.announcer.Build); config != nil {
		s.retain(now, d.Topics.Config, config)
		s.refreshAt = now.Add(settle)
	}
}

// stateEvery is the least time between two states of a device: a refresh
// waits for it, or for the reading that comes before.
const stateEvery = time.Second

// refresh sends the states of all devices; with atOnce, also those that were
// sent a moment ago.
func (s *session) refresh(now time.Time, atOnce bool) {
	for _, d := range s.devices {
		if at := d.stateAt.Add(stateEvery); at.After(now) && !atOnce {
			d.againAt = at
			continue
		}
		s.again(now, d)
	}
	s.attributes(true)
}

// again sends the state of one device whether it changed or not.
func (s *session) again(now time.Time, d *device) {
	d.againAt = time.Time{}
	if d == s.electricity {
		s.measured(now, true)
		return
	}
	s.state(now, d)
}

// measured sends the state of the electricity meter; with all, totals that
// are not due yet too.
func (s *session) measured(now time.Time, all bool) {
	if s.line.newest == nil || !s.electricity.IsKnown() {
		return
	}
	newest := s.line.newest.Entities()
	s.rates.Take(now, newest, all)
	s.view.Reading = s.rates.Shown
	s.state(now, s.electricity)
	s.view.Reading = newest
}

// catchUp shows the totals that wait for their minute, and the means since the
// last state: the meter may be another one when it is seen again.
func (s *session) catchUp(now time.Time) {
	if s.online && s.electricity.shown == online && (s.rates.IsFresh || s.rates.IsBehind(s.line.newest.Entities())) {
		s.measured(now, true)
	}
}

// state sends the state of one device.
func (s *session) state(now time.Time, d *device) {
	if !s.hasState(d) {
		return
	}
	s.view.Channel = d.channel
	if d == s.bridge {
		s.view.Status = s.standing()
	}
	s.write(d.Topics.State, false, func(dst []byte) []byte { return d.AppendState(dst, &s.view) })
	d.stateAt, d.stateOf, d.againAt = now, s.line.newest, time.Time{}
}

// attributes sends the attributes of the electricity meter's entities that
// changed since they were published; with all, every one.
func (s *session) attributes(all bool) {
	if !s.options.Discovery || s.line.newest == nil {
		return
	}
	r := s.line.newest.Entities()
	if isNew := s.learnedLists(r); !isNew && !all {
		return
	}
	for topic, appended := range s.electricity.Attributes() {
		s.write(topic, false, func(dst []byte) []byte { return appended(dst, r) })
	}
}

// setConnected publishes whether broker and meter are there.
func (s *session) setConnected(now time.Time) {
	value := byte('1')
	if s.line.status.Alive {
		value = '2'
	}
	if s.line.told != value {
		s.line.told = value
		s.retain(now, s.names.connected(), []byte{value})
	}
}

// available brings the devices' availability up to date. A device that comes
// back shows its newest value first.
func (s *session) available(now time.Time) {
	alive := s.line.status.Alive && s.line.fresh
	if d := s.electricity; alive && d.IsKnown() && d.shown != online && d.stateOf != s.line.newest {
		s.measured(now, true)
	}
	s.setAvailability(now, s.electricity, alive)
	for _, sub := range s.submeters {
		s.setAvailability(now, sub.device, alive && sub.reports(&s.line.newest.Reading, s.view.Zone))
	}
	if v := s.inverter; v != nil {
		s.setAvailability(now, v.device, v.answers(now))
	}
}

func (s *session) setAvailability(now time.Time, d *device, isAvailable bool) {
	value := offline
	if isAvailable {
		value = online
	}
	if d.IsKnown() && d.shown != value {
		d.shown = value
		s.retain(now, d.Topics.Availability, []byte(value))
	}
}
