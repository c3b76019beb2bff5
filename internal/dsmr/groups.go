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

// Objects returns the objects of a telegram's Body in their order. Values of
// lines that have no id of their own belong to the object before. The bytes
// are the telegram's, except of texts that were broken over lines.
func Objects(body []byte) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		var object Object
		var text []byte // of a bracket that the line did not close
		for line := range lines(body) {
			id, rest, found := cutID(line)
			if text != nil {
				var done bool
				if text, done = continued(text, line, found); done {
					object.Values, text = append(object.Values, text), nil
				}
			}
			if !found {
				continue
			}
			if len(id) > 0 {
				if object.OBIS != nil && len(object.Values) > 0 && !yield(object) {
					return
				}
				object = Object{OBIS: id}
			}
			if object.OBIS != nil {
				object.Values, text = appendGroups(object.Values, rest)
			}
		}
		if object.OBIS != nil && len(object.Values) > 0 {
			yield(object)
		}
	}
}

// continued joins a text that DSMR 3.0 breaks over lines. It is nil when line
// does not continue it.
func continued(text, line []byte, bracket bool) (_ []byte, done bool) {
	part, _, closed := bytes.Cut(line, []byte(")"))
	if bracket || !isHexText(part) {
		return nil, false
	}
	return append(text, part...), closed
}

// lines returns the lines behind the identification, without line ends, outer
// blanks and end mark. Blank ones are left out.
func lines(telegram []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		_, rest := cutLine(telegram)
		for len(rest) > 0 {
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

// appendGroups appends what stands in each bracket. text is what stands in a
// last one that is not closed, if it may go on in the next line; appending to
// it leaves the telegram alone.
func appendGroups(values [][]byte, p []byte) (_ [][]byte, text []byte) {
	for len(p) > 0 {
		group, rest, ok := cutGroup(p)
		if !ok {
			if p[0] == '(' && isHexText(p[1:]) {
				text = p[1:len(p):len(p)]
			}
			break
		}
		values = append(values, group)
		p = rest
	}
	return values, text
}

// isHexText distinguishes the text of a message, which is hex digits only, from what
// damage leaves of a line.
func isHexText(p []byte) bool {
	for _, c := range p {
		if hexDigit(c) < 0 {
			return false
		}
	}
	return true
}

// Number reads the decimal in front of p; rest begins behind its last digit.
// Meters that people built print blanks before it, or no digit on one side of
// the point: "   0.000", ".335", "01.".
func Number(p []byte) (v meter.Value, rest []byte, ok bool) {
	i := 0
	for i < len(p) && p[i] == ' ' {
		i++
	}
	negative := i < len(p) && p[i] == '-'
	if negative {
		i++
	}
	first := i
	var n uint64
	for ; i < len(p) && p[i]-'0' <= 9; i++ {
		n = n*10 + uint64(p[i]-'0')
	}
	whole, scale := i-first, 0
	if i < len(p) && p[i] == '.' {
		for i++; i < len(p) && p[i]-'0' <= 9; i++ {
			n = n*10 + uint64(p[i]-'0')
			scale++
		}
	}
	// Eighteen digits fit into 64 bits; more, even zeros, no meter prints.
	if whole+scale == 0 || whole+scale > 18 || scale > meter.MaxScale {
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
	v, rest, ok := Number(group)
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

// Meaning explains an OBIS code as a telegram prints it; false when the code
// is not in the table.
func Meaning(id []byte) (string, bool) {
	o, _ := lookup(id)
	if o == nil {
		return "", false
	}
	return o.Help(), true
}
