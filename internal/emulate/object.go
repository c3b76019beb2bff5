package emulate

import (
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Object writes a JSON object whose numbers are the meter's decimals, exactly.
// The zero Object is empty.
type Object struct{ dst []byte }

// Raw writes a member that is JSON already.
func (o *Object) Raw(name string, value []byte) {
	o.key(name)
	o.dst = append(o.dst, value...)
}

// Text writes a string.
func (o *Object) Text(name, text string) {
	o.key(name)
	o.dst = meter.AppendText(o.dst, text)
}

// Int writes a whole number.
func (o *Object) Int(name string, n int64) {
	o.key(name)
	o.dst = strconv.AppendInt(o.dst, n, 10)
}

// Value writes a number.
func (o *Object) Value(name string, v meter.Value) {
	o.key(name)
	o.dst = v.Append(o.dst)
}

// Optional writes a number where there is one.
func (o *Object) Optional(name string, v Optional) {
	if v.Valid {
		o.Value(name, v.Value)
	}
}

func (o *Object) key(name string) {
	separator := byte(',')
	if len(o.dst) == 0 {
		separator = '{'
	}
	o.dst = append(o.dst, separator)
	o.dst = meter.AppendText(o.dst, name)
	o.dst = append(o.dst, ':')
}

// Bytes returns the whole object.
func (o *Object) Bytes() []byte {
	if len(o.dst) == 0 {
		return []byte("{}")
	}
	return append(o.dst, '}')
}
