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
	d.texts = d.texts[:0]
	p := d.unescape(payload)
	found := false
	for len(p) > 0 {
		if p[0] == 0 { // fill octets
			p = p[1:]
			continue
		}
		var err error
		var has bool
		p, has, err = d.part(p)
		found = found || has
		switch {
		case err == nil:
		case found: // the checksum of the frame has vouched for the values
			p = nil
		default:
			return nil, err
		}
	}
	if !found {
		return nil, ErrNoList
	}
	d.correct()
	return m, nil
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

// part reads a message; found: it has a list of values.
func (d *Decoder) part(p []byte) (_ []byte, found bool, err error) {
	if p, err = open(p, 6); err != nil {
		return nil, false, err
	}
	if p, err = skipMembers(p, 3, 1); err != nil { // transaction, group, abort
		return nil, false, err
	}
	if p, err = open(p, 2); err != nil {
		return nil, false, err
	}
	tag, p, err := next(p)
	switch {
	case err != nil:
	case tag.kind == unsigned && tag.uint() == getListResponse:
		p, err = d.response(p)
		found = err == nil
	default:
		p, err = skip(p, 2)
	}
	if err != nil {
		return nil, false, err
	}
	p, err = skipMembers(p, 2, 1) // checksum, end
	return p, found, err
}

func (d *Decoder) response(p []byte) ([]byte, error) {
	p, err := open(p, 7)
	if err == nil {
		p, err = skip(p, 3) // client
	}
	if err != nil {
		return nil, err
	}
	id, p, err := next(p)
	if err == nil && id.kind == octets {
		d.message.ID = d.serverID(id.data)
		p, err = skip(p, 3) // name of the list
	}
	if err != nil {
		return nil, err
	}
	if p, err = d.sensorTime(p); err != nil {
		return nil, err
	}
	entries, p, err := next(p)
	if err == nil && entries.kind != list {
		err = ErrType
	}
	for range entries.size {
		if err != nil {
			return nil, err
		}
		p, err = d.entry(p)
	}
	if err != nil {
		return nil, err
	}
	return skipMembers(p, 2, 3) // signature, gateway time
}

// timeLocal is the form of a time that has seconds since 1970, and offset and
// summer time in minutes.
const timeLocal = 3

// sensorTime reads when the values were measured. Only the local time is one
// that people read off the meter: the usual one counts seconds since the meter
// was started, as two values or, from Holley, as one.
func (d *Decoder) sensorTime(p []byte) ([]byte, error) {
	whole, err := skip(p, 3)
	if err != nil {
		return nil, err
	}
	if p, err = open(p, 2); err != nil {
		return whole, nil
	}
	form, p, err := next(p)
	if err != nil || form.kind != unsigned || form.uint() != timeLocal {
		return whole, nil
	}
	if p, err = open(p, 3); err != nil {
		return whole, nil
	}
	var parts [3]int64
	for i := range parts {
		var v value
		if v, p, err = next(p); err != nil {
			return whole, nil
		}
		if parts[i] = int64(v.uint()); v.kind == signed {
			parts[i] = v.int()
		}
	}
	d.message.Clock = localTime(parts[0], parts[1], parts[2])
	return whole, nil
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
func (d *Decoder) entry(p []byte) ([]byte, error) {
	p, err := open(p, 7)
	if err != nil {
		return nil, err
	}
	var v [6]value // name, status, time, unit, scaler, value
	for i := range v {
		if v[i], p, err = next(p); err == nil && v[i].kind == list {
			p, err = skipMembers(p, v[i].size, 5)
		}
		if err != nil {
			return nil, err
		}
	}
	d.add(&v[0], &v[1], &v[3], &v[4], &v[5])
	return skip(p, 5) // signature
}

func (d *Decoder) add(name, status, unit, scaler, v *value) {
	m := &d.message
	if name.kind != octets || len(name.data) != 6 || len(m.Objects) == maxObjects {
		return
	}
	o := cosem.Object{Code: cosem.CodeOf(name.data)}
	if status.kind == unsigned {
		o.Status = status.uint()
	}
	switch v.kind {
	case signed, unsigned:
		n := v.uint()
		if v.kind == signed {
			n = uint64(v.int())
		} else if n > math.MaxInt64 {
			return
		}
		exp := int64(0)
		if scaler.kind == signed {
			exp = scaler.int()
		}
		if exp < -cosem.MaxExp || exp > cosem.MaxExp {
			return
		}
		o.Type, o.Number, o.Exp, o.Signed, o.Width = cosem.Number, int64(n), int8(exp), v.kind == signed, uint8(v.size)
		if o.Unit = o.Code.Unit(); unit.kind == unsigned && unit.size == 1 {
			o.Unit = cosem.Unit(unit.data[0])
		}
	case boolean:
		o.Type, o.Number = cosem.Number, int64(v.uint()&1)
	case octets:
		if len(v.data) > maxText || o.Code.C() == 199 && o.Code.D() == 130 && o.Code.E() == 5 {
			return
		}
		d.text(&o, v.data)
	}
	m.Objects = append(m.Objects, o)
}

// text takes an octet string. The objects that hold the server id are printed
// as the meter's face has it.
func (d *Decoder) text(o *cosem.Object, p []byte) {
	c, dd, e := o.Code.C(), o.Code.D(), o.Code.E()
	switch {
	case len(p) == 0:
	case o.Code.A() == 1 && (c == 0 && dd == 0 && e == 9 || c == 96 && dd == 1 && e == 0):
		o.Type, o.Text = cosem.Text, d.serverID(p)
	case isPrintable(p):
		o.Type, o.Text = cosem.Text, p
	default:
		o.Type, o.Text = cosem.Octets, p
	}
}

func isPrintable(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
