package mqtt

import (
	"bytes"
	"maps"
	"slices"
	"time"
)

const (
	// echoWithin is how long a message of this program's own may take to come
	// back from the broker.
	echoWithin = 2 * time.Second

	// mendEvery is the least time between two corrections of one topic.
	mendEvery = time.Second
)

// kept is a retained topic of this program, as the broker should keep it. A
// second program that starts or ends, or its last will, may change it for
// good; Home Assistant would show a meter as away that is there.
type kept struct {
	payload  []byte
	previous []byte // what it was before: it may come back late
	sentAt   time.Time
	mendedAt time.Time // when it was corrected
	mendAt   time.Time // when to correct it; zero: no need
}

// retain publishes a message that the broker should keep until the next one
// on its topic.
func (s *session) retain(now time.Time, topic string, payload []byte) {
	k := s.kept[topic]
	if k == nil {
		k = new(kept)
		s.kept[topic] = k
	}
	if !bytes.Equal(payload, k.payload) {
		k.previous = k.payload
	}
	k.payload, k.sentAt, k.mendAt = payload, now, time.Time{}
	s.emit(topic, payload, 1, true)
}

// overwritten takes what was published on a retained topic of this program,
// most of it by itself, and puts right what somebody else did. What the broker
// sends because it has kept it is older than what is there now.
func (s *session) overwritten(now time.Time, m incoming) {
	k := s.kept[m.topic]
	if k == nil || !s.online || m.retained {
		return
	}
	if bytes.Equal(m.payload, k.payload) {
		k.mendAt = time.Time{}
		return
	}
	k.mendAt = now
	if at := k.sentAt.Add(echoWithin); now.Before(at) && k.previous != nil && bytes.Equal(m.payload, k.previous) {
		k.mendAt = at // unless the newer one comes back until then
	} else if at := k.mendedAt.Add(mendEvery); now.Before(at) {
		k.mendAt = at
	}
	s.mendAt = earlier(s.mendAt, k.mendAt)
	if due(s.mendAt, now) {
		s.mend(now)
	}
}

// mend publishes again what somebody else overwrote.
func (s *session) mend(now time.Time) {
	s.mendAt = time.Time{}
	for _, topic := range slices.Sorted(maps.Keys(s.kept)) {
		k := s.kept[topic]
		if !due(k.mendAt, now) {
			s.mendAt = earlier(s.mendAt, k.mendAt)
			continue
		}
		k.mendedAt = now
		s.retain(now, topic, k.payload)
		for _, d := range s.devices {
			if d.configTopic == topic { // once more, and the states that Home Assistant takes from there
				d.sentAt, d.copyAt = now, now.Add(copyAfter)
				s.refreshAt = now.Add(settle)
			}
		}
	}
}
