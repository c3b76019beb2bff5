package decode

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/sml"
)

// ErrLayout is returned for a message of DLMS or SML that is whole and has
// nothing in it that is known.
var ErrLayout = errors.New("the message's layout is not known")

// pushes is what reads messages of DLMS and SML.
type pushes struct {
	joiner dlms.Joiner
	dlms   dlms.Decoder
	sml    sml.Decoder
	reader cosem.Reader
	hints  hints
	parts  uint64 // whole frames that completed no message

	// unframed: the message that is being opened may be noise, or part of a frame
	// that was damaged.
	unframed bool
}

// proven returns the length of the text that p begins with where it vouches for
// itself: a telegram by its checksum, a message of DLMS by being whole, if it
// stands where a message may begin.
func (r *Reader) proven(p []byte) int {
	if n := frame.Proven(p); n > 0 || r.pushes.unframed {
		return n
	}
	return dlms.Whole(p)
}

// framed reads a frame; false: it is part of a message, or none.
func (r *Reader) framed(f frame.Frame) (Message, bool) {
	if f.Checksum == meter.ChecksumInvalid {
		return Message{Err: dsmr.ErrChecksum}, true // which the scanner has counted
	}
	r.passed()
	r.scanner.Accept(len(f.Bytes))
	apdu := f.Payload
	if f.Kind != frame.SML {
		r.pushes.joiner.Note(r.scanner.Stats().Faults())
		if apdu = r.pushes.joiner.Add(f.Payload, f.Part, r.options.Now()); apdu == nil {
			r.pushes.parts++
			return Message{}, false
		}
	}
	switch {
	case f.Kind != frame.SML && dlms.IsCiphered(apdu):
		return r.ciphered(apdu, f.Checksum)
	case r.opener.Demands():
		return Message{Err: cipher.ErrUnverified}, true
	case f.Kind == frame.SML:
		message, err := r.pushes.sml.Decode(apdu)
		return r.pushed(message, err, f.Checksum), true
	}
	m := r.notification(apdu, f.Checksum)
	m.Sender = f.Part.Sender
	return m, true
}

// ciphered opens a message that came in frames.
func (r *Reader) ciphered(apdu []byte, sum meter.Checksum) (Message, bool) {
	r.pushes.unframed = false
	var o cipher.Opened
	_, err := cipher.GeneralHead(apdu)
	switch {
	case cipher.IsWhole(apdu):
		o = r.opener.Open(apdu, true)
	case apdu[0] == cipher.TagGeneral && err == nil:
		o = r.opener.OpenGeneral(apdu)
	default: // compressed, say, or with a key of its own: the frame's check fits
		return Message{Err: ErrLayout}, true
	}
	m := Message{Err: o.Err}
	switch {
	case o.Text == nil:
	case o.Text[0] == '/':
		m = r.parse(r.scanner.Inner(o.Text))
	default:
		m = r.notification(o.Text, sum)
	}
	m.Way, m.Maker = o.Way, o.Maker
	if m.Pushed != nil {
		m.Sender = binary.BigEndian.Uint64(cipher.Title(apdu))
	}
	if o.Err == cipher.ErrNoKey {
		m.Title = cipher.Title(apdu)
	}
	return m, o.Text != nil || m.Err != nil || m.Way != 0
}

// notification reads a message of DLMS.
func (r *Reader) notification(apdu []byte, sum meter.Checksum) Message {
	message, err := r.pushes.dlms.Decode(apdu)
	return r.pushed(message, err, sum)
}

// pushed makes a reading of a message of DLMS or SML.
func (r *Reader) pushed(message *cosem.Message, err error, sum meter.Checksum) Message {
	switch {
	case errors.Is(err, dlms.ErrLayout), errors.Is(err, sml.ErrNoList):
		return Message{Err: ErrLayout}
	case err != nil:
		return Message{Err: fmt.Errorf("%w: %w", dsmr.ErrDamaged, err)}
	}
	reading, err := r.pushes.reader.Reading(message, sum, r.options.Now())
	if err == nil {
		r.scanner.Count(sum)
		r.pushes.hints.record(r.hintOf(message))
	} else {
		err = ErrLayout
	}
	return Message{Pushed: message, Doubts: r.pushes.reader.Doubts(), Reading: reading, Err: err}
}
