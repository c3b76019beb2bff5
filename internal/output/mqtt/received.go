package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
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
		for number := 1; number <= household.MaxSame; number++ {
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
	list := append([]string{s.announcer.connectedTopic, s.topic + "/+/availability", s.bridge.stateTopic}, s.claims.topics...)
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
	case slices.Contains(s.claims.topics, m.topic):
		s.claimed(now, func(now time.Time) { s.claims.received(now, m) })
	case m.topic == s.bridge.stateTopic:
		s.heard(now, m.payload)
	case s.claims.role == standingBy: // all else is the other program's business
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
		s.announced(now, slot, m)
	case m.topic == s.announcer.connectedTopic:
		s.foundConnected(now, m)
	default:
		s.foundAvailability(now, m)
	}
	return s.out
}

// foundConnected takes what another program says on the topic connected. The
// will of a connection that broke may come after the next one said that all is
// well. A program with another slot below the same topic says 1 or 2 for
// itself.
func (s *session) foundConnected(now time.Time, m incoming) {
	if text := string(m.payload); text == "1" || text == "2" {
		s.claims.traces.connected = s.claims.traces.connected || m.retained
		return
	}
	s.overwritten(now, m)
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
func (s *session) announced(now time.Time, slot string, m incoming) {
	d := s.device(slot)
	switch {
	case !s.discovery:
		if a, ok := ownAnnouncement(m.payload); m.retained && ok && a.StateTopic == stateTopic(s.topic, slot) {
			s.leftover(now, m.topic)
		}
	case len(m.payload) == 0:
		if d != nil && !m.retained {
			s.userDeleted(d)
		}
	case d == nil || !bytes.Equal(m.payload, d.sent):
		s.overwritten(now, m)
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
	delete(s.kept, d.configTopic)
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

// foundAvailability takes the availability of a device: another run that
// ended, without a goodbye or with one, may have left it wrong.
func (s *session) foundAvailability(now time.Time, m incoming) {
	slot, ok := cutAround(m.topic, s.topic+"/", "/availability")
	if _, ours := s.ours[s.configTopic(slot)]; !ok {
		return
	} else if !ours {
		if !m.retained && string(m.payload) == "online" {
			s.sharesTopic(slot)
		}
		return
	}
	if s.kept[m.topic] != nil {
		s.overwritten(now, m)
	} else if string(m.payload) == "online" {
		s.leftover(now, m.topic)
	}
}

// leftover notes a topic that an earlier run left as it must not stay: a
// device that is not there is available, or announced without discovery.
func (s *session) leftover(now time.Time, topic string) {
	s.leftovers = append(s.leftovers, topic)
	if s.online {
		s.clearLeftovers(now)
	}
}

func (s *session) clearLeftovers(now time.Time) {
	for _, topic := range s.leftovers {
		if slot, announced := s.ours[topic]; announced {
			s.log.Info("discovery is off (mqtt.discovery): the device is removed from Home Assistant", "device", slot)
			s.emit(topic, nil, 1, true)
			continue
		}
		if slot, _ := cutAround(topic, s.topic+"/", "/availability"); s.device(slot) == nil || !s.device(slot).known() {
			s.retain(now, topic, offlinePayload)
		}
	}
	s.leftovers = nil
}

// claimTopics are where the programs of this slot find each other.
func (s *session) claimTopics() []string {
	list := []string{s.topic + "/" + bridgeSlot(s.slot) + "/claim"}
	if s.discovery {
		list = append(list, s.prefix+"/device/"+identifier(bridgeSlot(s.slot))+"/claim")
	}
	return list
}

// claimed does a step of the claims and what follows from it.
func (s *session) claimed(now time.Time, step func(now time.Time)) {
	was, rival := s.claims.role, !s.claims.rival.IsZero()
	step(now)
	switch is := s.claims.role; {
	case was != publishing && is == publishing:
		if s.told.standsBy {
			s.log.Info("the other app has gone, so this one publishes the meter again", "slot", s.slot)
		}
		s.told.standsBy = false
		s.takeOver(now)
	case was != standingBy && is == standingBy:
		s.online = false
		s.standsBy()
	}
	if is := !s.claims.rival.IsZero(); is != rival && s.online {
		if is {
			s.log.Warn("another app wants to publish a meter under the same names and stands by: stop it, or set its options slot and mqtt.topic to names of their own",
				"slot", s.slot, "topic", s.topic)
		}
		s.state(now, s.bridge)
	}
}

// standsBy says so.
func (s *session) standsBy() {
	if !s.told.standsBy {
		s.told.standsBy = true
		s.log.Warn(errStandsBy.Error()+": stop one of the two, or set its options slot and mqtt.topic to names of their own. If the other one is gone for good, wait some minutes",
			"slot", s.slot, "topic", s.topic)
	}
}

// errStandsBy is why nothing is published.
var errStandsBy = errors.New("another app publishes a meter under the same names, so this one stands by and publishes nothing")

// standing returns the status that the bridge shows.
func (s *session) standing() *meter.Status {
	if s.claims.rival.IsZero() || s.line.Problem {
		return &s.line
	}
	shown := s.line
	shown.Problem, shown.Verdict, shown.Share = true, "same_names", 0
	shown.Text = "another app wants to publish a meter under the same names and stands by"
	shown.Next = "Stop it, or set its options slot and mqtt.topic to names of their own"
	return &shown
}

// clashes are the ways in which another program gets in this one's way, each
// true once it was said.
type clashes struct{ standsBy, device, topic, moved bool }

// heard takes a state of the bridge. Every run signs its own.
func (s *session) heard(now time.Time, payload []byte) {
	var sender struct{ Instance string }
	if json.Unmarshal(payload, &sender) == nil && sender.Instance != "" {
		s.claimed(now, func(now time.Time) { s.claims.speechless(now, sender.Instance) })
	}
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
