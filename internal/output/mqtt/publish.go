package mqtt

import (
	"strconv"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var (
	onlinePayload  = []byte("online")
	offlinePayload = []byte("offline")
)

// announce sends the announcements that are due; with again, all of them.
func (s *session) announce(now time.Time, again bool) {
	if !s.discovery {
		return
	}
	for _, d := range s.devices {
		s.announceDevice(now, d, again)
	}
}

func (s *session) announceDevice(now time.Time, d *device, again bool) {
	if config := d.announce(now, again, s.announcer.build); config != nil {
		s.retain(now, d.configTopic, config)
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
	if s.newest == nil || !s.electricity.known() {
		return
	}
	newest := s.newest.Entities()
	s.rates.take(now, newest, all)
	s.view.reading = s.rates.shown
	s.state(now, s.electricity)
	s.view.reading = newest
}

// state sends the state of one device.
func (s *session) state(now time.Time, d *device) {
	if s.inverter != nil && d == s.inverter.device {
		if s.inverter.last == nil {
			return
		}
	} else if d != s.bridge && (s.newest == nil || !d.known()) || d.channel != nil && d.channel.Unit == meter.UnitNone {
		return // nothing of it came in this run
	}
	s.view.channel = d.channel
	if d == s.bridge {
		s.view.status = s.standing()
	}
	start := len(s.buf)
	s.buf = d.appendState(s.buf, &s.view)
	if d == s.bridge && s.instance != "" {
		s.buf = append(append(append(s.buf[:len(s.buf)-1], `,"instance":"`...), s.instance...), '"', '}')
	}
	d.stateAt, d.stateOf, d.againAt = now, s.newest, time.Time{}
	s.emit(d.stateTopic, s.buf[start:len(s.buf):len(s.buf)], 0, false)
}

// setConnected tells whether broker and meter are there.
func (s *session) setConnected(now time.Time) {
	value := byte('1')
	if s.line.Alive {
		value = '2'
	}
	if s.connectTo != value {
		s.connectTo = value
		s.retain(now, s.announcer.connectedTopic, []byte{value})
	}
}

// available brings the devices' availability up to date. A device that comes
// back shows its newest value first.
func (s *session) available(now time.Time) {
	alive := s.line.Alive && s.fresh
	if d := s.electricity; d.known() {
		if alive && d.shown != online && d.stateOf != s.newest {
			s.measured(now, true)
		}
		s.setAvailability(now, d, availabilityOf(alive))
	}
	for m := range s.submeters {
		for _, sub := range s.submeters[m] {
			if sub.known() {
				s.setAvailability(now, &sub.device, availabilityOf(alive && sub.reports(&s.newest.Reading, s.view.zone)))
			}
		}
	}
	if v := s.inverter; v != nil && v.known() {
		s.setAvailability(now, v.device, availabilityOf(v.answers(now)))
	}
}

func availabilityOf(available bool) availability {
	if available {
		return online
	}
	return offline
}

func (s *session) setAvailability(now time.Time, d *device, a availability) {
	if d.availabilityTopic == "" || d.shown == a {
		return
	}
	d.shown = a
	payload := offlinePayload
	if a == online {
		payload = onlinePayload
	}
	s.retain(now, d.availabilityTopic, payload)
}

// change sends a step of a quantity, as smartmeter2mqtt does.
func (s *session) change(topic, what string, c *meter.Change) {
	start := len(s.buf)
	s.buf = appendChange(s.buf, what, c, s.newest.Reading.Received)
	s.emit(s.topic+topic, s.buf[start:len(s.buf):len(s.buf)], 0, false)
}

func appendChange(dst []byte, what string, c *meter.Change, at time.Time) []byte {
	relative := c.Value.Sub(c.Previous)
	dst = c.Previous.Append(append(dst, `{"previousUsage":`...))
	dst = relative.Append(append(dst, `,"relative":`...))
	dst = append(append(dst, `,"message":"`...), what...)
	switch relative.Sign() {
	case 1:
		dst = relative.Append(append(dst, " increased +"...))
		dst = append(dst, " to "...)
	case -1:
		dst = relative.Append(append(dst, " decreased "...))
		dst = append(dst, " to "...)
	default:
		dst = append(dst, " unchanged at "...)
	}
	dst = c.Value.Append(dst)
	dst = c.Value.Append(append(dst, `","val":`...))
	dst = strconv.AppendInt(append(dst, `,"tc":`...), at.UnixMilli(), 10)
	return append(dst, '}')
}

// cutAround returns what stands between prefix and suffix.
func cutAround(s, prefix, suffix string) (between string, ok bool) {
	s, ok = strings.CutPrefix(s, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, suffix)
}
