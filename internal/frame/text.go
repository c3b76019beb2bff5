package frame

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// text looks for a telegram that ends before limit.
func (s *Scanner) text(limit int) bool {
	for {
		if !s.inside && !s.enter(limit) {
			return false
		}
		mark, digits := s.findEnd(limit)
		switch {
		case mark < 0 && limit-s.start < MaxTelegram:
			return false // wait for more
		case mark < 0:
			s.overlong()
		case digits < 0:
			return false // the checksum is not whole yet
		default:
			s.finish(mark, digits)
			return true
		}
	}
}

// enter skips to the next "/" that begins a line. So does one behind a byte
// that is no text: meters send NUL and 0xFF between telegrams, and cables
// make noise when they are plugged in. In what is left of a candidate, which
// may be ciphertext, a whole identification line is asked for.
func (s *Scanner) enter(limit int) bool {
	for s.start < limit {
		if s.start < s.doubt {
			if !s.sift(min(limit, s.doubt)) {
				return false
			}
			continue
		}
		rest := s.buf[s.start:limit]
		i := bytes.IndexByte(rest, '/')
		if i < 0 {
			i = len(rest)
		}
		if j := bytes.IndexByte(rest[:i], paritySlash); j >= 0 {
			i = j
		}
		s.skip(i)
		if s.start == limit {
			break
		}
		if s.before < 0x20 || s.before > 0x7E {
			if s.buf[s.start] == '/' {
				s.begin(false)
				return true
			}
			switch yes, sure := parityHeader(s.buf[s.start:s.end]); {
			case yes:
				s.begin(true)
				return true
			case !sure && s.err == nil:
				return false // wait for the rest of the line
			}
		}
		s.skip(1)
	}
	return false
}

func (s *Scanner) begin(parity bool) {
	if !parity { // such a text is marked once the line is known to have parity bits
		s.mark(s.start)
	}
	s.inside, s.pos, s.restart = true, s.start+1, s.start
	s.parity, s.masked, s.wrong = parity, s.start, 0
}

// sift drops what is left of a rejected candidate, up to limit; false: more
// bytes are needed to tell whether a telegram begins at start.
func (s *Scanner) sift(limit int) bool {
	i := bytes.IndexByte(s.buf[s.start:limit], '/')
	if i < 0 {
		s.drop(limit - s.start)
		return true
	}
	s.drop(i)
	switch yes, sure := header(s.buf[s.start:s.end]); {
	case yes:
		s.doubt = s.start
	case !sure && s.err == nil:
		return false
	default:
		s.drop(1)
	}
	return true
}

func (s *Scanner) drop(n int) {
	s.start += n
	s.before = '\n'
	s.leave(s.start)
}

func (s *Scanner) skip(n int) {
	if n > 0 {
		if s.stats.skip(s.buf[s.start : s.start+n]) {
			s.textOnly = false
		}
		s.before = s.buf[s.start+n-1]
		s.start += n
	}
}

// skip counts bytes that are in no message, and reports whether there are any.
// Line ends are none, nor are the flags that fill the pauses of HDLC.
func (s *Stats) skip(p []byte) bool {
	before := s.Skipped
	for _, c := range p {
		if c != '\r' && c != '\n' && c != hdlcFlag {
			s.Skipped++
		}
	}
	return s.Skipped > before
}

// findEnd looks for the end mark of the text at start: its index and the
// number of the checksum's digits, or -1 where it has to wait for more bytes.
func (s *Scanner) findEnd(limit int) (mark, digits int) {
	limit = min(limit, s.start+MaxTelegram)
	for s.pos < limit {
		i := bytes.IndexByte(s.buf[s.pos:limit], '!')
		if i < 0 {
			s.look(limit)
			return -1, 0
		}
		mark := s.pos + i
		s.look(mark)
		s.unmask(mark + 1)
		if n := endDigits(s.buf[mark-1], s.digits(mark+1)); n != noEnd {
			s.pos = mark
			return mark, n
		}
		s.pos = mark + 1
	}
	return -1, 0
}

// look goes on to at: a "/" at the start of a line on the way there begins a
// telegram anew.
func (s *Scanner) look(at int) {
	if s.parity {
		s.pass(at) // with its parity bits, as it came
		s.unmask(at)
	}
	for p := s.buf[:at]; ; {
		i := bytes.IndexByte(p[s.pos:], '/')
		if i < 0 {
			break
		}
		s.pos += i
		if s.buf[s.pos-1] == '\n' {
			s.restart = s.pos
			if !s.parity {
				s.mark(s.pos)
			}
		}
		s.pos++
	}
	s.pos = max(s.pos, at)
}

// unmask takes the parity bits off, up to end and not beyond: what follows a
// telegram is no part of it.
func (s *Scanner) unmask(end int) {
	if s.parity && s.masked < end {
		s.wrong += strip(s.buf[s.masked:end])
		s.masked = end
	}
}

// digits are the bytes behind an end mark that may be a checksum.
func (s *Scanner) digits(from int) []byte {
	p := s.buf[from:min(from+5, s.end)]
	if s.parity {
		p = bytes.Clone(p)
		strip(p)
	}
	return p
}

// endDigits returns how many digits of a checksum follow an end mark, noEnd
// where it does not end a telegram, and -1 where the next bytes decide.
func endDigits(before byte, behind []byte) int {
	switch before {
	case '\n', '\r':
		return checksumDigits(behind, false)
	case ')':
		// Aidon prints "...(0123.1*A)!" at the end; in mid-line such a mark
		// means nothing, hence the line end behind it.
		return checksumDigits(behind, true)
	}
	return noEnd
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
	limit := s.start + MaxTelegram
	s.unmask(limit)
	n, last := s.beginnings(s.start, limit)
	if last > s.start {
		s.stats.Cut += n - 1
		s.stats.Skipped += uint64(last - s.start)
		s.start, s.restart = last, max(s.restart, last)
		return
	}
	s.stats.Cut++
	s.inside = false
	s.skip(MaxTelegram)
}

// beginnings counts the telegrams that begin from a telegram's start on and
// before to, and returns where the last one does. One that broke off in mid-line
// has no line end before the next, of which a whole identification line is
// asked for.
func (s *Scanner) beginnings(from, to int) (n uint64, last int) {
	n, last = 1, from
	for at := from + 1; at < to; at++ {
		i := bytes.IndexByte(s.buf[at:to], '/')
		if i < 0 {
			break
		}
		at += i
		if s.buf[at-1] == '\n' || isIdentification(s.buf[at:s.end]) {
			n, last = n+1, at
		}
	}
	return n, last
}

// isIdentification reports whether p begins with an identification line that has
// the maker's three letters and a digit, as IEC 62056-21 wants it: /KFM5.
func isIdentification(p []byte) bool {
	for i := 1; i < min(len(p), len("/XXX5")); i++ {
		if isDigit := p[i]-'0' <= 9; isDigit != (i == 4) || !isDigit && (p[i]|0x20)-'a' > 'z'-'a' {
			return false
		}
	}
	yes, _ := header(p)
	return yes
}

// finish makes the telegram whose "!" is at mark.
func (s *Scanner) finish(mark, digits int) {
	// A line that begins with "/" is a telegram that begins anew: the one
	// before it never ended.
	if s.restart > s.start {
		n, _ := s.beginnings(s.start, s.restart)
		s.stats.Cut += n
		s.stats.Skipped += uint64(s.restart - s.start)
		s.start = s.restart
	}
	end := mark + 1 + digits
	s.pass(end)
	s.unmask(end)
	t := telegram(s.buf[s.start:end], mark+1-s.start)
	skipped := end - s.start - len(t.Bytes)
	t.Parity, t.Misparity = s.parity, s.parity && s.wrong > 0
	t.Offset = s.base + int64(s.start+skipped)
	s.frame = Frame{Kind: Text, Telegram: t}
	s.stats.count(t)
	if skipped > 0 {
		n, _ := s.beginnings(s.start, s.start+skipped)
		s.stats.Cut += n
		s.stats.Skipped += uint64(skipped)
	}
	s.start, s.pos, s.inside = end, end, false
	s.before = '\n' // a "/" right behind the checksum begins a telegram
}

// telegram makes a telegram of p, whose first part, body bytes long, ends with
// the end mark; the rest is its checksum.
func telegram(p []byte, body int) Telegram {
	start, verdict := verify(p[:body], p[body:])
	return Telegram{Bytes: p[start:], Checksum: verdict, body: body - start}
}

// Inner finds the telegram in p, the text of a message that was opened, and
// counts it.
func (s *Scanner) Inner(p []byte) Telegram {
	mark, digits := endOf(p, 1)
	if mark == 0 {
		s.stats.Cut++
		return Telegram{Bytes: p, Truncated: true, body: len(p)}
	}
	t := telegram(p[:mark+1+digits], mark+1)
	s.stats.count(t)
	return t
}

// endOf returns the first end mark at from or behind it in text, which begins
// with a telegram, and the number of its checksum's digits; 0 when there is
// none.
func endOf(text []byte, from int) (mark, digits int) {
	for from < len(text) {
		i := bytes.IndexByte(text[from:], '!')
		if i < 0 {
			break
		}
		mark = from + i
		behind := text[mark+1:]
		switch digits := endDigits(text[mark-1], behind); digits {
		case noEnd:
		case -1: // the end of the text ends the checksum
			return mark, min(4, len(behind))
		default:
			return mark, digits
		}
		from = mark + 1
	}
	return 0, 0
}

// Proven returns the length of the telegram that text begins with, if its
// checksum is there and right, or else 0: what no tag vouches for may be
// believed by it.
func Proven(text []byte) int {
	if len(text) == 0 || text[0] != '/' {
		return 0
	}
	mark, digits := endOf(text, 1)
	for mark > 0 && digits == 0 && text[mark-1] == ')' { // in a text
		mark, digits = endOf(text, mark+1)
	}
	end := mark + 1 + digits
	if mark == 0 || digits == 0 {
		return 0
	}
	if start, verdict := verify(text[:mark+1], text[mark+1:end]); verdict != meter.ChecksumValid || start != 0 {
		return 0
	}
	return end
}

// flush ends the stream: what is buffered of a telegram is given out once.
func (s *Scanner) flush() bool {
	defer func() { s.pass(s.end) }()
	if !s.inside {
		return false
	}
	s.inside = false
	if mark, digits := s.findEnd(s.end); mark >= 0 {
		if digits < 0 { // the end of the stream ends the checksum
			digits = min(4, s.end-mark-1)
		}
		s.finish(mark, digits)
		return true
	}
	s.unmask(s.end)
	n, _ := s.beginnings(s.start, s.end)
	s.stats.Cut += n
	s.start = s.restart
	s.frame = Frame{Kind: Text, Telegram: Telegram{Bytes: s.buf[s.start:s.end], Truncated: true, Parity: s.parity,
		Offset: s.base + int64(s.start), body: s.end - s.start}}
	s.start, s.pos = s.end, s.end
	return true
}
