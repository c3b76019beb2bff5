package simulate

import "encoding/binary"

// llc is the header that HDLC puts before an APDU.
var llc = []byte{0xE6, 0xE7, 0x00}

// x25 is CRC-16/X25, bit by bit for the same reason as checksum.
func x25(p []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range p {
		crc ^= uint16(b)
		for range 8 {
			low := crc & 1
			crc = crc>>1 ^ low*0x8408
		}
	}
	return ^crc
}

// hdlcFrame writes a frame of HDLC frame format type 3.
func hdlcFrame(dst, information []byte, more bool) []byte {
	const around = 2 + 1 + 2 + 1 + 2 + 2 // format, addresses, control, two checksums
	length := around + len(information)
	format := uint16(0xA000 | length)
	if more {
		format |= 0x0800
	}
	dst = append(dst, 0x7E)
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, format)
	dst = append(dst, 0x41, 0x08, 0x83, 0x13)
	dst = binary.LittleEndian.AppendUint16(dst, x25(dst[start:]))
	dst = append(dst, information...)
	dst = binary.LittleEndian.AppendUint16(dst, x25(dst[start:]))
	return append(dst, 0x7E)
}

// HDLC puts a message into one frame.
func HDLC(apdu []byte) []byte { return hdlcFrame(nil, append(llc[:3:3], apdu...), false) }

// hdlc puts a message into one frame.
func (m *PushMeter) hdlc(dst, apdu []byte) []byte {
	return hdlcFrame(dst, append(llc[:3:3], apdu...), false)
}

// segments puts a message into frames of 120 octets.
func (m *PushMeter) segments(dst, apdu []byte) []byte {
	const size = 120
	information := append(llc[:3:3], apdu...)
	for len(information) > size {
		dst = hdlcFrame(dst, information[:size], true)
		information = information[size:]
	}
	return hdlcFrame(dst, information, false)
}

// blocks puts a message into blocks of general block transfer, one a frame.
func (m *PushMeter) blocks(dst, apdu []byte) []byte {
	const size, streaming, last = 120, 0x40, 0x80
	for number := uint16(1); ; number++ {
		n := min(size, len(apdu))
		control := byte(streaming)
		if n == len(apdu) {
			control |= last
		}
		block := []byte{0xE0, control}
		if number == 1 {
			block = append(llc[:3:3], block...)
		}
		block = binary.BigEndian.AppendUint16(block, number)
		block = append(block, 0, 0, byte(n))
		dst = hdlcFrame(dst, append(block, apdu[:n]...), false)
		if apdu = apdu[n:]; len(apdu) == 0 {
			return dst
		}
	}
}

// mbus puts a message into long frames of M-Bus, 245 octets each.
func (m *PushMeter) mbus(dst, apdu []byte) []byte {
	const size, last = 245, 0x10
	for number := byte(0); ; number++ {
		n := min(size, len(apdu))
		control := number
		if n == len(apdu) {
			control |= last
		}
		length := byte(n + 5)
		dst = append(dst, 0x68, length, length, 0x68)
		start := len(dst)
		dst = append(dst, 0x53, 0xFF, control, 0x01, 0x67)
		dst = append(dst, apdu[:n]...)
		var sum byte
		for _, b := range dst[start:] {
			sum += b
		}
		dst = append(dst, sum, 0x16)
		if apdu = apdu[n:]; len(apdu) == 0 {
			return dst
		}
	}
}

// bare sends a message as it is.
func (m *PushMeter) bare(dst, apdu []byte) []byte { return append(dst, apdu...) }
