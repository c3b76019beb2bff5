// Package frame finds messages in the bytes of a line: where each begins and
// ends, and whether it is whole. It starts anywhere, skips what is no message,
// and finds the same messages however the bytes are cut into reads. What a
// message means, it does not know.
package frame

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Kind is a row of the table of framings.
type Kind uint8

// The framings.
const (
	Text     Kind = iota // P1 telegrams
	Ciphered             // messages in general-glo-ciphering
	HDLC                 // DLMS in HDLC
	MBus                 // DLMS in long frames of wired M-Bus
	SML                  // Smart Message Language
	Bare                 // DLMS without a framing
	numKinds
)

// framing is one way in which messages are delimited.
type framing struct {
	name  string
	tag   byte // that a message begins with
	limit int  // the longest message that is waited for, in bytes

	// measure returns the length of the message that p begins with, 0 while more
	// bytes are needed to tell, and -1 when there is none. It is nil for text,
	// whose end is found by its mark.
	measure func(p []byte) int

	// match is measure for framings that have a check of their own.
	match func(p []byte, end bool) Match

	// sender is how many bytes a message begins with that are the same in each
	// one of a sender. Where they come again behind the header, the message has
	// lost its end.
	sender, header int
}

// framings is THE TABLE of framings.
var framings = [...]framing{
	// DSMR 5.0.2 P1 companion standard, section 6.2; with parity bits, which
	// 7E1 read as 8N1 has, the tag is paritySlash.
	Text: {name: "P1 text", tag: '/', limit: MaxTelegram},
	// E-Meter P1 specification 1.1.3 (Luxembourg), section 3.2.5.
	Ciphered: {name: "ciphered frame", tag: cipher.Tag, limit: cipher.MaxFrame, measure: cipher.Measure, sender: cipher.TitleEnd, header: cipher.HeaderEnd},
	HDLC:     {name: "HDLC frame", tag: hdlcFlag, limit: hdlcMaxFrame, match: MatchHDLC},
	MBus:     {name: "M-Bus long frame", tag: mbusStart, limit: mbusMaxFrame, match: MatchMBus},
	SML:      {name: "SML frame", tag: smlEscape, limit: smlMaxFrame, match: MatchSML},
	Bare:     {name: "DLMS message", tag: tagDataNotification, limit: apduMax},
}

// MaxTelegram is the longest telegram that is read, in bytes. The longest
// known has 3 kB, a text message of 2 kB included.
const MaxTelegram = 16 << 10

// Frame is what a Scanner found.
type Frame struct {
	Kind     Kind
	Telegram Telegram // of Text
	Bytes    []byte   // of the others; valid until the next Scan
	Whole    bool     // of the others: no byte is missing at its end
	Edge     bool     // of Ciphered: it stands where a message without framing may begin

	// Of what is neither Text nor Ciphered: what the frame's own check says, what
	// is in the frame, and which part of a message that is.
	Checksum meter.Checksum
	Payload  []byte
	Part     Part
}

// Telegram is a P1 telegram: what is between "/" and the end of the checksum.
type Telegram struct {
	Bytes     []byte // from "/" to "!" and the checksum's digits; valid until the next Scan
	Checksum  meter.Checksum
	Truncated bool  // the stream ended before the "!"
	Parity    bool  // it came with parity bits in bit 7, which are taken off
	Misparity bool  // and one of them was wrong
	Offset    int64 // where its "/" stands in the stream, counted since Reset

	body int // length up to and with the "!", where there is one
}

// Body is the telegram without its end mark and checksum.
func (t Telegram) Body() []byte {
	if t.Truncated {
		return t.Bytes[:t.body]
	}
	return t.Bytes[:t.body-1]
}

// Stats counts what passed a Scanner.
type Stats struct {
	Telegrams uint64 // whole ones: checksum valid or absent
	Checksums uint64 // telegrams whose checksum was wrong
	Cut       uint64 // telegrams that never ended: another message began, or the stream ended, or they grew too long
	Skipped   uint64 // bytes outside of messages, line ends aside
}

// Faults returns how many things went wrong: while it stays the same, one whole
// message followed the other.
func (s Stats) Faults() uint64 { return s.Checksums + s.Cut + s.Skipped }

func (s *Stats) count(t Telegram) {
	if t.Checksum == meter.ChecksumInvalid {
		s.Checksums++
	} else {
		s.Telegrams++
	}
}
