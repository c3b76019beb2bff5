package mqtt

import (
	"bytes"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
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

// The availability of a device; empty: not known to the broker.
const (
	online  = "online"
	offline = "offline"
)

// device is a device of Home Assistant and what was published of it.
type device struct {
	*homeassistant.Device
	of      *metered       // its meter; the first for what all have together
	channel *meter.Channel // of an M-Bus meter

	sent   []byte    // announcement; nil before the first
	sentAt time.Time // also of copies
	copyAt time.Time // zero: no copy is due

	// On this connection:
	shown   string        // availability as published
	stateAt time.Time     // when the state was published
	againAt time.Time     // when to publish it again whatever it is; zero: no need
	stateOf *meter.Update // the reading of that state; nil: none yet
}

// connect forgets what the connection before knew.
func (d *device) connect() {
	d.shown, d.stateOf, d.copyAt, d.againAt = "", nil, time.Time{}, time.Time{}
}

// announce returns the announcement to send now, nil for none. With again,
// one goes out even when it was sent before.
func (d *device) announce(now time.Time, again bool, build func(*homeassistant.Device) []byte) []byte {
	if !d.IsKnown() || d.Deleted {
		return nil
	}
	if d.Stale && (d.sent == nil || now.Sub(d.sentAt) >= debounce) {
		d.Stale = false
		if config := build(d.Device); !bytes.Equal(config, d.sent) {
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

// announceAt returns when an announcement is due, zero for never.
func (d *device) announceAt() time.Time {
	if d.Deleted {
		return time.Time{}
	}
	if d.Stale && d.sent != nil {
		return earlier(d.sentAt.Add(debounce), d.copyAt)
	}
	return d.copyAt
}

// earlier returns the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func due(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }
