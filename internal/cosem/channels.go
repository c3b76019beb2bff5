package cosem

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// Groups C and D of the objects of M-Bus channel n, 0-n:C.D.E (IEC 62056-61,
// table 8).
const (
	groupMBus      = 24
	mbusType       = 1
	mbusReading    = 2
	groupIdentity  = 96
	identityNumber = 1
)

// isChannel reports whether a code is of an M-Bus channel: 0-n with n above 0.
// Kamstrup and Kaifa have their clock as 0-1:1.0.0.
func (c Code) isChannel() bool {
	isObject := c.C() == groupMBus || c.C() == groupIdentity
	return isObject && c.A() == 0 && c.B() > 0 && c.B() <= meter.MaxChannels && c.F() == 0xFF
}

// channelTexts are the texts of a channel, kept while they stay the same.
type channelTexts struct{ kind, id string }

// channel takes an object of an M-Bus channel; 1: it is known. Of several
// readings the first one counts.
func (r *Reader) channel(o *Object) int {
	n := int(o.Code.B()) - 1
	c, texts := &r.reading.Channels[n], &r.channels[n]
	switch d := o.Code.D(); {
	case o.Code.C() == groupIdentity:
		if d != identityNumber || o.Code.E() > 1 || o.Type != Text && o.Type != Octets && o.Type != Number || c.ID != "" {
			return 0
		}
		r.scratch = o.AppendValue(r.scratch[:0])
		c.ID = keep(&texts.id, r.scratch)
	case d == mbusType:
		if o.Type != Number || o.Number < 0 || o.Number > 0xFF {
			return 0
		}
		c.Type = meter.DeviceType(o.Number)
		digits := [3]byte{'0' + byte(o.Number/100), '0' + byte(o.Number/10%10), '0' + byte(o.Number%10)} // as P1 prints it
		c.TypeText = keep(&texts.kind, digits[:])
	case d == mbusReading && o.Type == Clock:
		c.Time = o.Clock
	case d == mbusReading && o.Type == Number && c.Unit == meter.UnitNone:
		unit, _ := o.Unit.Reading()
		v, ok := o.Value()
		if unit == meter.UnitNone || !ok {
			r.reading.Odd++
			return 0
		}
		c.Value, c.Unit = v, unit
	default:
		return 0
	}
	return 1
}

// keep returns text as a string, the one that is there where it says the same.
func keep(name *string, text []byte) string {
	if *name != string(text) {
		*name = string(text)
	}
	return *name
}
