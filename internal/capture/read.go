package capture

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// MaxSize is how many bytes of a file Read takes. A line at 115200 baud never
// rests sends as many in an hour and a half.
const MaxSize = 64 << 20

// plainPeriod is the time between the telegrams of a file that tells none.
const plainPeriod = time.Second

// ErrTooLong is of a file with more than MaxSize bytes.
var ErrTooLong = fmt.Errorf("more than %d MiB: cut the file into pieces", MaxSize>>20)

// Reader reads a capture piece by piece.
type Reader struct {
	Header Header // as far as it was read: what begins with # comes first

	lines *bufio.Reader
	n     int // lines read
	last  time.Duration
}

// NewReader returns a Reader of the capture in r.
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{lines: bufio.NewReader(r)}
	first, err := c.line()
	if err != nil {
		return nil, err
	}
	number, found := strings.CutPrefix(first, magic)
	if !found {
		return nil, fmt.Errorf("the first line is %.40q, not %q", first, magic+"1")
	}
	switch v, err := strconv.Atoi(strings.TrimSpace(number)); {
	case err != nil:
		return nil, fmt.Errorf("the first line names no version: %.40q", first)
	case v > formatVersion:
		return nil, fmt.Errorf("the capture has version %d and this program knows %d: use a newer smartmeter", v, formatVersion)
	}
	return c, nil
}

// line returns the next line that is not blank, without its end.
func (c *Reader) line() (string, error) {
	for {
		text, err := c.lines.ReadString('\n')
		if err != nil && text == "" {
			return "", err
		}
		c.n++
		text = strings.TrimLeft(strings.TrimRight(text, "\r\n"), " \t\ufeff")
		if text != "" && !strings.HasPrefix(text, "```") {
			return text, nil
		}
	}
}

// Next returns the next record, a line of the file, and io.EOF at the end.
func (c *Reader) Next() (Record, error) {
	for {
		text, err := c.line()
		if err != nil {
			return Record{}, err
		}
		if about, found := strings.CutPrefix(text, "#"); found {
			c.about(strings.TrimSpace(about))
			continue
		}
		r, err := parseRecord(text)
		if err != nil {
			return Record{}, fmt.Errorf("line %d: %w", c.n, err)
		}
		r.At = max(r.At, c.last)
		c.last = r.At
		return r, nil
	}
}

func (c *Reader) about(text string) {
	key, value, _ := strings.Cut(text, ": ")
	if plain, err := unescape(value); err == nil {
		value = string(plain)
	}
	switch key {
	case "made":
		c.Header.Made, _ = time.Parse(time.RFC3339, value) // who wrote it by hand need not
	case "program":
		c.Header.Program = value
	case "source":
		c.Header.Source = value
	case "redacted":
		c.Header.Redacted = value == "yes"
	case "note":
		c.Header.Notes = append(c.Header.Notes, value)
	}
}

var errLine = errors.New(`a line must be seconds, "<" and bytes, or seconds, "=" and what happened`)

func parseRecord(text string) (Record, error) {
	at, rest, _ := strings.Cut(text, " ")
	seconds, err := strconv.ParseFloat(at, 64)
	if err != nil || !(seconds >= 0 && seconds <= 1e9) || len(rest) == 0 {
		return Record{}, errLine
	}
	// To whole milliseconds, so that what is written again is the same.
	r := Record{At: time.Duration(seconds*1000+0.5) * time.Millisecond}
	kind, rest := rest[0], strings.TrimPrefix(rest[1:], " ")
	plain, err := unescape(rest)
	if err != nil {
		return Record{}, err
	}
	switch {
	case kind == '<':
		r.Data = plain
	case kind == '=' && rest == "opened":
		r.Kind = Opened
	case kind == '=' && strings.HasPrefix(rest, "lost"):
		r.Kind = Lost
		r.Text = strings.TrimPrefix(strings.TrimPrefix(string(plain), "lost"), ": ")
	default:
		return Record{}, errLine
	}
	return r, nil
}

func unescape(text string) ([]byte, error) {
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			plain = append(plain, text[i])
			continue
		}
		i++
		switch {
		case i == len(text):
			return nil, errors.New("a backslash stands at the end")
		case text[i] == 'r':
			plain = append(plain, '\r')
		case text[i] == 'n':
			plain = append(plain, '\n')
		case text[i] == '\\':
			plain = append(plain, '\\')
		case text[i] == 'x' && i+2 < len(text):
			b, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
			if err != nil {
				return nil, fmt.Errorf("%q is not a byte", text[i-1:i+3])
			}
			plain = append(plain, byte(b))
			i += 2
		default:
			return nil, fmt.Errorf("%q is not known behind a backslash", text[i])
		}
	}
	return plain, nil
}

// Plain gives the bytes that the line sent, of whatever r holds: a capture, a
// raw file, or frames in hex digits, as they stand in issues and mails. A raw live stream passes at once.
func Plain(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	switch formOf(b) {
	case formCapture:
		return &plain{from: b}
	case formHex:
		return hex.NewDecoder(&digits{b})
	}
	return b
}

type form uint8

const (
	formRaw form = iota
	formCapture
	formHex
)

// formOf looks no further than it must: more may be long in coming.
func formOf(b *bufio.Reader) form {
	start, err := b.Peek(4)
	if err != nil {
		return formRaw
	}
	const blank = " \t\r\n\ufeff" // Windows' editors begin a text with the last
	switch rest := strings.TrimLeft(string(start), blank); {
	case isHexText(rest):
		// What begins in the middle of a message must have more of them: a number
		// or a text of a telegram has hex digits, too.
		size := 256
		if startsAsHex(rest) {
			size = 24
		}
		if all, _ := b.Peek(size); len(all) > 8 && isHexText(strings.TrimLeft(string(all), blank)) {
			return formHex
		}
	case rest == "" || rest[0] == '#' || rest[0] == '`':
		// Not all may be there to peek at; what is there decides.
		all, _ := b.Peek(64)
		rest := strings.TrimLeft(string(all), blank)
		if strings.HasPrefix(rest, "```") { // a block of code, as it was copied
			_, rest, _ = strings.Cut(rest, "\n")
			rest = strings.TrimLeft(rest, blank)
		}
		if strings.HasPrefix(rest, magic) {
			return formCapture
		}
	}
	return formRaw
}

// frameStarts are the first octets of what meters send, in hex digits: HDLC,
// M-Bus, SML, and DLMS without a framing.
var frameStarts = []string{"DB08", "7EA", "68", "1B1B", "0F", "DC", "DD", "E0", "E6E"}

// startsAsHex reports whether the first characters of a file may be a frame in hex
// digits.
func startsAsHex(text string) bool {
	text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	return slices.ContainsFunc(frameStarts, func(s string) bool {
		return text != "" && strings.HasPrefix(text, s[:min(len(s), len(text))])
	})
}

// isHexText reports whether a text is hex digits and blanks.
func isHexText(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefABCDEF \t\r\n:") == ""
}

// plain reads the bytes out of a capture.
type plain struct {
	from *bufio.Reader
	r    *Reader
	rest []byte
	err  error
}

// Read gives the next bytes.
func (p *plain) Read(b []byte) (int, error) {
	if p.r == nil && p.err == nil {
		p.r, p.err = NewReader(p.from)
	}
	for len(p.rest) == 0 && p.err == nil {
		var record Record
		record, p.err = p.r.Next()
		p.rest = record.Data
	}
	if len(p.rest) == 0 {
		return 0, p.err
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// digits leaves out blanks, line ends and colons.
type digits struct{ r io.Reader }

// Read reads from r.
func (d *digits) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	kept := 0
	for _, c := range p[:n] {
		if c > ' ' && c != ':' {
			p[kept] = c
			kept++
		}
	}
	return kept, err
}

// Read reads a file, whichever of those that Plain knows. One that has no
// times gets a second for each telegram.
func Read(r io.Reader) (*Capture, error) {
	limited := &io.LimitedReader{R: r, N: MaxSize + 1}
	b := bufio.NewReader(limited)
	c := new(Capture)
	if formOf(b) == formCapture {
		reader, err := NewReader(b)
		for err == nil {
			var record Record
			if record, err = reader.Next(); err == nil {
				c.Records = append(c.Records, record)
			}
		}
		if err != io.EOF {
			return nil, err
		}
		c.Header = reader.Header
	} else {
		data, err := io.ReadAll(Plain(b))
		if err != nil {
			return nil, err
		}
		c.Records = paced(data)
	}
	if limited.N <= 0 {
		return nil, ErrTooLong
	}
	return c, nil
}

// paced cuts raw bytes behind each telegram and each frame that ends a message, so
// that it comes when it is whole.
func paced(data []byte) []Record {
	var records []Record
	var from int64
	at := time.Duration(0)
	add := func(to int64) {
		if to > from {
			records = append(records, Record{At: at, Data: data[from:to:to]})
			from = to
			at += plainPeriod
		}
	}
	for s := frame.NewScanner(bytes.NewReader(data)); s.Scan(); {
		f := s.Frame()
		if f.Kind != frame.Text {
			// There is no key to prove an encrypted message with: its form must do.
			if f.Kind == frame.Ciphered && f.Whole || f.Kind != frame.Ciphered && f.Checksum != meter.ChecksumInvalid {
				to := s.Offset() + int64(len(f.Bytes))
				s.Accept(len(f.Bytes))
				if !f.Part.More {
					add(to)
				}
			}
			continue
		}
		t := f.Telegram
		to := t.Offset + int64(len(t.Bytes))
		for to < int64(len(data)) && (data[to]&0x7F == '\r' || data[to]&0x7F == '\n') {
			to++
		}
		add(to)
	}
	add(int64(len(data)))
	return records
}
