// Package decode makes readings of the bytes of a line: it is the one pipeline
// from frames to readings, and to the causes why there are none. The app and
// every command read by it.
package decode

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Options are how a Reader reads.
type Options struct {
	Keys cipher.Keys
	// Lax reads a meter that is known to send wrong checksums, or none where
	// its standard has one. What is plausible must do then.
	Lax bool
	// Strict refuses, once a tag has fitted with the key, what no tag vouches
	// for.
	Strict bool
	// Raw, if set, is called with what other programs may read of the line, in
	// order and at once: its own bytes, with every encrypted telegram that could
	// be opened in the place of its frame. Frames that gave no telegram are left
	// out; without a key they pass as they are. start: p begins a telegram.
	Raw func(p []byte, start bool)
	// Unit is what the totals count in, in Wh, for a meter whose messages do not
	// tell; 0: its power decides.
	Unit int64
	// Now, if set, is the clock, in place of time.Now.
	Now func() time.Time
}

// Message is what a Reader found, whether it gave a reading or not. All but Err
// and Maker is valid until the next one.
type Message struct {
	Telegram frame.Telegram // of P1; none where a frame could not be opened
	Pushed   *cosem.Message // of DLMS and SML; nil where it could not be read
	Doubts   []cosem.Doubt  // what of Pushed was withheld because it cannot be
	Reading  *meter.Reading // nil without a Telegram or Pushed
	Sender   uint64         // of Pushed: tells apart meters on one line, whose messages need not name them
	Err      error          // why there is no reading that may be used

	// Title is the system title of a meter whose message could not be opened for
	// want of a key: three letters of the manufacturer and a number.
	Title []byte

	// Way is set when a meter's encrypted telegram was verified in a way that is
	// new, Maker is the manufacturer's three letters then.
	Way   cipher.Way
	Maker string
}

// Reader reads the messages of a line. It remembers the meters that it met, so
// that it is made once for a line that is lost and opened again. It serves one
// goroutine, and allocates nothing for a meter that it knows.
type Reader struct {
	options Options
	scanner *frame.Scanner
	opener  *cipher.Opener
	parser  dsmr.Parser
	pushes  pushes

	looked int64 // how many bytes of the line the opener was told of
	last   byte  // that Raw was given
}

// NewReader returns a Reader, which reads from Reset on.
func NewReader(o Options) *Reader {
	r := &Reader{options: o, scanner: frame.NewScanner(nil), opener: cipher.New(o.Keys), parser: dsmr.Parser{Lax: o.Lax}}
	if o.Now == nil {
		r.options.Now = time.Now
	}
	r.pushes.reader.Scale.Fixed = o.Unit
	r.opener.Strict, r.opener.Proven = o.Strict, r.proven
	r.scanner.Unopened, r.scanner.Now = !r.opener.HasKey(), r.options.Now
	if o.Raw != nil {
		r.scanner.Pass = r.pass
	}
	return r
}

// Reset makes the Reader read another connection of the line.
func (r *Reader) Reset(line io.Reader) {
	r.looked, r.last = 0, '\n'
	r.pushes.joiner.Lose()
	r.scanner.Reset(line)
}

// Next waits for the next message. It gives false at the end of the line, for
// which Err has the cause.
func (r *Reader) Next() (Message, bool) {
	for r.scanner.Scan() {
		switch f := r.scanner.Frame(); f.Kind {
		case frame.Text:
			return r.plain(f.Telegram), true
		case frame.Ciphered:
			if m, ok := r.open(f); ok {
				return m, true
			}
		default:
			if m, ok := r.framed(f); ok {
				return m, true
			}
		}
	}
	return Message{}, false
}

// plain reads a telegram that came without a frame.
func (r *Reader) plain(t frame.Telegram) Message {
	if r.opener.Demands() {
		if t.Truncated {
			return Message{Err: dsmr.ErrTruncated}
		}
		return Message{Err: cipher.ErrUnverified}
	}
	m := r.parse(t)
	if m.Err == nil {
		r.scanner.IsText()
		if t.Parity {
			r.scanner.HasParity()
		}
	}
	return m
}

func (r *Reader) parse(t frame.Telegram) Message {
	reading, err := r.parser.Parse(t, r.options.Now())
	return Message{Telegram: t, Reading: reading, Err: err}
}

// open opens a candidate; false: it gave nothing, and there is nothing to say
// about it.
func (r *Reader) open(f frame.Frame) (Message, bool) {
	r.passed()
	r.pushes.unframed = !f.Edge
	o := r.opener.Open(f.Bytes, f.Whole)
	if o.Used > 0 {
		r.scanner.Accept(o.Used)
	} else {
		r.scanner.Reject()
	}
	var m Message
	switch {
	case o.Text == nil:
		r.endLine()
		m.Err = o.Err
	case o.Text[0] == '/':
		r.passText(o.Text)
		m = r.parse(r.scanner.Inner(o.Text))
	default:
		r.passFrame(f.Bytes)
		m = r.notification(o.Text, meter.ChecksumAbsent)
		m.Sender = binary.BigEndian.Uint64(cipher.Title(f.Bytes))
	}
	m.Way, m.Maker = o.Way, o.Maker
	if o.Err == cipher.ErrNoKey {
		m.Title = cipher.Title(f.Bytes)
	}
	return m, o.Text != nil || m.Err != nil || m.Way != 0
}

// passed tells the opener how much of the line has passed.
func (r *Reader) passed() {
	at := r.scanner.Offset()
	r.opener.Passed(int(at - r.looked))
	r.looked = at
}

// pass hands on bytes that are in no frame of ciphered telegrams.
func (r *Reader) pass(p []byte, start bool) {
	switch {
	case r.scanner.InFrame(): // who reads these has the key, too
		r.options.Raw(p, start)
		r.last = '\n'
	case !r.opener.Demands():
		r.options.Raw(p, start)
		r.last = p[len(p)-1]
	}
}

// passFrame hands on a frame as it came: what is in it is no text.
func (r *Reader) passFrame(p []byte) {
	if r.options.Raw != nil && r.opener.HasKey() {
		r.options.Raw(p, true)
		r.last = '\n'
	}
}

var lineEnd = []byte("\r\n")

// passText hands on a telegram in lines of its own.
func (r *Reader) passText(text []byte) {
	if r.options.Raw == nil || !r.opener.HasKey() {
		return // it has passed as it came
	}
	r.endLine()
	r.options.Raw(text, true)
	if r.last = text[len(text)-1]; r.last != '\r' {
		r.endLine()
	}
}

// endLine ends the line in which a frame stood.
func (r *Reader) endLine() {
	if r.options.Raw != nil && r.last != '\n' && r.opener.HasKey() {
		r.options.Raw(lineEnd, false)
		r.last = '\n'
	}
}

// Err returns why Next gave false; io.EOF is nil.
func (r *Reader) Err() error { return r.scanner.Err() }

// Stats returns the counters since the start, Frames those of encrypted frames.
func (r *Reader) Stats() frame.Stats { return r.scanner.Stats() }

// Frames returns the counters of encrypted frames since the start.
func (r *Reader) Frames() cipher.Stats { return r.opener.Stats() }

// Parts returns how many whole frames of DLMS held a part of a message, and not
// its end, since the start.
func (r *Reader) Parts() uint64 { return r.pushes.parts }

// Odd returns the lines of the last telegram whose object is known but whose
// value could not be read, eight at most. The bytes are the telegram's.
func (r *Reader) Odd() [][]byte { return r.parser.Odd() }

// Proof returns what a Strict Reader is to keep from one run to the next; false
// while there is nothing.
func (r *Reader) Proof() (cipher.Proof, bool) { return r.opener.Proof() }

// Restore takes up what an earlier run has kept.
func (r *Reader) Restore(p cipher.Proof) { r.opener.Restore(p) }
