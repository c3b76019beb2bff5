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

// maxSize bounds lengths; the longest known list has 30 members.
const maxSize = 4 << 10

// maxDepth bounds lists in lists; a message needs five.
const maxDepth = 8

// value is what a type-length field begins: a list of size members, or size
// octets from an offset on.
type value struct {
	kind       kind
	from, size int
}

// cursor walks over a message. After an error it stays where it is.
type cursor struct {
	p   []byte
	at  int
	err error
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.at = len(c.p)
}

// next reads a value; of a list, what is next is the first member.
//
// The first octet has bit 7 set if more of the length follows, the type in
// bits 6 to 4, and four bits of length, which counts the type-length field
// itself, except for lists.
func (c *cursor) next() value {
	if c.at >= len(c.p) {
		c.fail(ErrShort)
		return value{}
	}
	tl := c.p[c.at]
	c.at++
	switch tl {
	case 0:
		return value{kind: end}
	case 1:
		return value{kind: absent}
	}
	v := value{kind: kind(tl >> 4 & 7), size: int(tl & 0x0F)}
	fields := 1
	for tl&0x80 != 0 {
		if c.at >= len(c.p) {
			c.fail(ErrShort)
			return value{}
		}
		tl = c.p[c.at]
		c.at++
		if v.size = v.size<<4 | int(tl&0x0F); v.size > maxSize {
			c.fail(ErrType)
			return value{}
		}
		fields++
	}
	if v.kind == list {
		return v
	}
	v.size -= fields
	switch {
	case v.size < 0, v.kind > unsigned, v.kind > octets && v.kind < boolean,
		v.kind >= signed && (v.size == 0 || v.size > 8):
		c.fail(ErrType)
		return value{}
	case v.size > len(c.p)-c.at:
		c.fail(ErrShort)
		return value{}
	}
	v.from = c.at
	c.at += v.size
	return v
}

// skip goes on behind a value and all its members.
func (c *cursor) skip(depth int) {
	if v := c.next(); v.kind == list {
		c.members(v.size, depth+1)
	}
}

// members skips n values.
func (c *cursor) members(n, depth int) {
	if depth > maxDepth {
		c.fail(ErrNested)
	}
	for range n {
		if c.err != nil {
			return
		}
		c.skip(depth)
	}
}

// open reads a list of n members.
func (c *cursor) open(n int) {
	if v := c.next(); v.kind != list || v.size != n {
		c.fail(ErrType)
	}
}

func (c *cursor) bytes(v *value) []byte { return c.p[v.from : v.from+v.size] }

// uint returns an unsigned integer of any size.
func (c *cursor) uint(v *value) uint64 {
	var n uint64
	for _, b := range c.bytes(v) {
		n = n<<8 | uint64(b)
	}
	return n
}

// int returns a signed integer of any size; its first octet has the sign.
func (c *cursor) int(v *value) int64 {
	shift := 64 - 8*uint(v.size)
	return int64(c.uint(v)<<shift) >> shift
}
