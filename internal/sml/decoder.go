// Package sml reads what German meters push: Smart Message Language 1.04 (BSI
// TR-03109-1 annex IV). A frame holds three messages, of which the
// GetListResponse has the values:
//
//	76                       message of six
//	  05 01 02 03 42           transaction
//	  62 00, 62 00             group, abort on error
//	  72                       body of two
//	    63 07 01                 GetListResponse
//	    77                       of seven
//	      01, 0B ..., 07 ...       client, server id, name of the list
//	      72 62 01 65 ...          sensor time
//	      75                       list of five
//	        77                       entry of seven
//	          07 01 00 10 07 00 FF     1-0:16.7.0*255
//	          01, 01                   status, time
//	          62 1B, 52 FF             W, 10^-1
//	          55 00 00 16 03           563.5
//	          01                       signature
//	      01, 01                   signature, gateway time
//	  63 ...                   checksum of the message
//	00                       end of the message
//
// The checksum of the frame vouches for all of it; those of the messages are
// not looked at, because Holley's do not fit.
package sml

import (
	"bytes"
	"math"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	getListResponse = 0x0701

	maxObjects = 128
	maxText    = 32 // longer octet strings are public keys and signatures
)

// Decoder reads the payload of frames. In the steady state it allocates
// nothing; it serves one goroutine.
type Decoder struct {
	message cosem.Message
	plain   []byte // the payload without doubled escapes
	texts   []byte // identifiers as they are printed
	maker   string // the last one, kept while it stays the same
	faulty  bool   // the meter is one that correct mends
}

// Decode reads a frame's payload. The message and all in it is valid until the
// next call.
func (d *Decoder) Decode(payload []byte) (*cosem.Message, error) {
	m := &d.message
	if m.Objects == nil {
		m.Objects = make([]cosem.Object, 0, maxObjects)
		d.texts = make([]byte, 0, 1<<10)
	}
	*m = cosem.Message{Protocol: "sml", Objects: m.Objects[:0]}
	d.texts, d.faulty = d.texts[:0], false
	c := cursor{p: d.unescape(payload)}
	found := false
	for c.at < len(c.p) {
		if c.p[c.at] == 0 { // fill octets
			c.at++
			continue
		}
		found = d.part(&c) || found
	}
	switch {
	case found: // the checksum of the frame vouches for what was read
		d.correct()
		return m, nil
	case c.err != nil:
		return nil, c.err
	}
	return nil, ErrNoList
}

var doubled = bytes.Repeat([]byte{0x1B}, 8)

// unescape takes the escapes in front of escapes out.
func (d *Decoder) unescape(p []byte) []byte {
	i := bytes.Index(p, doubled)
	if i < 0 {
		return p
	}
	d.plain = d.plain[:0]
	for ; i >= 0; i = bytes.Index(p, doubled) {
		d.plain = append(d.plain, p[:i+4]...)
		p = p[i+8:]
	}
	d.plain = append(d.plain, p...)
	return d.plain
}

// part reads a message, and reports whether it has a list of values.
func (d *Decoder) part(c *cursor) (found bool) {
	c.open(6)
	c.members(3, 1) // transaction, group, abort
	c.open(2)
	if tag := c.next(); tag.kind == unsigned && c.uint(&tag) == getListResponse {
		d.response(c)
		found = c.err == nil
	} else {
		c.skip(2)
	}
	c.members(2, 1) // checksum, end
	return found
}

func (d *Decoder) response(c *cursor) {
	c.open(7)
	c.skip(3)                                                                     // client
	if id := c.next(); id.kind == octets && c.err == nil && d.message.ID == nil { // of the first list, whose values count
		d.message.ID = d.serverID(c.bytes(&id))
		_, last := Faulty(c.bytes(&id))
		d.faulty = last > 0
	}
	c.skip(3) // name of the list
	d.sensorTime(c)
	entries := c.next()
	if entries.kind != list {
		c.fail(ErrType)
	}
	for range entries.size {
		if c.err != nil {
			return
		}
		d.entry(c)
	}
	c.members(2, 3) // signature, gateway time
}

// timeLocal is the form of a time that has seconds since 1970, and offset and
// summer time in minutes.
const timeLocal = 3

// sensorTime reads when the values were measured. Only the local time is one
// that people read off the meter: the usual one counts seconds since the meter
// was started, as two values or, from Holley, as one.
func (d *Decoder) sensorTime(c *cursor) {
	inner := *c
	c.skip(3)
	inner.open(2)
	if form := inner.next(); form.kind != unsigned || inner.uint(&form) != timeLocal {
		return
	}
	inner.open(3)
	var parts [3]int64
	for i := range parts {
		v := inner.next()
		if parts[i] = int64(inner.uint(&v)); v.kind == signed {
			parts[i] = inner.int(&v)
		}
	}
	if inner.err == nil {
		d.message.Clock = localTime(parts[0], parts[1], parts[2])
	}
}

// localTime returns the wall clock of a time in UTC, an offset and the summer
// time in minutes.
func localTime(seconds, offset, summer int64) meter.Timestamp {
	if seconds < 0 || seconds > math.MaxUint32 || offset < -720 || offset > 840 || summer < 0 || summer > 120 {
		return meter.Timestamp{}
	}
	flag := byte('W')
	if summer > 0 {
		flag = 'S'
	}
	t := time.Unix(seconds+60*(offset+summer), 0).UTC()
	stamp, _ := meter.NewTimestamp(t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), flag)
	return stamp
}

// entry reads one value of the list.
func (d *Decoder) entry(c *cursor) {
	c.open(7)
	name, status := c.next(), c.next()
	c.skip(5) // time
	unit, scaler, v := c.next(), c.next(), c.next()
	if v.kind == list {
		c.members(v.size, 5)
	}
	c.skip(5) // signature
	m := &d.message
	if c.err != nil || name.kind != octets || name.size != 6 || len(m.Objects) == maxObjects {
		return
	}
	m.Objects = append(m.Objects, cosem.Object{Code: cosem.CodeOf(c.bytes(&name))})
	o := &m.Objects[len(m.Objects)-1]
	if status.kind == unsigned {
		o.Status = c.uint(&status)
	}
	keep := true
	switch v.kind {
	case signed, unsigned:
		keep = number(o, c, &unit, &scaler, &v)
	case boolean:
		o.Type, o.Number = cosem.Number, int64(c.uint(&v)&1)
	case octets:
		keep = d.text(o, c.bytes(&v))
	}
	if !keep {
		m.Objects = m.Objects[:len(m.Objects)-1]
	}
}

// number takes an integer; false: it is none that a meter means.
func number(o *cosem.Object, c *cursor, unit, scaler, v *value) bool {
	o.Type, o.Signed, o.Width = cosem.Number, v.kind == signed, uint8(v.size)
	if o.Signed {
		o.Number = c.int(v)
	} else if o.Number = int64(c.uint(v)); o.Number < 0 {
		return false
	}
	if scaler.kind == signed {
		exp := c.int(scaler)
		if exp < -cosem.MaxExp || exp > cosem.MaxExp {
			return false
		}
		o.Exp = int8(exp)
	}
	if unit.kind == unsigned && unit.size == 1 {
		o.Unit = cosem.Unit(c.p[unit.from])
	} else {
		o.Unit = o.Code.Unit()
	}
	return true
}

// text takes an octet string; false: it is a public key or a signature, which
// never leave. The objects that hold the server id are printed as the meter's
// face has it.
func (d *Decoder) text(o *cosem.Object, p []byte) bool {
	c, dd, e := o.Code.C(), o.Code.D(), o.Code.E()
	switch {
	case len(p) > maxText || c == 199 && dd == 130 && e == 5:
		return false
	case len(p) == 0:
	case o.Code.A() == 1 && (c == 0 && dd == 0 && e == 9 || c == 96 && dd == 1 && e == 0) &&
		(IsIdentifier(p) || !isPrintable(p)):
		o.Type, o.Text = cosem.Text, d.serverID(p)
	case isPrintable(p):
		o.Type, o.Text = cosem.Text, p
	default:
		o.Type, o.Text = cosem.Octets, p
	}
	return true
}

func isPrintable(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
