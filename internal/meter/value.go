package meter

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
)

// MaxScale is the largest number of decimals a Value carries. P1 sends three
// as a rule and seven at most (EasyMeter Q3D); three more come from Wh and W.
const MaxScale = 12

// maxDigits bounds what ParseValue accepts so that an int64 holds it.
const maxDigits = 18

// ErrNumber is returned for text that is not a decimal number.
var ErrNumber = errors.New("not a decimal number")

// Value is a decimal: n / 10^scale of its quantity's unit. It is never a
// float, so what the meter printed is what every output prints. The zero
// Value is 0; absence is told by Values, not by Value.
type Value struct {
	n     int64
	scale uint8
}

// NewValue returns n / 10^scale. A scale above MaxScale loses the digits
// beyond it.
func NewValue(n int64, scale uint8) Value {
	for ; scale > MaxScale; scale-- {
		n /= 10
	}
	return Value{n, scale}
}

// ParseValue reads a decimal as P1 prints it, Fn(x,y) of DSMR 5.0.2 section
// 6.4: digits, at most one point, a leading minus ("(-00.024*kW)").
// Anything else is ErrNumber.
func ParseValue[T ~string | ~[]byte](text T) (Value, error) {
	i, negative := 0, false
	if len(text) > 0 && text[0] == '-' {
		i, negative = 1, true
	}
	var n int64
	var digits, point int
	point = -1
	for ; i < len(text); i++ {
		c := text[i] - '0'
		if c <= 9 {
			if n != 0 || c != 0 {
				digits++
			}
			if digits > maxDigits {
				return Value{}, ErrNumber
			}
			n = n*10 + int64(c)
			continue
		}
		if text[i] != '.' || point >= 0 {
			return Value{}, ErrNumber
		}
		point = i
	}
	scale := 0
	if point >= 0 {
		scale = len(text) - point - 1
	}
	first := 0
	if negative {
		first = 1
		n = -n
	}
	// A number has a digit on each side of its point.
	if len(text) == first || point == first || (point >= 0 && scale == 0) || scale > MaxScale {
		return Value{}, ErrNumber
	}
	return Value{n, uint8(scale)}, nil
}

// Shift multiplies by 10^by, which changes the unit: kW to W is Shift(3).
// It is exact while the digits fit into 64 bits; beyond, it saturates.
func (v Value) Shift(by int) Value {
	for ; by > 0; by-- {
		if v.scale > 0 {
			v.scale--
			continue
		}
		v.n = mul10(v.n)
	}
	for ; by < 0; by++ {
		if v.scale == MaxScale {
			v.n /= 10
			continue
		}
		v.scale++
	}
	return v
}

func mul10(n int64) int64 {
	switch {
	case n > math.MaxInt64/10:
		return math.MaxInt64
	case n < math.MinInt64/10:
		return math.MinInt64
	}
	return n * 10
}

// align gives both values the same scale: the finer one while the digits fit
// into 64 bits, else the coarser.
func align(a, b Value) (Value, Value) {
	if a.scale > b.scale {
		b, a = align(b, a)
		return a, b
	}
	for a.scale < b.scale {
		if n := mul10(a.n); n/10 == a.n {
			a.n = n
			a.scale++
			continue
		}
		b.n /= 10
		b.scale--
	}
	return a, b
}

// Add returns v + w, exactly while the digits fit into 64 bits; beyond, it
// saturates.
func (v Value) Add(w Value) Value {
	v, w = align(v, w)
	sum := v.n + w.n
	switch {
	case v.n > 0 && w.n > 0 && sum < 0:
		sum = math.MaxInt64
	case v.n < 0 && w.n < 0 && sum >= 0:
		sum = math.MinInt64
	}
	return Value{sum, v.scale}
}

// Sub returns v - w, exactly while the digits fit into 64 bits; beyond, it
// saturates.
func (v Value) Sub(w Value) Value {
	w.n = max(-w.n, -math.MaxInt64) // the smallest int64 has no negative
	return v.Add(w)
}

// Split returns the parts of a signed value that are not negative: v and 0, or
// 0 and -v. Of net power they are import and export.
func (v Value) Split() (positive, negative Value) {
	if v.n < 0 {
		return Value{}, Value{}.Sub(v)
	}
	return v, Value{}
}

// Cmp returns -1, 0 or 1 as v is less than, equal to or greater than w.
func (v Value) Cmp(w Value) int {
	v, w = align(v, w)
	switch {
	case v.n < w.n:
		return -1
	case v.n > w.n:
		return 1
	}
	return 0
}

// MulDiv returns v * num / den rounded half away from zero to the given
// number of decimals; flows are energy or volume over time. den must not be
// zero; a result beyond 64 bits is false.
func (v Value) MulDiv(num, den int64, decimals uint8) (Value, bool) {
	negative := (v.n < 0) != (num < 0) != (den < 0)
	hi, lo := bits.Mul64(abs(v.n), abs(num))
	for s := v.scale; s < decimals; s++ {
		h, l := bits.Mul64(lo, 10)
		if hi > (math.MaxUint64-h)/10 {
			return Value{}, false
		}
		hi, lo = hi*10+h, l
	}
	divisor := abs(den)
	for s := v.scale; s > decimals; s-- {
		if divisor > math.MaxUint64/20 {
			return Value{}, false
		}
		divisor *= 10
	}
	lo, carry := bits.Add64(lo, divisor/2, 0)
	hi += carry
	if divisor == 0 || hi >= divisor {
		return Value{}, false
	}
	q, _ := bits.Div64(hi, lo, divisor)
	if q > math.MaxInt64 {
		return Value{}, false
	}
	n := int64(q)
	if negative {
		n = -n
	}
	return Value{n, decimals}, true
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1
	}
	return uint64(n)
}

// Sign returns -1, 0 or 1.
func (v Value) Sign() int {
	switch {
	case v.n < 0:
		return -1
	case v.n > 0:
		return 1
	}
	return 0
}

// Decimals returns how many decimals the value carries, as the meter prints
// them: 2 for 001.50.
func (v Value) Decimals() int { return int(v.scale) }

// Int returns the whole part.
func (v Value) Int() int64 {
	n := v.n
	for range v.scale {
		n /= 10
	}
	return n
}

// Float64 returns the nearest float, for comparisons that need no exactness.
func (v Value) Float64() float64 { return float64(v.n) / math.Pow10(int(v.scale)) }

// Append writes the shortest exact decimal: 00.000 is 0, 002000.120 is
// 2000.12. That is a JSON number too.
func (v Value) Append(dst []byte) []byte {
	n, scale := v.n, int(v.scale)
	for scale > 0 && n%10 == 0 {
		n /= 10
		scale--
	}
	if scale == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	if n < 0 {
		dst = append(dst, '-')
	}
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], abs(n), 10)
	if len(text) <= scale {
		dst = append(dst, '0', '.')
		for range scale - len(text) {
			dst = append(dst, '0')
		}
		return append(dst, text...)
	}
	dst = append(dst, text[:len(text)-scale]...)
	dst = append(dst, '.')
	return append(dst, text[len(text)-scale:]...)
}

// String is Append as a string.
func (v Value) String() string { return string(v.Append(nil)) }

// MarshalJSON writes the value as a JSON number.
func (v Value) MarshalJSON() ([]byte, error) { return v.Append(nil), nil }

// UnmarshalJSON reads what MarshalJSON wrote. Anything that ParseValue does
// not read is ErrNumber, as are numbers with an exponent.
func (v *Value) UnmarshalJSON(text []byte) (err error) {
	*v, err = ParseValue(text)
	return err
}
