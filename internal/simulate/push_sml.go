package simulate

import (
	"bytes"
	"encoding/binary"
)

// SML 1.04 (BSI TR-03109-1 annex IV), as a two-way meter with three phases
// sends it.

// smlValue is a row of the list.
type smlValue struct {
	code   [6]byte
	number func(w *world) int64 // in units of 10^exp
	exp    int8
	unit   byte
	size   int  // octets
	signed bool // signed values are in a type with a sign
}

func register(direction int, div int64) func(w *world) int64 {
	return func(w *world) int64 { return w.energy[direction][0] * 10 / 3600 / div * div }
}

func phasePower(i int) func(w *world) int64 { return func(w *world) int64 { return w.watts[i] } }

func phaseVoltage(i int) func(w *world) int64 {
	return func(w *world) int64 { return (w.voltage(i) + 50) / 100 }
}

func phaseCurrent(i int) func(w *world) int64 {
	return func(w *world) int64 { return (w.current(i) + 5) / 10 }
}

// smlList is what a meter shows with the PIN.
var smlList = []smlValue{
	{[6]byte{1, 0, 1, 8, 0, 255}, register(imported, 1), -1, 30, 8, false},
	{[6]byte{1, 0, 2, 8, 0, 255}, register(exported, 1), -1, 30, 8, false},
	{[6]byte{1, 0, 16, 7, 0, 255}, phasePower(0), 0, 27, 4, true},
	{[6]byte{1, 0, 36, 7, 0, 255}, phasePower(1), 0, 27, 3, true},
	{[6]byte{1, 0, 56, 7, 0, 255}, phasePower(2), 0, 27, 3, true},
	{[6]byte{1, 0, 76, 7, 0, 255}, phasePower(3), 0, 27, 3, true},
	{[6]byte{1, 0, 32, 7, 0, 255}, phaseVoltage(1), -1, 35, 2, false},
	{[6]byte{1, 0, 52, 7, 0, 255}, phaseVoltage(2), -1, 35, 2, false},
	{[6]byte{1, 0, 72, 7, 0, 255}, phaseVoltage(3), -1, 35, 2, false},
	{[6]byte{1, 0, 31, 7, 0, 255}, phaseCurrent(1), -2, 33, 2, false},
	{[6]byte{1, 0, 51, 7, 0, 255}, phaseCurrent(2), -2, 33, 2, false},
	{[6]byte{1, 0, 71, 7, 0, 255}, phaseCurrent(3), -2, 33, 2, false},
	{[6]byte{1, 0, 14, 7, 0, 255}, func(w *world) int64 { return (w.frequency(0) + 50) / 100 }, -1, 44, 2, false},
}

// smlLocked is what it shows without: whole kilowatt-hours.
var smlLocked = []smlValue{
	{[6]byte{1, 0, 1, 8, 0, 255}, register(imported, 10_000), -1, 30, 8, false},
	{[6]byte{1, 0, 2, 8, 0, 255}, register(exported, 10_000), -1, 30, 8, false},
}

func smlOctets(dst, p []byte) []byte {
	if n := len(p) + 1; n > 15 {
		dst = append(dst, 0x80|byte(n+1)>>4, byte(n+1)&15)
	} else {
		dst = append(dst, byte(n))
	}
	return append(dst, p...)
}

func smlNumber(dst []byte, n int64, size int, signed bool) []byte {
	tl := byte(0x60)
	if signed {
		tl = 0x50
	}
	dst = append(dst, tl|byte(size+1))
	var octets [8]byte
	binary.BigEndian.PutUint64(octets[:], uint64(n))
	return append(dst, octets[8-size:]...)
}

// smlMessage writes a message around its body.
func (m *PushMeter) smlMessage(dst []byte, number byte, tag uint16, body []byte) []byte {
	start := len(dst)
	dst = append(dst, 0x76, 0x05)
	dst = binary.BigEndian.AppendUint32(dst, m.number<<8|uint32(number))
	dst = append(dst, 0x62, 0x00, 0x62, 0x00, 0x72, 0x63, byte(tag>>8), byte(tag))
	dst = append(dst, body...)
	sum := x25(dst[start:])
	return append(dst, 0x63, byte(sum), byte(sum>>8), 0x00)
}

// sml writes a frame: open, list, close.
func (m *PushMeter) sml(dst []byte) []byte {
	w := &m.meter.world
	id := []byte{0x0A, 0x01, 'S', 'I', 'M', 0x01}
	id = binary.BigEndian.AppendUint32(id, uint32(w.serial))
	rows := smlLocked
	if m.info.full {
		rows = smlList[:]
	}

	list := append([]byte{0x77, 0x01}, smlOctets(nil, id)...)
	list = append(list, 0x07, 0x01, 0x00, 0x62, 0x0A, 0xFF, 0xFF)
	list = append(list, 0x72, 0x62, 0x01, 0x65)
	list = binary.BigEndian.AppendUint32(list, uint32(w.t&0xFFFFFF))
	list = append(list, 0xF0|byte(2+len(rows))>>4, byte(2+len(rows))&15)
	list = append(list, 0x77, 0x07, 0x01, 0x00, 0x60, 0x32, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x04, 'S', 'I', 'M', 0x01)
	list = append(list, 0x77, 0x07, 0x01, 0x00, 0x60, 0x01, 0x00, 0xFF, 0x01, 0x01, 0x01, 0x01)
	list = append(smlOctets(list, id), 0x01)
	for i := range rows {
		r := &rows[i]
		list = append(append(list, 0x77, 0x07), r.code[:]...)
		if i == 0 {
			status := uint32(0x1C0104)
			if w.watts[0] < 0 {
				status |= 0x800
			}
			list = binary.BigEndian.AppendUint32(append(list, 0x65), status)
		} else {
			list = append(list, 0x01)
		}
		list = append(list, 0x01, 0x62, r.unit, 0x52, byte(r.exp))
		list = append(smlNumber(list, r.number(w), r.size, r.signed), 0x01)
	}
	list = append(list, 0x01, 0x01)

	escape := []byte{0x1B, 0x1B, 0x1B, 0x1B}
	open := append([]byte{0x76, 0x01, 0x01, 0x04, 0x01, 0x02, 0x03}, smlOctets(nil, id)...)
	body := m.smlMessage(nil, 1, 0x0101, append(open, 0x01, 0x01))
	body = m.smlMessage(body, 2, 0x0701, list)
	body = m.smlMessage(body, 3, 0x0201, []byte{0x71, 0x01})
	fill := -len(body) & 3
	body = append(body, make([]byte, fill)...)
	body = bytes.ReplaceAll(body, escape, append(escape[:4:4], escape...))

	start := len(dst)
	dst = append(append(dst, escape...), 1, 1, 1, 1)
	dst = append(append(dst, body...), escape...)
	dst = append(dst, 0x1A, byte(fill))
	return binary.LittleEndian.AppendUint16(dst, x25(dst[start:]))
}
