package dsmr

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
		q := p[:16]
		crc = t[15][q[0]^byte(crc)] ^ t[14][q[1]^byte(crc>>8)] ^
			t[13][q[2]] ^ t[12][q[3]] ^ t[11][q[4]] ^ t[10][q[5]] ^ t[9][q[6]] ^ t[8][q[7]] ^
			t[7][q[8]] ^ t[6][q[9]] ^ t[5][q[10]] ^ t[4][q[11]] ^ t[3][q[12]] ^ t[2][q[13]] ^ t[1][q[14]] ^ t[0][q[15]]
		p = p[16:]
	}
	for _, b := range p {
		crc = crc>>8 ^ t[0][byte(crc)^b]
	}
	return crc
}
