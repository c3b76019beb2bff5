package mqtt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// reannounceKey is the button that announces every device again.
const reannounceKey = "reannounce"

// bridgeSlot is the slot of this program.
func bridgeSlot(slot string) string { return slot + "_bridge" }

// announcements are the topics of all the announcements that a run can make,
// and the slots of their devices.
func (s *session) announcements() map[string]string {
	list := make(map[string]string)
	add := func(slot string) { list[s.configTopic(slot)] = slot }
	add(s.slot)
	add(bridgeSlot(s.slot))
	add(solarSlot(s.slot))
	for m := range meter.NumMedia {
		for number := 1; number <= maxSame; number++ {
			add(submeterSlot(s.slot, m, number))
		}
	}
	return list
}

func (s *session) configTopic(slot string) string {
	return s.prefix + "/device/" + identifier(slot) + "/config"
}

func (d *device) commandTopic(c *component) string {
	return strings.TrimSuffix(d.stateTopic, "state") + c.Key
}

// subscriptions are the topics to listen to: births, the button, what earlier
// connections left behind, and what others publish in this one's place.
func (s *session) subscriptions() []string {
	list := []string{s.announcer.connectedTopic, s.topic + "/+/availability", s.bridge.stateTopic}
	if s.birth != "" {
		list = append(list, s.birth)
	}
	if s.discovery {
		list = append(list, s.press, s.former.press)
		list = append(list, s.former.topics...)
	}
	for topic := range s.ours {
		list = append(list, topic)
	}
	return list
}

// received takes what somebody else published, and what comes back of what
// this program did.
func (s *session) received(now time.Time, m incoming) []message {
	s.begin()
	slot, announced := s.ours[m.topic]
	switch {
	case m.topic == s.birth && !m.retained:
		if string(m.payload) == "online" && s.birthAt.IsZero() {
			s.birthAt = now.Add(s.jitter())
		}
	case m.topic == s.press && s.discovery && !m.retained:
		if string(m.payload) == "PRESS" {
			s.announceAll(now)
		}
	case m.topic == s.former.press && s.discovery && !m.retained:
		if string(m.payload) == "PRESS" {
			s.clearFormer(now)
		}
	case slices.Contains(s.former.topics, m.topic):
		s.foundFormer(now, m)
	case announced:
		s.announced(slot, m)
	case m.topic == s.bridge.stateTopic:
		s.heard(m.payload)
	case m.topic == s.announcer.connectedTopic:
		// The will of a connection that broke may come after the next one said
		// that all is well.
		if !m.retained && string(m.payload) == "0" && s.connectTo != 0 {
			s.connectTo = 0
			s.setConnected()
		}
	default:
		s.foundAvailability(m)
	}
	return s.out
}

// announceAll announces every device, also those that the user deleted, as
// after a birth.
func (s *session) announceAll(now time.Time) {
	s.log.Info("the button was pressed: all devices are announced to Home Assistant again")
	for _, d := range s.devices {
		d.deleted, d.stale = false, true
	}
	s.birthAt = now
}

// announced takes an announcement of a device of ours: most are our own, which
// come back. Home Assistant sends an empty one when the user deletes the
// device there.
func (s *session) announced(slot string, m incoming) {
	d := s.device(slot)
	switch {
	case !s.discovery:
		if a, ok := ownAnnouncement(m.payload); m.retained && ok && a.StateTopic == stateTopic(s.topic, slot) {
			s.log.Info("discovery is off (mqtt.discovery): the device is removed from Home Assistant", "device", slot)
			s.emit(m.topic, nil, 1, true)
		}
	case len(m.payload) == 0:
		if d != nil && !m.retained {
			s.userDeleted(d)
		}
	case d == nil || !bytes.Equal(m.payload, d.sent):
		if a, ok := ownAnnouncement(m.payload); ok && a.StateTopic != stateTopic(s.topic, slot) {
			s.announcedElsewhere(slot, a.StateTopic, m.retained)
		}
	}
}

// userDeleted notes what the user wants: the device does not come back by
// itself before the next start.
func (s *session) userDeleted(d *device) {
	if d.deleted {
		return
	}
	d.deleted = true
	for _, child := range s.devices {
		if child.parent == d {
			child.stale = true
		}
	}
	back := `press the bridge's button "Republish discovery", or start this app again`
	if d == s.bridge {
		back = "start this app again"
	}
	s.log.Info("the device was deleted in Home Assistant, so it is not announced any more; to have it back, "+back, "device", d.slot)
}

// device returns the device of that slot, nil if there is none so far.
func (s *session) device(slot string) *device {
	for _, d := range s.devices {
		if d.slot == slot {
			return d
		}
	}
	return nil
}

// foundAvailability takes the availability of a device: an earlier run that ended
// without a goodbye left one of ours behind.
func (s *session) foundAvailability(m incoming) {
	slot, ok := cutAround(m.topic, s.topic+"/", "/availability")
	if _, ours := s.ours[s.configTopic(slot)]; !ok || string(m.payload) != "online" {
		return
	} else if !ours {
		if !m.retained {
			s.sharesTopic(slot)
		}
		return
	}
	if d := s.device(slot); m.retained && (d == nil || d.shown == availabilityUnknown) {
		s.emit(m.topic, offlinePayload, 1, true)
	}
}

// clashes are the ways in which another program gets in this one's way, each
// true once it was said. Nothing is done about them: two programs that answer
// each other would never come to rest.
type clashes struct{ same, device, topic, moved bool }

// heard takes a state of the bridge. Every run signs its own.
func (s *session) heard(payload []byte) {
	var sender struct{ Instance string }
	if json.Unmarshal(payload, &sender) != nil || sender.Instance == "" || sender.Instance == s.instance || s.told.same {
		return
	}
	s.told.same = true
	s.log.Warn("another program publishes a meter under the same names, so that the two get mixed up: stop one of them, or set its options slot and mqtt.topic to names of their own",
		"slot", s.slot, "topic", s.topic)
}

// announcedElsewhere takes an announcement of this slot's device with another
// topic. One that the broker kept may be of an earlier run of this program.
func (s *session) announcedElsewhere(slot, other string, kept bool) {
	switch {
	case kept && !s.told.moved:
		s.told.moved = true
		s.log.Info("Home Assistant knew the meter with another topic; from now on with this one. If another program with this slot still runs, set its option slot to another name",
			"device", slot, "before", other, "now", stateTopic(s.topic, slot))
	case !kept && !s.told.device:
		s.told.device = true
		s.log.Warn("another program announces a meter of the same slot to Home Assistant, so that its entities jump between the two: set the option slot of one of them to another name",
			"device", slot, "its topic", other, "this one's", stateTopic(s.topic, slot))
	}
}

// sharesTopic takes the availability of another slot's device.
func (s *session) sharesTopic(slot string) {
	if s.told.topic {
		return
	}
	s.told.topic = true
	s.log.Warn("another program publishes below the same topic, so that one cannot be told from the other there: set the option mqtt.topic of one of them to another name",
		"topic", s.topic, "its device", slot)
}

// ownAnnouncement reads an announcement of this program, or of another run.
func ownAnnouncement(payload []byte) (a announcement, ok bool) {
	err := json.Unmarshal(payload, &a)
	return a, err == nil && a.Origin.Name == originName
}
