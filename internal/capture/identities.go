package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/sml"
)

// longestName is the longest text that is renamed; keys and signatures are longer
// and become 0.
const longestName = 40

// renameOctets replaces an identifier in place: a text word by word, other octets
// as one number.
func (n *names) renameOctets(p []byte) {
	text := bytes.TrimRight(p, "\x00 ")
	switch {
	case len(p) > longestName:
		clear(p)
	case isText(text):
		for i := 0; i < len(text); {
			end := i
			for end < len(text) && isWord(text[end]) {
				end++
			}
			copy(text[i:end], n.named(text[i:end]))
			i = end + 1
		}
	default:
		digits := bytes.ToUpper(hex.AppendEncode(nil, p))
		form := bytes.Repeat([]byte("0"), len(digits))
		if _, err := hex.Decode(p, n.namedAs(digits, form)); err != nil {
			clear(p)
		}
	}
}

func isText(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// redactDLMS redacts a data-notification in place; false: it is none.
func redactDLMS(apdu []byte, n *names) bool {
	if dlms.Begins(apdu) == 0 {
		return false
	}
	_, body, err := axdr.NotificationTime(apdu)
	if err != nil {
		return false
	}
	var w axdr.Walker
	rest, err := w.Walk(body)
	if err != nil {
		return false
	}
	clear(rest)
	var code cosem.Code // that the value belongs to
	for i := range w.Items {
		it := &w.Items[i]
		switch {
		case it.Tag == axdr.Descriptor:
			code = cosem.CodeOf(it.Bytes[2:8])
			redactNumber(body, it.Bytes, &w.Items[min(i+1, len(w.Items)-1)], code, n)
			continue
		case dlms.IsCode(it):
			code = cosem.CodeOf(it.Bytes)
			redactNumber(body, it.Bytes, &w.Items[min(i+1, len(w.Items)-1)], code, n)
			continue
		case !it.IsText() && it.Tag != axdr.BitString, len(it.Bytes) == 0:
		case isModel(code), dlms.IsListName(it.Bytes), isTime(w.Items, i):
		default:
			n.renameOctets(it.Bytes)
		}
		if !it.IsContainer() {
			code = 0
		}
	}
	return true
}

// isModel reports whether a code is of a meter's model, which many have: Kamstrup
// tells the scale of its registers by it.
func isModel(c cosem.Code) bool {
	return c == cosem.NewCode(1, 1, 96, 1, 1, 0xFF) || c == cosem.NewCode(0, 0, 96, 1, 7, 0xFF)
}

// isTime reports whether an item is a date and time, or a date or a time that
// stands beside the other.
func isTime(items []axdr.Item, i int) bool {
	date := func(i int) bool {
		if i < 0 || i >= len(items) || len(items[i].Bytes) != 5 {
			return false
		}
		p := items[i].Bytes
		_, ok := meter.NewTimestamp(int(binary.BigEndian.Uint16(p)), int(p[2]), int(p[3]), 0, 0, 0, 0)
		return ok && p[0] == 2000>>8
	}
	clock := func(i int) bool {
		if i < 0 || i >= len(items) || len(items[i].Bytes) != 4 {
			return false
		}
		p := items[i].Bytes
		return p[0] < 24 && p[1] < 60 && p[2] < 60
	}
	switch len(items[i].Bytes) {
	case 12:
		return !dlms.Timestamp(items[i].Bytes).IsZero()
	case 5:
		return date(i) && (clock(i-1) || clock(i+1))
	case 4:
		return clock(i) && (date(i-1) || date(i+1))
	}
	return false
}

// redactNumber replaces a number behind a code that stands for an identifier.
func redactNumber(body, code []byte, value *axdr.Item, c cosem.Code, n *names) {
	if !(c.C() == 0 && c.D() == 0 || c.C() == 96 && c.D() == 1) || isModel(c) {
		return
	}
	size := 0
	switch value.Tag {
	case axdr.Uint32, axdr.Int32:
		size = 4
	case axdr.Uint64, axdr.Int64:
		size = 8
	}
	at := cap(body) - cap(code) + len(code) + 1 // behind the tag
	n.renameOctets(body[at : at+size : at+size])
}

// redactSML returns an SML frame without what identifies the meter, nil where it
// cannot be read. Of a server id that is printed on the meter (1 EMH00 1059 9732)
// the maker stays.
func redactSML(f *frame.Frame, n *names) []byte {
	messages, err := sml.Edit(f.Payload, func(code cosem.Code, p []byte) {
		first, most := sml.Faulty(p)
		if sml.IsIdentifier(p) {
			p = p[len(p)-4:]
		}
		if most == 0 {
			n.renameOctets(p)
			return
		}
		// It stays one of the meters whose fault is mended.
		number := binary.BigEndian.Uint32(p)
		if number -= first; number > uint32(mostNames([]byte("00000000"))) {
			number += first
		}
		binary.BigEndian.PutUint32(p, number)
		n.renameOctets(p)
		binary.BigEndian.PutUint32(p, first+binary.BigEndian.Uint32(p))
	})
	if err != nil {
		return nil
	}
	sum := binary.LittleEndian.Uint16(f.Bytes[len(f.Bytes)-2:])
	return frame.AppendSML(nil, messages, sum == frame.Kermit(f.Bytes[:len(f.Bytes)-2]))
}
