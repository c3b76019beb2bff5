package frame

// HDLC frame format type 3 (ISO/IEC 13239, 4.9; IEC 62056-46, 6.4):
//
//	7E           flag
//	A0 LL        format: type A, bit 0x800 segmentation, 11 bits length
//	...          destination address, 1, 2 or 4 octets; the last has bit 0 set
//	...          source address, the same
//	13           control: UI; 03 and 10 were seen
//	HH HH        checksum of all from the format on (HCS), if there is information
//	...          information
//	FF FF        checksum of all from the format on (FCS)
//	7E           flag
//
// The length counts everything between the flags. Nothing inside is escaped: a
// 7E among the octets is data. The closing flag may open the next frame, so it
// is no part of the match.
const (
	Flag = hdlcFlag // stands between frames

	hdlcFlag     = 0x7E
	hdlcType     = 0xA0
	hdlcSegment  = 0x08
	hdlcMaxFrame = 1 + 0x7FF

	hdlcMinLength = 2 + 1 + 1 + 1 + 2 // without information
)

// MatchHDLC matches a frame of HDLC frame format type 3.
func MatchHDLC(p []byte, _ bool) Match {
	if len(p) < 3 {
		if len(p) == 2 && p[1]&0xF0 != hdlcType {
			return Match{}
		}
		return needs(3)
	}
	if p[0] != hdlcFlag || p[1]&0xF0 != hdlcType {
		return Match{}
	}
	length := int(p[1]&7)<<8 | int(p[2])
	if length < hdlcMinLength {
		return Match{}
	}
	at, sender := 3, uint64(0)
	for range 2 { // destination, source
		n := 0
		for {
			if at+n >= len(p) {
				return needs(len(p) + 1)
			}
			n++
			sender = sender<<7 ^ uint64(p[at+n-1])
			if p[at+n-1]&1 != 0 {
				break
			}
			if n == 4 {
				return Match{}
			}
		}
		if n == 3 {
			return Match{}
		}
		at += n
	}
	at++ // control
	size := 1 + length
	part := Part{Sender: sender, Number: -1, More: p[1]&hdlcSegment != 0, Split: true}
	if at+2 == size { // no information, and so no header checksum
		if len(p) < size {
			return needs(size)
		}
		return whole(size, endsInX25(p[1:size]), nil, part)
	}
	if at+4 > size {
		return Match{}
	}
	if len(p) < at+2 {
		return needs(at + 2)
	}
	if !endsInX25(p[1 : at+2]) {
		return Match{}
	}
	if len(p) < size {
		return Match{State: More, Certain: true, Size: size}
	}
	return whole(size, endsInX25(p[1:size]), p[at+2:size-2], part)
}
