package app

import (
	"cmp"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// meters is the state of a line's meters that is kept from one run to the next,
// as JSON.
type meters struct {
	Household household.State `json:"household"`
	Guard     guard.State     `json:"guard"`
}

// meters1 is the state that version 1.0 kept in the same file; which M-Bus meter
// has which slot stood in the file of MQTT.
type meters1 struct {
	Meter     string                    `json:"meter"` // equipment identifier
	Energies  map[string]guard.Believed `json:"energies"`
	Submeters []submeter1               `json:"submeters"`
}

type submeter1 struct {
	Medium  string      `json:"medium"`
	ID      string      `json:"id"`
	Channel int         `json:"channel"`
	Unit    string      `json:"unit"`
	Value   meter.Value `json:"value"`
	At      time.Time   `json:"at"`
}

// slots1 is the part of MQTT's file of version 1.0 that is needed.
type slots1 struct {
	Devices map[string]struct {
		ID string `json:"id"`
	} `json:"devices"`
}

// loadMeters returns what the last run kept; false where there is nothing.
func loadMeters(s *store.Store, slot, file string) (meters, bool) {
	var kept struct {
		Household *household.State `json:"household"`
		Guard     *guard.State     `json:"guard"`
		meters1
	}
	if !s.Load(file, &kept) {
		return meters{}, false
	}
	if kept.Household != nil && kept.Guard != nil {
		return meters{*kept.Household, *kept.Guard}, true
	}
	var slots slots1
	s.Load("mqtt_"+slot, &slots)
	return kept.upgrade(slot, slots), true
}

// upgrade returns the state of version 1.0 in today's form.
func (m *meters1) upgrade(slot string, slots slots1) meters {
	k := meters{
		Household: household.State{Electricity: household.Claim{ID: m.Meter}},
		Guard:     guard.State{Energies: m.Energies},
	}
	for _, s := range meter.Sums {
		if key := meter.Quantities[s.Total].Entity.Key; !m.isSum(key, s.Tariffs) {
			k.Guard.Printed = append(k.Guard.Printed, key)
		}
	}
	// Of meters that nobody gave a slot, the one that was read last comes first.
	rank := func(b submeter1) int {
		for n := 1; n <= household.MaxSame; n++ {
			if b.ID != "" && slots.Devices[slot+suffix1(b.Medium, n)].ID == b.ID {
				return n
			}
		}
		return household.MaxSame + 1
	}
	slices.SortStableFunc(m.Submeters, func(a, b submeter1) int {
		return cmp.Or(cmp.Compare(a.Medium, b.Medium), cmp.Compare(rank(a), rank(b)), b.At.Compare(a.At))
	})
	taken := make(map[string]int)
	for _, b := range m.Submeters {
		if taken[b.Medium] > 0 && rank(b) > household.MaxSame {
			continue // gone, or it will get its slot
		}
		taken[b.Medium]++
		value := b.Value
		k.Household.Submeters = append(k.Household.Submeters, household.Submeter{
			Claim: household.Claim{ID: b.ID}, Medium: b.Medium, Channel: b.Channel, Unit: b.Unit,
		})
		k.Guard.Submeters = append(k.Guard.Submeters, guard.Submeter{
			Medium: b.Medium, Slot: taken[b.Medium], Unit: b.Unit, Believed: guard.Believed{Value: &value, At: b.At},
		})
	}
	return k
}

// isSum reports whether the total was the sum of its tariffs.
func (m *meters1) isSum(key string, tariffs []meter.Quantity) bool {
	total, ok := m.Energies[key]
	if !ok || total.Value == nil {
		return true // there is none
	}
	var sum meter.Value
	for _, q := range tariffs {
		if part, ok := m.Energies[meter.Quantities[q].Entity.Key]; ok && part.Value != nil {
			sum = sum.Add(*part.Value)
		}
	}
	return sum.Cmp(*total.Value) == 0
}

// suffix1 returns what the slot of the medium's nth meter ends in.
func suffix1(medium string, n int) string {
	m, ok := meter.MediumByJSON(medium)
	if !ok {
		return ""
	}
	if n > 1 {
		return "_" + meter.Media[m].Slot + "_2"
	}
	return "_" + meter.Media[m].Slot
}
