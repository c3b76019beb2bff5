package dsmr

import (
	"bytes"
	"errors"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Why a telegram gives no reading that may be used.
var (
	ErrChecksum   = errors.New("the checksum does not fit the telegram")
	ErrNoChecksum = errors.New("the checksum is missing, although this meter sends one")
	ErrDamaged    = errors.New("the telegram is damaged")
	ErrTruncated  = errors.New("the telegram has no end")
	ErrEmpty      = errors.New("the telegram has no object that is known")
)

// maxOdd bounds the odd lines kept of one telegram.
const maxOdd = 8

// Parser makes readings of telegrams. It is made for a stream of them: what a
// meter repeats in every telegram (codes, identifiers, histories) it
// recognises and does not build again, so that the steady state allocates
// nothing. A Parser serves one goroutine.
type Parser struct {
	reading  meter.Reading
	odd      [][]byte
	known    int    // objects whose code is in the table
	repeated bool   // a register stands twice in the telegram
	idRank   int    // of the object that the equipment identifier is from
	checked  string // header of the meter that has sent valid checksums
	clock    clock
	unitless [meter.MaxChannels]bool
	pending  pending
	scratch  []byte

	memo     [160]memo
	texts    [textSlots]string
	history  memoised[meter.Peak]
	failures memoised[meter.Failure]
	standard detected
}

// memo is the code of one line: the next telegram has it there again.
type memo struct {
	id      [22]byte
	n       uint8
	length  uint8 // of the whole line
	channel uint8
	row     *row
}

// pending is an object whose value stands on the next line.
type pending struct {
	channel *meter.Channel
	text    *string
	slot    int
	unit    []byte
}

// Odd returns the lines of the last telegram whose object is known but whose
// value could not be read, eight at most. The bytes are the telegram's.
func (p *Parser) Odd() [][]byte { return p.odd }

// Parse reads a telegram. The reading is as full as the telegram allows, also
// beside an error, but with an error its values must not be trusted:
// ErrChecksum, ErrNoChecksum, ErrDamaged, ErrTruncated or ErrEmpty. An odd
// line costs only itself. The reading is valid until the next Parse; copies
// stay.
func (p *Parser) Parse(t Telegram, received time.Time) (*meter.Reading, error) {
	r := &p.reading
	p.reset(r)
	r.Received, r.Checksum = received, t.Checksum
	body := t.Bytes[:t.body]
	header, rest := cutLine(body)
	if len(header) > 0 {
		header = header[1:]
	}
	r.Header = p.text(slotHeader, header)
	broken := p.lines(rest)
	p.finish(r)

	switch {
	case t.Truncated:
		return r, ErrTruncated
	case t.Checksum == meter.ChecksumInvalid:
		return r, ErrChecksum
	case t.Checksum == meter.ChecksumValid:
		p.checked = r.Header
		return r, nil
	case p.checked == r.Header && p.checked != "" || sendsChecksum(r.Version):
		return r, ErrNoChecksum
	case broken || p.repeated || t.damaged || !isText(body):
		return r, ErrDamaged
	case p.known == 0:
		return r, ErrEmpty
	}
	return r, nil
}

func (p *Parser) reset(r *meter.Reading) {
	r.Values.Reset()
	clear(r.Channels[:])
	clear(p.unitless[:])
	clear(r.Messages[:])
	r.Version, r.EquipmentID, r.Time = "", "", meter.Timestamp{}
	r.PeakMonth, r.PeakMonthExport = meter.Peak{}, meter.Peak{}
	r.PeakHistory, r.Failures, r.Odd = nil, nil, 0
	p.odd = p.odd[:0]
	p.known, p.repeated, p.idRank = 0, false, 0
	p.clock, p.pending = clock{}, pending{}
}

// lines decodes the object lines. broken tells that one was cut: without a
// checksum, the sign that bytes were lost.
func (p *Parser) lines(rest []byte) (broken bool) {
	for i := 0; len(rest) > 0 && rest[0] != '!'; {
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 {
			continue
		}
		if p.pending.text != nil && p.continueText(line) {
			continue
		}
		row, channel, n := p.find(i, line)
		switch {
		case n < 0:
			// No object: a line of its own kind, or what is left of one.
			broken = broken || bytes.IndexByte(line, ')') >= 0 || bytes.IndexByte(line, ':') >= 0
			continue
		case n == 0:
			p.continueReading(line)
			broken = broken || !isWhole(line)
			continue
		}
		if p.pending.channel != nil || p.pending.text != nil {
			p.pending = pending{}
		}
		i++
		if row == nil {
			broken = broken || !isWhole(line[n:])
			continue
		}
		p.known++
		if row.unit != meter.UnitNone && p.resized(i-1, len(line)) {
			broken = true
		}
		good := row.decode(p, field{row, channel, line[n:]})
		if p.reading.Checksum == meter.ChecksumAbsent && p.pending.text == nil {
			broken = broken || !isWhole(line[n:])
		}
		if good {
			continue
		}
		p.reading.Odd++
		if len(p.odd) < maxOdd {
			p.odd = append(p.odd, line)
		}
	}
	return broken
}

// resized tells that object line i has not the length that it had in the last
// telegram. Numbers on P1 have a fixed width (Fn(x,y), DSMR 5.0.2 section
// 6.4), so without a checksum this is how a lost digit shows. The new length
// is remembered: a meter may change its format, but not each time.
func (p *Parser) resized(i, length int) bool {
	if i >= len(p.memo) {
		return false
	}
	m := &p.memo[i]
	before := m.length
	m.length = uint8(min(length, 255))
	return before != 0 && before != m.length
}

// find returns the table's row for object line i, and where its brackets
// begin: 0 for a line that continues the one before, -1 for one without.
func (p *Parser) find(i int, line []byte) (*row, int, int) {
	if i >= len(p.memo) {
		return search(line)
	}
	m := &p.memo[i]
	if n := int(m.n); n > 0 && n < len(line) && line[n] == '(' && string(line[:n]) == string(m.id[:n]) {
		return m.row, int(m.channel), n
	}
	row, channel, n := search(line)
	if n > 0 && n <= len(m.id) {
		m.n = uint8(copy(m.id[:], line[:n]))
		m.row, m.channel, m.length = row, uint8(channel), 0
	}
	return row, channel, n
}

func search(line []byte) (*row, int, int) {
	n := bytes.IndexByte(line, '(')
	if n <= 0 {
		return nil, 0, n
	}
	row, channel := lookup(line[:n])
	return row, channel, n
}

func lookup(id []byte) (*row, int) {
	c, channel, ok := parseCode(id)
	if !ok || channel > meter.MaxChannels {
		return nil, 0
	}
	return rows[c], channel
}

// finish settles what only the whole telegram tells.
func (p *Parser) finish(r *meter.Reading) {
	if r.Time.IsZero() {
		r.Time = p.clock.timestamp()
	}
	for i := range r.Channels {
		if !p.unitless[i] {
			continue
		}
		// A reading without unit: the device type tells it, or it is none.
		if m, ok := r.Channels[i].Type.Medium(); ok {
			r.Channels[i].Unit = meter.Media[m].Unit
		}
	}
	r.Standard, r.Tariffs = p.standard.detect(r)
}

// isWhole tells that brackets follow each other to the end of the line.
func isWhole(groups []byte) bool {
	for i, c := range groups {
		behind := c == ')' && i+1 < len(groups) && groups[i+1] != '(' && groups[i+1] != ')'
		before := c == '(' && i > 0 && groups[i-1] != ')' && groups[i-1] != '('
		if behind || before {
			return false
		}
	}
	return len(groups) > 1 && groups[0] == '(' && groups[len(groups)-1] == ')'
}

// sendsChecksum tells by the version in 1-3:0.2.8 whether the standard has a
// checksum: DSMR 4.0 and later have.
func sendsChecksum(version string) bool {
	return len(version) == 2 && version >= "40" && version <= "99"
}

// isText tells that all bytes are text, as all of a telegram is.
func isText(p []byte) bool {
	for _, c := range p {
		if (c < ' ' || c > '~') && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// Slots of texts that a meter repeats: the last one of each is kept and
// given again while it is equal.
const (
	slotHeader  = 0
	slotVersion = 1
	slotID      = 2
	slotMessage = 3  // and five more
	slotChannel = 16 // four a channel
	textSlots   = slotChannel + 4*meter.MaxChannels

	channelType = 0
	channelID   = 1
	channelEAN  = 2
)

func (p *Parser) text(slot int, b []byte) string {
	if p.texts[slot] != string(b) {
		p.texts[slot] = string(b)
	}
	return p.texts[slot]
}

// memoised keeps what was made of a line until the line changes. Months pass
// before a history does.
type memoised[T any] struct {
	line []byte
	list []T
}

func (m *memoised[T]) of(line []byte, parse func([]byte) []T) []T {
	if !bytes.Equal(m.line, line) {
		m.line = append(m.line[:0], line...)
		m.list = parse(line)
	}
	return m.list
}
