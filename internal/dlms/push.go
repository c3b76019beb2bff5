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
// The first entry is the list itself, which stands in its own place; lists
// without that entry are known too.
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
	if class.Tag != axdr.Uint16 || !isCode(code) || attribute.Tag != axdr.Int8 {
		return entry{}, false
	}
	return entry{class.Number, attribute.Number, cosem.CodeOf(code.Bytes)}, true
}

// pushList reads a container whose first member is a push list. A list whose
// values are not as many as it says gives none.
func (d *Decoder) pushList(at int) bool {
	items := d.walker.Items
	if items[at].Count == 0 || !items[at+1].IsContainer() || items[at+1].Count == 0 {
		return false
	}
	list, self := at+1, false
	for i := list + 1; i < int(items[list].Next); i = int(items[i].Next) {
		e, ok := d.entryAt(i)
		if !ok {
			return false
		}
		self = self || e.class == classPushSetup
	}
	value, values := list, items[at].Count // of the first entry
	if !self {
		value, values = int(items[list].Next), values-1
	}
	if items[list].Count != values {
		return true
	}
	d.message.Layout = "push list"
	for i := list + 1; i < int(items[list].Next); i = int(items[i].Next) {
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
