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
)

// Values remembers values. The zero Values is empty; it serves one goroutine.
type Values struct {
	values [meter.NumQuantities]value
	id     string
}

type value struct {
	value    meter.Value
	isSum    bool
	at       time.Time // zero: there was none
	interval time.Duration
}

// Merge remembers what the reading has, and adds to it what it lacks and an
// earlier one had, as long as that is no older than its own rhythm allows. A
// reading of another meter begins anew.
func (v *Values) Merge(r *meter.Reading) {
	if r.EquipmentID != "" && v.id != "" && r.EquipmentID != v.id {
		*v = Values{}
	}
	if r.EquipmentID == "" {
		r.EquipmentID = v.id
	}
	v.id = r.EquipmentID
	for q := range meter.NumQuantities {
		k := &v.values[q]
		if got, ok := r.Values.Get(q); ok {
			if !k.at.IsZero() {
				k.interval = r.Received.Sub(k.at)
			}
			k.value, k.isSum, k.at = got, r.Values.IsSum(q), r.Received
			continue
		}
		switch {
		case k.at.IsZero() || r.Received.Sub(k.at) > k.patience():
		case k.isSum:
			r.Values.SetSum(q, k.value)
		default:
			r.Values.Set(q, k.value)
		}
	}
}

func (k *value) patience() time.Duration {
	if k.interval == 0 {
		return first
	}
	return max(least, beats*k.interval)
}
