package meter

import "time"

// Update is a reading on its way to the outputs. It is shared between them
// and never changed.
type Update struct {
	Slot     string // of the meter
	Reading  Reading
	Guarded  *Reading // Reading without the totals that are doubted; nil: none is. See Entities
	JSON     []byte   // the reading as on the JSON socket, without a line end
	HasPower bool     // the message itself had the net power, which is not that of an earlier one
	Usage    *Change  // the power used changed; nil: it did not
	GasUsage *Change  // there is a new gas reading to compute a flow from
}

// Entities returns the reading that entities show. A total that is doubted
// stands there as it was when it was believed last, or not at all: Home
// Assistant books a total that falls once as a year's use, for ever.
func (u *Update) Entities() *Reading {
	if u.Guarded != nil {
		return u.Guarded
	}
	return &u.Reading
}

// Change is the step of a quantity from one reading to the next.
type Change struct {
	Previous Value
	Value    Value
}

// Status is how the meter's line stands: what one needs to know to tell
// whether the readings are fresh.
type Status struct {
	Slot      string        // of the meter
	Alive     bool          // telegrams arrive
	Telegrams uint64        // telegrams that gave a reading, since the start
	Errors    uint64        // telegrams that were damaged, since the start
	Held      uint64        // how often a total was held back from entities, since the start
	Interval  time.Duration // between the last telegrams; 0 before the second
	Last      time.Time     // our clock at the last reading; zero before the first
	Started   time.Time     // when the program started

	Verdict string // the verdict on the line, for programs: one of a fixed set
	Problem bool   // a person should do something about it
	Text    string // the verdict for people
	Next    string // what to do about it, for people; empty: nothing
	Share   int    // of the telegrams that are damaged, in percent, where that is the matter
}
