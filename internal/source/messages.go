package source

import (
	"bytes"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// messages is a line whose sender gives telegrams one by one or in pieces, as a
// stream of bytes.
type messages struct {
	receive func(deadline time.Time) ([]byte, error) // waits for the next message
	closing func() error                             // ends a receive that waits, from another goroutine
	isAsked bool                                     // the sender gives its newest telegram whenever it is asked

	deadline time.Time
	rest     []byte // of the message that is being read
	last     []byte // the last whole telegram
	lastAt   time.Time

	inside bool // a telegram that came in pieces
	raw    bool // pieces break off anywhere: they hold line ends, but do not end with one
}

// SetReadDeadline sets when Read gives up.
func (m *messages) SetReadDeadline(t time.Time) error {
	m.deadline = t
	return nil
}

// Close ends a Read that waits.
func (m *messages) Close() error { return m.closing() }

// Read gives the bytes of one message.
func (m *messages) Read(p []byte) (int, error) {
	for len(m.rest) == 0 {
		message, err := m.receive(m.deadline)
		if err != nil {
			return 0, err
		}
		if !m.isRepeated(message, time.Now()) {
			m.rest = m.complete(message)
		}
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// timelessPause is how often a meter speaks whose telegrams have no time
// (DSMR 2 and 3). Who asks each second gets copies of one; a copy that comes so
// late, or that was sent without asking, may be a new telegram.
const timelessPause = 10 * time.Second

// isRepeated reports whether a message is the telegram that was read last, which
// proves nothing about now: a HomeWizard gives it until the meter sends the next
// one, and for ever when the meter is silent.
func (m *messages) isRepeated(message []byte, now time.Time) bool {
	if !isWhole(message) {
		return false
	}
	if bytes.Equal(message, m.last) {
		if !timeOf(message).IsZero() || m.isAsked && now.Sub(m.lastAt) < timelessPause {
			return true
		}
	}
	m.last, m.lastAt = append(m.last[:0], message...), now
	return false
}

// complete returns the message with the line end that its sender left out: some
// publish row by row, and some trim whole telegrams.
func (m *messages) complete(message []byte) []byte {
	if isWhole(message) {
		m.inside = false
		last := message[bytes.LastIndexByte(message, '\n')+1:]
		if len(last) > 0 {
			message = append(message, "\r\n"...)
		}
		return message
	}
	if text := bytes.TrimRight(message, "\r\n"); len(text) == 0 {
		if !bytes.Contains(message, []byte("\n")) && m.inside && !m.raw {
			return []byte("\r\n") // the row without text behind the header
		}
		return message
	}
	if i := bytes.IndexByte(message, '\n'); i >= 0 && i < len(message)-1 {
		m.raw = true
	}
	switch message[0] {
	case '/':
		m.inside = true
	case '!':
		m.inside = false
	}
	if isRow(message) && !m.raw {
		message = append(bytes.TrimRight(message, "\r"), "\r\n"...)
	}
	return message
}

// isWhole reports whether a message is a telegram from its header to its end,
// perhaps with line ends before it.
func isWhole(message []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(message, "\r\n"), []byte("/")) && bytes.Contains(message, []byte("\n!"))
}

// isRow reports whether a message is one row of a telegram without its line end.
func isRow(message []byte) bool {
	row := bytes.TrimRight(message, "\r")
	if len(row) == 0 || bytes.ContainsFunc(row, func(r rune) bool { return r < ' ' || r > '~' }) {
		return false
	}
	switch first := row[0]; {
	case first == '/', first == '!':
		return true
	case first == '(', first >= '0' && first <= '9':
		return row[len(row)-1] == ')'
	}
	return false
}

// timeOf returns the time that a telegram says of itself, zero where it says
// none: 0-0:1.0.0(210226121534W).
func timeOf(telegram []byte) meter.Timestamp {
	t, _ := dsmr.ParseTimestamp(value(telegram, "\n0-0:1.0.0("))
	return t
}

// nameOf returns what tells a telegram's meter from others: its header and the
// equipment identifier, which few lack.
func nameOf(telegram []byte) string {
	header, _, _ := bytes.Cut(bytes.TrimLeft(telegram, "\r\n"), []byte("\n"))
	for _, code := range []string{"\n0-0:96.1.1(", "\n0-0:96.1.0(", "\n0-0:42.0.0(", "\n1-0:0.0.0("} {
		if id := value(telegram, code); len(id) > 0 {
			return string(header) + string(id)
		}
	}
	return string(header)
}

// value returns what stands in the brackets behind a code; nil: the code is not
// there.
func value(telegram []byte, code string) []byte {
	_, rest, _ := bytes.Cut(telegram, []byte(code))
	text, _, found := bytes.Cut(rest, []byte(")"))
	if !found {
		return nil
	}
	return text
}
