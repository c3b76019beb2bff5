package frame

import (
	"encoding/binary"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// The tags of what meters push without any framing (IEC 62056-53), on RS-485
// and from readers that take the framing off.
const (
	tagDataNotification = 0x0F
	tagGloCiphering     = 0xDB
	tagDedCiphering     = 0xDC
	tagGeneralCiphering = 0xDD
	tagBlockTransfer    = 0xE0

	apduMax     = 4 << 10
	titleLength = 8

	blockHeader = 1 + 1 + 2 + 2 + 1                 // of a block below 128 octets
	apduHeaders = 3 + blockHeader + len("\x82\xFF") // before what is encrypted, at most
)

// llc is the header that HDLC puts before an APDU (IEC 62056-46, 5.3).
var llc = [3]byte{0xE6, 0xE7, 0x00}

// llcCommand is the second octet of the header in front of a command, which some
// meters put before what they push.
const llcCommand = 0xE6

// apdus matches application layer messages of DLMS that come without a
// framing.
type apdus struct{ walker axdr.Walker }

// The header of the wrapper (IEC 62056-47), which meters put in front of messages
// that they send over a network:
//
//	00 01        version
//	SS SS DD DD  source and destination
//	LL LL        length of the message
const (
	wrapperVersion = 0x01
	wrapperHeader  = 2 + 2 + 2 + 2
)

// matchWrapped matches a message behind the header of the wrapper.
func (a *apdus) matchWrapped(p []byte) Match {
	if len(p) > 1 && p[1] != wrapperVersion {
		return Match{}
	}
	if len(p) <= wrapperHeader {
		return needs(wrapperHeader + 1)
	}
	size := wrapperHeader + int(binary.BigEndian.Uint16(p[wrapperHeader-2:]))
	switch apdu := p[wrapperHeader:min(size, len(p))]; {
	case size == wrapperHeader, size > apduMax, p[wrapperHeader] != tagGloCiphering && !beginsAPDU(p[wrapperHeader]):
		return Match{}
	case len(p) < size:
		return needs(size)
	default:
		if n, err := a.measure(apdu); err != nil || n != len(apdu) {
			return Match{}
		}
		return Match{State: Whole, Certain: true, Size: size, Checksum: meter.ChecksumAbsent, Payload: apdu}
	}
}

// match matches one message. Nothing vouches for it but its form.
func (a *apdus) match(p []byte) Match {
	if p[0] == 0 {
		return a.matchWrapped(p)
	}
	at := 0
	for at < len(llc) && at < len(p) && (p[at] == llc[at] || at == 1 && p[at] == llcCommand) {
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
	}
	return Match{State: Whole, Certain: true, Size: size, Checksum: meter.ChecksumAbsent, Payload: p[:size]}
}

// beginsAPDU reports whether a message can begin with an octet. Those with the
// tag of general-glo-ciphering have a row of their own.
func beginsAPDU(b byte) bool {
	switch b {
	case 0, tagDataNotification, tagDedCiphering, tagGeneralCiphering, tagBlockTransfer, llc[0]: // 0: the wrapper
		return true
	}
	return false
}

// measure returns the length of the message that p begins with.
func (a *apdus) measure(p []byte) (int, error) {
	switch p[0] {
	case tagDataNotification:
		return a.measureNotification(p)
	case tagGeneralCiphering:
		switch at, err := cipher.GeneralHead(p); err {
		case nil:
			return measureBlock(p, at)
		case axdr.ErrShort:
			return 0, err
		}
		fallthrough // some give the other forms that tag
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

func (a *apdus) measureNotification(p []byte) (int, error) {
	_, rest, err := axdr.NotificationTime(p)
	if err != nil {
		return 0, err
	}
	rest, err = a.walker.Walk(rest)
	return len(p) - len(rest), err
}
