package derive

import (
	"maps"
	"slices"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Account keeps the totals of several meters together true to what is used: Home
// Assistant books every rise as use, and takes a fall for a meter that began at
// 0. The totals begin as the sum of the meters'. A meter that joins later counts
// from then on, and what one that leaves had counted stays. It is kept from one
// run to the next, as JSON.
type Account struct {
	Left    map[string]meter.Value        `json:"left"`    // what meters counted that are gone, by the name of the total
	Members map[string]map[string]Counted `json:"members"` // by meter and the name of the total
}

// Counted is where a total began to count, and how it stands.
type Counted struct {
	From meter.Value `json:"from"`
	Last meter.Value `json:"last"`
}

// Settle sets the totals of a sum of readings. Names tell the meters apart that
// they are of: another meter in the place of one has another name. It reports
// whether the meters changed since the last sum.
func (a *Account) Settle(sum *meter.Reading, readings []*meter.Reading, names []string) (changed bool) {
	if a.Members == nil {
		a.Left, a.Members = make(map[string]meter.Value), make(map[string]map[string]Counted)
	}
	isFirst := len(a.Members) == 0
	for name := range maps.Clone(a.Members) {
		if !slices.Contains(names, name) {
			for total, c := range a.Members[name] {
				a.leave(total, c)
			}
			delete(a.Members, name)
			changed = true
		}
	}
	for _, name := range names {
		if a.Members[name] == nil {
			a.Members[name] = make(map[string]Counted)
			changed = changed || !isFirst
		}
	}
	for _, q := range registers {
		if sum.Values.Has(q) {
			changed = a.settle(sum, q, readings, names) || changed
		}
	}
	return changed
}

// settle sets one total. It reports whether a meter's began anew.
func (a *Account) settle(sum *meter.Reading, q meter.Quantity, readings []*meter.Reading, names []string) (anew bool) {
	total := meter.Quantities[q].JSON
	isFirst := !a.knows(total)
	for i, name := range names {
		now, _ := readings[i].Values.Get(q)
		c, isMember := a.Members[name][total]
		switch {
		case !isMember && isFirst:
			c = Counted{Last: now}
		case !isMember:
			c = Counted{now, now}
		case guard.IsReset(c.Last, now):
			a.leave(total, c)
			c, anew = Counted{now, now}, true
		default:
			c.Last = now
		}
		a.Members[name][total] = c
	}
	all := a.Left[total]
	for _, member := range a.Members {
		c := member[total]
		all = all.Add(c.Last.Sub(c.From))
	}
	sum.Values.Set(q, all)
	return anew
}

// knows reports whether the total was in a sum before.
func (a *Account) knows(total string) bool {
	if _, ok := a.Left[total]; ok {
		return true
	}
	for _, member := range a.Members {
		if _, ok := member[total]; ok {
			return true
		}
	}
	return false
}

// leave keeps what a meter has counted.
func (a *Account) leave(total string, c Counted) {
	a.Left[total] = a.Left[total].Add(c.Last.Sub(c.From))
}
