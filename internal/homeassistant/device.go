package homeassistant

import (
	"cmp"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Device is a device of Home Assistant. Its entities only grow: one is there
// from its first value on.
type Device struct {
	Slot    string // p1, p1_gas, p1_bridge
	Topics  Topics
	Parent  *Device // it hangs on; nil: on none
	Deleted bool    // by the user, in Home Assistant
	Stale   bool    // its announcement changed
	Unsaved bool    // there is something new to remember

	name     string // English
	number   int    // above 1: the second of its kind
	said     Identity
	info     Information
	entities []member
	gone     map[string]string // platforms, by key, of what an earlier run announced and this one removes
}

// Topics are where a device is published.
type Topics struct {
	State        string // ends in /state; topics of single entities stand beside it
	Availability string // beside that of the program
	Config       string // of its announcement
}

// member is an entity that a device can have.
type member struct {
	*Entity
	seen bool // it has it
}

// Identity is what a telegram says of a meter, as it is printed.
type Identity struct {
	Header string `json:"header,omitempty"`
	ID     string `json:"id,omitempty"`
}

// Information is what Home Assistant shows of a device beside its entities.
type Information struct{ Manufacturer, Model, Serial, Version string }

// NewDevice returns the device of that slot, so far without entities. name is
// English, number tells several of one name apart, from 1.
func NewDevice(slot, name string, number int, entities []Entity, topics Topics) *Device {
	d := &Device{Slot: slot, number: number, Topics: topics}
	d.Become(name, entities)
	return d
}

// Become changes the name of the device and the entities that it can have, of
// which it has those that stand where one stood before that it had.
func (d *Device) Become(name string, entities []Entity) {
	before := d.entities
	d.name = name
	d.entities = make([]member, len(entities))
	for i := range entities {
		d.entities[i] = member{&entities[i], i < len(before) && before[i].seen}
	}
	d.Stale = true
}

// Name returns the name of the device; the second of its kind has a number.
func (d *Device) Name(l meter.Language) string {
	name := Name(l, d.name)
	if d.number > 1 {
		return name + " " + strconv.Itoa(d.number)
	}
	return name
}

func (d *Device) changed() { d.Stale, d.Unsaved = true, true }

// Identify brings what is known of a meter up to date.
func (d *Device) Identify(said Identity) {
	if said == d.said {
		return // every telegram says the same, and looking into it costs
	}
	d.said = said
	maker, model := makerOf(said.Header)
	if d.Describe(Information{Manufacturer: maker, Model: model, Serial: meter.Label(said.ID)}) {
		d.Unsaved = true
	}
}

// Said returns what the device was identified by last.
func (d *Device) Said() Identity { return d.said }

// Describe takes what info knows; what it lacks stays, because a line of one
// telegram can be odd. It reports whether anything changed.
func (d *Device) Describe(info Information) bool {
	merged := Information{
		cmp.Or(info.Manufacturer, d.info.Manufacturer), cmp.Or(info.Model, d.info.Model),
		cmp.Or(info.Serial, d.info.Serial), cmp.Or(info.Version, d.info.Version),
	}
	if merged == d.info {
		return false
	}
	d.info, d.Stale = merged, true
	return true
}

// IsKnown reports whether the device has any entity yet.
func (d *Device) IsKnown() bool {
	return slices.ContainsFunc(d.entities, func(e member) bool { return e.seen })
}

// Learn notes the entities that have a value for the first time.
func (d *Device) Learn(v *View, groups *Groups) {
	for i := range d.entities {
		e := &d.entities[i]
		if e.seen || !groups.has(e.Group) {
			continue
		}
		if _, ok := e.Value(v.scratch[:0], v); ok {
			e.seen = true
			d.changed()
		}
	}
}

// entity returns what the device can have under the key; nil: nothing.
func (d *Device) entity(key string) *member {
	i := slices.IndexFunc(d.entities, func(e member) bool { return e.Key == key })
	if i < 0 {
		return nil
	}
	return &d.entities[i]
}

// Has reports whether the device has the entity, which it must be able to have.
func (d *Device) Has(key string) bool { return d.entity(key).seen }

// Add gives the device the entity, whether it has a value or not.
func (d *Device) Add(key string) {
	d.entity(key).seen = true
	delete(d.gone, key)
	d.changed()
}

// Remove takes the entity away from the device, and from Home Assistant.
func (d *Device) Remove(key string) {
	if e := d.entity(key); e.seen {
		e.seen = false
		d.remove(key, e.on())
	}
}

func (d *Device) remove(key, platform string) {
	if d.gone == nil {
		d.gone = make(map[string]string)
	}
	d.gone[key] = platform
	d.changed()
}

// Forget leaves out what was removed, once Home Assistant was told.
func (d *Device) Forget() {
	if len(d.gone) > 0 {
		d.gone = nil
		d.changed()
	}
}

// Platforms returns the entities that Home Assistant knows of the device,
// those to be removed too: their platforms, by key.
func (d *Device) Platforms() map[string]string {
	list := make(map[string]string)
	for _, e := range d.entities {
		if e.seen {
			list[e.Key] = e.on()
		}
	}
	maps.Copy(list, d.gone)
	return list
}

var entityKey = regexp.MustCompile("^[a-z0-9_]+$")

// Restore continues an earlier run, which announced entities on those
// platforms. What this version does not have, or on another platform, is to be
// removed.
func (d *Device) Restore(said Identity, platforms map[string]string) {
	d.Identify(said)
	d.Stale = true
	for key, platform := range platforms {
		e := d.entity(key)
		if e != nil {
			e.seen = true
		}
		isPlatform := platform == Sensor || platform == BinarySensor || platform == Button || platform == Number
		if isPlatform && entityKey.MatchString(key) && (e == nil || e.on() != platform) {
			d.remove(key, platform)
		}
	}
}

// detailsSuffix is what the key of an entity's details ends in.
const detailsSuffix = "_attributes"

// AppendState appends the value of every entity that the device has, as one
// JSON object.
func (d *Device) AppendState(dst []byte, v *View) []byte {
	dst = append(dst, '{')
	isFirst := true
	for i := range d.entities {
		e := &d.entities[i]
		if !e.seen || e.Value == nil {
			continue
		}
		if !isFirst {
			dst = append(dst, ',')
		}
		isFirst = false
		dst = append(append(append(dst, '"'), e.Key...), '"', ':')
		mark := len(dst)
		var ok bool
		if dst, ok = e.Value(dst, v); !ok {
			dst = null(dst[:mark])
		}
		if e.Details != nil {
			dst = append(append(append(dst, `,"`...), e.Key...), detailsSuffix+`":`...)
			dst = e.Details(dst, v)
		}
	}
	return append(dst, '}')
}

// Attributes returns the topics of the attributes of entities that the device
// has, and what appends them.
func (d *Device) Attributes() iter.Seq2[string, func(dst []byte, r *meter.Reading) []byte] {
	return func(yield func(string, func([]byte, *meter.Reading) []byte) bool) {
		for i := range d.entities {
			if e := &d.entities[i]; e.seen && e.Attributes != nil && !yield(d.attributesTopic(e.Key), e.Attributes) {
				return
			}
		}
	}
}

// CommandTopic returns where a button of the device is pressed, or a number set.
func (d *Device) CommandTopic(key string) string {
	return strings.TrimSuffix(d.Topics.State, "state") + key
}

func (d *Device) attributesTopic(key string) string { return d.CommandTopic(key) + "/attributes" }
