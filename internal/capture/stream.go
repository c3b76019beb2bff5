package capture

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// stream is what the line sent while it was open, in one piece.
type stream struct {
	data []byte
	ends []int // of the records
}

func newStream(records []Record) *stream {
	s := new(stream)
	for _, r := range records {
		s.data = append(s.data, r.Data...)
		s.ends = append(s.ends, len(s.data))
	}
	return s
}

// fill returns the records with the stream's bytes.
func (s *stream) fill(records []Record) []Record {
	out := slices.Clone(records)
	from := 0
	for i, end := range s.ends {
		if out[i].Kind == Data {
			out[i].Data = s.data[from:end:end]
		}
		from = end
	}
	return out
}

// telegram is one that is in a stream.
type telegram struct {
	start, mark, end int // of "/", of "!", and behind the checksum
	verdict          meter.Checksum
	truncated        bool
	parity, wrong    bool // it has parity bits; one of them is wrong
	whole            bool // it gives a reading
}

func scan(data []byte) (list []telegram) {
	for s := frame.NewScanner(bytes.NewReader(data)); s.Scan(); {
		if s.Frame().Kind != frame.Text {
			continue
		}
		t := s.Frame().Telegram
		// By itself: what was masked before it must not count.
		_, err := new(dsmr.Parser).Parse(t, time.Time{})
		start := int(t.Offset)
		list = append(list, telegram{
			start: start, mark: start + len(t.Body()), end: start + len(t.Bytes),
			verdict: t.Checksum, truncated: t.Truncated, parity: t.Parity, wrong: t.Misparity, whole: err == nil,
		})
	}
	return list
}

// plain returns a telegram's bytes without parity bits.
func (s *stream) plain(t telegram) []byte {
	p := slices.Clone(s.data[t.start:t.end])
	if t.parity {
		for i := range p {
			p[i] &= 0x7F
		}
	}
	return p
}

// reserve keeps what has the form of a new name already from being given to
// something else.
func (s *stream) reserve(n *names) {
	n.reserving = true
	for _, t := range scan(s.data) {
		if t.whole {
			redactTelegram(s.plain(t)[:t.mark-t.start], n)
		}
	}
	n.reserving = false
}

// errMend is a fault of this package.
var errMend = errors.New("the redacted capture would not decode like the original, so it is not written: please report this")

// redact redacts the stream in place.
func (s *stream) redact(n *names) error {
	before := scan(s.data)
	end := len(s.data)
	for i := len(before) - 1; i >= 0; i-- { // from the end, because one may grow
		t := before[i]
		maskLines(s.data[t.end:end])
		end = t.start
		if t.whole {
			s.redactWhole(t, n)
		} else {
			s.mask(t)
		}
	}
	maskLines(s.data[:end])
	return s.mend(before)
}

// mask masks a telegram that is not whole.
func (s *stream) mask(t telegram) {
	p := s.data[t.start:t.end]
	if !t.parity {
		mask(p, false)
		return
	}
	mask(p, true)
	if t.wrong { // a parity bit stays wrong
		for i := len(p) - 1; i > 0; i-- {
			if isWord(p[i]) && t.start+i < t.mark {
				p[i] |= 0x80
				return
			}
		}
	}
}

// redactWhole redacts a whole telegram, and gives one that had a checksum a
// right one.
func (s *stream) redactWhole(t telegram, n *names) {
	p := s.plain(t)
	body := p[:t.mark-t.start]
	redactTelegram(body, n)
	if digits := p[len(body)+1:]; t.verdict == meter.ChecksumValid {
		sum := frame.Checksum(p[:len(body)+1])
		format := "%0*X"
		if bytes.ContainsAny(digits, "abcdef") {
			format = "%0*x"
		}
		// Some meters leave out zeros at the start: it grows where it must.
		p = fmt.Appendf(p[:len(body)+1:len(body)+1], format, len(digits), sum)
	}
	if t.parity {
		withParity(p)
	}
	grown := copy(s.data[t.start:t.end], p)
	for i, b := range p[grown:] {
		s.insert(t.end+i, b)
	}
}

// insert adds a byte to the record that holds the one before it.
func (s *stream) insert(at int, b byte) {
	s.data = slices.Insert(s.data, at, b)
	for i := range s.ends {
		if s.ends[i] >= at {
			s.ends[i]++
		}
	}
}

// mend sees that the telegrams are what they were, and that a wrong checksum is
// not right by chance.
func (s *stream) mend(before []telegram) error {
	for range 16 {
		after := scan(s.data)
		if len(after) != len(before) {
			return errMend
		}
		right := true
		for i, t := range after {
			switch was := before[i]; {
			case t.truncated != was.truncated:
				return errMend
			case t.verdict == was.verdict:
			case t.verdict == meter.ChecksumValid && was.verdict == meter.ChecksumInvalid:
				s.spoil(t)
				right = false
			default:
				return errMend
			}
		}
		if right {
			return nil
		}
	}
	return errMend
}

// spoil changes the last digit of a checksum, to another one of a mask's.
func (s *stream) spoil(t telegram) {
	digits := "8C"
	if t.parity {
		digits = "9A"
	}
	if s.data[t.end-1] == digits[0] {
		digits = digits[1:]
	}
	s.data[t.end-1] = digits[0]
}
