// Package obis knows what a meter's objects are called and what they mean: OBIS
// codes (IEC 62056-6-1) and THE TABLE of objects. Every protocol uses it; how
// one prints a value, it does not know.
package obis

import "bytes"

// Code is an OBIS code A-B:C.D.E, a byte each. F, the billing period, is that of
// the current one.
type Code uint64

// Of returns the code of five value groups.
func Of(a, b, c, d, e byte) Code {
	return Code(a)<<32 | Code(b)<<24 | Code(c)<<16 | Code(d)<<8 | Code(e)
}

// anyChannel stands in the table for every M-Bus channel.
const anyChannel = 0xFF

// Parse reads a code as meters print it, [A-B:]C.D.E[*F]. channel is that of an
// M-Bus meter, else 0. It returns false for what is no OBIS code, and for one of
// another billing period.
func Parse(id []byte) (c Code, channel int, ok bool) {
	var parts [5]byte
	part := 0
	if bytes.IndexByte(id, ':') < 0 {
		parts[0] = 1 // IEC 62056-21 read-outs leave out 1-0:
		part = 2
	}
	number, digits := 0, 0
	for i := 0; i <= len(id); i++ {
		if i < len(id) && id[i]-'0' <= 9 {
			number = number*10 + int(id[i]-'0')
			digits++
			if number > 255 {
				return 0, 0, false
			}
			continue
		}
		// The separators in their order. Two specifications print a colon
		// where the last point but one belongs ("1-0:99:97.0"), and meters
		// copied it.
		if digits == 0 || !separates(id[i:], part) {
			return 0, 0, false
		}
		parts[part] = byte(number)
		number, digits = 0, 0
		if part++; part == len(parts) {
			break
		}
	}
	if part < len(parts) {
		return 0, 0, false
	}
	a, b := parts[0], parts[1]
	switch {
	case a == 0 && b > 0:
		// An M-Bus channel: the table has one row for all.
		channel, b = int(b), anyChannel
	case a == 1 && b == 1:
		b = 0 // Swiss, Polish and some other meters count in group 1
	}
	return Of(a, b, parts[2], parts[3], parts[4]), channel, true
}

func separates(rest []byte, part int) bool {
	if len(rest) == 0 {
		return part == 4
	}
	switch part {
	case 0:
		return rest[0] == '-'
	case 1:
		return rest[0] == ':'
	case 2:
		return rest[0] == '.' || rest[0] == ':'
	case 3:
		return rest[0] == '.'
	}
	// F tells which billing period; the current one has none, or 255. Another
	// one is history, and must not be taken for the current value.
	return (rest[0] == '*' || rest[0] == '.') && string(rest[1:]) == "255"
}
