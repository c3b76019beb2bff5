package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// submeter is the M-Bus meter of a slot.
type submeter struct {
	total
	meter  uint32 // its number in the slot; 0: not known yet
	judged mbusReading
	before mbusReading // of the last telegram
	at     time.Time   // our clock at that
}

// mbusReading is what a telegram says of an M-Bus meter.
type mbusReading struct {
	time  meter.Timestamp
	value meter.Value
	unit  meter.Unit
}

// channel judges the reading of the M-Bus meter on channel i+1.
func (g *Guard) channel(r *meter.Reading, i int, isChecked bool) {
	c := &r.Channels[i]
	m, ok := c.Type.Medium()
	if !ok {
		return
	}
	s := &g.submeters[m][c.Meter.Slot-1]
	subject := Subject{Slot: c.Meter.Slot, Medium: m}
	rules := mbusRules(m, c.Unit, !c.Time.IsZero(), isChecked)
	this := mbusReading{c.Time, c.Value, c.Unit}
	now := &sample{
		value: c.Value, unit: c.Unit, at: r.Received,
		isLate: c.Value.Sign() == 0, isBooting: c.Meter.Booting, isRival: c.Meter.Rival,
	}
	if s.meter != c.Meter.Meter {
		g.replaceSubmeter(s, subject, now, &rules)
		s.meter = c.Meter.Meter
	}
	judged, isAgreed := this, true
	if !isChecked && !now.isRival {
		judged, isAgreed = s.agreed(this, now, &rules)
	}
	verdict := believed
	if isAgreed {
		now.value, now.unit = judged.value, judged.unit
		if judged != this {
			now.at = s.at // when it came
		}
		now.isFresh = judged != s.judged || judged.time.IsZero()
		s.judged = judged
		verdict = g.judge(&s.total, now, &rules)
	} else {
		verdict = s.hold(now, &rules)
	}
	g.record(verdict, subject, i, &s.total, now.value)
	if judged != this && (verdict == believed || verdict == returned || verdict == confirmed) {
		g.held = append(g.held, substitute{subject, i, s.truth, true})
	}
	s.before, s.at = this, r.Received
}

// agreed returns the reading that two telegrams without checksum agree on: this
// one where it stood in the last telegram, else the last one where this goes on
// from it. A meter whose reading is new in every telegram is thus one behind.
func (s *submeter) agreed(this mbusReading, now *sample, r *rules) (mbusReading, bool) {
	if this == s.before {
		return this, true
	}
	before := line{s.before.value, s.before.unit, s.at, s.at}
	return s.before, before.fits(now, r.rate, r.idle)
}

// hold holds back what only one telegram without checksum says so far.
func (s *submeter) hold(now *sample, r *rules) verdict {
	t := &s.total
	switch {
	case !t.known:
		return unknown
	case now.value.Cmp(t.truth.value) == 0 && now.unit == t.truth.unit && !t.doubt.isOpen:
		return believed
	case t.fits(now, r) || t.doubt.isOpen:
		return held
	}
	t.suspect(now)
	return doubted
}

// replaceSubmeter takes the total of another M-Bus meter.
func (g *Guard) replaceSubmeter(s *submeter, subject Subject, now *sample, r *rules) {
	if s.meter == 0 || !s.known {
		return
	}
	e := Event{Kind: Replaced, Subject: subject, To: now.value, Unit: now.unit}
	if s.truth.unit == now.unit {
		e.From = s.truth.value
	}
	e.Booked = s.truth.unit == now.unit && !s.fits(now, r) && booked(s.truth.value, now.value)
	s.renew()
	g.events = append(g.events, e)
}
