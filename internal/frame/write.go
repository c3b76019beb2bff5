package frame

import (
	"bytes"
	"encoding/binary"
)

// Mend gives a frame of HDLC or M-Bus the check that its octets have now.
func Mend(kind Kind, p []byte) {
	switch n := len(p) - 2; kind {
	case HDLC:
		binary.LittleEndian.PutUint16(p[n:], X25(p[1:n]))
	case MBus:
		var sum byte
		for _, b := range p[4:n] {
			sum += b
		}
		p[n] = sum
	}
}

// PayloadAt returns where the payload of a frame with a valid check begins.
func (f *Frame) PayloadAt() int {
	switch f.Kind {
	case HDLC:
		return len(f.Bytes) - 2 - len(f.Payload)
	case MBus:
		return 4 + mbusHeader
	case SML:
		return smlMark
	}
	return len(f.Bytes) - len(f.Payload)
}

// AppendHDLC appends a message in HDLC frames, in as many as it needs.
func AppendHDLC(dst, apdu []byte) []byte {
	const size, more = 1024, hdlcSegment
	information := append(llc[:len(llc):len(llc)], apdu...)
	for first := true; first || len(information) > 0; first = false {
		part := information[:min(size, len(information))]
		information = information[len(part):]
		length := 2 + 1 + 1 + 1 + 2 + len(part) + 2
		format := byte(hdlcType | length>>8)
		if len(information) > 0 {
			format |= more
		}
		start := len(dst)
		dst = append(dst, hdlcFlag, format, byte(length), 0x03, 0x03, 0x13)
		dst = binary.LittleEndian.AppendUint16(dst, X25(dst[start+1:]))
		dst = append(dst, part...)
		dst = append(binary.LittleEndian.AppendUint16(dst, X25(dst[start+1:])), hdlcFlag)
	}
	return dst
}

// AppendSML appends the messages of a payload, whose escapes are not doubled, as
// a frame. isKermit: with the checksum of Holley's meters.
func AppendSML(dst, messages []byte, isKermit bool) []byte {
	start := len(dst)
	dst = append(append(dst, smlEscapes[:]...), smlStart[:]...)
	fill := -len(messages) & 3
	padded := append(bytes.Clone(messages), make([]byte, fill)...)
	dst = append(dst, bytes.ReplaceAll(padded, smlEscapes[:], bytes.Repeat(smlEscapes[:], 2))...)
	dst = append(append(dst, smlEscapes[:]...), smlEnd, byte(fill))
	if isKermit {
		return binary.LittleEndian.AppendUint16(dst, Kermit(dst[start:]))
	}
	return binary.LittleEndian.AppendUint16(dst, X25(dst[start:]))
}
