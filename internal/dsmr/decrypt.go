package dsmr

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
)

// Why a frame gave no telegram.
var (
	ErrNoKey = errors.New("the telegram is encrypted and no key is set")
	ErrKey   = errors.New("the key does not open the encrypted telegram")
	ErrFrame = errors.New("the encrypted telegram is damaged")
	// ErrUnverified is only of a Strict Decrypter.
	ErrUnverified = errors.New("the key does not vouch for the telegram")
)

// FrameStats counts the frames that a Decrypter met. Frames is the sum of the
// others but Plain.
type FrameStats struct {
	Frames    uint64
	Decrypted uint64 // gave a telegram
	NoKey     uint64 // encrypted, and there is no key
	WrongKey  uint64 // the key makes noise of them
	Damaged   uint64 // cut, or changed on the way
	Repeats   uint64 // their frame counter was not new
	Refused   uint64 // not verified by a tag, or old, where Strict
	Plain     uint64 // telegrams that came without a frame and were refused, where Strict
}

// Notice is what a Decrypter has to say about a frame.
type Notice struct {
	// Err is why the frame gave no telegram: ErrNoKey, ErrKey, ErrFrame or
	// ErrUnverified, which is also of telegrams without a frame.
	// When it is nil, Way is new: no frame of this meter was verified so before.
	Err error
	Way Way
	// Maker is the manufacturer's three letters (FLAG), "" when Err is set or
	// the meter's title does not begin with them.
	Maker string
}

// A frame that fails costs its length in AES several times over, and frames
// that begin inside one another would cost that at each of their bytes. So
// after failBudget bytes of failed frames, only failRate bytes may fail for
// each byte of the line; damage on a line never comes near.
const (
	failBudget = 8 * maxFrame
	failRate   = 4
)

// Decrypter takes the place of the line before a Scanner: an io.Reader that
// gives the bytes of the line with every encrypted frame replaced by the
// telegram in it. All other bytes pass as they are and at once: one is held
// back only while it may be the start of a frame.
//
// A frame whose telegram cannot be had is taken out and counted; what begins
// inside it, a frame or a telegram, is found, because a frame that lost bytes
// on the way seems to reach into what follows it. Where a frame stood in the
// middle of a line, that line is ended.
//
// The output is the same however the bytes are cut into reads. The memory is
// fixed, and no byte of a frame is given out before it is verified. Only the
// goroutine that reads may call the methods.
type Decrypter struct {
	// Strict refuses, once a tag has fitted with the key, all that no tag vouches
	// for: plain telegrams, frames without a tag or with a wrong one, and frames
	// that are older than the last. Somebody else on the line or the network
	// could have sent those.
	Strict bool

	// Notify, if set, is called from within Read for every frame that gave no
	// telegram, repeats aside, and once for each way in which a meter's frames
	// are verified.
	Notify func(Notice)

	r     io.Reader
	err   error
	stats FrameStats
	gcm   cipher.AEAD // nil: there is no key
	block cipher.Block
	key   string // its fingerprint
	aad   []byte // security control byte and authentication key; nil: none
	nonce [nonceSize]byte
	first [2 * aes.BlockSize]byte // scratch of begins

	budget int // bytes of frames that may still fail, see failBudget

	buf        []byte
	start, end int
	seen       int    // of the frame at start, so many bytes hold no other start
	doubt      int    // so many bytes from start on are what is left of a frame that failed
	opened     []byte // room, then the decrypted telegram
	text       []byte // what Read gives next
	last       byte   // the last byte that went into text
	taken, gap bool   // a frame was taken out since the last Read; before what it gave

	proven bool // a tag has fitted with the key
	plain  plainTelegrams

	meters  meters
	strange int // so many frames in a row were noise with this key
}

// NewDecrypter returns a Decrypter on r. It panics when a key has a wrong
// length, which those of ParseKey and ParseAAD never have.
func NewDecrypter(r io.Reader, keys Keys) *Decrypter {
	d := &Decrypter{
		r: r, last: '\n', // the start of a stream counts as the start of a line
		buf:    make([]byte, 2*maxFrame),
		opened: make([]byte, room+maxBody+2*tagSize),
	}
	d.block, d.gcm, d.aad = keys.ciphers()
	d.key = keys.fingerprint()
	d.budget = failBudget
	return d
}

// Reset makes the Decrypter go on with another stream. It keeps its counters
// and what it knows of the meters, so that frames that were read before the
// connection was lost are repeats.
func (d *Decrypter) Reset(r io.Reader) {
	d.r, d.err = r, nil
	d.start, d.end, d.seen, d.doubt = 0, 0, 0, 0
	d.text, d.last = nil, '\n'
	d.taken, d.gap = false, false
}

// Stats returns the counters since the start.
func (d *Decrypter) Stats() FrameStats { return d.stats }

// Read gives the next bytes. The error is the line's, after all that came
// before it.
func (d *Decrypter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	d.gap = false
	for len(d.text) == 0 {
		if d.step() {
			continue
		}
		if d.err != nil {
			return 0, d.err
		}
		d.fill()
	}
	d.gap, d.taken = d.taken, false
	n := copy(p, d.text)
	d.text = d.text[n:]
	return n, nil
}

// Gap reports whether a frame was taken out just before the bytes that the last
// Read gave. Lines of a telegram may be missing there.
func (d *Decrypter) Gap() bool { return d.gap }

func (d *Decrypter) fill() {
	// A frame that is not whole fills less than half of the buffer.
	if d.end > len(d.buf)/2 {
		d.end = copy(d.buf, d.buf[d.start:d.end])
		d.start = 0
	}
	// A reader that gives nothing a hundred times is broken (io.ErrNoProgress).
	for range 100 {
		n, err := d.r.Read(d.buf[d.end:])
		d.end += n
		if err != nil {
			d.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	d.err = io.ErrNoProgress
}

// step does one thing with what is buffered; false: it needs more bytes.
func (d *Decrypter) step() bool {
	if d.start == d.end {
		return false
	}
	if d.doubt > 0 {
		return d.sift()
	}
	p := d.buf[d.start:d.end]
	for i := 0; i < len(p); i++ {
		next := bytes.IndexByte(p[i:], frameTag)
		if next < 0 {
			break
		}
		i += next
		head, size := measure(p[i:])
		switch {
		case size < 0 || size == 0 && d.err != nil:
			continue
		case i > 0:
			p = p[:i]
		case size == 0:
			return false
		default:
			return d.frame(head, size)
		}
	}
	if d.demands() {
		for range d.plain.count(p) {
			d.stats.Plain++
			d.notify(Notice{Err: ErrUnverified})
		}
	} else {
		d.text, d.last = p, p[len(p)-1]
	}
	d.skip(len(p))
	return true
}

// demands reports whether only what a tag vouches for is let through.
func (d *Decrypter) demands() bool { return d.Strict && d.proven }

func (d *Decrypter) notify(n Notice) {
	if d.Notify != nil {
		d.Notify(n)
	}
}

// sift looks through what is left of a frame that failed for a frame or a
// telegram that begins there, and drops the rest.
func (d *Decrypter) sift() bool {
	p := d.buf[d.start:d.end]
	i, left := 0, min(d.doubt, len(p))
	for i < left && p[i] != frameTag && p[i] != '/' {
		i++
	}
	if i > 0 {
		d.skip(i)
		return true
	}
	if p[0] == '/' {
		yes, sure := header(p)
		switch {
		case yes:
			d.doubt = 0
		case !sure && d.err == nil:
			return false
		default:
			d.skip(1)
		}
		return true
	}
	head, size := measure(p)
	switch {
	case size > 0:
		return d.frame(head, size)
	case size == 0 && d.err == nil:
		return false
	}
	d.skip(1)
	return true
}

// skip goes on n bytes further.
func (d *Decrypter) skip(n int) {
	d.start += n
	d.doubt = max(0, d.doubt-n)
	d.seen = 0
	d.budget = min(d.budget+failRate*n, failBudget)
}

// frame handles the frame at start; false: it is not whole yet.
func (d *Decrypter) frame(head, size int) bool {
	f := d.buf[d.start:min(d.start+size, d.end)]
	// Where the same meter's next frame begins, this one has lost its end.
	// Waiting for that would hold the next one up.
	from := max(head+controlSize, d.seen-titleEnd+1)
	if i := bytes.Index(f[from:], f[:titleEnd]); i >= 0 {
		d.fail(f[:from+i], head)
		return true
	}
	d.seen = len(f)
	switch {
	case len(f) == size:
		d.whole(f, head)
	case d.err == nil:
		return false
	default: // the end of the stream cut it
		d.fail(f, head)
	}
	return true
}

// whole handles a frame that has all its bytes.
func (d *Decrypter) whole(f []byte, head int) {
	m := d.meters.find(f[2:titleEnd])
	d.setNonce(f, head)
	if d.budget < len(f) || !d.begins(f, head) {
		d.fail(f, head)
		return
	}
	text, way, used := d.open(f, head, m)
	byTag := way == ByTag || way == ByTagAlone
	switch {
	case way != 0 && !byTag && d.demands():
		d.budget -= len(f)
		d.refuse(used, len(f))
		return
	case way == 0, m != nil && !m.believes(way):
		d.budget -= len(f)
		d.fail(f, head)
		return
	}
	if m == nil {
		m = d.meters.add(f[2:titleEnd])
	}
	d.strange = 0
	d.proven = d.proven || byTag
	switch fresh, old := m.advance(counter(f, head), d.demands()); {
	case old:
		d.refuse(used, len(f))
		return
	case fresh:
		d.stats.Decrypted++
		d.deliver(text)
	default:
		d.stats.Repeats++
		d.endLine()
	}
	d.stats.Frames++
	d.consume(used, len(f))
	if m.learns(way) {
		d.notify(Notice{Way: way, Maker: m.maker()})
	}
}

// refuse takes out a frame that was opened and is not to be believed.
func (d *Decrypter) refuse(used, size int) {
	d.stats.Frames++
	d.stats.Refused++
	d.endLine()
	d.consume(used, size)
	d.notify(Notice{Err: ErrUnverified})
}

// consume goes on behind the part of a frame that is proven. What is behind it
// may hold another one.
func (d *Decrypter) consume(used, size int) {
	d.skip(used)
	d.doubt = max(d.doubt, size-used)
}

// deliver hands out the telegram that stands in plain behind the room.
func (d *Decrypter) deliver(text []byte) {
	if c := text[len(text)-1]; c != '\n' && c != '\r' {
		text = append(text, lineEnd...)
	}
	n := room + len(text)
	from := room
	if d.last != '\n' {
		from -= copy(d.opened[room-len(lineEnd):], lineEnd)
	}
	d.text, d.last = d.opened[from:n], d.opened[n-1]
}

// endLine ends the line in which a frame was taken out.
func (d *Decrypter) endLine() {
	d.taken = true
	if d.last != '\n' {
		d.text, d.last = lineEnd, '\n'
	}
}

// fail takes out a frame that gives no telegram.
func (d *Decrypter) fail(f []byte, head int) {
	d.stats.Frames++
	err := d.cause(f, head)
	switch err {
	case ErrNoKey:
		d.stats.NoKey++
	case ErrKey:
		d.stats.WrongKey++
	default:
		d.stats.Damaged++
	}
	d.endLine()
	d.doubt = max(d.doubt, len(f))
	d.skip(1)
	d.notify(Notice{Err: err})
}
