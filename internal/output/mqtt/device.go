package mqtt

import (
	"bytes"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// debounce keeps two different announcements of one device apart: while
	// Home Assistant works on one component of a message, a second message
	// makes it skip the components after that one.
	debounce = 10 * time.Second

	// copyAfter is when a changed announcement is sent once more, unchanged,
	// for components that were skipped all the same.
	copyAfter = 30 * time.Second
)

// availability is what the broker holds for a device, as far as is known.
type availability uint8

const (
	availabilityUnknown availability = iota
	offline
	online
)

// detailsSuffix is what the key of an entity's details ends in.
const detailsSuffix = "_attributes"

// device is one device of Home Assistant and what is published of it.
type device struct {
	slot       string // p1, p1_gas, p1_bridge
	parent     *device
	said       identity // in the last telegram
	info       information
	components []component       // all that it can have
	seen       []bool            // those that it has; they only grow
	gone       map[string]string // platforms, by key, of what an earlier run announced and this one removes
	unsaved    bool              // there is something new to remember
	channel    *meter.Channel    // of an M-Bus meter

	stateTopic        string
	availabilityTopic string // empty: none but the program's own
	configTopic       string

	deleted bool      // by the user, in Home Assistant
	stale   bool      // the announcement sent last is not the one to send now
	sent    []byte    // announcement; nil before the first
	sentAt  time.Time // also of copies
	copyAt  time.Time // zero: no copy is due

	// On this connection:
	shown   availability
	stateAt time.Time     // when the state was published
	againAt time.Time     // when to publish it again whatever it is; zero: no need
	stateOf *meter.Update // the reading of that state; nil: none yet
}

// information is what Home Assistant shows of a device beside its entities.
type information struct {
	name         string
	manufacturer string
	model        string
	modelID      string
	serial       string
	version      string
	number       int // above 1: the second of its kind
}

// merge takes what b knows; what it lacks stays, because a line of one
// telegram can be odd.
func (i information) merge(b information) information {
	keep := func(old, fresh string) string {
		if fresh == "" {
			return old
		}
		return fresh
	}
	return information{
		keep(i.name, b.name), keep(i.manufacturer, b.manufacturer), keep(i.model, b.model),
		keep(i.modelID, b.modelID), keep(i.serial, b.serial), keep(i.version, b.version),
		i.number,
	}
}

// newDevice returns the device of that slot, so far without entities.
func newDevice(topic, slot, name string, components []component) device {
	return device{
		slot:       slot,
		info:       information{name: name},
		components: components,
		seen:       make([]bool, len(components)),
		stateTopic: stateTopic(topic, slot),
	}
}

func stateTopic(topic, slot string) string { return topic + "/" + slot + "/state" }

// identity is what a telegram says of a meter, as it is printed.
type identity struct{ header, id, standard string }

// identify brings the information up to date.
func (d *device) identify(said identity) {
	if said == d.said {
		return // every telegram says the same, and looking into it costs
	}
	d.said = said
	if merged := d.info.merge(about(said)); merged != d.info {
		d.info = merged
		d.stale, d.unsaved = true, true
	}
}

// known tells whether the device has any entity yet.
func (d *device) known() bool {
	for _, seen := range d.seen {
		if seen {
			return true
		}
	}
	return false
}

// learn notes the components that have a value for the first time.
func (d *device) learn(v *view, groups *groups) {
	for i := range d.components {
		c := &d.components[i]
		if d.seen[i] || !groups.has(c.Group) {
			continue
		}
		if _, ok := c.value(v.scratch[:0], v); ok {
			d.seen[i] = true
			d.stale, d.unsaved = true, true
		}
	}
}

// appendState writes the value of every component that the device has.
func (d *device) appendState(dst []byte, v *view) []byte {
	dst = append(dst, '{')
	first := true
	for i := range d.components {
		if !d.seen[i] || d.components[i].value == nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, d.components[i].Key...)
		dst = append(dst, '"', ':')
		mark := len(dst)
		var ok bool
		if dst, ok = d.components[i].value(dst, v); !ok {
			dst = null(dst[:mark])
		}
		if details := d.components[i].details; details != nil {
			dst = append(append(append(dst, `,"`...), d.components[i].Key...), detailsSuffix+`":`...)
			dst = details(dst, v)
		}
	}
	return append(dst, '}')
}

// announce returns the announcement to send now, nil for none. With again,
// one goes out even when it was sent before.
func (d *device) announce(now time.Time, again bool, build func(*device) []byte) []byte {
	if !d.known() || d.deleted {
		return nil
	}
	if d.stale && (d.sent == nil || now.Sub(d.sentAt) >= debounce) {
		d.stale = false
		if config := build(d); !bytes.Equal(config, d.sent) {
			d.sent, d.sentAt, d.copyAt = config, now, now.Add(copyAfter)
			return config
		}
	}
	if !again {
		return nil
	}
	d.sentAt = now
	return d.sent
}

// next is when an announcement is due, zero for never.
func (d *device) next() time.Time {
	if d.deleted {
		return time.Time{}
	}
	if d.stale && d.sent != nil {
		return earlier(d.sentAt.Add(debounce), d.copyAt)
	}
	return d.copyAt
}

// earlier is the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
