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
	if config := d.announce(now, again, d.of.announcer.Build); config != nil {
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
	for _, m := range s.meters {
		s.attributes(m, true)
	}
}

// again sends the state of one device whether it changed or not.
func (s *session) again(now time.Time, d *device) {
	d.againAt = time.Time{}
	if d == d.of.electricity {
		s.measured(now, d.of, true)
		return
	}
	s.state(now, d)
}

// measured sends the state of an electricity meter; with all, totals that
// are not due yet too.
func (s *session) measured(now time.Time, m *metered, all bool) {
	if m.line.newest == nil || !m.electricity.IsKnown() {
		return
	}
	newest := m.line.newest.Entities()
	m.rates.Take(now, newest, all)
	m.view.Reading = m.rates.Shown
	s.state(now, m.electricity)
	m.view.Reading = newest
}

// catchUp shows the totals that wait for their minute, and the means since the
// last state: the meter may be another one when it is seen again.
func (s *session) catchUp(now time.Time, m *metered) {
	if s.online && m.electricity.shown == online && m.isBehind() {
		s.measured(now, m, true)
	}
}

// state sends the state of one device.
func (s *session) state(now time.Time, d *device) {
	if !s.hasState(d) {
		return
	}
	view := &d.of.view
	view.Channel = d.channel
	if d == s.bridge {
		view.Lines, view.Offsets = s.lines(view.Lines[:0]), s.offsets(view.Offsets[:0])
	}
	s.write(d.Topics.State, false, func(dst []byte) []byte { return d.AppendState(dst, view) })
	d.stateAt, d.stateOf, d.againAt = now, d.of.line.newest, time.Time{}
}

// attributes sends the attributes of an electricity meter's entities that
// changed since they were published; with all, every one.
func (s *session) attributes(m *metered, all bool) {
	if !s.options.Discovery || m.line.newest == nil {
		return
	}
	r := m.line.newest.Entities()
	if isNew := m.learnedLists(r); !isNew && !all {
		return
	}
	for topic, appended := range m.electricity.Attributes() {
		s.write(topic, false, func(dst []byte) []byte { return appended(dst, r) })
	}
}

// setConnected publishes whether the broker and all meters are there.
func (s *session) setConnected(now time.Time) {
	value := byte('1')
	if s.areAlive() {
		value = '2'
	}
	if s.told != value {
		s.told = value
		s.retain(now, s.names.connected(), []byte{value})
	}
}

// available brings the devices' availability up to date. A device that comes
// back shows its newest value first. The bridge is there while this program
// publishes; its topic says so beside the topic connected, which belongs to the
// next slot after the option was changed.
func (s *session) available(now time.Time) {
	s.setAvailability(now, s.bridge, true)
	for _, m := range s.meters {
		alive := m.isAlive()
		if d := m.electricity; alive && d.IsKnown() && d.shown != online && d.stateOf != m.line.newest {
			s.measured(now, m, true)
		}
		s.setAvailability(now, m.electricity, alive)
		for _, sub := range m.submeters {
			s.setAvailability(now, sub.device, alive && sub.reports(&m.line.newest.Reading, m.view.Zone))
		}
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
