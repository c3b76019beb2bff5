package frame

// M-Bus long frame (EN 13757-2, 5.5; EN 13757-3 for what C, A and CI are):
//
//	68 LL LL 68  start, length twice, start
//	53 FF CI     control: send user data; address: broadcast; control information
//	SS DD        source and destination service access point
//	...          data
//	CC 16        sum of the LL octets, stop
//
// The low nibble of CI counts the frames of a message, bit 0x10 marks the
// last: 10 is alone, 00 and 11 are a pair. Austrian Sagemcom meters send
// frames of more than 255 octets, whose length wraps: 01 for 257.
const (
	mbusStart = 0x68
	mbusStop  = 0x16
	mbusSend  = 0x53 // with or without the frame count bit 0x20

	mbusExtra    = 6 // octets around those that the length counts
	mbusHeader   = 5 // C, A, CI and the two access points
	mbusWrapped  = 0x40
	mbusMaxFrame = 256 + mbusWrapped + mbusExtra

	mbusCountMask = 0x0F
	mbusLast      = 0x10
)

// MatchMBus matches a long frame of wired M-Bus.
func MatchMBus(p []byte, end bool) Match {
	n := len(p)
	if p[0] != mbusStart || n > 2 && p[1] != p[2] || n > 3 && p[3] != mbusStart || n > 4 && p[4]&^0x20 != mbusSend {
		return Match{}
	}
	if n > 6 && p[6]&^(mbusCountMask|mbusLast) != 0 {
		return Match{}
	}
	if n < 7 {
		return needs(7)
	}
	short, long := int(p[1]), int(p[1])+256
	if short >= mbusHeader {
		if n < short+mbusExtra {
			return Match{State: More, Certain: true, Size: short + mbusExtra}
		}
		if mbusFits(p, short) {
			return mbusFrame(p, short, true)
		}
	}
	if short >= mbusWrapped || end && n < long+mbusExtra || short >= mbusHeader && mbusFollows(p, short+mbusExtra) {
		return mbusFrame(p, max(short, mbusHeader), false)
	}
	if n < long+mbusExtra {
		return Match{State: More, Certain: true, Size: long + mbusExtra}
	}
	return mbusFrame(p, long, mbusFits(p, long))
}

// mbusFollows reports whether a frame ends and another one begins at that octet:
// then no wrapped length reaches beyond it, where the sum of eight bits might
// fit by chance.
func mbusFollows(p []byte, at int) bool {
	return p[at-1] == mbusStop && len(p) > at+3 && p[at] == mbusStart && p[at+3] == mbusStart && p[at+1] == p[at+2]
}

func mbusFits(p []byte, length int) bool {
	if p[length+mbusExtra-1] != mbusStop {
		return false
	}
	var sum byte
	for _, b := range p[4 : 4+length] {
		sum += b
	}
	return sum == p[length+mbusExtra-2]
}

func mbusFrame(p []byte, length int, fits bool) Match {
	size := min(length+mbusExtra, len(p))
	payload := p[min(4+mbusHeader, size):min(4+length, size)]
	part := Part{Sender: uint64(p[5]), Number: int(p[6] & mbusCountMask), More: p[6]&mbusLast == 0, Split: true}
	return whole(size, fits, payload, part)
}
