package frame

import "encoding/binary"

// The checksum of HDLC and SML is CRC-16/X25: polynomial x16+x12+x5+1
// reflected (0x8408), start 0xFFFF, inverted at the end (ISO/IEC 13239, 4.2.5).
// Holley's meters use CRC-16/Kermit in SML: the same polynomial, start 0, not
// inverted.
const x25Polynomial = 0x8408

// x25Tables[k][b] is the checksum of octet b followed by k zero octets, so
// that eight octets are taken in one step ("slicing").
var x25Tables = func() (t [8][256]uint16) {
	for b := range 256 {
		crc := uint16(b)
		for range 8 {
			crc = crc>>1 ^ x25Polynomial*(crc&1)
		}
		t[0][b] = crc
	}
	for k := 1; k < len(t); k++ {
		for b := range 256 {
			crc := t[k-1][b]
			t[k][b] = crc>>8 ^ t[0][crc&0xFF]
		}
	}
	return t
}()

func updateX25(crc uint16, p []byte) uint16 {
	t := &x25Tables
	for len(p) >= 8 {
		a := binary.LittleEndian.Uint64(p)
		crc ^= uint16(a)
		// What waits for the step before stands last.
		crc = t[5][byte(a>>16)] ^ t[4][byte(a>>24)] ^ t[3][byte(a>>32)] ^ t[2][byte(a>>40)] ^ t[1][byte(a>>48)] ^
			t[0][byte(a>>56)] ^ t[7][byte(crc)] ^ t[6][byte(crc>>8)]
		p = p[8:]
	}
	for _, b := range p {
		crc = crc>>8 ^ t[0][byte(crc)^b]
	}
	return crc
}

// X25 returns the CRC-16/X25 of p. It is sent low octet first.
func X25(p []byte) uint16 { return ^updateX25(0xFFFF, p) }

// Kermit returns the CRC-16/Kermit of p.
func Kermit(p []byte) uint16 { return updateX25(0, p) }

// endsInX25 reports whether the last two octets of p are the CRC-16/X25 of
// those before them.
func endsInX25(p []byte) bool {
	n := len(p) - 2
	return n > 0 && binary.LittleEndian.Uint16(p[n:]) == X25(p[:n])
}
