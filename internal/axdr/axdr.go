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
	// structure of two (Sagemcom XT211).
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
}

// Walk reads the one value that p begins with, all its members included, and
// returns what is behind it. Items is valid until the next Walk.
func (w *Walker) Walk(p []byte) (rest []byte, err error) {
	if w.Items == nil {
		w.Items = make([]Item, 0, MaxItems)
	}
	w.Items = w.Items[:0]
	return w.value(p, 0)
}

func (w *Walker) value(p []byte, depth int) ([]byte, error) {
	if len(p) == 0 {
		return nil, ErrShort
	}
	if len(w.Items) == MaxItems {
		return nil, ErrLong
	}
	at := len(w.Items)
	w.Items = append(w.Items, Item{Tag: Tag(p[0]), Next: uint16(at + 1)})
	i := &w.Items[at]
	tag, p := Tag(p[0]), p[1:]
	if n := int(widths[tag]); n > 0 {
		if len(p) < n {
			return nil, ErrShort
		}
		i.fixed(p[:n])
		return p[n:], nil
	}
	switch tag {
	case Null:
		return p, nil
	case Array, Structure:
		return w.members(p, at, depth+1)
	case OctetString, VisibleString, UTF8String, BitString:
		n, p, err := Length(p)
		if err != nil {
			return nil, err
		}
		if tag == BitString {
			n = (n + 7) / 8
		}
		if n > len(p) {
			return nil, ErrShort
		}
		i.Bytes = p[:n]
		return p[n:], nil
	}
	return nil, ErrTag
}

func (w *Walker) members(p []byte, at, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, ErrNested
	}
	n, p, err := Length(p)
	if err != nil {
		return nil, err
	}
	if n > MaxItems {
		return nil, ErrLong
	}
	w.Items[at].Count = uint16(n)
	first := p
	for k := range n {
		if k == 0 && w.Items[at].Tag == Structure {
			if rest, ok, err := w.quirk(p, n); ok || err != nil {
				if p = rest; err != nil {
					return nil, err
				}
				continue
			}
		}
		if p, err = w.value(p, depth); err != nil {
			if err == ErrTag && k < 2 && isQuirk(first, n) && len(first) < descriptorSize {
				err = ErrShort // the rest may show that it was a quirk
			}
			return nil, err
		}
	}
	w.Items[at].Next = uint16(len(w.Items))
	return p, nil
}

// descriptorSize is the length of class, OBIS code and attribute.
const descriptorSize = 2 + 6 + 1

// isQuirk reports whether the first member of a structure of n may be one that
// breaks the rules.
func isQuirk(p []byte, n int) bool {
	return len(p) > 0 && (p[0] == 0 && n == 2 || p[0] == byte(Uint32))
}

// quirk reads the first member of a structure of n where its maker breaks the
// rules.
func (w *Walker) quirk(p []byte, n int) (rest []byte, ok bool, err error) {
	switch {
	case !isQuirk(p, n) || len(p) < descriptorSize || p[7] != 0xFF:
	case p[0] == 0 && p[1] > 0 && p[8] > 0 && p[8] < 16:
		return p[descriptorSize:], true, w.add(Item{Tag: Descriptor, Bytes: p[:descriptorSize]})
	case p[0] == byte(Uint32) && p[1] == byte(OctetString) && p[2] <= 1 && p[5] == 7:
		// Landis+Gyr ZMF100: tag and length of the OBIS code are exchanged, 06
		// 09 for 09 06. As a number it would be followed by tag 07, which is
		// none.
		return p[8:], true, w.add(Item{Tag: OctetString, Bytes: p[2:8]})
	}
	return nil, false, nil
}

func (w *Walker) add(i Item) error {
	if len(w.Items) == MaxItems {
		return ErrLong
	}
	i.Next = uint16(len(w.Items) + 1)
	w.Items = append(w.Items, i)
	return nil
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
	size := n & 0x7F
	if size == 0 || size > 4 {
		return 0, nil, ErrTag
	}
	if len(p) < size {
		return 0, nil, ErrShort
	}
	n = 0
	for _, b := range p[:size] {
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
		if len(p) > 1 && p[1] != size {
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
