package socket

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
)

// telegramLimit is how long a telegram may be, in bytes; the framer gives up
// after as many.
const telegramLimit = 16 << 10

// RawWriter publishes what is written to it, at once and unchanged, cut where
// telegrams start. It serves one stream: a line that was opened anew needs a
// new one.
type RawWriter struct {
	chunks *hub.Hub[Chunk]
	before byte // the byte before; none counts like noise
	left   int  // how long the current telegram may still be; 0 between telegrams
}

// NewRawWriter returns a writer for a new stream.
func NewRawWriter(chunks *hub.Hub[Chunk]) *RawWriter {
	return &RawWriter{chunks: chunks}
}

// Write publishes a copy of p. It never fails and never waits.
func (w *RawWriter) Write(p []byte) (int, error) {
	var data []byte // stays nil while nobody listens
	if w.chunks.Subscribers() > 0 {
		data = bytes.Clone(p)
	}
	from, start := 0, false
	for i, b := range p {
		if w.next(b) {
			w.publish(data, from, i, start)
			from, start = i, true
		}
	}
	w.publish(data, from, len(p), start)
	return len(p), nil
}

func (w *RawWriter) publish(data []byte, from, to int, start bool) {
	if data != nil && from < to {
		w.chunks.Publish(Chunk{data[from:to:to], start})
	}
}

// next tells whether the next byte of the stream, b, starts a telegram: a "/"
// at the start of a line does, and between telegrams also one after noise
// (some meters send NUL or 0xFF there). Inside a telegram noise does not
// count, because some carry binary text.
func (w *RawWriter) next(b byte) bool {
	line := w.before == '\n' || w.before == '\r'
	noise := w.before < ' ' || w.before > '~'
	w.before = b
	switch {
	case b == '/' && (line || noise && w.left == 0):
		w.left = telegramLimit
		return true
	case b == '!' && line:
		w.left = 0
	case w.left > 0:
		w.left--
	}
	return false
}
