package sml

import (
	"encoding/binary"
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// A server id (DIN 43863-5) is printed on the meter as 1 EMH00 1059 9732:
//
//	0A           length, 09 on older meters
//	01           medium: electricity
//	45 4D 48     maker
//	00           block
//	00 A1 BD 34  number
const (
	idSize      = 10
	idMaker     = 2
	idBlock     = 5
	idNumber    = 6
	electricity = 1
)

// IsIdentifier reports whether a server id has that form.
func IsIdentifier(id []byte) bool {
	if len(id) != idSize || id[0] != 0x0A && id[0] != 0x09 || id[1] != electricity {
		return false
	}
	for _, c := range id[idMaker:idBlock] {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// serverID returns a server id as the meter's face has it, without blanks, and
// one of another form in hexadecimal.
func (d *Decoder) serverID(id []byte) []byte {
	const digits = "0123456789ABCDEF"
	if len(id) > maxText || len(d.texts)+2*len(id) > cap(d.texts) {
		return nil
	}
	from := len(d.texts)
	if !IsIdentifier(id) {
		for _, b := range id {
			d.texts = append(d.texts, digits[b>>4], digits[b&15])
		}
		return d.texts[from:len(d.texts):len(d.texts)]
	}
	if d.maker != string(id[idMaker:idBlock]) {
		d.maker = string(id[idMaker:idBlock])
	}
	d.message.Maker = d.maker
	d.texts = append(d.texts, '0'+electricity)
	d.texts = append(d.texts, id[idMaker:idBlock]...)
	d.texts = append(d.texts, digits[id[idBlock]>>4], digits[id[idBlock]&15])
	number := binary.BigEndian.Uint32(id[idNumber:])
	for limit := uint32(10_000_000); number < limit && limit > 1; limit /= 10 {
		d.texts = append(d.texts, '0')
	}
	d.texts = strconv.AppendUint(d.texts, uint64(number), 10)
	return d.texts[from:len(d.texts):len(d.texts)]
}

// correct mends what a maker is known to get wrong. DZG's meters with certain
// numbers send the power in a type with a sign, of one to three octets, but
// mean none while they import: 356.24 W come as -299.12 W.
func (d *Decoder) correct() {
	m := &d.message
	if !d.faulty {
		return
	}
	var status uint64
	for i := range m.Objects {
		status |= m.Objects[i].Status
	}
	if delivers, known := cosem.Delivers(status); !known || delivers {
		return
	}
	for i := range m.Objects {
		o := &m.Objects[i]
		if o.Code == cosem.Electricity(16, 7, 0) && o.Signed && o.Width <= 3 && o.Number < 0 {
			o.Number += 1 << (8 * o.Width)
		}
	}
}

// faulty are the numbers of the meters that correct mends.
var faulty = [...][2]uint32{{42_000_000, 48_999_999}, {55_000_000, 58_999_999}}

// Faulty returns the numbers of DZG's meters with a fault that a server id is one
// of, from the first to the last; 0, 0: it is none.
func Faulty(id []byte) (first, last uint32) {
	if !IsIdentifier(id) || string(id[idMaker:idBlock]) != "DZG" {
		return 0, 0
	}
	number := binary.BigEndian.Uint32(id[idNumber:])
	for _, f := range faulty {
		if number >= f[0] && number <= f[1] {
			return f[0], f[1]
		}
	}
	return 0, 0
}

// Locked reports whether a message looks like that of a meter whose owner has
// not typed in the PIN: there is no power, and the registers have whole
// kilowatt-hours only.
func Locked(m *cosem.Message) bool {
	registers := false
	for i := range m.Objects {
		o := &m.Objects[i]
		if !o.Code.IsElectric() || o.Type != cosem.Number {
			continue
		}
		switch o.Code.Kind() {
		case cosem.Energy:
			v, ok := o.Value() // kWh
			if !ok || v.Cmp(meter.NewValue(v.Int(), 0)) != 0 {
				return false
			}
			registers = registers || v.Sign() > 0
		case cosem.Power:
			return false
		}
	}
	return registers
}
