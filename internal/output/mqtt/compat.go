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

// compat publishes what smartmeter2mqtt does, under its topics.
type compat struct {
	topic  string // ends in /status/; empty: nothing is published
	energy string // of the whole reading, which comes with every telegram

	// Fields of the reading that have topics of their own, for programs that
	// cannot read JSON: smartmeter2mqtt's mqtt-distinct, but beside the whole
	// reading, and zeros too. A field keeps its value when a telegram lacks it.
	fields    []string
	allFields bool
}

// newCompat returns what publishes below the prefix: that of all topics for the
// first meter, which smartmeter2mqtt had, and one of its own for each further.
func newCompat(prefix string, o *Options) compat {
	c := compat{topic: prefix + "/status/", energy: prefix + "/status/energy"}
	if o.Distinct {
		c.fields = config.List(o.DistinctFields).Names()
		c.allFields = slices.Contains(c.fields, "*")
	}
	return c
}

// reading publishes the whole reading and its fields.
func (c *compat) reading(out *outbox, u *meter.Update) {
	if c.topic == "" {
		return
	}
	out.emit(c.energy, u.JSON, 0, true)
	if c.fields == nil {
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(u.JSON, &members) != nil {
		return // it is this program's own JSON
	}
	fields := c.fields
	if c.allFields {
		fields = slices.Sorted(maps.Keys(members))
	}
	for _, name := range fields {
		value, ok := members[name]
		if !ok {
			value, ok = inner(members, name)
		}
		if ok {
			out.write(c.topic+name, true, func(dst []byte) []byte {
				dst = strconv.AppendInt(append(dst, `{"ts":`...), u.Reading.Received.UnixMilli(), 10)
				return append(append(append(dst, `,"val":`...), value...), '}')
			})
		}
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

// changes publishes the steps of power and gas flow.
func (c *compat) changes(out *outbox, u *meter.Update) {
	if c.topic == "" {
		return
	}
	at := u.Reading.Received.UnixMilli()
	if u.Usage != nil {
		out.write(c.topic+"usage", false, func(dst []byte) []byte { return appendChange(dst, "Usage", u.Usage, at) })
	}
	if u.GasUsage != nil {
		out.write(c.topic+"gasUsage", false, func(dst []byte) []byte {
			return appendChange(dst, "Gas usage", u.GasUsage, at)
		})
	}
}

// appendChange appends the step of a quantity at a time in milliseconds.
func appendChange(dst []byte, what string, c *meter.Change, at int64) []byte {
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
	dst = strconv.AppendInt(append(dst, `,"tc":`...), at, 10)
	return append(dst, '}')
}

// sample publishes the whole sample of the inverter.
func (c *compat) sample(out *outbox, sample *meter.Solar) {
	out.write(c.topic+"solar", true, sample.AppendJSON)
}

// former is what smartmeter2mqtt left behind on the broker. Its entities stay
// in Home Assistant for ever, without a value, until somebody removes the
// topics; only the user can say when, because statistics may still hang on
// them.
type former struct {
	topics []string        // where it announced
	found  map[string]bool // where it did
}

// formerObjects are the entities that smartmeter2mqtt announced, each under a
// retained topic of its own: <prefix>/sensor/<node>/<object>/config. Its node
// is its topic, or in older versions "smartmeter".
var formerObjects = []string{
	"power-usage", "power-imported", "power-exported", "t1-used", "t2-used", "t1-delivered", "t2-delivered",
	"current-tarrif", "house-usage", "gas", "solar-total", "solar-current",
}

func newFormer(n *names) former {
	f := former{found: make(map[string]bool)}
	nodes := []string{"smartmeter"}
	if n.topic != nodes[0] {
		nodes = append(nodes, n.topic)
	}
	for _, node := range nodes {
		for _, object := range formerObjects {
			f.topics = append(f.topics, n.prefix+"/sensor/"+node+"/"+object+"/config")
		}
	}
	return f
}

// find takes what is retained under one of those topics, and reports whether
// smartmeter2mqtt announced something there.
func (f *former) find(m incoming) bool {
	var entity struct {
		UniqueID string `json:"unique_id"`
	}
	if !m.retained || json.Unmarshal(m.payload, &entity) != nil ||
		!strings.HasPrefix(entity.UniqueID, "smartmeter_") && !strings.HasPrefix(entity.UniqueID, "solar-invertor_") {
		return false
	}
	f.found[m.topic] = true
	return true
}

// remove removes what smartmeter2mqtt announced, and returns how many entities
// that were.
func (f *former) remove(out *outbox) int {
	found := slices.Sorted(maps.Keys(f.found))
	for _, topic := range found {
		out.emit(topic, nil, 1, true)
	}
	clear(f.found)
	return len(found)
}
