package frame

import "encoding/binary"

// crc16 is the tables of a CRC of 16 bits, reflected: t[k][b] is the checksum of
// byte b followed by k zero bytes, so that sixteen bytes are taken in one step
// ("slicing").
type crc16 [16][256]uint16

var (
	// arc is CRC-16/ARC, the checksum of P1: x16+x15+x2+1, start 0, not
	// inverted (DSMR 5.0.2 section 6.2).
	arc = newCRC16(0xA001)

	// ccitt is x16+x12+x5+1. As CRC-16/X25 it starts with 0xFFFF and is
	// inverted at the end: the checksum of HDLC and SML (ISO/IEC 13239, 4.2.5).
	// As CRC-16/Kermit, in the SML of Holley's meters, it is neither.
	ccitt = newCRC16(0x8408)
)

// newCRC16 returns the tables of a polynomial, whose lowest bit is that of x15.
func newCRC16(polynomial uint16) *crc16 {
	var t crc16
	for b := range 256 {
		crc := uint16(b)
		for range 8 {
			crc = crc>>1 ^ polynomial*(crc&1)
		}
		t[0][b] = crc
	}
	for k := 1; k < len(t); k++ {
		for b := range 256 {
			crc := t[k-1][b]
			t[k][b] = crc>>8 ^ t[0][crc&0xFF]
		}
	}
	return &t
}

func (t *crc16) update(crc uint16, p []byte) uint16 {
	for len(p) >= 16 {
		a := binary.LittleEndian.Uint64(p)
		b := binary.LittleEndian.Uint64(p[8:])
		// What waits for the last step's result stands last, so that all else
		// is done meanwhile.
		crc ^= uint16(a)
		crc = t[13][byte(a>>16)] ^ t[12][byte(a>>24)] ^
			t[11][byte(a>>32)] ^ t[10][byte(a>>40)] ^ t[9][byte(a>>48)] ^ t[8][byte(a>>56)] ^
			t[7][byte(b)] ^ t[6][byte(b>>8)] ^ t[5][byte(b>>16)] ^ t[4][byte(b>>24)] ^
			t[3][byte(b>>32)] ^ t[2][byte(b>>40)] ^ t[1][byte(b>>48)] ^ t[0][byte(b>>56)] ^
			t[14][byte(crc>>8)] ^ t[15][byte(crc)]
		p = p[16:]
	}
	for _, b := range p {
		crc = crc>>8 ^ t[0][byte(crc)^b]
	}
	return crc
}

// Checksum returns the CRC-16/ARC of p, which for a telegram runs from its
// "/" to its "!", both included.
func Checksum(p []byte) uint16 { return arc.update(0, p) }

// X25 returns the CRC-16/X25 of p. It is sent low octet first.
func X25(p []byte) uint16 { return ^ccitt.update(0xFFFF, p) }

// Kermit returns the CRC-16/Kermit of p.
func Kermit(p []byte) uint16 { return ccitt.update(0, p) }

// endsInX25 reports whether the last two octets of p are the CRC-16/X25 of
// those before them.
func endsInX25(p []byte) bool {
	n := len(p) - 2
	return n > 0 && binary.LittleEndian.Uint16(p[n:]) == X25(p[:n])
}
