package sml

import "errors"

// Why a payload cannot be read.
var (
	ErrShort  = errors.New("the message ends in the middle of a value")
	ErrType   = errors.New("the message has a value of a type that is none, or in a wrong place")
	ErrNested = errors.New("the message is nested too deeply")
	ErrNoList = errors.New("the message has no list of values")
)

// kind is the type of a value (BSI TR-03109-1 annex IV, 6.3).
type kind uint8

const (
	octets   kind = 0
	boolean  kind = 4
	signed   kind = 5
	unsigned kind = 6
	list     kind = 7
	absent   kind = 8 // 01: an optional value that is not there
	end      kind = 9 // 00: the end of a message
)

// value is what a type-length field begins: size is the number of octets, or
// of the members of a list.
type value struct {
	kind kind
	size int
	data []byte
}

// maxSize bounds lengths; the longest known list has 30 members.
const maxSize = 4 << 10

// next reads a value. Of a list, rest begins with the first member.
//
// The first octet has bit 7 set if more of the length follows, the type in
// bits 6 to 4, and four bits of length, which counts the type-length field
// itself, except for lists.
func next(p []byte) (v value, rest []byte, err error) {
	if len(p) == 0 {
		return value{}, nil, ErrShort
	}
	switch p[0] {
	case 0:
		return value{kind: end}, p[1:], nil
	case 1:
		return value{kind: absent}, p[1:], nil
	}
	v.kind, v.size = kind(p[0]>>4&7), int(p[0]&0x0F)
	fields := 1
	for p[fields-1]&0x80 != 0 {
		if fields == len(p) {
			return value{}, nil, ErrShort
		}
		if v.size = v.size<<4 | int(p[fields]&0x0F); v.size > maxSize {
			return value{}, nil, ErrType
		}
		fields++
	}
	p = p[fields:]
	if v.kind == list {
		return v, p, nil
	}
	if v.size -= fields; v.size < 0 {
		return value{}, nil, ErrType
	}
	if v.size > len(p) {
		return value{}, nil, ErrShort
	}
	v.data = p[:v.size]
	switch v.kind {
	case octets, boolean:
	case signed, unsigned:
		if v.size == 0 || v.size > 8 {
			return value{}, nil, ErrType
		}
	default:
		return value{}, nil, ErrType
	}
	return v, p[v.size:], nil
}

// maxDepth bounds lists in lists; a message needs five.
const maxDepth = 8

// skip goes on behind a value and all its members.
func skip(p []byte, depth int) ([]byte, error) {
	v, p, err := next(p)
	if err != nil || v.kind != list {
		return p, err
	}
	return skipMembers(p, v.size, depth+1)
}

func skipMembers(p []byte, n, depth int) (_ []byte, err error) {
	if depth > maxDepth {
		return nil, ErrNested
	}
	for range n {
		if p, err = skip(p, depth); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// open reads a list of n members.
func open(p []byte, n int) ([]byte, error) {
	v, p, err := next(p)
	if err == nil && (v.kind != list || v.size != n) {
		err = ErrType
	}
	return p, err
}

// uint returns an unsigned integer of any size.
func (v *value) uint() uint64 {
	var n uint64
	for _, b := range v.data {
		n = n<<8 | uint64(b)
	}
	return n
}

// int returns a signed integer of any size; its first octet has the sign.
func (v *value) int() int64 {
	shift := 64 - 8*uint(len(v.data))
	return int64(v.uint()<<shift) >> shift
}
