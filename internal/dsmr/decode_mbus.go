package dsmr

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func (p *Parser) channel(f field) *meter.Channel {
	n := f.channel
	if n == 0 { // an object of DSMR 2.1, whose group is the medium: 7-0:23.1.0
		n = f.object.Rank
		p.reading.Channels[n-1].Type = f.object.Device
	}
	return &p.reading.Channels[n-1]
}

func (p *Parser) channelSlot(c *meter.Channel, what int) int {
	for i := range p.reading.Channels {
		if c == &p.reading.Channels[i] {
			return slotChannel + 4*i + what
		}
	}
	return slotChannel
}

// decodeType reads 0-n:24.1.0, "003", "03" or "3".
func decodeType(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	if len(group) == 0 {
		return true // nothing hangs there
	}
	v, rest, ok := Number(group)
	if !ok || len(rest) > 0 || v.Int() < 0 || v.Int() > 255 {
		return false
	}
	c := p.channel(f)
	c.Type = meter.DeviceType(v.Int())
	c.TypeText = p.memory.text(p.channelSlot(c, channelType), group)
	return true
}

// decodeChannelID reads the equipment identifier of an M-Bus meter, as
// printed; 0-n:96.1.0 in the Netherlands, 0-n:96.1.1 in Belgium.
func decodeChannelID(p *Parser, f field) bool {
	group, ok := f.first()
	if group = bytes.TrimRight(group, " "); ok && len(group) > 0 {
		if c := p.channel(f); c.ID == "" {
			c.ID = p.memory.text(p.channelSlot(c, channelID), group)
		}
	}
	return ok
}

// decodeEAN reads the Belgian point of delivery.
func decodeEAN(p *Parser, f field) bool {
	group, ok := f.first()
	if group = bytes.TrimRight(group, " "); ok && len(group) > 0 {
		c := p.channel(f)
		c.EAN = p.memory.text(p.channelSlot(c, channelEAN), group)
	}
	return ok
}

// decodeValve reads 0-n:24.4.0.
func decodeValve(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	v, rest, ok := Number(group)
	if !ok || len(rest) > 0 || v.Int() < 0 || v.Int() > 2 {
		return len(group) == 0
	}
	p.channel(f).Valve = int8(v.Int()) + 1
	return true
}

// decodeReading reads "(210204163500W)(00112.384*m3)". The value may stand on
// the next line. A reading that was never made has a time that does not
// exist, or that of a clock that was never set, and is none.
func decodeReading(p *Parser, f field) bool {
	group, rest, ok := cutGroup(f.groups)
	if !ok {
		return false
	}
	t, ok := parseReadingTime(group)
	if !ok {
		return isNever(group)
	}
	c := p.channel(f)
	if c.Unit != meter.UnitNone {
		return true // the first one counts
	}
	c.Time = t
	group, _, ok = cutGroup(rest)
	if !ok {
		p.pending = pending{channel: c}
		return len(rest) == 0
	}
	return p.total(c, group, nil)
}

// parseReadingTime reads when an M-Bus meter was read: never on the first day
// of 2000, which is where the clock of a meter starts that was never set.
func parseReadingTime(group []byte) (meter.Timestamp, bool) {
	t, ok := ParseTimestamp(group)
	return t, ok && t.Compare(firstReading) >= 0
}

// firstReading is 2000-01-02, 00:00.
var firstReading, _ = meter.NewTimestamp(2000, 1, 2, 0, 0, 0, 0)

// isNever distinguishes "there is no reading" from a time that was damaged: digits and
// at most a letter behind them.
func isNever(group []byte) bool {
	for i, c := range group {
		if c-'0' > 9 && (i == 0 || i != len(group)-1 || !isLetter(c)) {
			return false
		}
	}
	return len(group) == 0 || len(group) >= 12
}

func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }

// decodeOldReading reads DSMR 2 and 3: time, status, period, number of values,
// code and unit, and the value alone on the next line:
//
//	0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)
//	(00024.123)
//
// Some meters write the code of channel 1 whatever the channel; some put the
// value into the same line.
func decodeOldReading(p *Parser, f field) bool {
	group, rest, ok := cutGroup(f.groups)
	if !ok {
		return false
	}
	t, ok := parseReadingTime(group)
	if !ok {
		return isNever(group)
	}
	for range 4 {
		if _, rest, ok = cutGroup(rest); !ok {
			return false
		}
	}
	unit, rest, ok := cutGroup(rest)
	if !ok {
		return false
	}
	c := p.channel(f)
	if c.Unit != meter.UnitNone {
		return true // the first one counts: heat before cold
	}
	c.Time = t
	if group, _, ok = cutGroup(rest); ok {
		return p.total(c, group, unit)
	}
	p.pending = pending{channel: c, unit: unit}
	return len(rest) == 0
}

// continueReading takes the value that stands alone on its line.
func (p *Parser) continueReading(line []byte) {
	if c := p.pending.channel; c != nil {
		if group, _, ok := cutGroup(line); ok {
			p.total(c, group, p.pending.unit)
		}
		p.pending = pending{}
	}
}

// total reads the value of an M-Bus meter, whose unit is its own.
func (p *Parser) total(c *meter.Channel, group, unit []byte) bool {
	v, rest, ok := Number(group)
	if !ok {
		c.Time = meter.Timestamp{}
		return false
	}
	if len(rest) > 0 && rest[0] == '*' {
		rest = rest[1:]
	}
	if len(rest) > 0 {
		unit = rest
	}
	c.Value = v
	if len(unit) == 0 {
		for i := range p.reading.Channels {
			p.unitless[i] = p.unitless[i] || c == &p.reading.Channels[i]
		}
		return true
	}
	u, shift, ok := parseUnit(unit)
	if ok {
		c.Value, c.Unit = v.Shift(shift), u
	}
	return ok
}

// decodeHourly reads one of the hourly gas values of an ACE4000, whose newest
// counts: 7-0:23.1.0*255(01238.740*m3)(19-01-01 00:00:00).
func decodeHourly(p *Parser, f field) bool {
	value, rest, ok := cutGroup(f.groups)
	if !ok {
		return false
	}
	group, _, ok := cutGroup(rest)
	t, valid := ParseTimestamp(group)
	if !ok || !valid {
		return false
	}
	c := p.channel(f)
	if c.Unit != meter.UnitNone && t.Compare(c.Time) <= 0 {
		return true
	}
	c.Time = t
	return p.total(c, value, nil)
}
