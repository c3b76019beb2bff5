package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// submeter is an M-Bus meter: one that has an identifier is known by it on
// whatever channel it hangs.
type submeter struct {
	total
	identity
	medium  meter.Medium
	channel int             // it was on last, from 1
	time    meter.Timestamp // of the reading that was judged last
	before  mbusReading     // in the last telegram
	met     uint64          // the telegram that it was in last; 0: of an earlier run
	born    uint64          // the telegram that it was in first; 0: of an earlier run
}

// mbusReading is what a telegram says of an M-Bus meter.
type mbusReading struct {
	time  meter.Timestamp
	value meter.Value
	unit  meter.Unit
}

// maxSubmeters bounds how many M-Bus meters are remembered, those that are
// gone included.
const maxSubmeters = 2 * meter.MaxChannels

// channel judges the reading of the M-Bus meter on channel i+1.
func (g *Guard) channel(r *meter.Reading, i int, isChecked bool) {
	c := &r.Channels[i]
	if c.Unit == meter.UnitNone {
		return
	}
	m, ok := c.Type.Medium()
	if !ok {
		return
	}
	s := g.find(i+1, m, c, isChecked)
	s.met = g.telegrams
	rules := mbusRules(m, c.Unit, !c.Time.IsZero(), isChecked)
	this := mbusReading{c.Time, c.Value, c.Unit}
	verdict := believed
	if repeated := s.before == this; isChecked || repeated {
		fresh := c.Time != s.time || c.Time.IsZero()
		s.time = c.Time
		verdict = s.judge(c.Value, c.Unit, r.Received, &rules, fresh, false)
	} else {
		verdict = s.wait(c.Value, c.Unit, r.Received, &rules)
	}
	s.before = this
	g.tell(verdict, Subject{Channel: i + 1, Medium: m}, &s.total, c.Value)
	switch verdict {
	case doubted, held:
		shown := &g.copy(r).Channels[i]
		shown.Value, shown.Unit = s.truth.value, s.truth.unit
	case unknown:
		shown := &g.copy(r).Channels[i]
		shown.Value, shown.Unit = meter.Value{}, meter.UnitNone
	}
}

// wait holds back what only one telegram without checksum says so far.
func (t *total) wait(v meter.Value, u meter.Unit, now time.Time, r *rules) verdict {
	switch {
	case !t.known:
		return unknown
	case v.Cmp(t.truth.value) == 0 && u == t.truth.unit:
		return believed
	case t.fits(v, u, now, r) || t.doubt.held > 0:
		return held
	}
	t.suspect(v, u, now, false)
	return doubted
}

// find returns what is known of the M-Bus meter on that channel, which may be
// a new one.
func (g *Guard) find(channel int, m meter.Medium, c *meter.Channel, isChecked bool) *submeter {
	here, elsewhere := g.search(channel, m, c)
	switch {
	case here != nil && (c.ID == "" || c.ID == here.id):
		here.next = ""
		return here
	case elsewhere != nil:
		elsewhere.channel = channel
		return elsewhere
	case here == nil:
	case here.id == "" || !here.known:
		here.id = c.ID // it was not there, or not to be read, before
		return here
	case !here.another(c.ID, isChecked):
		return here
	}
	return g.add(here, channel, m, c)
}

// search looks for the meter that was on the channel last, and for one with
// the channel's identifier that has moved there. Two channels can have the
// same identifier: heat in GJ, and the water that carried it in m3.
func (g *Guard) search(channel int, m meter.Medium, c *meter.Channel) (here, elsewhere *submeter) {
	for i := range g.submeters {
		s := &g.submeters[i]
		if s.medium != m || s.met == g.telegrams {
			continue
		}
		if s.channel == channel && (here == nil || s.met >= here.met) { // of an earlier run the last counts
			here = s
		}
		if c.ID != "" && s.id == c.ID && s.truth.unit == c.Unit {
			elsewhere = s
		}
	}
	return here, elsewhere
}

// add notes a new meter. Where there was one of its kind in an earlier
// telegram, it probably replaces that.
func (g *Guard) add(before *submeter, channel int, m meter.Medium, c *meter.Channel) *submeter {
	oldest := 0
	for i := range g.submeters {
		s := &g.submeters[i]
		if before == nil && s.medium == m && s.truth.unit == c.Unit && s.born < g.telegrams {
			before = s
		}
		if s.met < g.submeters[oldest].met {
			oldest = i
		}
	}
	if before != nil && before.known {
		e := Event{Kind: Replaced, Subject: Subject{Channel: channel, Medium: m}, To: c.Value, Unit: c.Unit}
		if before.truth.unit == c.Unit {
			e.From = before.truth.value
			e.Booked = booked(e.From, e.To)
		}
		g.events = append(g.events, e)
	}
	fresh := submeter{identity: identity{id: c.ID}, medium: m, channel: channel, born: g.telegrams}
	if len(g.submeters) == maxSubmeters {
		g.submeters[oldest] = fresh
		return &g.submeters[oldest]
	}
	g.submeters = append(g.submeters, fresh)
	return &g.submeters[len(g.submeters)-1]
}
