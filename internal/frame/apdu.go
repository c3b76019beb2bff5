package frame

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// The tags of what meters push without any framing (IEC 62056-53), on RS-485
// and from readers that take the framing off.
const (
	tagDataNotification = 0x0F
	tagGloCiphering     = 0xDB
	tagDedCiphering     = 0xDD
	tagBlockTransfer    = 0xE0

	apduMax     = 4 << 10
	titleLength = 8
)

// llc is the header that HDLC puts before an APDU (IEC 62056-46, 5.3).
var llc = [3]byte{0xE6, 0xE7, 0x00}

// APDUs matches application layer messages of DLMS that come without a
// framing. It serves one goroutine.
type APDUs struct{ walker axdr.Walker }

// Match matches one message. Nothing vouches for it but its form, so it must
// fill the window to the silence behind it, or another one must follow.
func (a *APDUs) Match(p []byte, end bool) Match {
	at := 0
	for at < len(llc) && at < len(p) && p[at] == llc[at] {
		at++
	}
	switch {
	case at == len(p):
		return needs(len(p) + 1)
	case at > 0 && at < len(llc):
		return Match{}
	}
	size, err := a.measure(p[at:])
	size += at
	switch {
	case err == axdr.ErrShort && len(p) < apduMax:
		return needs(len(p) + 1)
	case err != nil || size > apduMax:
		return Match{}
	case size == len(p) && !end:
		return Match{State: More, Certain: true, Size: size + 1}
	case size < len(p) && !beginsAPDU(p[size]):
		return Match{}
	}
	return Match{State: Whole, Certain: true, Size: size, Checksum: meter.ChecksumAbsent, Payload: p[:size]}
}

// beginsAPDU reports whether a message can begin with an octet.
func beginsAPDU(b byte) bool {
	switch b {
	case tagDataNotification, tagGloCiphering, tagDedCiphering, tagBlockTransfer, llc[0]:
		return true
	}
	return false
}

// measure returns the length of the message that p begins with.
func (a *APDUs) measure(p []byte) (int, error) {
	switch p[0] {
	case tagDataNotification:
		return a.measureNotification(p)
	case tagGloCiphering, tagDedCiphering:
		if len(p) > 1 && p[1] != titleLength {
			return 0, axdr.ErrTag
		}
		return measureBlock(p, 2+titleLength)
	case tagBlockTransfer:
		return measureBlock(p, 6)
	}
	return 0, axdr.ErrTag
}

// measureBlock measures what has its length at an offset.
func measureBlock(p []byte, at int) (int, error) {
	if len(p) <= at {
		return 0, axdr.ErrShort
	}
	n, rest, err := axdr.Length(p[at:])
	if err == nil && n > len(rest) {
		err = axdr.ErrShort
		if n > apduMax {
			err = axdr.ErrLong
		}
	}
	return len(p) - len(rest) + n, err
}

func (a *APDUs) measureNotification(p []byte) (int, error) {
	_, rest, err := axdr.NotificationTime(p)
	if err != nil {
		return 0, err
	}
	rest, err = a.walker.Walk(rest)
	return len(p) - len(rest), err
}
