package dlms

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
)

// A push list stands before the values that it describes (IEC 62056-62, class
// 40, attribute 2; Switzerland, Energomera):
//
//	02 0E                  structure: the list and 13 values
//	  01 0E                  array of 14
//	    02 04                  structure of four or more
//	      12 00 28               class 40: the push setup itself
//	      09 06 00 08 19 09 00 FF  its code
//	      0F 02                  attribute
//	      12 00 00               index
//	    ...
//	  09 10 ...              value of the second entry
//
// The entry of the list itself has the list's own place among the values, mostly
// the first; lists without that entry are known too, and the values may stand in
// a container of their own.
const (
	classRegister         = 3
	classExtendedRegister = 4
	classPushSetup        = 40
	attributeScale        = 3
)

type entry struct {
	class, attribute int64
	code             cosem.Code
}

// entryAt reads the push list's entry at an index.
func (d *Decoder) entryAt(i int) (entry, bool) {
	items := d.walker.Items
	if items[i].Tag != axdr.Structure || items[i].Count < 4 {
		return entry{}, false
	}
	class, code, attribute := &items[i+1], &items[i+2], &items[i+3]
	if class.Tag != axdr.Uint16 || !IsCode(code) || attribute.Tag != axdr.Int8 {
		return entry{}, false
	}
	return entry{class.Number, attribute.Number, cosem.CodeOf(code.Bytes)}, true
}

// isPushList returns how many entries the push list at an index has, 0 where it
// is none, and at which entry it names itself, -1 where it does not.
func (d *Decoder) isPushList(list int) (entries, self int) {
	items := d.walker.Items
	self = -1
	if !items[list].IsContainer() {
		return 0, self
	}
	for i := list + 1; i < int(items[list].Next); i = int(items[i].Next) {
		e, ok := d.entryAt(i)
		if !ok {
			return 0, self
		}
		if e.class == classPushSetup && self < 0 {
			self = entries
		}
		entries++
	}
	return entries, self
}

// pushList reads a container that has a push list and its values as members. A
// list whose values are not as many as it says gives none.
func (d *Decoder) pushList(at int) bool {
	items := d.walker.Items
	list, before, entries, self := at+1, 0, 0, -1 // before: members in front of the list
	for ; before < int(items[at].Count); before++ {
		if entries, self = d.isPushList(list); entries > 0 {
			break
		}
		list = int(items[list].Next)
	}
	if entries == 0 {
		return false
	}
	behind := int(items[list].Next)
	value, skipped := -1, -1 // index of the first value, and the entry that has none
	switch after := int(items[at].Count) - before - 1; {
	case self == before && entries == before+1+after:
		value = at + 1
	case self < 0 && entries == after:
		value = behind
	case after == 1 && entries == int(items[behind].Count):
		value = behind + 1
	case after == 1 && entries == int(items[behind].Count)+1 && self >= 0:
		value, skipped = behind+1, self
	default:
		return true
	}
	d.message.Layout = "push list"
	for i, n := list+1, 0; i < behind; i, n = int(items[i].Next), n+1 {
		if n == skipped {
			continue
		}
		e, _ := d.entryAt(i)
		d.pushed(e, value)
		value = int(items[value].Next)
	}
	return true
}

// pushed takes the value of an entry.
func (d *Decoder) pushed(e entry, at int) {
	items := d.walker.Items
	switch v := &items[at]; {
	case !v.IsContainer():
		d.add(e.code, v)
	case e.attribute == attributeScale && (e.class == classRegister || e.class == classExtendedRegister) &&
		v.Count == 2 && items[at+1].Tag == axdr.Int8 && items[at+2].Tag == axdr.Enum:
		for k := range d.message.Objects {
			if o := &d.message.Objects[k]; o.Code == e.code {
				setScale(o, items[at+1].Number, items[at+2].Number)
			}
		}
	}
}
