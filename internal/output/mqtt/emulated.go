package mqtt

import (
	"math"
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
)

// emulatedEntities are the bridge's.
func emulatedEntities(list []*emulate.Meter) []homeassistant.Entity {
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return homeassistant.Emulated(homeassistant.Range{Least: emulate.LeastOffset, Most: emulate.MostOffset}, names...)
}

// offsetTopics are the topics where offsets are set: a number of W. They are
// there without discovery, too, for other programs.
func (s *session) offsetTopics() (list []string) {
	for _, e := range s.options.Emulated {
		list = append(list, s.bridge.CommandTopic(homeassistant.OffsetKey(e.Name())))
		if s.options.Discovery {
			list = append(list, s.bridge.CommandTopic(homeassistant.ResetOffsetKey(e.Name())))
		}
	}
	return list
}

// isOffset sets the offset of an emulated meter, if the message is about one.
// What the broker has kept is no wish of now.
func (s *session) isOffset(now time.Time, m incoming) bool {
	for _, e := range s.options.Emulated {
		switch {
		case s.isPress(m, homeassistant.ResetOffsetKey(e.Name())):
			s.setOffset(now, e, "0")
		case m.topic != s.bridge.CommandTopic(homeassistant.OffsetKey(e.Name())):
			continue
		case !m.retained:
			s.setOffset(now, e, string(m.payload))
		}
		return true
	}
	return false
}

// setOffset takes a number of W, with decimals or without, and publishes what
// the offset is then: an entity would else go on showing what was refused.
func (s *session) setOffset(now time.Time, e *emulate.Meter, text string) {
	watts, err := strconv.ParseFloat(text, 64)
	if err == nil && math.IsNaN(watts) {
		err = strconv.ErrSyntax
	}
	if err == nil {
		watts = math.Round(math.Max(math.MinInt32, math.Min(watts, math.MaxInt32)))
		err = e.SetOffset(int(watts))
	}
	if err != nil {
		s.log.Warn("the offset of an emulated meter stays as it is",
			"meter", e.Name(), "offset", e.Offset(), "refused", text, "cause", err)
	}
	s.state(now, s.bridge)
}

// offsets are those that the bridge shows.
func (s *session) offsets(list []int) []int {
	for _, e := range s.options.Emulated {
		list = append(list, e.Offset())
	}
	return list
}
