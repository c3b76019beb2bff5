package dlms

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
)

// ErrLayout is returned for a message that gives no objects.
var ErrLayout = errors.New("the message's layout is not known")

// ErrKind is returned for an APDU that is no data-notification.
type ErrKind struct{ Tag byte }

func (e ErrKind) Error() string {
	return fmt.Sprintf("the message is no push of data: it begins with %02X", e.Tag)
}

// The tags of APDUs (IEC 62056-53).
const (
	tagNotification  = 0x0F
	tagBlockTransfer = 0xE0
)

// maxObjects bounds the objects of a message; 65 values are the most known.
const maxObjects = 256

// Decoder reads messages. In the steady state it allocates nothing; it serves
// one goroutine.
type Decoder struct {
	walker  axdr.Walker
	message cosem.Message
	scale   *scale // of the row that matched; nil: to be found
	date    []byte // of a list that gives date and time apart
	time    []byte
}

// Decode reads an APDU that a check or a tag vouches for, with or without the LLC
// header of HDLC; what stands behind its list counts for nothing. The message and
// all in it is valid until the next call.
func (d *Decoder) Decode(apdu []byte) (*cosem.Message, error) {
	apdu = trimLLC(apdu)
	if len(apdu) == 0 {
		return nil, axdr.ErrShort
	}
	if apdu[0] != tagNotification {
		return nil, ErrKind{apdu[0]}
	}
	return d.notification(apdu)
}

// Whole returns the length of a data-notification that fills p, with zeros behind
// it at most, or else 0.
func Whole(p []byte) int {
	if n := Begins(p); n > 0 && len(bytes.TrimLeft(p[n:], "\x00")) == 0 {
		return n
	}
	return 0
}

// Begins returns the length of the data-notification that p begins with, or 0.
func Begins(p []byte) int {
	_, body, err := axdr.NotificationTime(p)
	if err != nil || p[0] != tagNotification {
		return 0
	}
	var w axdr.Walker
	rest, err := w.Walk(body)
	if err != nil {
		return 0
	}
	return len(p) - len(rest)
}

// trimLLC takes off the header of HDLC: destination, source (a response, or a
// command), quality.
func trimLLC(apdu []byte) []byte {
	if len(apdu) >= 3 && apdu[0] == 0xE6 && apdu[1]&^1 == 0xE6 && apdu[2] == 0 {
		return apdu[3:]
	}
	return apdu
}

func (d *Decoder) notification(apdu []byte) (*cosem.Message, error) {
	stamp, body, err := axdr.NotificationTime(apdu)
	if err != nil {
		return nil, err
	}
	if _, err := d.walker.Walk(body); err != nil {
		return nil, err
	}
	m := &d.message
	if m.Objects == nil {
		m.Objects = make([]cosem.Object, 0, maxObjects)
	}
	*m = cosem.Message{Protocol: "dlms", Objects: m.Objects[:0], Clock: Timestamp(stamp)}
	d.scale, d.date, d.time = nil, nil, nil
	if !d.byPosition() {
		d.container(0)
	}
	if len(m.Objects) == 0 {
		return nil, ErrLayout
	}
	if m.Clock.IsZero() && d.date != nil && d.time != nil {
		m.Clock = timestamp(d.date, d.time, 0)
	}
	d.applyScale()
	return m, nil
}

// byPosition reads a list without codes.
func (d *Decoder) byPosition() bool {
	items := d.walker.Items
	first := 1
	if items[0].Count == 1 && items[1].Tag == axdr.Structure { // in a list of one
		first = 2
	}
	if items[first-1].Tag != axdr.Structure {
		return false
	}
next:
	for _, row := range byCount[int(items[first-1].Count)] {
		at := first
		for k := range row.fields {
			if !row.fields[k].fits(&items[at]) {
				continue next
			}
			at = int(items[at].Next)
		}
		if !bytes.HasPrefix(items[first].Bytes, []byte(row.prefix)) {
			continue
		}
		d.message.Layout, d.scale = row.name, row.scale
		at = first
		for k := range row.fields {
			d.field(&row.fields[k], &items[at])
			at = int(items[at].Next)
		}
		return true
	}
	return false
}

func (d *Decoder) field(f *field, i *axdr.Item) {
	m := &d.message
	switch f.role {
	case object:
		d.add(f.code, i)
	case deviceName, identifier:
		if m.ID == nil {
			m.ID = trimText(i.Bytes)
		}
	case clock:
		if m.Clock.IsZero() {
			m.Clock = Timestamp(i.Bytes)
		}
	case clockTime:
		if len(i.Bytes) == 4 {
			d.time = i.Bytes
		}
	case clockDate:
		if len(i.Bytes) == 5 {
			d.date = i.Bytes
		}
	}
}

// container reads the members of the list at an index.
func (d *Decoder) container(at int) {
	items := d.walker.Items
	if !items[at].IsContainer() {
		return
	}
	end := int(items[at].Next)
	if d.pushList(at) {
		return
	}
	for i := at + 1; i < end; {
		if next := d.pattern(i, end); next > 0 {
			i = next
			continue
		}
		switch it := &items[i]; {
		case it.IsContainer():
			d.container(i)
		default:
			d.loose(it, i == len(items)-1)
		}
		i = int(items[i].Next)
	}
}

// loose takes a value that belongs to no object: the name of the list in front,
// a time, the meter's number at the end.
func (d *Decoder) loose(i *axdr.Item, last bool) {
	m := &d.message
	switch {
	case isClock(i):
		if m.Clock.IsZero() {
			m.Clock = Timestamp(i.Bytes)
		}
	case !i.IsText():
	case len(m.Objects) == 0:
		d.named(i.Bytes)
	case last && isPrintable(trimText(i.Bytes)):
		m.ID = trimText(i.Bytes)
	}
}

// named takes the name of the list, which tells the scales.
func (d *Decoder) named(text []byte) {
	if row := listNamed(text); row != nil {
		d.scale, d.message.Maker = row, row.name
	}
}

// IsListName reports whether a text is the name of a list, which all meters of a
// maker have.
func IsListName(text []byte) bool { return listNamed(text) != nil }

func listNamed(text []byte) *scale {
	for k := range listScales {
		if row := &listScales[k]; bytes.HasPrefix(text, []byte(row.prefix)) {
			return row.scale
		}
	}
	return nil
}

// pattern adds the object that begins at an index, and returns the index
// behind it; 0: none does.
func (d *Decoder) pattern(at, end int) int {
	items := d.walker.Items
next:
	for k := range steps {
		i := at
		var code, value, descriptor, scaler, unit, stamp *axdr.Item
		for _, s := range steps[k] {
			if i >= end {
				continue next
			}
			it, ok := &items[i], false
			switch s.kind {
			case '{':
				ok = it.Tag == axdr.Structure && it.Count == s.members
			case 'o':
				code, ok = it, IsCode(it)
			case 'v':
				value, ok = it, isValue(it)
			case 't':
				stamp, ok = it, isClock(it)
			case 'd':
				descriptor, ok = it, it.Tag == axdr.Descriptor
			case 'x':
				scaler, ok = it, it.Tag == axdr.Int8
			case 'u':
				unit, ok = it, it.Tag == axdr.Enum
			case 'c', 'i':
				ok = it.Tag == axdr.Uint16
			case 'a':
				ok = it.Tag == axdr.Int8
			}
			if !ok {
				continue next
			}
			i++
		}
		if d.message.Layout == "" || value.IsInteger() {
			d.message.Layout = patterns[k].name
		}
		var c cosem.Code
		if code != nil {
			c = cosem.CodeOf(code.Bytes)
		} else {
			c = cosem.CodeOf(descriptor.Bytes[2:8])
		}
		before := len(d.message.Objects)
		d.add(c, value)
		if scaler != nil && len(d.message.Objects) > before {
			setScale(&d.message.Objects[len(d.message.Objects)-1], scaler.Number, unit.Number)
		}
		if stamp != nil && hasTime(c) {
			d.add(c, stamp)
		}
		return i
	}
	return 0
}

// add appends an object.
func (d *Decoder) add(code cosem.Code, i *axdr.Item) {
	m := &d.message
	if code.A() == 0 && code.C() == 25 && code.D() == 9 { // the name of the push list itself
		return
	}
	if len(m.Objects) == maxObjects {
		return
	}
	m.Objects = append(m.Objects, cosem.Object{Code: code})
	o := &m.Objects[len(m.Objects)-1]
	switch {
	case i.IsInteger() && !i.Wide, i.Tag == axdr.Boolean, i.Tag == axdr.Enum:
		o.Type, o.Number, o.Signed = cosem.Number, i.Number, i.IsSigned()
	case i.Tag == axdr.Float32, i.Tag == axdr.Float64:
		d.float(o, i)
	case hasTime(code) && len(i.Bytes) == 12:
		if o.Clock = Timestamp(i.Bytes); !o.Clock.IsZero() {
			o.Type = cosem.Clock
		}
	case len(i.Bytes) > 0:
		text := trimText(i.Bytes)
		if o.Type, o.Text = cosem.Text, text; !isPrintable(text) {
			o.Type, o.Text = cosem.Octets, i.Bytes
		}
		if code.C() == 0 && code.D() == 2 && code.E() == listNameE {
			d.named(text)
		}
	}
}

// hasTime reports whether a date and time with a code is one that counts: the
// meter's own, 0-x:1.0.0, or when an M-Bus meter was read, 0-n:24.2.1.
func hasTime(c cosem.Code) bool {
	return c.A() == 0 && (c.C() == 1 && c.D() == 0 || c.B() > 0 && c.C() == 24 && c.D() == 2)
}

// listNameE is group E of the name of the list, x-x:0.2.129.
const listNameE = 129

func trimText(p []byte) []byte {
	p = bytes.TrimRight(p, "\x00 ")
	return bytes.TrimLeft(p, " ")
}

func isPrintable(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
