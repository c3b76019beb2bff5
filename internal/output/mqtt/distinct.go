package mqtt

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// distinct publishes fields of the reading under topics of their own, for
// programs that cannot read JSON: smartmeter2mqtt's mqtt-distinct, but beside
// the whole reading, and zeros too. A field keeps its value when a telegram
// lacks it.
type distinct struct {
	topic  string
	fields []string
	all    bool
}

func newDistinct(topic string, fields config.List) *distinct {
	names := fields.Names()
	return &distinct{topic: topic + "/status/", fields: names, all: slices.Contains(names, "*")}
}

// publish sends the fields of a reading: {"ts":ms,"val":...}, retained.
func (s *session) distinctly(u *meter.Update) {
	if s.distinct == nil {
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(u.JSON, &members) != nil {
		return // it is this program's own JSON
	}
	fields := s.distinct.fields
	if s.distinct.all {
		fields = slices.Sorted(maps.Keys(members))
	}
	for _, name := range fields {
		value, ok := members[name]
		if !ok {
			value, ok = inner(members, name)
		}
		if !ok {
			continue
		}
		start := len(s.buf)
		s.buf = append(s.buf, `{"ts":`...)
		s.buf = strconv.AppendInt(s.buf, u.Reading.Received.UnixMilli(), 10)
		s.buf = append(s.buf, `,"val":`...)
		s.buf = append(append(s.buf, value...), '}')
		s.emit(s.distinct.topic+name, s.buf[start:len(s.buf):len(s.buf)], 0, true)
	}
}

// inner finds the member of an object by the name that it has in lists of
// fields: gas_ts is ts in gas.
func inner(members map[string]json.RawMessage, name string) (value json.RawMessage, ok bool) {
	outer, name, ok := strings.Cut(name, "_")
	if !ok {
		return nil, false
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(members[outer], &object) != nil {
		return nil, false // absent, or no object
	}
	value, ok = object[name]
	return value, ok
}
