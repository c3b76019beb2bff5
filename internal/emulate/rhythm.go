package emulate

import (
	"slices"
	"time"
)

// rhythm learns how often readings come. The zero rhythm knows nothing yet.
type rhythm struct {
	last      time.Time
	intervals [8]time.Duration // the recent ones, as a ring
	count     int
}

// beat records that a reading came at t.
func (r *rhythm) beat(t time.Time) {
	if !r.last.IsZero() && t.After(r.last) {
		r.intervals[r.count%len(r.intervals)] = t.Sub(r.last)
		r.count++
	}
	r.last = t
}

// interval returns the usual time between readings: the median, because a
// telegram that was lost, or an outage, says nothing about the meter.
func (r *rhythm) interval() time.Duration {
	if r.count == 0 {
		return unknownInterval
	}
	known := r.intervals
	list := known[:min(r.count, len(known))]
	slices.Sort(list)
	return list[(len(list)-1)/2]
}
