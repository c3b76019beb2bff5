// Package axdr reads data of DLMS/COSEM as meters send it: A-XDR (IEC 61334-6)
// of the type Data of IEC 62056-53, where every value has a tag before it:
//
//	02 03                    structure of three
//	  09 06 01 00 01 07 00 FF  octet string of six: the code 1-0:1.7.0.255
//	  06 00 00 04 62           unsigned of 32 bits
//	  02 02 0F 00 16 1B        structure of two: scaler 0, unit 27 (W)
//
// Two ways in which makers break these rules are read too: see Descriptor and
// the exchanged tag in quirk.
package axdr

import (
	"encoding/binary"
	"errors"
	"math"
)

// Tag says what type a value has.
type Tag uint8

// The tags of Data.
const (
	Null          Tag = 0x00
	Array         Tag = 0x01
	Structure     Tag = 0x02
	Boolean       Tag = 0x03
	BitString     Tag = 0x04
	Int32         Tag = 0x05
	Uint32        Tag = 0x06
	OctetString   Tag = 0x09
	VisibleString Tag = 0x0A
	UTF8String    Tag = 0x0C
	BCD           Tag = 0x0D
	Int8          Tag = 0x0F
	Int16         Tag = 0x10
	Uint8         Tag = 0x11
	Uint16        Tag = 0x12
	CompactArray  Tag = 0x13
	Int64         Tag = 0x14
	Uint64        Tag = 0x15
	Enum          Tag = 0x16
	Float32       Tag = 0x17
	Float64       Tag = 0x18
	DateTime      Tag = 0x19
	Date          Tag = 0x1A
	Time          Tag = 0x1B

	// Descriptor is no tag of the standard: class (two octets), OBIS code and
	// attribute, nine octets without any tag, as the first member of a
	// structure of two (Sagemcom XT211), or of three with a scale.
	Descriptor Tag = 0xF0
)

// Why data cannot be read.
var (
	ErrShort  = errors.New("the data end in the middle of a value")
	ErrTag    = errors.New("the data have a tag that is none")
	ErrNested = errors.New("the data are nested too deeply")
	ErrLong   = errors.New("the data have too many values")
)

// The limits of what is read. The longest known list has 65 values on one
// level; a push list of 27 objects has 163 in three.
const (
	MaxItems = 1024
	maxDepth = 8
)

// Item is one value. A container is followed by its members, and Next is the
// index behind the last of them.
type Item struct {
	Tag   Tag
	Wide  bool   // an Int64 or Uint64 that does not fit into Number
	Count uint16 // members of an Array or Structure
	Next  uint16
	// Number is the value of an integer, of a Boolean or Enum, and the bits of
	// a float.
	Number int64
	Bytes  []byte // content of a string, date or time; shares the input's memory
}

// IsContainer reports whether the item has members.
func (i *Item) IsContainer() bool { return i.Tag == Array || i.Tag == Structure }

// IsInteger reports whether the item is a whole number; Boolean and Enum are
// none.
func (i *Item) IsInteger() bool {
	switch i.Tag {
	case Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64:
		return true
	}
	return false
}

// IsSigned reports whether the item is an integer with a sign.
func (i *Item) IsSigned() bool {
	return i.Tag == Int8 || i.Tag == Int16 || i.Tag == Int32 || i.Tag == Int64
}

// IsText reports whether the item is a string of octets.
func (i *Item) IsText() bool {
	return i.Tag == OctetString || i.Tag == VisibleString || i.Tag == UTF8String
}

// Walker reads data into a flat list. It allocates once; a Walker serves one
// goroutine.
type Walker struct {
	Items []Item // of the last Walk, in the order of the data

	p   []byte
	at  int // octets read
	err error
}

// Walk reads the one value that p begins with, all its members included, and
// returns what is behind it. Items is valid until the next Walk.
func (w *Walker) Walk(p []byte) (rest []byte, err error) {
	if w.Items == nil {
		w.Items = make([]Item, 0, MaxItems)
	}
	w.Items, w.p, w.at, w.err = w.Items[:0], p, 0, nil
	w.value(0)
	w.p = nil
	return p[w.at:], w.err
}

func (w *Walker) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// value reads a value.
func (w *Walker) value(depth int) {
	if w.at >= len(w.p) {
		w.fail(ErrShort)
		return
	}
	i := w.add(Tag(w.p[w.at]))
	if i == nil {
		return
	}
	w.at++
	if n := int(widths[i.Tag]); n > 0 {
		if w.at+n > len(w.p) {
			w.fail(ErrShort)
			return
		}
		i.fixed(w.p[w.at : w.at+n])
		w.at += n
		return
	}
	switch i.Tag {
	case Null:
	case Array, Structure:
		w.members(len(w.Items)-1, depth+1)
	case OctetString, VisibleString, UTF8String:
		if n := w.length(); w.has(n) {
			i.Bytes = w.p[w.at : w.at+n]
			w.at += n
		}
	case BitString:
		if n := (w.length() + 7) / 8; w.has(n) {
			i.Bytes = w.p[w.at : w.at+n]
			w.at += n
		}
	default:
		w.fail(ErrTag)
	}
}

// add appends an item; nil: there are too many.
func (w *Walker) add(tag Tag) *Item {
	n := len(w.Items)
	if n == MaxItems {
		w.fail(ErrLong)
		return nil
	}
	w.Items = w.Items[:n+1]
	i := &w.Items[n]
	*i = Item{Tag: tag, Next: uint16(n + 1)}
	return i
}

// length reads a length.
func (w *Walker) length() int {
	if w.at < len(w.p) && w.p[w.at] < 0x80 {
		w.at++
		return int(w.p[w.at-1])
	}
	n, rest, err := Length(w.p[w.at:])
	if err != nil {
		w.fail(err)
		return 0
	}
	w.at = len(w.p) - len(rest)
	return n
}

// has reports whether n more octets are there.
func (w *Walker) has(n int) bool {
	if n > len(w.p)-w.at {
		w.fail(ErrShort)
	}
	return w.err == nil
}

// members reads the members of the container with an index.
func (w *Walker) members(container, depth int) {
	n := w.length()
	switch {
	case depth > maxDepth:
		w.fail(ErrNested)
	case n > MaxItems:
		w.fail(ErrLong)
	}
	if w.err != nil {
		return
	}
	w.Items[container].Count = uint16(n)
	first := w.at
	for k := range n {
		if k == 0 && w.Items[container].Tag == Structure && w.quirk(n) {
			continue
		}
		if w.err == nil {
			w.value(depth)
		}
		if w.err != nil {
			if w.err == ErrTag && k < 2 && len(w.p)-first < descriptorSize && isQuirk(w.p[first:], n) {
				w.err = ErrShort // the rest may show that it was a quirk
			}
			return
		}
	}
	w.Items[container].Next = uint16(len(w.Items))
}

// descriptorSize is the length of class, OBIS code and attribute.
const descriptorSize = 2 + 6 + 1

// isQuirk reports whether the first member of a structure of n may be one that
// breaks the rules.
func isQuirk(p []byte, n int) bool {
	return len(p) > 0 && (p[0] == 0 && (n == 2 || n == 3) || p[0] == byte(Uint32) && n > 1)
}

// quirk reads the first member of a structure of n where its maker breaks the
// rules.
func (w *Walker) quirk(n int) bool {
	p := w.p[w.at:]
	switch {
	case !isQuirk(p, n):
		return false
	case len(p) < descriptorSize:
		// What follows a null tells whether it is half of a class.
		if p[0] == 0 && (len(p) == 1 || p[1] != 0) {
			w.fail(ErrShort)
		}
		return false
	case p[7] != 0xFF:
		return false
	}
	switch {
	case p[0] == 0 && p[1] > 0 && p[8] > 0 && p[8] < 16:
		if i := w.add(Descriptor); i != nil {
			i.Bytes = p[:descriptorSize]
		}
		w.at += descriptorSize
	case p[0] == byte(Uint32) && p[1] == byte(OctetString) && p[2] <= 1 && p[5] == 7:
		// Landis+Gyr ZMF100: tag and length of the OBIS code are exchanged, 06
		// 09 for 09 06. As a number it would be followed by tag 07, which is
		// none.
		if i := w.add(OctetString); i != nil {
			i.Bytes = p[2:8]
		}
		w.at += 8
	default:
		return false
	}
	return true
}

// widths of the types whose length is fixed.
var widths = [256]uint8{
	Boolean: 1, Int8: 1, Uint8: 1, Enum: 1, BCD: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Float32: 4,
	Int64: 8, Uint64: 8, Float64: 8, DateTime: 12, Date: 5, Time: 4,
}

func (i *Item) fixed(p []byte) {
	switch i.Tag {
	case Boolean, Uint8, Enum, BCD:
		i.Number = int64(p[0])
	case Int8:
		i.Number = int64(int8(p[0]))
	case Int16:
		i.Number = int64(int16(binary.BigEndian.Uint16(p)))
	case Uint16:
		i.Number = int64(binary.BigEndian.Uint16(p))
	case Int32:
		i.Number = int64(int32(binary.BigEndian.Uint32(p)))
	case Uint32, Float32:
		i.Number = int64(binary.BigEndian.Uint32(p))
	case Int64, Float64:
		i.Number = int64(binary.BigEndian.Uint64(p))
	case Uint64:
		n := binary.BigEndian.Uint64(p)
		i.Number, i.Wide = int64(n), n > math.MaxInt64
	default:
		i.Bytes = p
	}
}

// Length reads a length: one octet below 0x80, or 0x80 plus the number of
// octets that follow.
func Length(p []byte) (n int, rest []byte, err error) {
	if len(p) == 0 {
		return 0, nil, ErrShort
	}
	n, p = int(p[0]), p[1:]
	if n < 0x80 {
		return n, p, nil
	}
	const longest = 4 // octets, of which the first may be 0
	size := n & 0x7F
	if size == 0 || size > longest {
		return 0, nil, ErrTag
	}
	if len(p) < size {
		return 0, nil, ErrShort
	}
	n = 0
	for _, b := range p[:size] {
		if n >= 1<<16 { // a message of 16 MB
			return 0, nil, ErrTag
		}
		n = n<<8 | int(b)
	}
	return n, p[size:], nil
}

// notificationHead is the tag of a data-notification and its invoke id and
// priority.
const notificationHead = 1 + 4

// NotificationTime reads the head of a data-notification (IEC 62056-53): tag,
// invoke id and priority, and the date-time, whose twelve octets are nil where
// it is absent. Meters write it as 00, as a length and the octets, as a tagged
// octet string, or as a tagged date-time. rest is the body.
func NotificationTime(p []byte) (clock, rest []byte, err error) {
	const size = 12
	if len(p) <= notificationHead {
		return nil, nil, ErrShort
	}
	p = p[notificationHead:]
	switch Tag(p[0]) {
	case Null:
		return nil, p[1:], nil
	case size, DateTime: // a length of 12 is the tag of a UTF-8 string, too
		p = p[1:]
	case OctetString:
		switch {
		case len(p) > 1 && p[1] == 0:
			return nil, p[2:], nil
		case len(p) > 1 && p[1] != size:
			return nil, nil, ErrTag
		}
		p = p[min(2, len(p)):]
	default:
		return nil, nil, ErrTag
	}
	if len(p) < size {
		return nil, nil, ErrShort
	}
	return p[:size], p[size:], nil
}
