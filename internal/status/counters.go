package status

import (
	"encoding/json"
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
)

// Counters count since the start of the program.
type Counters struct {
	Bytes     uint64  `json:"bytes"`     // that the line sent
	Telegrams uint64  `json:"telegrams"` // that gave a reading
	Skipped   uint64  `json:"skipped"`   // bytes outside of telegrams
	Held      uint64  `json:"held"`      // totals held back from the entities
	Interval  float64 `json:"interval"`  // between the last two readings, in seconds

	// Rejected are the telegrams and frames that gave no reading, by cause. In
	// JSON each has a member of its own.
	Rejected [diagnosis.NumCauses]uint64 `json:"-"`
}

// Bad returns how many telegrams and frames gave no reading.
func (c *Counters) Bad() (n uint64) {
	for _, rejected := range c.Rejected {
		n += rejected
	}
	return n
}

// withoutCauses is Counters as encoding/json knows it.
type withoutCauses Counters

// MarshalJSON writes all counts as members of one object.
func (c Counters) MarshalJSON() ([]byte, error) {
	object, err := json.Marshal(withoutCauses(c))
	if err != nil {
		return nil, err
	}
	object = object[:len(object)-1]
	for _, cause := range diagnosis.Counted() {
		object = append(object, `,"`+cause.Member()+`":`...)
		object = strconv.AppendUint(object, c.Rejected[cause], 10)
	}
	return append(object, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Counters) UnmarshalJSON(object []byte) error {
	if err := json.Unmarshal(object, (*withoutCauses)(c)); err != nil {
		return err
	}
	var members map[string]json.Number
	if err := json.Unmarshal(object, &members); err != nil {
		return err
	}
	for _, cause := range diagnosis.Counted() {
		n, err := strconv.ParseUint(string(members[cause.Member()]), 10, 64)
		if err == nil { // an older program lacks some
			c.Rejected[cause] = n
		}
	}
	return nil
}
