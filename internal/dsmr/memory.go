package dsmr

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// memory is what a meter repeats in every telegram, kept so that a telegram
// like the last one costs no allocation: the codes of its lines, its texts, and
// what was made of its lists.
type memory struct {
	codes    [160]memo
	texts    [textSlots]string
	history  memoised[meter.Peak]
	failures memoised[meter.Failure]
	joined   []byte // the text that is broken over lines, so far
	scratch  []byte
}

// memo is the code of one line: the next telegram has it there again.
type memo struct {
	id      [22]byte
	n       uint8
	channel uint8
	object  *obis.Object
}

// find returns the table's row for object line i, and where its brackets
// begin: 0 for a line that continues the one before, -1 for one without.
func (m *memory) find(i int, line []byte) (*obis.Object, int, int) {
	if i >= len(m.codes) {
		return search(line)
	}
	c := &m.codes[i]
	if n := int(c.n); n > 0 && n < len(line) && line[n] == '(' && string(line[:n]) == string(c.id[:n]) {
		return c.object, int(c.channel), n
	}
	row, channel, n := search(line)
	if n > 0 && n <= len(c.id) {
		c.n = uint8(copy(c.id[:], line[:n]))
		c.object, c.channel = row, uint8(channel)
	}
	return row, channel, n
}

// plainText decodes hex text, if that is what it is, without an allocation;
// else it returns the group. The result is valid until the next call.
func (m *memory) plainText(group []byte) []byte {
	text, ok := appendHexText(m.scratch[:0], group)
	m.scratch = text
	if !ok {
		return group
	}
	return text
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

func (m *memory) text(slot int, b []byte) string {
	if m.texts[slot] != string(b) {
		m.texts[slot] = string(b)
	}
	return m.texts[slot]
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
