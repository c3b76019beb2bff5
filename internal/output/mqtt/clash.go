package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// claimed does a step of the claims and what follows from it.
func (s *session) claimed(now time.Time, step func(now time.Time)) {
	was, hadRival := s.claims.role, !s.claims.rival.IsZero()
	step(now)
	switch is := s.claims.role; {
	case was != publishing && is == publishing:
		if s.stoodBy {
			s.log.Info("the other app is gone, so this one publishes the meter again", "slot", s.slot)
		}
		s.stoodBy = false
		s.takeOver(now)
	case was != standingBy && is == standingBy:
		s.online = false
		s.logStandBy()
	}
	if hasRival := !s.claims.rival.IsZero(); hasRival != hadRival && s.online {
		if hasRival {
			cause := diagnosis.SameNames
			s.log.Warn(cause.Text(meter.English)+". "+cause.Next(meter.English), "slot", s.contested(), "topic", s.topic)
		}
		s.state(now, s.bridge)
	}
}

// errStandsBy is why nothing is published.
var errStandsBy = errors.New("another app publishes a meter under the same names, " +
	"so this one stands by and publishes nothing")

func (s *session) logStandBy() {
	s.stoodBy = true
	s.log.Warn(errStandsBy.Error()+": stop one of the two, or set its options {slot} and mqtt.topic to names of their own. "+
		"If the other one is gone for good, wait a few minutes", "slot", s.contested(), "topic", s.topic)
}

// contested is the slot that another program publishes, or wants to.
func (s *session) contested() string {
	for _, m := range s.meters {
		if slices.Contains(m.claims(s.options.Discovery), s.claims.heard) {
			return m.slot
		}
	}
	return s.slot
}

// lines appends how the meters' lines stand, as the bridge shows them.
func (s *session) lines(list []homeassistant.Line) []homeassistant.Line {
	for _, m := range s.meters {
		if m.isSum {
			continue
		}
		list = append(list, homeassistant.Line{Status: s.standing(&m.line.status), Shown: m.line.shown})
	}
	return list
}

// standing returns the status of a line that the bridge shows.
func (s *session) standing(status *meter.Status) *meter.Status {
	if s.claims.rival.IsZero() || status.Problem {
		return status
	}
	shown := *status
	cause := diagnosis.SameNames
	shown.Problem, shown.Verdict, shown.Share = cause.Problem(), cause.String(), 0
	shown.Text, shown.Next = cause.Text(meter.English), s.options.Names.In(cause.Next(meter.English))
	return &shown
}

// logElsewhere takes an announcement of this slot's device with another topic.
// One that the broker kept may be of an earlier run of this program.
func (s *session) logElsewhere(slot, other string, kept bool) {
	if kept {
		s.log.Info("Home Assistant knew the meter under another topic; it now uses this one. "+
			"If another program with this slot still runs, set its option {slot} to another name",
			"device", slot, "before", other, "now", s.names.state(slot))
		return
	}
	s.log.Warn("another program announces a meter of the same slot to Home Assistant, "+
		"so that its entities jump between the two: set the option {slot} of one of them to another name",
		"device", slot, "its topic", other, "this one's", s.names.state(slot))
}

// foundConnected takes what another program publishes on the topic connected.
// The will of a connection that broke may come after the next one has begun. A
// program with another slot below the same topic publishes 1 or 2 for itself.
func (s *session) foundConnected(now time.Time, m incoming) {
	if text := string(m.payload); text != "1" && text != "2" {
		s.overwritten(now, m)
	}
}

// foundAvailability takes the availability of a device: another run that
// ended, without a goodbye or with one, may have left it wrong.
func (s *session) foundAvailability(now time.Time, m incoming) {
	slot, ok := cutAround(m.topic, s.topic+"/", "/availability")
	if !ok {
		return
	}
	isOnline := string(m.payload) == online
	switch _, isOurs := s.kept.slots[s.config(slot)]; {
	case !isOurs:
		if isOnline && !m.retained {
			s.log.Warn("another program publishes below the same topic, so that the two cannot be told apart there: "+
				"set the option mqtt.topic of one of them to another name", "topic", s.topic, "its device", slot)
		}
	case s.kept.topics[m.topic] != nil:
		s.overwritten(now, m)
	case isOnline:
		s.leftover(now, m.topic)
	}
}

// foundClaim takes what the broker kept of another slot below the same topic.
// A program that ended there in order is this one before its slot was changed.
func (s *session) foundClaim(now time.Time, m incoming) {
	var left claim
	_, isBelow := cutAround(m.topic, s.topic+"/", "/claim")
	if isBelow && m.retained && json.Unmarshal(m.payload, &left) == nil && left.State == claimStopped {
		s.leftover(now, m.topic)
	}
}

const (
	// echoWithin is how long a message of this program's own may take to come
	// back from the broker.
	echoWithin = 2 * time.Second

	// mendEvery is the least time between two corrections of one topic.
	mendEvery = time.Second
)

// kept is what the broker should keep of this program. A second one that
// starts or ends, or its last will, may change it for good; Home Assistant
// would show a meter as away that is there.
type kept struct {
	slots     map[string]string // of all devices that there can be, by the topic of their announcement
	topics    map[string]*keptTopic
	leftovers []string // topics of an earlier run to put right when this one publishes
}

// keptTopic is one retained topic.
type keptTopic struct {
	payload  []byte
	previous []byte // what it was before: it may come back late
	sentAt   time.Time
	mendedAt time.Time // when it was corrected
	mendAt   time.Time // when to correct it; zero: no need
}

// connect forgets what the connection before knew.
func (k *kept) connect() {
	clear(k.topics)
	k.leftovers = nil
}

func (k *kept) forget(topic string) { delete(k.topics, topic) }

// next returns when a topic is to be corrected, zero for never.
func (k *kept) next() (at time.Time) {
	for _, topic := range k.topics {
		at = earlier(at, topic.mendAt)
	}
	return at
}

// retain publishes a message that the broker should keep until the next one
// on its topic.
func (s *session) retain(now time.Time, topic string, payload []byte) {
	k := s.kept.topics[topic]
	if k == nil {
		k = new(keptTopic)
		s.kept.topics[topic] = k
	}
	if !bytes.Equal(payload, k.payload) {
		k.previous = k.payload
	}
	k.payload, k.sentAt, k.mendAt = payload, now, time.Time{}
	s.emit(topic, payload, 1, true)
}

// overwritten corrects a retained topic of this program that somebody else
// published on. Most messages there are the program's own, which come back. One
// that the broker had kept is older than what is there now.
func (s *session) overwritten(now time.Time, m incoming) {
	k := s.kept.topics[m.topic]
	switch {
	case k == nil || !s.online || m.retained:
		return
	case bytes.Equal(m.payload, k.payload):
		k.mendAt = time.Time{}
		return
	case k.previous != nil && bytes.Equal(m.payload, k.previous): // unless the newer one comes back until then
		k.mendAt = latest(now, k.sentAt.Add(echoWithin))
	default:
		k.mendAt = latest(now, k.mendedAt.Add(mendEvery))
	}
	s.mend(now)
}

// mend publishes again what somebody else overwrote.
func (s *session) mend(now time.Time) {
	for _, topic := range slices.Sorted(maps.Keys(s.kept.topics)) {
		k := s.kept.topics[topic]
		if !due(k.mendAt, now) {
			continue
		}
		k.mendedAt = now
		s.retain(now, topic, k.payload)
		for _, d := range s.devices {
			if d.Topics.Config == topic { // once more, and the states that Home Assistant takes from there
				d.sentAt, d.copyAt = now, now.Add(copyAfter)
				s.refreshAt = now.Add(settle)
			}
		}
	}
}

// leftover notes a topic that an earlier run left as it must not stay: a
// device that is not there is available, or announced without discovery, or
// another slot has a claim.
func (s *session) leftover(now time.Time, topic string) {
	s.kept.leftovers = append(s.kept.leftovers, topic)
	if s.online {
		s.clearLeftovers(now)
	}
}

func (s *session) clearLeftovers(now time.Time) {
	for _, topic := range s.kept.leftovers {
		slot, isAnnouncement := s.kept.slots[topic]
		bridge, isClaim := cutAround(topic, s.topic+"/", "/claim")
		switch {
		case isAnnouncement:
			s.log.Info("discovery is off (mqtt.discovery), so the device is removed from Home Assistant", "device", slot)
			s.emit(topic, nil, 1, true)
		case isClaim:
			s.log.Info("this app published a meter with another slot below the same topic until it was stopped. "+
				"If its option {slot} was changed, the old devices may be deleted in Home Assistant",
				"old bridge", bridge, "slot now", s.slot)
			s.emit(topic, nil, 1, true) // so that it is said once
		default:
			slot, _ = cutAround(topic, s.topic+"/", "/availability")
			if d := s.device(slot); d == nil || !d.IsKnown() {
				s.retain(now, topic, []byte(offline))
			}
		}
	}
	s.kept.leftovers = nil
}
