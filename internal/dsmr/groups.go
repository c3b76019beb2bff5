package dsmr

import (
	"bytes"
	"iter"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Object is one line of a telegram, verbatim, with the lines that continue it.
type Object struct {
	OBIS   []byte   // as printed, also when it is no OBIS code
	Values [][]byte // what stands between its brackets
}

// Objects returns a telegram's objects in their order. Values of lines that
// have no id of their own belong to the object before. The bytes are the
// telegram's.
func Objects(telegram []byte) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		var object Object
		open := false
		for line := range lines(telegram) {
			id, rest, found := cutID(line)
			switch {
			case open && !found: // a text that was broken over lines
				if end := bytes.LastIndexByte(line, ')'); end >= 0 {
					line, open = line[:end], false
				}
				last := &object.Values[len(object.Values)-1]
				*last = append((*last)[:len(*last):len(*last)], line...)
				continue
			case !found:
				continue
			case len(id) == 0:
				if object.OBIS != nil {
					object.Values, _ = appendGroups(object.Values, rest)
				}
				continue
			}
			if object.OBIS != nil && !yield(object) {
				return
			}
			object = Object{OBIS: id}
			if object.Values, open = appendGroups(nil, rest); object.Values == nil {
				object.OBIS = nil // no bracket is closed
			}
		}
		if object.OBIS != nil {
			yield(object)
		}
	}
}

// lines returns the lines behind the identification, without line ends, outer
// blanks and end mark. Blank ones are left out.
func lines(telegram []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		_, rest := cutLine(telegram)
		for len(rest) > 0 && rest[0] != '!' {
			var line []byte
			line, rest = cutLine(rest)
			if len(line) > 0 && !yield(line) {
				return
			}
		}
	}
}

// cutLine cuts off the first line and its outer blanks.
func cutLine(p []byte) (line, rest []byte) {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		line, rest = p[:i], p[i+1:]
	} else {
		line = p
	}
	for len(line) > 0 && line[len(line)-1] <= ' ' {
		line = line[:len(line)-1]
	}
	for len(line) > 0 && line[0] <= ' ' {
		line = line[1:]
	}
	return line, rest
}

// cutID splits a line before its first bracket.
func cutID(line []byte) (id, rest []byte, found bool) {
	i := bytes.IndexByte(line, '(')
	if i < 0 {
		return nil, nil, false
	}
	return line[:i], line[i:], true
}

// cutGroup cuts off the first bracket and returns what stands in it. A
// bracket ends where another begins or nothing follows: "((ER11))" has one.
func cutGroup(p []byte) (group, rest []byte, ok bool) {
	if len(p) < 2 || p[0] != '(' {
		return nil, nil, false
	}
	for from := 1; ; {
		i := bytes.IndexByte(p[from:], ')')
		if i < 0 {
			return nil, nil, false
		}
		end := from + i
		if end+1 == len(p) || p[end+1] == '(' {
			return p[1:end], p[end+1:], true
		}
		if p[end+1] != ')' { // something follows that is no bracket
			return p[1:end], nil, true
		}
		from = end + 1
	}
}

// appendGroups appends what stands in each bracket. open tells that the last
// one, a text, goes on in the next line.
func appendGroups(values [][]byte, p []byte) (_ [][]byte, open bool) {
	for len(p) > 0 {
		group, rest, ok := cutGroup(p)
		if !ok {
			if len(p) > 1 && p[0] == '(' && isHexText(p[1:]) {
				return append(values, p[1:]), true
			}
			break
		}
		values = append(values, group)
		p = rest
	}
	return values, false
}

// isHexText tells text of a message from what damage leaves of a line.
func isHexText(p []byte) bool {
	for _, c := range p {
		if !isHex(c) {
			return false
		}
	}
	return len(p) >= 32
}

// number reads the decimal in front of p; rest begins behind its last digit.
func number(p []byte) (v meter.Value, rest []byte, ok bool) {
	i := 0
	negative := len(p) > 0 && p[0] == '-'
	if negative {
		i = 1
	}
	first := i
	var n uint64
	for ; i < len(p) && p[i]-'0' <= 9; i++ {
		n = n*10 + uint64(p[i]-'0')
	}
	whole, scale := i-first, 0
	if i+1 < len(p) && p[i] == '.' && p[i+1]-'0' <= 9 {
		for i++; i < len(p) && p[i]-'0' <= 9; i++ {
			n = n*10 + uint64(p[i]-'0')
			scale++
		}
	}
	// Eighteen digits fit into 64 bits; more, even zeros, no meter prints.
	if whole == 0 || whole+scale > 18 || scale > meter.MaxScale {
		return meter.Value{}, p, false
	}
	signed := int64(n)
	if negative {
		signed = -signed
	}
	return meter.NewValue(signed, uint8(scale)), p[i:], true
}

// quantityValue reads "00.123*kW" as a value in the given unit. Where the unit
// is missing, old firmware meant the usual one; the star may be missing too,
// and a blank may stand behind.
func quantityValue(group []byte, unit meter.Unit) (meter.Value, bool) {
	v, rest, ok := number(group)
	if !ok {
		return v, false
	}
	if len(rest) > 0 && rest[0] == '*' {
		rest = rest[1:]
	}
	if string(rest) == unit.String() || len(rest) == 0 {
		return v, true
	}
	got, shift, ok := parseUnit(rest)
	return v.Shift(shift), ok && got == unit
}

func parseUnit(text []byte) (meter.Unit, int, bool) {
	return meter.ParseUnit(bytes.TrimSpace(text))
}
