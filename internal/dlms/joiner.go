package dlms

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

const (
	// maxMessage bounds a message; the longest known has 600 octets.
	maxMessage = 8 << 10
	// maxPause is how long the parts of a message may be apart: at 2400 baud a
	// part of 140 octets takes 0.6 s, and the next message comes after 5 s.
	maxPause = 3 * time.Second
)

// Joiner puts messages together from the parts that HDLC segments, M-Bus
// frames and general block transfer make of them. A message of which a part is
// missing gives nothing. A Joiner serves one line and one goroutine.
type Joiner struct {
	// At is where the payload of the next Add stands in the stream, for those
	// who ask for Spans.
	At int

	segments pending // of HDLC and M-Bus
	blocks   pending // of general block transfer
	last     []byte  // the last block
	faults   uint64  // of the line, at the last part
	whole    []Span  // of a payload that is a message
	spans    []Span  // of the last message
}

// Span is a piece of a stream.
type Span struct{ At, Size int }

// Spans returns where the octets of the message that the last Add completed
// stand in the stream. It is valid until the next Add.
func (j *Joiner) Spans() []Span { return j.spans }

// behind returns the spans without their first n octets.
func behind(spans []Span, n int) []Span {
	for len(spans) > 0 && n >= spans[0].Size {
		n -= spans[0].Size
		spans = spans[1:]
	}
	if n > 0 && len(spans) > 0 {
		spans[0].At += n
		spans[0].Size -= n
	}
	return spans
}

// pending is a message of which parts are still to come.
type pending struct {
	open   bool
	sender uint64
	next   int // number of the part that must follow
	at     time.Time
	octets []byte
	spans  []Span
}

// front returns the spans of the first n octets.
func front(spans []Span, n int) []Span {
	for i := range spans {
		if n <= spans[i].Size {
			spans[i].Size = n
			return spans[:i+1]
		}
		n -= spans[i].Size
	}
	return spans
}

func (p *pending) start(sender uint64, at time.Time) {
	p.open, p.sender, p.at, p.octets, p.spans = true, sender, at, p.octets[:0], p.spans[:0]
}

// continues reports whether a part may belong to the message, and gives the
// message up if not.
func (p *pending) continues(sender uint64, at time.Time) bool {
	p.open = p.open && p.sender == sender && at.Sub(p.at) <= maxPause
	p.at = at
	return p.open
}

func (p *pending) add(octets []byte, spans ...Span) {
	if len(p.octets)+len(octets) > maxMessage {
		p.open = false
		return
	}
	p.octets = append(p.octets, octets...)
	p.spans = append(p.spans, spans...)
}

// Note takes how many faults the line had in front of the next part. Parts with
// a fault between them are not joined: what was lost may be the end of one message
// and the start of the next.
func (j *Joiner) Note(faults uint64) {
	if faults != j.faults {
		j.Lose()
	}
	j.faults = faults
}

// Lose gives up the messages of which parts are still to come.
func (j *Joiner) Lose() { j.segments.open, j.blocks.open = false, false }

// Add takes what a frame with a valid check carries, and when it came. It
// returns the message that it completes; nil: none. The message is valid until
// the next Add.
func (j *Joiner) Add(payload []byte, part frame.Part, at time.Time) []byte {
	j.whole = append(j.whole[:0], Span{j.At, len(payload)})
	j.spans = j.whole
	apdu := j.trim(j.link(payload, part, at))
	if len(apdu) > 0 && apdu[0] == tagBlockTransfer {
		return j.trim(j.block(apdu, part.Sender, at))
	}
	return apdu
}

// trim takes off the header of HDLC; nil: nothing is left.
func (j *Joiner) trim(apdu []byte) []byte {
	trimmed := trimLLC(apdu)
	if len(trimmed) == 0 {
		return nil
	}
	j.spans = behind(j.spans, len(apdu)-len(trimmed))
	return trimmed
}

// link joins the parts of the link layer.
func (j *Joiner) link(payload []byte, part frame.Part, at time.Time) []byte {
	p := &j.segments
	if !part.Split {
		return payload
	}
	first := part.Number == 0 // M-Bus counts
	if part.Number < 0 {
		// HDLC has its LLC header in front of a message; some have none, and some
		// have it in front of each part.
		apdu := trimLLC(payload)
		if first = beginsAPDU(apdu) && (len(apdu) < len(payload) || !p.open); !first {
			j.whole = behind(j.whole, len(payload)-len(apdu))
			j.spans, payload = j.whole, apdu
		}
	}
	switch {
	case first:
		p.start(part.Sender, at)
		p.next = 0
	case !p.continues(part.Sender, at), part.Number >= 0 && part.Number != p.next:
		p.open = false
		if part.Number >= 0 || part.More {
			return nil
		}
		return payload // a block of general block transfer has no LLC header
	}
	if first && (!part.More || isWhole(payload)) {
		p.open = false
		return payload
	}
	p.add(payload, j.whole...)
	p.next = (p.next + 1) & 0x0F
	if part.More || !p.open {
		return nil
	}
	p.open = false
	j.spans = p.spans
	return p.octets
}

// beginsAPDU reports whether a message that meters push can begin with p.
func beginsAPDU(p []byte) bool {
	if len(p) == 0 {
		return false
	}
	switch p[0] {
	case tagNotification, tagBlockTransfer:
		return true
	}
	return IsCiphered(p)
}

// isWhole reports whether a payload is a whole encrypted message, whatever its
// frame says of others that follow.
func isWhole(payload []byte) bool {
	apdu := trimLLC(payload)
	return len(apdu) > 0 && IsCiphered(apdu) && cipher.IsWhole(apdu)
}

// General block transfer (IEC 62056-53, general-block-transfer): tag, control,
// number of the block, number of the block acknowledged, length, block. Bit
// 0x80 of the control octet marks the last block.
const (
	blockHead = 1 + 1 + 2 + 2
	lastBlock = 0x80
)

func (j *Joiner) block(apdu []byte, sender uint64, at time.Time) []byte {
	p := &j.blocks
	if len(apdu) <= blockHead {
		return nil
	}
	number := int(binary.BigEndian.Uint16(apdu[2:]))
	n, block, err := axdr.Length(apdu[blockHead:])
	if err != nil || n > len(block) {
		p.open = false
		return nil
	}
	j.spans = front(behind(j.spans, len(apdu)-len(block)), n)
	block = block[:n]
	switch {
	case number == 1:
		p.start(sender, at)
	case !p.continues(sender, at):
		return nil
	case number == p.next-1 && bytes.Equal(block, j.last): // sent twice
		return nil
	case number != p.next:
		p.open = false
		return nil
	}
	p.add(block, j.spans...)
	p.next = number + 1
	j.last = append(j.last[:0], block...)
	if !p.open || apdu[1]&lastBlock == 0 {
		return nil
	}
	p.open = false
	j.spans = p.spans
	return p.octets
}

// The tags of APDUs that are encrypted (IEC 62056-53): with the key of the
// meter, with one for the connection, or with one that the APDU names.
const (
	tagGloCiphering     = 0xDB
	tagDedCiphering     = 0xDC
	tagGeneralCiphering = 0xDD
)

// IsCiphered reports whether an APDU is encrypted.
func IsCiphered(apdu []byte) bool {
	switch apdu[0] {
	case tagGloCiphering, tagDedCiphering, tagGeneralCiphering:
		return true
	}
	return false
}
