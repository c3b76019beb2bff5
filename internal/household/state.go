package household

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// State is what a Household takes from one run to the next. Its JSON form is
// kept on disk.
type State struct {
	Electricity Claim       `json:"electricity"`
	Submeters   []Submeter  `json:"submeters,omitempty"` // of one medium in the order of their slots
	Strangers   []Strangers `json:"strangers,omitempty"`
}

// Claim is which meter has a slot, and which one had it. One that wants it has
// to wait anew: nobody knows what was said between two runs.
type Claim struct {
	ID          string     `json:"id,omitempty"`
	Meter       uint32     `json:"meter,omitempty"` // its number in the slot, less one
	Last        uint32     `json:"last,omitempty"`  // highest number that was given, less one
	Former      string     `json:"former,omitempty"`
	FormerMeter uint32     `json:"formerMeter,omitempty"`
	Left        *time.Time `json:"formerLeft,omitempty"`
	ClockLost   *time.Time `json:"clockLost,omitempty"`
}

// Submeter is an M-Bus meter that has a slot.
type Submeter struct {
	Claim
	Medium  string `json:"medium"` // as the JSON socket names it
	Channel int    `json:"channel"`
	Unit    string `json:"unit"`
}

// Strangers are the identifiers of meters that are known to have no slot.
type Strangers struct {
	Medium string   `json:"medium"`
	IDs    []string `json:"ids"`
}

// State returns what is known now.
func (h *Household) State() State {
	s := State{Electricity: keep(&h.claim, &h.clock)}
	for m := range h.media {
		of, name := &h.media[m], meter.Media[m].JSON
		for i := range of.members {
			member := &of.members[i]
			s.Submeters = append(s.Submeters, Submeter{
				Claim: keep(&member.claim, &member.clock), Medium: name, Channel: member.channel, Unit: member.unit.String(),
			})
		}
		var ids []string
		for _, st := range of.strangers {
			if st.id != "" {
				ids = append(ids, st.id)
			}
		}
		if ids != nil {
			s.Strangers = append(s.Strangers, Strangers{name, ids})
		}
	}
	return s
}

// Restore makes the Household begin where an earlier one ended. What it does
// not understand it leaves out. It is for a Household that has seen no reading
// yet.
func (h *Household) Restore(s State) {
	s.Electricity.restore(&h.claim, &h.clock)
	for _, kept := range s.Submeters {
		m, isMedium := meter.MediumByJSON(kept.Medium)
		unit, shift, isUnit := meter.ParseUnit(kept.Unit)
		if !isMedium || !isUnit || shift != 0 || len(h.media[m].members) == MaxSame {
			continue
		}
		restored := member{unit: unit, channel: kept.Channel}
		kept.restore(&restored.claim, &restored.clock)
		h.media[m].members = append(h.media[m].members, restored)
	}
	for _, kept := range s.Strangers {
		if m, ok := meter.MediumByJSON(kept.Medium); ok {
			for _, id := range kept.IDs[:min(len(kept.IDs), maxStrangers)] {
				of := &h.media[m]
				of.strangers[of.remember(id, 0, sample{}, time.Time{})].isGone = true
			}
		}
	}
}

func keep(c *claim, k *clock) Claim {
	return Claim{
		ID: c.id, Meter: c.meter, Last: c.last,
		Former: c.former.id, FormerMeter: c.former.meter, Left: moment(c.former.left),
		ClockLost: moment(k.lost),
	}
}

func (s *Claim) restore(c *claim, k *clock) {
	*c = claim{
		id: s.ID, meter: s.Meter, last: max(s.Last, s.Meter),
		former: former{s.Former, s.FormerMeter, from(s.Left)},
	}
	*k = clock{from(s.ClockLost)}
}

// moment leaves out the clock that never jumps, which ends with this run.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func from(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
