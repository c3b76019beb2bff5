package simulate

// checksum is CRC-16/ARC over p (DSMR 5.0.2 section 6.2): polynomial 0x8005
// reflected, nothing before, nothing after. Package dsmr has a fast one with a
// table; this is written down a second time, bit by bit, because the meter
// that tests the reader must not share the reader's mistakes.
func checksum(p []byte) uint16 {
	var crc uint16
	for _, b := range p {
		crc ^= uint16(b)
		for range 8 {
			low := crc & 1
			crc = crc>>1 ^ low*0xA001
		}
	}
	return crc
}
