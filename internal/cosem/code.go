// Package cosem holds what a meter's message says, whatever the protocol: a
// list of COSEM objects, each an OBIS code with an exact decimal, a text or a
// time. Packages dlms and sml make it of a message, and Reader makes a reading
// of it.
package cosem

import "strconv"

// Code is an OBIS code A-B:C.D.E*F, an octet each, A in bits 40 to 47.
type Code uint64

// NewCode returns A-B:C.D.E*F.
func NewCode(a, b, c, d, e, f byte) Code {
	return Code(a)<<40 | Code(b)<<32 | Code(c)<<24 | Code(d)<<16 | Code(e)<<8 | Code(f)
}

// CodeOf returns the code of six octets as messages carry it.
func CodeOf(p []byte) Code { return NewCode(p[0], p[1], p[2], p[3], p[4], p[5]) }

// Electricity returns 1-0:C.D.E.
func Electricity(c, d, e byte) Code { return NewCode(1, 0, c, d, e, 0xFF) }

// A is the medium: 0 none, 1 electricity.
func (c Code) A() byte { return byte(c >> 40) }

// B is the channel.
func (c Code) B() byte { return byte(c >> 32) }

// C is the physical quantity.
func (c Code) C() byte { return byte(c >> 24) }

// D is how it is processed: 7 instantaneous, 8 time integral.
func (c Code) D() byte { return byte(c >> 16) }

// E is the tariff; 0 is the total.
func (c Code) E() byte { return byte(c >> 8) }

// F is the billing period; 255 is the present one.
func (c Code) F() byte { return byte(c) }

// cde is the code without medium, channel and billing period.
func (c Code) cde() Code { return c & 0xFFFFFF00 }

// Append writes the code as A-B:C.D.E, with *F where F is not 255.
func (c Code) Append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(c.A()), 10)
	dst = append(dst, '-')
	dst = strconv.AppendUint(dst, uint64(c.B()), 10)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, uint64(c.C()), 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, uint64(c.D()), 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, uint64(c.E()), 10)
	if c.F() != 0xFF {
		dst = append(dst, '*')
		dst = strconv.AppendUint(dst, uint64(c.F()), 10)
	}
	return dst
}

// String is Append as a string.
func (c Code) String() string { return string(c.Append(nil)) }

// IsElectric reports whether the code is of a measured quantity of
// electricity, wherever its maker counts it: as 1-0 or 1-1, and Landis+Gyr's
// ZMF100 has totals under A = 0.
func (c Code) IsElectric() bool {
	if c.C() == 0 || c.C() > 91 || c.F() != 0xFF {
		return false
	}
	return c.A() == 1 && c.B() <= 1 || c.A() == 0 && c.B() == 0 && c.D() == 8
}
