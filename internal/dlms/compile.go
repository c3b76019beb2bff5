package dlms

import (
	"fmt"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
)

// step is one item of a pattern; members is the count of a structure's.
type step struct {
	kind    byte
	members uint16
}

// steps are the patterns, ready to be compared.
var steps = func() [][]step {
	var all [][]step
	for _, p := range patterns {
		var s []step
		var open []int // indexes of the structures around
		for _, kind := range []byte(p.items) {
			if kind == '}' {
				open = open[:len(open)-1]
				continue
			}
			if len(open) > 0 {
				s[open[len(open)-1]].members++
			}
			if kind == '{' {
				open = append(open, len(s))
			}
			s = append(s, step{kind: kind})
		}
		all = append(all, s)
	}
	return all
}()

// role is what a value of a list without codes is.
type role uint8

const (
	useless role = iota
	object
	listName
	identifier
	deviceName
	listCode
	clock
	clockTime
	clockDate
)

var roles = map[string]role{
	"-": useless, "list": listName, "id": identifier, "name": deviceName, "code": listCode,
	"clock": clock, "time": clockTime, "date": clockDate,
}

type width uint8

const (
	wide width = iota // 32 bits or more
	anyType
	byteWide
	wordWide
	container
)

var widths = map[string]width{"u8": byteWide, "u16": wordWide, "list": container}

type field struct {
	role  role
	width width
	code  cosem.Code
}

// compiled is a row of lists, ready to be compared.
type compiled struct {
	*list
	fields []field
}

// byCount are the rows of lists by their number of values.
var byCount = func() map[int][]compiled {
	m := map[int][]compiled{}
	for i := range lists {
		c := compiled{list: &lists[i]}
		for text := range strings.FieldsSeq(lists[i].fields) {
			c.fields = append(c.fields, parseField(text))
		}
		m[len(c.fields)] = append(m[len(c.fields)], c)
	}
	return m
}()

func parseField(text string) field {
	name, typ, typed := strings.Cut(text, ":")
	f := field{width: widths[typ]}
	var ok bool
	if f.role, ok = roles[name]; !ok {
		var c, d, e byte
		if _, err := fmt.Sscanf(name, "%d.%d.%d", &c, &d, &e); err != nil {
			panic("dlms: the table of lists has a field that is none: " + text)
		}
		f.role, f.code = object, cosem.Electricity(c, d, e)
	} else if !typed {
		f.width = anyType
	}
	return f
}

// fits reports whether an item can be the field's value.
func (f *field) fits(i *axdr.Item) bool {
	switch f.role {
	case listName, identifier, deviceName:
		return i.IsText() && len(i.Bytes) > 0
	case listCode:
		return IsCode(i)
	case clock:
		return i.Tag == axdr.DateTime || i.Tag == axdr.OctetString && len(i.Bytes) == 12
	case clockTime, clockDate:
		return !i.IsContainer()
	}
	switch f.width {
	case anyType:
		return true
	case container:
		return i.IsContainer()
	}
	if i.Tag == axdr.Null && f.role == object {
		return true
	}
	switch f.width {
	case byteWide:
		return i.Tag == axdr.Uint8
	case wordWide:
		return i.Tag == axdr.Uint16 || i.Tag == axdr.Int16
	}
	switch i.Tag {
	case axdr.Uint32, axdr.Int32, axdr.Uint64, axdr.Int64:
		return true
	}
	return false
}

// IsCode reports whether an item is an OBIS code: of the present billing period,
// or of an earlier one of the electricity, whose number is no text.
func IsCode(i *axdr.Item) bool {
	p := i.Bytes
	return i.Tag == axdr.OctetString && len(p) == 6 && (p[5] == 0xFF || p[0] == 1 && p[1] <= 1 && p[3] < ' ')
}

// isValue reports whether an item can be a value, and not the next code.
func isValue(i *axdr.Item) bool {
	return !i.IsContainer() && (!IsCode(i) || i.Bytes[0] > 1)
}

// isClock reports whether an item is a date and time.
func isClock(i *axdr.Item) bool {
	return i.Tag == axdr.DateTime || i.Tag == axdr.OctetString && len(i.Bytes) == 12 && !isPrintable(i.Bytes)
}
