package app

import (
	"slices"
	"sync"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
)

// lastTelegram keeps the last telegram, good or bad: people look there first.
type lastTelegram struct {
	mu   sync.Mutex
	text []byte
	good []byte // the last P1 telegram that gave a reading; of DLMS and SML there is none
}

// set copies the telegram into the same memory each time. Of DLMS and SML it
// keeps the objects, one per line.
func (l *lastTelegram) set(m *decode.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = m.AppendText(l.text[:0])
	if m.Err == nil && m.Pushed == nil {
		l.good = append(append(l.good[:0], l.text...), "\r\n"...)
	}
}

// getGood returns a copy of the last telegram that gave a reading, for who must
// never get a damaged one; false where there is none.
func (l *lastTelegram) getGood() ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.good), len(l.good) > 0
}

// get returns a copy of the telegram, with its line end; false before the
// first.
func (l *lastTelegram) get() ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) == 0 {
		return nil, false
	}
	return append(append([]byte(nil), l.text...), "\r\n"...), true
}
