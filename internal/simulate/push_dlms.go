package simulate

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// value is one line of a list, ready to be written.
type value struct {
	code   []byte // six octets; nil: the value stands without
	typ    string
	text   string
	clock  bool
	number func(w *world, i int) int64
	index  int
	div    int64 // base units in the last digit
	floor  bool
	exp    int8
	unit   byte
}

// pushUnits are the units' numbers (IEC 62056-62) and what they are in base
// units.
var pushUnits = map[string]struct {
	number byte
	base   int64
}{"W": {27, 1}, "var": {29, 1}, "Wh": {30, 3600}, "varh": {32, 3600}, "A": {33, 1000}, "V": {35, 1000}, "Hz": {44, 1000}, "-": {255, 1000}}

func parseValues(lines string, h household) []value {
	var list []value
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) == 0 || !h.has(line) {
			continue
		}
		list = append(list, parseValue(words, h))
	}
	return list
}

func parseValue(words []string, h household) value {
	v := value{code: obis(words[0]), typ: words[1]}
	what := words[2]
	if text, ok := strings.CutPrefix(what, "="); ok {
		v.text, _ = h.fixed("id " + text)
		return v
	}
	if v.clock = what == "clock"; v.clock {
		return v
	}
	name := what
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if n, err := strconv.Atoi(strings.TrimPrefix(name[i+1:], "L")); err == nil {
			name, v.index = name[:i], n
		}
	}
	row, ok := numbers[name]
	exp, err := strconv.Atoi(words[3])
	unit, known := pushUnits[words[4]]
	if !ok || err != nil || !known {
		panic(fmt.Sprintf("value %q of a push makes no sense", words))
	}
	v.number, v.floor, v.exp, v.unit, v.div = row.of, row.register, int8(exp), unit.number, unit.base
	for ; exp > 0; exp-- {
		v.div *= 10
	}
	for ; exp < 0; exp++ {
		v.div /= 10
	}
	return v
}

// obis reads A-B:C.D.E; "-" is none.
func obis(text string) []byte {
	var c [6]byte
	if _, err := fmt.Sscanf(text, "%d-%d:%d.%d.%d", &c[0], &c[1], &c[2], &c[3], &c[4]); err != nil {
		return nil
	}
	c[5] = 0xFF
	return c[:]
}

func (v *value) digits(w *world) int64 {
	n := v.number(w, v.index)
	if !v.floor {
		n += v.div / 2
	}
	return n / v.div
}

// append writes the value with its tag.
func (v *value) append(m *PushMeter, dst []byte) []byte {
	switch {
	case v.clock:
		return m.clock(append(dst, 0x09, 0x0C))
	case v.number == nil:
		tag := byte(0x09)
		if v.typ == "visible" {
			tag = 0x0A
		}
		dst = append(dst, tag, byte(len(v.text)))
		return append(dst, v.text...)
	}
	n := v.digits(&m.meter.world)
	switch v.typ {
	case "u16":
		return binary.BigEndian.AppendUint16(append(dst, 0x12), uint16(n))
	case "i16":
		return binary.BigEndian.AppendUint16(append(dst, 0x10), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0x06), uint32(n))
}

func (v *value) appendCode(dst []byte) []byte { return append(append(dst, 0x09, 0x06), v.code...) }

func (v *value) appendScale(dst []byte) []byte {
	return append(dst, 0x02, 0x02, 0x0F, byte(v.exp), 0x16, v.unit)
}

// clock writes the twelve octets of a date-time. The deviation is left out, as
// most makers do.
func (m *PushMeter) clock(dst []byte) []byte {
	w := &m.meter.world
	t := time.Unix(w.t, 0).In(w.clock)
	weekday := byte(t.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(t.Year()))
	dst = append(dst, byte(t.Month()), byte(t.Day()), weekday, byte(t.Hour()), byte(t.Minute()), byte(t.Second()))
	dst = append(dst, 0xFF, 0x80, 0x00)
	if _, offset := t.Zone(); offset > standardOffset(w.clock, t.Year()) {
		return append(dst, 0x80)
	}
	return append(dst, 0x00)
}

// notification writes the head of a data-notification.
func (m *PushMeter) notification(dst []byte, clock string) []byte {
	dst = append(dst, 0x0F)
	dst = binary.BigEndian.AppendUint32(dst, m.number)
	switch clock {
	case "bare":
		return m.clock(append(dst, 0x0C))
	case "tagged":
		return m.clock(append(dst, 0x09, 0x0C))
	}
	return append(dst, 0x00)
}

// style writes a list.
type style func(m *PushMeter, dst []byte, list []value) []byte

func count(dst []byte, tag byte, n int) []byte {
	if n > 0x7F {
		return append(dst, tag, 0x81, byte(n))
	}
	return append(dst, tag, byte(n))
}

// triples is an array of {code, value, {scaler, unit}}.
func triples(m *PushMeter, dst []byte, list []value) []byte {
	return m.triples(count(dst, 0x01, len(list)), list)
}

func triplesInStructure(m *PushMeter, dst []byte, list []value) []byte {
	return m.triples(count(dst, 0x02, len(list)), list)
}

func (m *PushMeter) triples(dst []byte, list []value) []byte {
	for i := range list {
		v := &list[i]
		if v.number == nil {
			dst = v.append(m, v.appendCode(append(dst, 0x02, 0x02)))
			continue
		}
		dst = v.appendScale(v.append(m, v.appendCode(append(dst, 0x02, 0x03))))
	}
	return dst
}

// plainValues is a structure of values without codes.
func plainValues(m *PushMeter, dst []byte, list []value) []byte {
	dst = count(dst, 0x02, len(list))
	for i := range list {
		dst = list[i].append(m, dst)
	}
	return dst
}

// pairs is a structure of codes and values in turn.
func pairs(m *PushMeter, dst []byte, list []value) []byte {
	return m.pairs(count(dst, 0x02, 2*len(list)), list)
}

// namedPairs is pairs behind Kamstrup's name of the list.
func namedPairs(m *PushMeter, dst []byte, list []value) []byte {
	const name = "Kamstrup_V0001"
	dst = append(count(dst, 0x02, 1+2*len(list)), 0x0A, byte(len(name)))
	return m.pairs(append(dst, name...), list)
}

func (m *PushMeter) pairs(dst []byte, list []value) []byte {
	for i := range list {
		dst = list[i].append(m, list[i].appendCode(dst))
	}
	return dst
}

// flatTriples is a structure of code, value and {scaler, unit} in turn; a value
// without code stands alone.
func flatTriples(m *PushMeter, dst []byte, list []value) []byte {
	n := 0
	for i := range list {
		if n++; list[i].code != nil {
			n += 2
		}
	}
	dst = count(dst, 0x02, n)
	for i := range list {
		v := &list[i]
		if v.code == nil {
			dst = v.append(m, dst)
			continue
		}
		dst = v.appendScale(v.append(m, v.appendCode(dst)))
	}
	return dst
}

// pushed is the push list and the values that it describes. Its first entry is
// the list itself.
func pushed(m *PushMeter, dst []byte, list []value) []byte {
	entry := func(class byte, code []byte) {
		dst = append(dst, 0x02, 0x04, 0x12, 0x00, class, 0x09, 0x06)
		dst = append(append(dst, code...), 0x0F, 0x02, 0x12, 0x00, 0x00)
	}
	dst = count(dst, 0x02, 1+len(list))
	dst = count(dst, 0x01, 1+len(list))
	entry(40, []byte{0, 8, 25, 9, 0, 0xFF})
	for i := range list {
		class := byte(3)
		if list[i].number == nil {
			class = 1
		}
		entry(class, list[i].code)
	}
	for i := range list {
		dst = list[i].append(m, dst)
	}
	return dst
}

// descriptors is an array of {class, code and attribute without tags, value}.
func descriptors(m *PushMeter, dst []byte, list []value) []byte {
	dst = count(append(dst, 0x02, 0x02, 0x16, 0x01), 0x01, len(list))
	for i := range list {
		class := byte(3)
		if list[i].number == nil {
			class = 1
		}
		dst = append(append(dst, 0x02, 0x02, 0x00, class), list[i].code...)
		dst = list[i].append(m, append(dst, 0x02))
	}
	return dst
}
