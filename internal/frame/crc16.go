package frame

import "encoding/binary"

// The checksum is CRC-16/ARC: polynomial x16+x15+x2+1 reflected (0xA001),
// start 0, no final inversion (DSMR 5.0.2 section 6.2).
const polynomial = 0xA001

// crcTables[k][b] is the checksum of byte b followed by k zero bytes, so that
// sixteen bytes are taken in one step ("slicing").
var crcTables = func() (t [16][256]uint16) {
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
	return t
}()

// Checksum returns the CRC-16/ARC of p, which for a telegram runs from its
// "/" to its "!", both included.
func Checksum(p []byte) uint16 { return update(0, p) }

func update(crc uint16, p []byte) uint16 {
	t := &crcTables
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
