package mqtt

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
)

// subscriptions are the topics to listen to: births, the buttons, offsets, what earlier
// connections left behind, and what others publish in this one's place.
func (s *session) subscriptions() []string {
	list := append([]string{s.names.connected(), s.names.availability("+"), s.names.claim("+")}, s.claims.topics...)
	if s.options.BirthTopic != "" {
		list = append(list, s.options.BirthTopic)
	}
	if s.options.Discovery {
		for _, button := range []string{homeassistant.RepublishKey, homeassistant.RemoveFormerKey} {
			list = append(list, s.bridge.CommandTopic(button))
		}
		list = append(list, s.former.topics...)
	}
	for topic := range s.kept.slots {
		list = append(list, topic)
	}
	return append(list, s.offsetTopics()...)
}

// received takes what somebody else published, and what comes back of what
// this program did.
func (s *session) received(now time.Time, m incoming) []message {
	s.begin()
	slot, isAnnouncement := s.kept.slots[m.topic]
	switch {
	case slices.Contains(s.claims.topics, m.topic):
		s.claimed(now, func(now time.Time) { s.claims.received(now, m) })
	case s.claims.role == standingBy: // all else is the other program's business
	case m.topic == s.options.BirthTopic && !m.retained:
		if string(m.payload) == "online" && s.birthAt.IsZero() {
			s.birthAt = now.Add(s.options.Jitter())
		}
	case s.isPress(m, homeassistant.RepublishKey):
		s.announceAll(now)
	case s.isPress(m, homeassistant.RemoveFormerKey):
		s.removeFormer(now)
	case s.isOffset(now, m):
	case slices.Contains(s.former.topics, m.topic):
		s.foundFormer(now, m)
	case isAnnouncement:
		s.announced(now, slot, m)
	case m.topic == s.names.connected():
		s.foundConnected(now, m)
	case strings.HasSuffix(m.topic, "/claim"):
		s.foundClaim(now, m)
	default:
		s.foundAvailability(now, m)
	}
	return s.messages
}

// isPress reports whether somebody presses the bridge's button.
func (s *session) isPress(m incoming, key string) bool {
	return s.options.Discovery && !m.retained && m.topic == s.bridge.CommandTopic(key) && string(m.payload) == "PRESS"
}

// announceAll announces every device, also those that the user deleted, as
// after a birth.
func (s *session) announceAll(now time.Time) {
	s.log.Info("the button was pressed: all devices are announced to Home Assistant again")
	for _, d := range s.devices {
		d.Deleted, d.Stale = false, true
	}
	s.birthAt = now
}

// announced takes an announcement of a device of ours: most are our own, which
// come back. Home Assistant sends an empty one when the user deletes the
// device there.
func (s *session) announced(now time.Time, slot string, m incoming) {
	d := s.device(slot)
	a, isOwn := homeassistant.ReadAnnouncement(m.payload)
	isHere := a.StateTopic == s.names.state(slot)
	switch {
	case !s.options.Discovery:
		if m.retained && isOwn && isHere {
			s.leftover(now, m.topic)
		}
	case len(m.payload) == 0:
		if d != nil && !m.retained {
			s.userDeleted(d)
		}
	case d == nil || !bytes.Equal(m.payload, d.sent):
		s.overwritten(now, m)
		if isOwn && !isHere {
			s.logElsewhere(slot, a.StateTopic, m.retained)
		}
	}
}

// userDeleted notes what the user wants: the device does not come back by
// itself before the next start.
func (s *session) userDeleted(d *device) {
	if d.Deleted {
		return
	}
	d.Deleted = true
	s.kept.forget(d.Topics.Config)
	for _, child := range s.devices {
		if child.Parent == d.Device {
			child.Stale = true
		}
	}
	back := `press the bridge's button "Add devices again", or start this app again`
	if d == s.bridge {
		back = "start this app again"
	}
	s.log.Info("the device was deleted in Home Assistant, so it is no longer announced; to have it back, "+back,
		"device", d.Slot)
}

// foundFormer offers to remove entities of smartmeter2mqtt, if the message
// announces one.
func (s *session) foundFormer(now time.Time, m incoming) {
	isFirst := len(s.former.found) == 0
	if !s.former.find(m) {
		return
	}
	if isFirst {
		s.log.Info("entities of smartmeter2mqtt are still announced to Home Assistant. " +
			`To keep their history see "Moving from smartmeter2mqtt" in the documentation; ` +
			`then press the bridge's button "Remove smartmeter2mqtt's entities"`)
	}
	if !s.bridge.Has(homeassistant.RemoveFormerKey) {
		s.bridge.Add(homeassistant.RemoveFormerKey)
		if s.online {
			s.announceDevice(now, s.bridge, false)
		}
	}
}

// removeFormer removes what smartmeter2mqtt announced, and the button.
func (s *session) removeFormer(now time.Time) {
	s.log.Info("the button was pressed: the entities of smartmeter2mqtt are removed from Home Assistant",
		"entities", s.former.remove(&s.outbox))
	s.bridge.Remove(homeassistant.RemoveFormerKey)
	s.announceDevice(now, s.bridge, false)
}
