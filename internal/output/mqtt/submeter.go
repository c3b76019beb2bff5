package mqtt

import (
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// maxAge is how old an M-Bus meter's reading may be: gas meters report once
	// an hour, water meters once a day.
	maxAge = 24 * time.Hour

	// maxSame is how many meters of one medium have a slot.
	maxSame = 2

	// missed is how many readings a new meter has while the old one, which is
	// still in the telegrams, has none before the new one takes its place.
	missed = 3
)

// submeter is a meter that hangs on the electricity meter by M-Bus. Its slot
// belongs to the meter that has the identifier, whichever channel it is on.
type submeter struct {
	device
	medium  meter.Medium
	unit    meter.Unit // of its total, for as long as the meter is the same
	id      string     // identifier as printed
	number  int        // of its channel in the last telegram that had it
	channel meter.Channel
	clock   meter.Timestamp
	moved   time.Time // our clock when its reading changed
	grew    time.Time // our clock when its value did, in this run; zero: never
	met     bool      // in the last telegram
	fresh   bool      // with a reading that it did not have before
	rounds  int       // readings since there is a stranger
}

// stranger is an M-Bus meter without a slot, of a medium whose slot is taken:
// the successor of that meter, or one more.
type stranger struct {
	id        string
	channel   meter.Channel
	telegrams int
	rounds    int  // readings since the first
	alongside bool // it was seen in one telegram with the meter that has the slot
	said      bool // that there is no slot for it
}

func (s *session) learnSubmeters(r *meter.Reading) {
	for m := range s.submeters {
		for _, sub := range s.submeters[m] {
			sub.met, sub.fresh = false, false
		}
	}
	var others [meter.NumMedia]*meter.Channel
	for i := range r.Channels {
		c := &r.Channels[i]
		m, ok := c.Type.Medium()
		if !ok || c.Unit == meter.UnitNone {
			continue
		}
		if sub := s.owner(m, i+1, c); sub != nil {
			sub.take(i+1, c, r)
			continue
		}
		if o := others[m]; o == nil || c.Time.Compare(o.Time) > 0 {
			others[m] = c
		}
	}
	for m, c := range others {
		if c != nil {
			s.meet(meter.Medium(m), c, r)
		}
	}
	for m := range s.submeters {
		for _, sub := range s.submeters[m] {
			if !sub.met {
				continue
			}
			s.view.channel = &sub.channel
			sub.identify(identity{id: sub.id})
			sub.learn(&s.view, &s.groups)
			if s.electricity.known() && sub.parent != s.electricity {
				sub.parent, sub.stale = s.electricity, true
			}
		}
	}
}

// owner returns the meter on that channel, nil if it has no slot.
func (s *session) owner(m meter.Medium, number int, c *meter.Channel) *submeter {
	for _, sub := range s.submeters[m] {
		if c.ID == sub.id || (c.ID == "" || sub.id == "") && sub.number == number {
			return sub
		}
	}
	return nil
}

// meet decides about a meter that has no slot: the first of its medium gets
// it; a later one replaces a meter that is gone, or gets a slot of its own
// once both are known to report.
func (s *session) meet(m meter.Medium, c *meter.Channel, r *meter.Reading) {
	if len(s.submeters[m]) == 0 {
		best, _ := r.Medium(m)
		s.replace(s.submeter(m, 1, best.Unit), best, r)
		return
	}
	o := &s.strangers[m]
	if o.telegrams == 0 || o.id != c.ID {
		*o = stranger{id: c.ID, channel: *c}
		for _, sub := range s.submeters[m] {
			sub.rounds = 0
		}
	}
	o.telegrams++
	if o.channel != *c {
		o.channel = *c
		o.rounds++
	}
	if r.Checksum != meter.ChecksumValid && o.telegrams < 2 || !recent(c.Time, r, s.view.zone) {
		return // an identifier that was damaged, or a meter that is gone
	}
	both := false
	for _, sub := range s.submeters[m] {
		o.alongside = o.alongside || sub.met
		both = both || sub.rounds > 0
	}
	for _, sub := range s.submeters[m] {
		gone := !sub.met && !o.alongside || !sub.reports(r, s.view.zone) || o.rounds >= missed && sub.rounds == 0
		if gone && (!sub.met || !lesser(c, sub)) {
			s.replace(sub, c, r)
			return
		}
	}
	switch {
	case !both || o.rounds == 0 || lesser(c, s.submeters[m][0]):
	case len(s.submeters[m]) < maxSame:
		s.replace(s.submeter(m, len(s.submeters[m])+1, c.Unit), c, r)
	case !o.said:
		o.said = true
		s.log.Warn("there are more meters of one kind than entities for them: only the first two are shown in Home Assistant",
			"kind", meter.Media[m].Device, "left out", tail(c.ID))
	}
}

// lesser tells that c counts the water that carried the heat which the other
// meter counts.
func lesser(c *meter.Channel, sub *submeter) bool {
	return c.Unit == meter.CubicMetre && sub.unit != meter.CubicMetre
}

// replace gives the slot to the meter on that channel.
func (s *session) replace(sub *submeter, c *meter.Channel, r *meter.Reading) {
	s.swapped(&sub.device, sub.id, c.ID)
	if sub.unit != c.Unit {
		sub.unit, sub.components, sub.stale = c.Unit, mbus(sub.medium, c.Unit), true
	}
	sub.id = c.ID
	s.strangers[sub.medium] = stranger{}
	number := 1
	for i := range r.Channels {
		if &r.Channels[i] == c {
			number = i + 1
		}
	}
	sub.take(number, c, r)
}

// submeter makes the slot of the medium's first meter, or of one more.
func (s *session) submeter(m meter.Medium, number int, unit meter.Unit) *submeter {
	info := &meter.Media[m]
	slot, name := submeterSlot(s.slot, m, number), info.Device
	sub := &submeter{device: newDevice(s.topic, slot, name, mbus(m, unit)), medium: m, unit: unit}
	if number > 1 {
		sub.info.number = number
	}
	sub.device.channel = &sub.channel
	parent := s.bridge
	if s.electricity.known() {
		parent = s.electricity
	}
	s.add(&sub.device, parent)
	s.submeters[m] = append(s.submeters[m], sub)
	return sub
}

// submeterSlot is p1_water, of the second meter p1_water_2.
func submeterSlot(slot string, m meter.Medium, number int) string {
	slot += "_" + meter.Media[m].Slot
	if number > 1 {
		slot += "_" + strconv.Itoa(number)
	}
	return slot
}

// take notes the channel's reading.
func (s *submeter) take(number int, c *meter.Channel, r *meter.Reading) {
	switch {
	case c.Unit != s.unit, // an odd line, or the water of a heat meter: a meter does not change its unit
		s.met && c.Time.Compare(s.channel.Time) <= 0:
		return
	case s.id == "" && c.ID != "":
		s.id, s.unsaved = c.ID, true
	}
	s.met = true
	s.number = number
	if s.channel.Unit != meter.UnitNone && s.channel.Value != c.Value {
		s.grew = r.Received
	}
	if *c != s.channel {
		s.fresh = true
		s.rounds++
	}
	if s.fresh || c.Time.IsZero() {
		s.moved = r.Received
	}
	s.clock = r.Time
	s.channel = *c
}

// reports reports whether the meter still does, judged by the clock of the
// electricity meter; without one (DSMR 2.2) by when its reading last changed.
// A value that moves is a report too, where the meter's own time stands still.
func (s *submeter) reports(r *meter.Reading, zone *time.Location) bool {
	if s.channel.Unit == meter.UnitNone {
		return false // known from an earlier run only
	}
	if !s.grew.IsZero() && r.Received.Sub(s.grew) <= maxAge {
		return true
	}
	if r.Time.IsZero() {
		return r.Received.Sub(s.moved) <= maxAge
	}
	t := s.channel.Time
	if t.IsZero() {
		t = s.clock
	}
	return recent(t, r, zone)
}

// recent tells whether a reading of that time is not too old.
func recent(t meter.Timestamp, r *meter.Reading, zone *time.Location) bool {
	return t.IsZero() || r.Time.IsZero() || r.Time.Time(zone, r.Received).Sub(t.Time(zone, r.Received)) <= maxAge
}
