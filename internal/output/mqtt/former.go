package mqtt

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// removeFormerKey is the button that removes smartmeter2mqtt's entities. It is
// announced once some were found.
const removeFormerKey = "remove_smartmeter2mqtt"

// formerObjects are the entities that smartmeter2mqtt announced, each under a
// retained topic of its own: <prefix>/sensor/<node>/<object>/config. Its node
// is its topic, or in older versions "smartmeter".
var formerObjects = []string{
	"power-usage", "power-imported", "power-exported", "t1-used", "t2-used", "t1-delivered", "t2-delivered", "current-tarrif", "gas",
	"solar-total", "solar-current",
}

// former is what smartmeter2mqtt left behind on the broker. Its entities stay
// in Home Assistant for ever, without a value, until somebody removes the
// topics; only the user can say when, because statistics may still hang on
// them.
type former struct {
	topics []string        // where it announced
	found  map[string]bool // where it did
	press  string          // topic of the button
}

func newFormer(prefix, topic, press string) *former {
	f := &former{found: make(map[string]bool), press: press}
	nodes := []string{"smartmeter"}
	if topic != nodes[0] {
		nodes = append(nodes, topic)
	}
	for _, node := range nodes {
		for _, object := range formerObjects {
			f.topics = append(f.topics, prefix+"/sensor/"+node+"/"+object+"/config")
		}
	}
	return f
}

// foundFormer takes what is retained under one of those topics.
func (s *session) foundFormer(now time.Time, m incoming) {
	var entity struct {
		UniqueID string `json:"unique_id"`
	}
	if !m.retained || json.Unmarshal(m.payload, &entity) != nil ||
		!strings.HasPrefix(entity.UniqueID, "smartmeter_") && !strings.HasPrefix(entity.UniqueID, "solar-invertor_") {
		return
	}
	if len(s.former.found) == 0 {
		s.log.Info("entities of smartmeter2mqtt are still announced to Home Assistant. To keep their history see \"Moving from smartmeter2mqtt\" in the documentation; " +
			"then press the bridge's button \"Remove smartmeter2mqtt's entities\"")
	}
	s.former.found[m.topic] = true
	if i := s.removeFormer(); !s.bridge.seen[i] {
		s.bridge.seen[i], s.bridge.stale, s.bridge.unsaved = true, true, true
		delete(s.bridge.gone, removeFormerKey)
		if s.online && s.discovery {
			s.announceDevice(now, s.bridge, false)
		}
	}
}

// removeFormer is where the button stands among the bridge's components.
func (s *session) removeFormer() int {
	return slices.IndexFunc(s.bridge.components, func(c component) bool { return c.Key == removeFormerKey })
}

// clearFormer removes what smartmeter2mqtt announced, and the button.
func (s *session) clearFormer(now time.Time) {
	topics := make([]string, 0, len(s.former.found))
	for topic := range s.former.found {
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	for _, topic := range topics {
		s.emit(topic, nil, 1, true)
	}
	s.log.Info("the button was pressed: the entities of smartmeter2mqtt are removed from Home Assistant", "entities", len(topics))
	clear(s.former.found)
	d := s.bridge
	d.seen[s.removeFormer()] = false
	if d.gone == nil {
		d.gone = make(map[string]string)
	}
	d.gone[removeFormerKey] = platformButton
	d.stale, d.unsaved = true, true
	s.announceDevice(now, d, false)
}
