package capture

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// stream is what the line sent while it was open, in one piece.
type stream struct {
	raw    []byte // as it came
	view   []byte // without parity bits; changed in place
	parity []bool // the byte has one: 7E1 read as 8N1
	ends   []int  // of the records
}

func newStream(records []Record) *stream {
	s := new(stream)
	for _, r := range records {
		s.raw = append(s.raw, r.Data...)
		s.ends = append(s.ends, len(s.raw))
	}
	s.view = slices.Clone(s.raw)
	s.parity = make([]bool, len(s.raw))
	from := 0
	for line := range bytes.SplitAfterSeq(s.raw, []byte("\n")) {
		if hasParity(line) {
			s.strip(from, from+len(line))
		}
		from += len(line)
	}
	for telegrams := frame.NewScanner(bytes.NewReader(s.raw)); telegrams.Scan(); {
		t := telegrams.Frame().Telegram
		if telegrams.Frame().Kind != frame.Text {
			continue
		}
		from, to := int(t.Offset), int(t.Offset)+len(t.Bytes)
		switch {
		case t.Parity:
			s.strip(from, to)
		case t.Checksum == meter.ChecksumValid: // over the bytes as they are
			copy(s.view[from:to], s.raw[from:to])
			clear(s.parity[from:to])
		}
	}
	return s
}

// hasParity tells that a line is text with parity bits, by what no redaction
// changes: blanks and marks that have an odd number of ones.
func hasParity(line []byte) bool {
	const odd = "\r */)"
	with, without := 0, 0
	for _, b := range line {
		if strings.IndexByte(odd, b&0x7F) < 0 {
			continue
		}
		if b > 0x7F {
			with++
		} else {
			without++
		}
	}
	return with > 1 && with > without // one bit may have been flipped
}

func isEven(b byte) bool { return bits.OnesCount8(b)&1 == 0 }

func (s *stream) strip(from, to int) {
	for i := from; i < to; i++ {
		s.view[i], s.parity[i] = s.raw[i]&0x7F, true
	}
}

// encoded returns view[i] as the line would have sent it, its parity bit wrong
// where it was.
func (s *stream) encoded(i int) byte {
	b := s.view[i]
	if !s.parity[i] {
		return b
	}
	if isEven(b) != isEven(s.raw[i]) {
		b |= 0x80
	}
	return b
}

func (s *stream) bytes() []byte {
	all := make([]byte, len(s.view))
	for i := range all {
		all[i] = s.encoded(i)
	}
	return all
}

// fill returns the records with the stream's bytes.
func (s *stream) fill(records []Record) []Record {
	all := s.bytes()
	out := slices.Clone(records)
	from := 0
	for i, end := range s.ends {
		if out[i].Kind == Data {
			out[i].Data = all[from:end:end]
		}
		from = end
	}
	return out
}

// errMend is a fault of this package.
var errMend = errors.New("the redacted capture is not what the capture was, so it is not written: please report this")

// found is a telegram as a Scanner finds it.
type found struct {
	start, mark, end int // of "/", of "!", and behind the checksum
	verdict          meter.Checksum
	truncated        bool
}

func scan(data []byte) (list []found) {
	for s := frame.NewScanner(bytes.NewReader(data)); s.Scan(); {
		t := s.Frame().Telegram
		if s.Frame().Kind != frame.Text {
			continue
		}
		start := int(t.Offset)
		list = append(list, found{start, start + len(t.Body()), start + len(t.Bytes), t.Checksum, t.Truncated})
	}
	return list
}

// mend gives the telegrams whose checksum was right a right one, and sees that
// a wrong one is not right by chance.
func (s *stream) mend() error {
	s.steady()
	before := scan(s.raw)
	old := &stream{raw: s.raw, view: s.raw, parity: s.parity}
	for i := len(before) - 1; i >= 0; i-- { // from the end, because one may grow
		if f := before[i]; f.verdict == meter.ChecksumValid {
			s.sign(f, old)
		}
	}
	for try := 0; try < 16; try++ {
		after := scan(s.bytes())
		if len(after) != len(before) {
			return errMend
		}
		right := true
		for i, f := range after {
			switch want := before[i]; {
			case f.truncated != want.truncated:
				return errMend
			case f.verdict == want.verdict:
			case f.verdict == meter.ChecksumValid && want.verdict == meter.ChecksumInvalid:
				s.spoil(f.end - 1)
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

// steady keeps the parity bit of what stands before a "/": behind a byte that
// is no text a telegram may begin.
func (s *stream) steady() {
	for i := 0; i+1 < len(s.view); i++ {
		if s.view[i+1] == '/' && s.parity[i] && isEven(s.view[i]) != isEven(s.raw[i]&0x7F) {
			s.view[i] ^= 1
		}
	}
}

// sign writes the checksum of a telegram, with as many digits as it had: some
// meters leave out zeros at the start. It grows by a digit where it must.
func (s *stream) sign(f found, old *stream) {
	digits := s.view[f.mark+1 : f.end]
	want, err := strconv.ParseUint(string(digits), 16, 16)
	if err != nil {
		return
	}
	body := func(of *stream) []byte { return of.plain(f.start, f.mark+1) }
	sum := frame.Checksum(body(s))
	if frame.Checksum(body(old)) != uint16(want) {
		// Something on the way took the CR of the line ends.
		sum = frame.Checksum(withCR(body(s)))
	}
	format := "%0*X"
	if bytes.ContainsAny(digits, "abcdef") {
		format = "%0*x"
	}
	text := fmt.Sprintf(format, len(digits), sum)
	n := copy(digits, text)
	for ; n < len(text); n++ {
		s.insert(f.mark+1+n, text[n])
	}
}

// plain returns the bytes without parity bits.
func (s *stream) plain(from, to int) []byte {
	p := slices.Clone(s.view[from:to])
	for i := range p {
		if s.parity[from+i] {
			p[i] &= 0x7F
		}
	}
	return p
}

func withCR(p []byte) []byte {
	p = bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))
}

// insert adds a byte to the record that holds the one before it.
func (s *stream) insert(at int, b byte) {
	s.raw = slices.Insert(slices.Clone(s.raw), at, 0) // a parity that is right
	s.view = slices.Insert(s.view, at, b)
	s.parity = slices.Insert(slices.Clone(s.parity), at, s.parity[at-1])
	for i := range s.ends {
		if s.ends[i] >= at {
			s.ends[i]++
		}
	}
}

// spoil changes a digit of a checksum.
func (s *stream) spoil(at int) {
	if n, err := strconv.ParseUint(string(s.view[at:at+1]), 16, 8); err == nil {
		s.view[at] = hexDigits[(n+1)&15]
	}
}
