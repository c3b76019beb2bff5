// Package frame finds where the messages of a meter begin and end on its line,
// and checks that they arrived unchanged.
package frame

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// State is how far a framing has come with a window.
type State uint8

// The states of a match.
const (
	None  State = iota // no frame of this framing begins with the window
	More               // one may: more octets are needed
	Whole              // one does, and it is complete
)

// Match is what a framing says of a window of the line, whose first octet is
// one that begins its frames.
type Match struct {
	State State
	// Certain reports that a header has fitted that noise does not make, so that
	// a frame that never becomes whole was cut off.
	Certain bool
	// Size is the number of octets of a whole frame, or how many a frame that
	// is not whole needs at least.
	Size int
	// Sure is how many octets of the window belong to a frame that is not whole,
	// whatever follows; 0: as many as Size says.
	Sure     int
	Checksum meter.Checksum
	// Payload is what a whole frame carries. It shares the window's memory.
	Payload []byte
	Part    Part
}

// Part says which part of a message a frame carries, where its framing splits
// messages. The zero Part is a whole message.
type Part struct {
	// Sender tells frames of different meters on one line apart.
	Sender uint64
	// Number counts the parts of a message from 0, where the framing does
	// (M-Bus); -1 where it does not (HDLC).
	Number int
	// More reports that another part follows.
	More bool
	// Split reports that the framing is one that splits messages.
	Split bool
}

// needs is a frame of which more octets are needed.
func needs(size int) Match { return Match{State: More, Size: size} }

// whole is a complete frame whose check has been computed.
func whole(size int, fits bool, payload []byte, part Part) Match {
	m := Match{State: Whole, Certain: true, Size: size, Payload: payload, Part: part, Checksum: meter.ChecksumInvalid}
	if fits {
		m.Checksum = meter.ChecksumValid
	}
	return m
}
