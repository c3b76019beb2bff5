package source

import "time"

const (
	leastSilence = 15 * time.Second // that is taken for a failure
	mostPatience = 70 * time.Second // before the interval is known: Czech meters push once a minute
	manyBeats    = 5                // as many telegrams must be missing
	// A meter that was off for a night must not make the program wait for
	// days when it goes off again.
	mostInterval = 10 * time.Minute
)

// rhythm learns how often telegrams come, and from that how long a silence is
// normal. The zero rhythm knows nothing yet.
type rhythm struct {
	last      time.Time
	intervals [8]time.Duration // the recent ones, as a ring
	next      int
	silences  int // in a row, without a telegram in between
}

// beat records that a telegram came at t.
func (r *rhythm) beat(t time.Time) {
	if !r.last.IsZero() && t.After(r.last) {
		r.intervals[r.next%len(r.intervals)] = min(t.Sub(r.last), mostInterval)
		r.next++
		r.silences = 0
	}
	r.last = t
}

// silence records that nothing came within the limit.
func (r *rhythm) silence() { r.silences++ }

// limit is how long the line may be silent. The longest recent interval
// counts, because a network reader may deliver in fits. As long as silence
// follows silence the limit grows to a good minute: a slow gateway would otherwise
// be hung up on each time before it speaks, and its interval never be known.
func (r *rhythm) limit() time.Duration {
	longest := time.Duration(0)
	for _, interval := range r.intervals {
		longest = max(longest, interval)
	}
	patience := min(leastSilence<<min(r.silences, 4), mostPatience)
	return max(manyBeats*longest, patience)
}
