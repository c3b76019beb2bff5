package capture

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// magic is how the first line begins; the version follows.
const magic = "# smartmeter capture "

// formatVersion is told in the first line. A reader refuses a higher one.
const formatVersion = 1

// pieceLimit is how many bytes stand in a line at most.
const pieceLimit = 120

// Writer writes a capture piece by piece.
type Writer struct {
	w    io.Writer
	line []byte
}

// NewWriter writes the header of a capture to w and returns a Writer for what
// follows.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d\n", magic, formatVersion)
	say := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "# %s: %s\n", key, escape(nil, []byte(value)))
		}
	}
	if !h.Made.IsZero() {
		say("made", h.Made.Format(time.RFC3339))
	}
	say("program", h.Program)
	say("source", h.Source)
	if h.Redacted {
		say("redacted", "yes")
	}
	for _, note := range h.Notes {
		say("note", note)
	}
	_, err := io.WriteString(w, b.String())
	return &Writer{w: w}, err
}

// Write writes a record, in one call of the writer's Write.
func (w *Writer) Write(r Record) error {
	w.line = appendRecord(w.line[:0], r)
	_, err := w.w.Write(w.line)
	return err
}

// Write writes all of the capture.
func (c *Capture) Write(to io.Writer) error {
	var all bytes.Buffer
	w, _ := NewWriter(&all, c.Header) // a bytes.Buffer takes all
	for _, r := range c.Records {
		_ = w.Write(r)
	}
	_, err := all.WriteTo(to)
	return err
}

func appendRecord(line []byte, r Record) []byte {
	ms := r.At.Milliseconds()
	at := fmt.Sprintf("%d.%03d ", ms/1000, ms%1000)
	switch r.Kind {
	case Opened:
		return append(append(line, at...), "= opened\n"...)
	case Lost:
		line = append(append(line, at...), "= lost: "...)
		return append(escape(line, []byte(r.Text)), '\n')
	}
	for p := r.Data; len(p) > 0; {
		n := min(len(p), pieceLimit)
		if i := bytes.IndexByte(p[:n], '\n'); i >= 0 {
			n = i + 1
		}
		line = append(append(line, at...), "< "...)
		line = append(escape(line, p[:n]), '\n')
		p = p[n:]
	}
	return line
}

const hexDigits = "0123456789ABCDEF"

// escape appends p as text. A blank at the end is escaped too: editors and
// mail programs take it away.
func escape(dst, p []byte) []byte {
	for i, b := range p {
		switch {
		case b == '\r':
			dst = append(dst, `\r`...)
		case b == '\n':
			dst = append(dst, `\n`...)
		case b == '\\':
			dst = append(dst, `\\`...)
		case b < ' ' || b > '~' || b == ' ' && i == len(p)-1:
			dst = append(dst, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
		default:
			dst = append(dst, b)
		}
	}
	return dst
}
