package cosem

import (
	"bytes"
	"errors"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// ErrEmpty is returned for a message that has nothing of the electricity.
var ErrEmpty = errors.New("the message has no object that is known")

// Reader makes readings of messages. It serves one line and one goroutine; in
// the steady state it allocates nothing.
type Reader struct {
	// Scale decides what the registers count in where messages do not tell.
	Scale EnergyRule

	reading meter.Reading
	doubts  []Doubt
	memo    [96]memo
	names   [2]string // identifier and standard, kept while they stay the same
	// texts of the M-Bus channels, kept likewise
	channels [meter.MaxChannels]channelTexts
	scratch  []byte
	powers   signedPowers
	refuted  bool // the scale of the currents was
}

// memo is what the object at one place of the list meant the last time.
type memo struct {
	code     Code
	quantity meter.Quantity
	known    bool
}

// signedPowers are what messages give as one number with a sign, by phase; 0
// is the total.
type signedPowers struct {
	net      [4]meter.Value
	has      [4]bool
	unsigned *Object // 15.7.0
}

// Doubts returns what of the last message was withheld because it cannot be.
// It is valid until the next Reading.
func (r *Reader) Doubts() []Doubt { return r.doubts }

// Reading returns what a message says as a reading. It is valid until the next
// call; copies stay. The error is ErrEmpty, beside a reading without values.
func (r *Reader) Reading(m *Message, sum meter.Checksum, received time.Time) (*meter.Reading, error) {
	to := &r.reading
	to.Values.Reset()
	to.EquipmentID, to.Time, to.Odd = "", meter.Timestamp{}, 0
	to.Received, to.Checksum = received, sum
	to.Channels = [meter.MaxChannels]meter.Channel{}
	r.doubts, r.powers = r.doubts[:0], signedPowers{}
	to.EquipmentID = keep(&r.names[0], r.identity(m, identifier(m)))
	r.Scale.setMeter(to.EquipmentID)
	r.Scale.observe(m, received)

	known := 0
	for i := range m.Objects {
		o := &m.Objects[i]
		switch {
		case o.Code.isChannel():
			known += r.channel(o)
		case o.Type == Clock:
			if to.Time.IsZero() && o.Code.A() == 0 && o.Code.cde() == clockCode {
				to.Time = o.Clock
			}
		case o.Type == Number && o.Code.IsElectric():
			known += r.electric(m, i, o)
		case o.Code.A() == 0 && o.Code.cde() == tariffCode:
			r.tariff(o)
		case o.Type == Number && o.Code.A() == 0:
			if q, ok := r.lookup(i, o.Code); ok && meter.Quantities[q].Unit == meter.UnitNone {
				to.Values.Set(q, meter.NewValue(o.Number, 0))
			}
		}
	}
	r.settlePowers(m)
	r.checkScales(m)
	if to.Time.IsZero() {
		to.Time = m.Clock
	}
	r.scratch = m.appendStandard(r.scratch[:0])
	to.Standard = keep(&r.names[1], r.scratch)
	if known == 0 {
		return to, ErrEmpty
	}
	return to, nil
}

// identifier returns the object that names the meter best, or nil.
func identifier(m *Message) *Object {
	best := 0
	var id *Object
	for i := range m.Objects {
		o := &m.Objects[i]
		if o.Type != Text && o.Type != Octets && o.Type != Number {
			continue
		}
		if n := identityRank(o.Code); n > best {
			id, best = o, n
		}
	}
	return id
}

var (
	clockCode  = NewCode(0, 0, 1, 0, 0, 0)
	tariffCode = NewCode(0, 0, 96, 14, 0, 0)
)

// electric takes a measured quantity; 1: its meaning is known.
func (r *Reader) electric(m *Message, i int, o *Object) int {
	v, ok := o.Value()
	if !ok {
		r.reading.Odd++
		return 0
	}
	unit, _ := o.unit().Reading()
	if o.Code.D() == 7 && o.Code.E() == 0 && unit == meter.Kilowatt {
		switch o.Code.quantity() {
		case 16:
			r.powers.net[o.Code.phase()], r.powers.has[o.Code.phase()] = v, true
			return 1
		case 1:
			if o.Signed && !m.has(o.Code+1<<24) {
				r.powers.net[o.Code.phase()], r.powers.has[o.Code.phase()] = v, true
				return 1
			}
		case 15:
			if o.Code.phase() == 0 {
				r.powers.unsigned = o
				return 1
			}
		}
	}
	if o.Assumed && o.Code.Kind() == Energy {
		if !r.Scale.apply(m, o) {
			return 1 // withheld until its scale is known
		}
		v, _ = o.Value()
	}
	q, ok := r.lookup(i, Electricity(o.Code.C(), o.Code.D(), o.Code.E()))
	if !ok {
		return 0
	}
	if meter.Quantities[q].Unit != unit {
		r.reading.Odd++
		return 0
	}
	if o.Code.Kind() == Factor && (v.Cmp(one) > 0 || v.Cmp(minusOne) < 0) {
		r.reading.Odd++
		return 1
	}
	if !r.reading.Values.Has(q) {
		r.reading.Values.Set(q, v)
	}
	return 1
}

var one, minusOne = meter.NewValue(1, 0), meter.NewValue(-1, 0)

func (m *Message) has(c Code) bool {
	for i := range m.Objects {
		if m.Objects[i].Code == c {
			return true
		}
	}
	return false
}

// lookup remembers what stands where: the next message has it there again.
func (r *Reader) lookup(i int, c Code) (meter.Quantity, bool) {
	if i >= len(r.memo) {
		return quantityOf(c)
	}
	k := &r.memo[i]
	if k.code != c {
		k.code = c
		k.quantity, k.known = quantityOf(c)
	}
	return k.quantity, k.known
}

// quantityOf returns the quantity that a code stands for; false where it is not
// in the table that all protocols share, or stands for something else.
func quantityOf(c Code) (meter.Quantity, bool) {
	o := obis.Of(c.A(), c.B(), c.C(), c.D(), c.E()).Lookup()
	if o == nil || !o.HasQuantity() {
		return 0, false
	}
	return o.Quantity, true
}

// tariff takes a number, or the digits at the end of a text: "T2", 0002.
func (r *Reader) tariff(o *Object) {
	n := o.Number
	if o.Type != Number {
		at := len(o.Text)
		for at > 0 && o.Text[at-1]-'0' <= 9 {
			at--
		}
		if at == len(o.Text) || len(o.Text)-at > 4 {
			return
		}
		n = 0
		for _, c := range o.Text[at:] {
			n = n*10 + int64(c-'0')
		}
	}
	if n >= 0 && n <= 99 {
		r.reading.Values.Set(meter.Tariff, meter.NewValue(n, 0))
	}
}

// powerPairs are import and export of the total and of each phase.
var powerPairs = [4][2]meter.Quantity{
	{meter.PowerImport, meter.PowerExport}, {meter.PowerImportL1, meter.PowerExportL1},
	{meter.PowerImportL2, meter.PowerExportL2}, {meter.PowerImportL3, meter.PowerExportL3},
}

// settlePowers splits powers that have a sign into import and export.
func (r *Reader) settlePowers(m *Message) {
	if o := r.powers.unsigned; o != nil && !r.powers.has[0] {
		if v, ok := o.Value(); ok {
			switch d := direction(m); {
			case d > 0, v.Sign() < 0: // which says it by itself
				r.powers.net[0], r.powers.has[0] = v, true
			case d < 0:
				r.powers.net[0], r.powers.has[0] = meter.Value{}.Sub(v), true
			}
		}
	}
	values := &r.reading.Values
	for phase, pair := range powerPairs {
		if !r.powers.has[phase] || values.Has(pair[0]) || values.Has(pair[1]) {
			continue
		}
		in, out := r.powers.net[phase].Split()
		values.Set(pair[0], in)
		values.Set(pair[1], out)
	}
}

// identityRank orders the objects that hold the meter's identifier; 0: none.
// Kamstrup's 1-1:96.1.1 is a type, as 0-0:96.1.7 is, and 0-0:96.1.4 a version.
func identityRank(c Code) int {
	switch c {
	case NewCode(0, 0, 96, 1, 0, 255), NewCode(1, 0, 96, 1, 0, 255), NewCode(1, 1, 96, 1, 0, 255),
		NewCode(1, 0, 0, 0, 9, 255):
		return 6
	case NewCode(1, 1, 0, 0, 5, 255):
		return 5
	case NewCode(1, 1, 0, 0, 1, 255):
		return 4
	case NewCode(0, 0, 42, 0, 0, 255):
		return 3
	case NewCode(0, 0, 96, 1, 1, 255):
		return 2
	case NewCode(0, 0, 0, 0, 0, 255), NewCode(0, 0, 96, 1, 2, 255), NewCode(0, 0, 96, 1, 3, 255),
		NewCode(0, 0, 96, 1, 255, 255):
		return 1
	}
	if c.A() == 1 && c.B() <= 1 && c.C() == 0 && c.D() == 0 && c.F() == 0xFF {
		return 1
	}
	return 0
}

func (r *Reader) identity(m *Message, o *Object) []byte {
	if o == nil || m.Protocol == "sml" && len(m.ID) > 0 {
		return m.ID
	}
	r.scratch = o.AppendValue(r.scratch[:0])
	return bytes.TrimSpace(r.scratch)
}
