package sml

import (
	"encoding/binary"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// Edit calls edit with each octet string of a payload, which it may change in
// place, but for OBIS codes, and with the code of the entry that the string is
// in, 0 outside of entries. It returns the messages, without doubled escapes, with
// their checksums mended.
func Edit(payload []byte, edit func(code cosem.Code, octets []byte)) ([]byte, error) {
	d := Decoder{}
	plain := d.unescape(payload)
	c := cursor{p: append([]byte(nil), plain...)}
	for c.at < len(c.p) && c.err == nil {
		if c.p[c.at] == 0 {
			c.at++
			continue
		}
		editMessage(&c, edit)
	}
	return c.p, c.err
}

// editMessage edits a message: of six, whose fifth member is its checksum, the
// CRC-16/X25 of what is in front of it, or Holley's Kermit.
func editMessage(c *cursor, edit func(cosem.Code, []byte)) {
	start := c.at
	before := append([]byte(nil), c.p[start:]...)
	c.open(6)
	for range 4 {
		editValue(c, edit, 0, 1)
	}
	size := c.at - start
	sum := c.next()
	c.next()
	if c.err != nil || sum.kind != unsigned || sum.size != 2 {
		return
	}
	covered := c.p[start : start+size]
	switch octets := c.bytes(&sum); binary.LittleEndian.Uint16(octets) {
	case frame.X25(before[:size]):
		binary.LittleEndian.PutUint16(octets, frame.X25(covered))
	case frame.Kermit(before[:size]):
		binary.LittleEndian.PutUint16(octets, frame.Kermit(covered))
	}
}

// editValue edits a value and all its members. An entry is a list of seven that
// begins with a code.
func editValue(c *cursor, edit func(cosem.Code, []byte), code cosem.Code, depth int) {
	v := c.next()
	switch {
	case c.err != nil:
	case v.kind == octets:
		edit(code, c.bytes(&v))
	case v.kind != list:
	case depth > maxDepth:
		c.fail(ErrNested)
	default:
		for i := range v.size {
			if c.err != nil {
				return
			}
			if i == 0 && v.size == 7 {
				ahead := *c
				if name := ahead.next(); ahead.err == nil && name.kind == octets && name.size == 6 {
					code = cosem.CodeOf(ahead.bytes(&name))
					*c = ahead
					continue
				}
			}
			editValue(c, edit, code, depth+1)
		}
	}
}
