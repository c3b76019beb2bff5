// Package latest keeps the newest value of every quantity of a meter whose
// messages come in lists of different rhythm: the power every few seconds, the
// totals every hour.
package latest

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// first is how long a value counts whose rhythm is not known yet: the
	// slowest lists come each hour, and one may be lost.
	first = 2*time.Hour + 10*time.Minute
	// beats is how many of its own intervals a value counts.
	beats = 3
	// least is how long every value counts: lists are lost now and then.
	least = 30 * time.Second
	// maxMeters bounds the meters of a line: the one that was silent for longest
	// is forgotten.
	maxMeters = 4
)

// Values remembers the values of the meters of a line, each by itself. The zero
// Values is empty; it serves one goroutine.
type Values struct{ meters []*values }

// values are those of one meter.
type values struct {
	id         string
	at         time.Time
	quantities [meter.NumQuantities]value
	channels   [meter.MaxChannels]channel
}

type value struct {
	value meter.Value
	isSum bool
	age
}

type channel struct {
	channel meter.Channel
	age
}

// age is when something came and how often it does.
type age struct {
	at       time.Time // zero: there was none
	interval time.Duration
}

func (a *age) renew(now time.Time) {
	if !a.at.IsZero() {
		a.interval = now.Sub(a.at)
	}
	a.at = now
}

// counts reports whether what came is no older than its own rhythm allows.
func (a *age) counts(now time.Time) bool {
	patience := first
	if a.interval > 0 {
		patience = max(least, beats*a.interval)
	}
	return !a.at.IsZero() && now.Sub(a.at) <= patience
}

// Merge remembers what the reading has, and adds to it what it lacks and an
// earlier one of the same meter had, as long as that is no older than its own
// rhythm allows.
func (v *Values) Merge(r *meter.Reading) {
	of := v.of(r.EquipmentID)
	of.at = r.Received
	for q := range meter.NumQuantities {
		k := &of.quantities[q]
		if got, ok := r.Values.Get(q); ok {
			k.renew(r.Received)
			k.value, k.isSum = got, r.Values.IsSum(q)
			continue
		}
		switch {
		case !k.counts(r.Received):
		case k.isSum:
			r.Values.SetSum(q, k.value)
		default:
			r.Values.Set(q, k.value)
		}
	}
	for i := range r.Channels {
		k, c := &of.channels[i], &r.Channels[i]
		if c.Type != 0 || c.Unit != meter.UnitNone {
			k.renew(r.Received)
			k.channel = *c
		} else if k.counts(r.Received) {
			*c = k.channel
		}
	}
}

// of returns the values of the meter with an identifier. What came before any
// meter said its own belongs to the first that does.
func (v *Values) of(id string) *values {
	oldest := -1
	for i, m := range v.meters {
		if m.id == id {
			return m
		}
		if oldest < 0 || m.at.Before(v.meters[oldest].at) {
			oldest = i
		}
	}
	switch {
	case len(v.meters) == 1 && v.meters[0].id == "":
		v.meters[0].id = id
		return v.meters[0]
	case len(v.meters) < maxMeters:
		v.meters = append(v.meters, new(values))
		oldest = len(v.meters) - 1
	}
	*v.meters[oldest] = values{id: id}
	return v.meters[oldest]
}
