package cosem

import (
	"math"
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Type is what an object holds.
type Type uint8

// The types.
const (
	Absent Type = iota // the meter sent the code and no value
	Number
	Text
	Octets // of which not all are printable
	Clock
)

// Object is one COSEM object of a message: Number * 10^Exp of Unit, or
// another value as its Type says.
type Object struct {
	Code   Code
	Type   Type
	Signed bool // the number came in a type with a sign
	// Assumed reports that the scale was not sent: it is what meters of this
	// maker are known to mean.
	Assumed bool
	Width   uint8 // octets of the number, where SML sends it
	Exp     int8
	Unit    Unit
	Number  int64
	Text    []byte // shares the message's memory
	Clock   meter.Timestamp
	Status  uint64 // status word of SML, 0 without
}

// MaxExp bounds the power of ten of a number: meters use -4 to 3.
const MaxExp = 9

// Value returns a number in the unit in which readings keep it; false where it
// does not fit.
func (o *Object) Value() (meter.Value, bool) {
	_, shift := o.unit().Reading()
	return scaled(o.Number, int(o.Exp)+shift)
}

// unit returns the unit that is meant: the code's own where a meter sends none
// beside a scale, or confuses active, reactive and apparent.
func (o *Object) unit() Unit {
	implied := o.Code.Unit()
	switch {
	case implied == NoUnit || !o.Code.IsElectric():
	case o.Unit == Dimensionless, o.Unit >= Watt && o.Unit <= Var && implied >= Watt && implied <= Var,
		o.Unit >= WattHour && o.Unit <= VarHour && implied >= WattHour && implied <= VarHour:
		return implied
	}
	return o.Unit
}

// scaled returns n * 10^exp.
func scaled(n int64, exp int) (meter.Value, bool) {
	for ; exp > 0; exp-- {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return meter.Value{}, false
		}
		n *= 10
	}
	if exp < -meter.MaxScale {
		return meter.Value{}, false
	}
	return meter.NewValue(n, uint8(-exp)), true
}

// AppendValue writes the value as on paper, with the decimals that the meter
// sends: 250.0, 5.502, 25892000; texts as they are, octets in hexadecimal.
func (o *Object) AppendValue(dst []byte) []byte {
	switch o.Type {
	case Number:
		return appendDecimal(dst, o.Number, int(o.Exp))
	case Text:
		return append(dst, o.Text...)
	case Octets:
		return appendHex(dst, o.Text)
	case Clock:
		return o.Clock.AppendLocal(dst)
	}
	return dst
}

func appendDecimal(dst []byte, n int64, exp int) []byte {
	if n < 0 {
		dst = append(dst, '-')
	}
	magnitude := uint64(n)
	if n < 0 {
		magnitude = -magnitude
	}
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], magnitude, 10)
	if exp >= 0 {
		dst = append(dst, text...)
		for ; exp > 0 && n != 0; exp-- {
			dst = append(dst, '0')
		}
		return dst
	}
	whole := len(text) + exp
	if whole <= 0 {
		dst = append(dst, '0', '.')
		for ; whole < 0; whole++ {
			dst = append(dst, '0')
		}
		return append(dst, text...)
	}
	dst = append(dst, text[:whole]...)
	dst = append(dst, '.')
	return append(dst, text[whole:]...)
}

func appendHex(dst, p []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, b := range p {
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// Message is what one message of a meter says.
type Message struct {
	Protocol string // dlms or sml
	Layout   string // name of the row that read it
	Maker    string // three letters (FLAG) or a name; "" unknown
	Objects  []Object
	Clock    meter.Timestamp // when the meter sent it; zero: it does not say
	ID       []byte          // identifier that stands outside of the objects; nil: none
	// EnergyScale says how sure the scale of the registers is.
	EnergyScale EnergyScale
}

// appendStandard writes what the message is, for people: "DLMS, Kaifa 13", "SML,
// EMH".
func (m *Message) appendStandard(dst []byte) []byte {
	for _, c := range []byte(m.Protocol) {
		dst = append(dst, c-'a'+'A')
	}
	for _, what := range [...]string{m.Maker, m.Layout} {
		if what != "" {
			return append(append(dst, ", "...), what...)
		}
	}
	return dst
}

// EnergyScale says how sure the power of ten of a message's registers is.
type EnergyScale uint8

// The degrees.
const (
	ScaleGiven     EnergyScale = iota // sent with the value, or fixed by the layout
	ScalePresumed                     // what meters of this kind are known to mean
	ScaleUndecided                    // 10 Wh or Wh: nothing in the message tells
)
