package dsmr

import (
	"bytes"
	"io"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// MaxTelegram is the longest telegram that is read, in bytes. The longest
// known has 3 kB, a text message of 2 kB included.
const MaxTelegram = 16 << 10

// A telegram, its end mark and the start of the next must fit.
const bufferSize = 2 * MaxTelegram

// Telegram is what Scanner found between "/" and the end of the checksum.
type Telegram struct {
	Bytes     []byte // from "/" to "!" and the checksum's digits; valid until the next Scan
	Checksum  meter.Checksum
	Truncated bool  // the stream ended before the "!"
	Parity    bool  // it came with parity bits in bit 7, which are taken off
	Offset    int64 // where its "/" stands in the stream, counted since Reset

	body    int  // length up to and with the "!", where there is one
	damaged bool // a parity bit was wrong, or bytes were taken out
}

// Body is the telegram without its end mark and checksum.
func (t Telegram) Body() []byte {
	if t.Truncated {
		return t.Bytes[:t.body]
	}
	return t.Bytes[:t.body-1]
}

// Header is the identification line without its "/".
func (t Telegram) Header() []byte {
	header, _ := t.cutHeader()
	return header
}

func (t Telegram) cutHeader() (header, rest []byte) {
	header, rest = cutLine(t.Body())
	return bytes.TrimPrefix(header, []byte("/")), rest
}

// Stats counts what passed a Scanner.
type Stats struct {
	Telegrams uint64 // whole ones: checksum valid or absent
	Checksums uint64 // telegrams whose checksum was wrong
	Cut       uint64 // telegrams that never ended: a new one began, or the stream ended, or they grew too long
	Skipped   uint64 // bytes outside of telegrams, line ends aside
}

// Scanner finds the telegrams in a stream of bytes. It starts anywhere, skips
// what is no telegram, and gives the same telegrams however the bytes are cut
// into reads. Its memory is one fixed buffer.
type Scanner struct {
	// Gap, if set, reports whether bytes were taken out of the line just before
	// those of the last read, as Decrypter.Gap does. A telegram with a gap and
	// without checksum is damaged.
	Gap func() bool

	r        io.Reader
	err      error
	telegram Telegram
	stats    Stats

	buf    []byte
	start  int   // where the telegram begins, or the next byte to look at
	pos    int   // inside a telegram: up to here no end was found
	end    int   // end of what was read
	base   int64 // where buf stands in the stream
	inside bool  // start is a telegram's "/"
	before byte  // the byte before start while outside

	parity bool // the telegram has parity bits, taken off up to masked
	masked int
	wrong  int // parity bits of it
	gap    int // where the last gap is, 0: there is none in buf
}

// NewScanner returns a Scanner on r.
func NewScanner(r io.Reader) *Scanner {
	// The start of a stream counts as the start of a line.
	return &Scanner{r: r, buf: make([]byte, bufferSize), before: '\n'}
}

// Reset makes the Scanner go on with another stream and keeps its counters:
// a telegram does not go on after a lost connection.
func (s *Scanner) Reset(r io.Reader) {
	s.r, s.err = r, nil
	s.start, s.pos, s.end, s.inside, s.before, s.base = 0, 0, 0, false, '\n', 0
	s.parity, s.gap = false, 0
}

// Telegram is what the last Scan found.
func (s *Scanner) Telegram() Telegram { return s.telegram }

// Stats returns the counters since the start.
func (s *Scanner) Stats() Stats { return s.stats }

// Err returns why Scan gave false; io.EOF is nil.
func (s *Scanner) Err() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// Scan waits for the next telegram, of whatever verdict. It gives false when
// the stream ended; a telegram that the end cut off is found before that, and
// is marked Truncated.
func (s *Scanner) Scan() bool {
	for {
		if s.next() {
			return true
		}
		if s.err != nil {
			return s.flush()
		}
		s.fill()
	}
}

func (s *Scanner) fill() {
	if s.end > len(s.buf)/2 {
		copy(s.buf, s.buf[s.start:s.end])
		s.pos -= s.start
		s.end -= s.start
		s.masked -= s.start
		s.gap = max(0, s.gap-s.start)
		s.base += int64(s.start)
		s.start = 0
	}
	// A reader that gives nothing a hundred times is broken (io.ErrNoProgress).
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		if s.Gap != nil && s.Gap() {
			s.gap = s.end
		}
		s.end += n
		if err != nil {
			s.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// next looks for a telegram's end in what is buffered.
func (s *Scanner) next() bool {
	for {
		if !s.inside && !s.enter() {
			return false
		}
		mark, length := s.findEnd()
		switch {
		case mark < 0 && s.end-s.start < MaxTelegram:
			return false // wait for more
		case mark < 0 || mark-s.start >= MaxTelegram:
			s.overlong()
		case length < 0:
			return false // the checksum is not whole yet
		default:
			s.finish(mark, length)
			return true
		}
	}
}

// enter skips to the next "/" that begins a line. So does one behind a byte
// that is no text: meters send NUL and 0xFF between telegrams, and cables
// make noise when they are plugged in.
func (s *Scanner) enter() bool {
	for s.start < s.end {
		rest := s.buf[s.start:s.end]
		i := bytes.IndexByte(rest, '/')
		if i < 0 {
			i = len(rest)
		}
		if j := bytes.IndexByte(rest[:i], paritySlash); j >= 0 {
			i = j
		}
		s.skip(i)
		if s.start == s.end {
			break
		}
		if s.before < 0x20 || s.before > 0x7E {
			if s.buf[s.start] == '/' {
				s.inside, s.pos, s.parity = true, s.start+1, false
				return true
			}
			switch yes, sure := parityHeader(s.buf[s.start:s.end]); {
			case yes:
				s.inside, s.pos, s.parity = true, s.start+1, true
				s.masked, s.wrong = s.start, 0
				return true
			case !sure && s.err == nil:
				return false // wait for the rest of the line
			}
		}
		s.skip(1)
	}
	s.pos = s.start
	return false
}

func (s *Scanner) skip(n int) {
	if n > 0 {
		for _, c := range s.buf[s.start : s.start+n] {
			if c != '\r' && c != '\n' {
				s.stats.Skipped++
			}
		}
		s.before = s.buf[s.start+n-1]
		s.start += n
	}
}

// findEnd looks for the end mark of the telegram at start: its index and the
// number of the checksum's digits, or -1 where it has to wait for more bytes.
func (s *Scanner) findEnd() (mark, digits int) {
	for {
		i := bytes.IndexByte(s.buf[s.pos:s.end], '!')
		if i < 0 {
			s.pos = s.end
			return -1, 0
		}
		mark := s.pos + i
		s.unmask(mark + 1)
		switch before := s.buf[mark-1]; {
		case before == '\n' || before == '\r':
			return mark, s.checksumDigits(mark+1, false)
		case before == ')':
			// Aidon prints "...(0123.1*A)!" at the end; in mid-line such a mark
			// means nothing, hence the line end behind it.
			if n := s.checksumDigits(mark+1, true); n != noEnd {
				return mark, n
			}
		}
		s.pos = mark + 1
	}
}

// unmask takes the parity bits off, up to end and not beyond: what follows a
// telegram is no part of it.
func (s *Scanner) unmask(end int) {
	if s.parity && s.masked < end {
		s.wrong += strip(s.buf[s.masked:end])
		s.masked = end
	}
}

func (s *Scanner) checksumDigits(from int, strict bool) int {
	p := s.buf[from:min(from+5, s.end)]
	if s.parity {
		p = bytes.Clone(p)
		strip(p)
	}
	return checksumDigits(p, strict)
}

// checksumDigits counts the hex digits of a checksum: four, or fewer before
// any other byte (some meters leave out leading zeros: "!B9F"). -1 means that
// the next bytes decide. A strict checksum is followed by a line end, or it
// is noEnd.
func checksumDigits(p []byte, strict bool) int {
	n := 0
	for n < len(p) && n < 4 && isHex(p[n]) {
		n++
	}
	switch {
	case n == 4 && !strict:
		return 4
	case n == len(p):
		return -1
	case strict && p[n] != '\r' && p[n] != '\n':
		return noEnd
	}
	return n
}

// noEnd is no number of digits: the mark does not end a telegram.
const noEnd = -2

func isHex(c byte) bool {
	return c-'0' <= 9 || (c|0x20)-'a' <= 5
}

// overlong gives up a telegram without end, but not one that began inside it.
func (s *Scanner) overlong() {
	s.stats.Cut++
	limit := s.start + MaxTelegram
	s.unmask(limit)
	if i := lastStart(s.buf[s.start:limit]); i > 0 {
		s.stats.Skipped += uint64(i)
		s.start += i
		s.pos = max(s.start+1, min(s.pos, limit))
		return
	}
	s.inside = false
	s.skip(MaxTelegram)
}

// finish makes the telegram whose "!" is at mark.
func (s *Scanner) finish(mark, digits int) {
	// A line that begins with "/" is a telegram that begins anew: the one
	// before it never ended.
	if i := lastStart(s.buf[s.start:mark]); i > 0 {
		s.stats.Cut++
		s.stats.Skipped += uint64(i)
		s.start += i
	}
	end := mark + 1 + digits
	s.unmask(end)
	start, verdict := verify(s.buf[s.start:mark+1], s.buf[mark+1:end])
	s.telegram = Telegram{Bytes: s.buf[s.start+start : end], Checksum: verdict, body: mark + 1 - s.start - start,
		Parity: s.parity, Offset: s.base + int64(s.start+start), damaged: s.parity && s.wrong > 0 || s.start+start < s.gap && s.gap < end}
	if verdict == meter.ChecksumInvalid {
		s.stats.Checksums++
	} else {
		s.stats.Telegrams++
	}
	if start > 0 {
		s.stats.Cut++
		s.stats.Skipped += uint64(start)
	}
	s.start, s.pos, s.inside = end, end, false
	s.before = '\n' // a "/" right behind the checksum begins a telegram
}

// lastStart returns where the last telegram begins that p holds the start of;
// p itself begins with one.
func lastStart(p []byte) int {
	last := 0
	for i := 1; i < len(p); i++ {
		next := bytes.IndexByte(p[i:], '/')
		if next < 0 {
			break
		}
		if i += next; p[i-1] == '\n' {
			last = i
		}
	}
	return last
}

// flush ends the stream: what is buffered of a telegram is given out once.
func (s *Scanner) flush() bool {
	if !s.inside {
		return false
	}
	s.inside = false
	if mark, digits := s.findEnd(); mark >= 0 {
		if digits < 0 { // the end of the stream ends the checksum
			digits = min(4, s.end-mark-1)
		}
		s.finish(mark, digits)
		return true
	}
	s.unmask(s.end)
	s.start += lastStart(s.buf[s.start:s.end])
	s.stats.Cut++
	s.telegram = Telegram{Bytes: s.buf[s.start:s.end], Truncated: true, Parity: s.parity, Offset: s.base + int64(s.start), body: s.end - s.start}
	s.start, s.pos = s.end, s.end
	return true
}
