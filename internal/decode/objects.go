package decode

import (
	"iter"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
)

// Protocol returns what the message is written in: dsmr, dlms or sml.
func (m *Message) Protocol() string {
	if m.Pushed == nil {
		return "dsmr"
	}
	return m.Pushed.Protocol
}

// Objects returns the objects of the message in their order, those of DLMS and
// SML as P1 would print them: 1-0:1.7.0 and 714*W.
func (m *Message) Objects() iter.Seq[dsmr.Object] {
	if m.Pushed == nil {
		return dsmr.Objects(m.Telegram.Body())
	}
	return func(yield func(dsmr.Object) bool) {
		for i := range m.Pushed.Objects {
			o := &m.Pushed.Objects[i]
			if o.Type == cosem.Absent {
				continue
			}
			value := o.AppendValue(nil)
			if unit := o.Unit.String(); unit != "" && o.Type == cosem.Number {
				value = append(append(value, '*'), unit...)
			}
			if !yield(dsmr.Object{OBIS: o.Code.Append(nil), Values: [][]byte{value}}) {
				return
			}
		}
	}
}

// AppendText writes the message as text: a telegram as it came, and the objects
// of DLMS and SML one a line.
func (m *Message) AppendText(dst []byte) []byte {
	if m.Pushed == nil {
		return append(dst, m.Telegram.Bytes...)
	}
	dst = append(dst, '/')
	dst = append(append(dst, m.Reading.Standard...), "\r\n\r\n"...)
	for o := range m.Objects() {
		dst = append(append(dst, o.OBIS...), '(')
		dst = append(append(dst, o.Values[0]...), ")\r\n"...)
	}
	return append(dst, '!')
}
