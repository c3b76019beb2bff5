package dsmr

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// Where no checksum vouches for a telegram (DSMR 2 and 3, Q3D, or a meter
// whose checksums are known to be wrong), plausibility has to.

// sendsChecksum reports by the version in 1-3:0.2.8 whether the standard has a
// checksum: DSMR 4.0 and later have.
func sendsChecksum(version string) bool {
	return len(version) == 2 && version >= "40" && version <= "99"
}

// isText reports whether all bytes are text, as all of a telegram is.
func isText(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isWhole reports whether a line's brackets follow each other to its end, and that
// all of it is text.
func isWhole(groups []byte) bool {
	last := len(groups) - 1
	if last < 1 || groups[0] != '(' || groups[last] != ')' {
		return false
	}
	for i, c := range groups[:last] {
		switch {
		case c > ')' && c <= '~' || c >= ' ' && c < '(':
		case c == ')' && (groups[i+1] == '(' || groups[i+1] == ')'):
		case c == '(' && (i == 0 || groups[i-1] == ')' || groups[i-1] == '('):
		default:
			return false
		}
	}
	return true
}

// isRest reports whether a line is what is left of an object line.
func isRest(line []byte) bool {
	return bytes.IndexByte(line, ')') >= 0 || bytes.IndexByte(line, ':') >= 0
}

// shapes remembers how a meter's telegrams look, for telegrams that no checksum
// vouches for: from which meter they are, which lines they always have, and how
// long their numbers are, which have a fixed width, padded with zeros (Fn(x,y),
// DSMR 5.0.2 section 6.4). So an identification that was cut shows, a line that
// is missing, and a digit that was lost. A telegram that differs waits for the
// next: when that one looks the same, the meter has changed.
//
// What cannot be known: whether the very first telegram is whole, and a digit
// that became another one. For totals the guard waits for a second telegram.
type shapes struct {
	header        string // of the last good telegram; "": there was none
	refusedHeader string // of the last one that differed from it
	padded        bool   // a meter that does not pad is not held to widths

	now, accepted, refused shape
}

// shape is what a telegram's lines look like, by their rows in the table of
// objects.
type shape struct {
	lines  [256]uint8 // how many; those of no row are counted as otherLines
	widths [256]uint8 // length of the last one that has a number with a unit
}

const otherLines = obis.MaxObjects

func (w *shapes) begin() { w.now = shape{} }

// line counts an object line, or one that continues it (nil).
func (w *shapes) line(r *obis.Object) {
	index := uint8(otherLines)
	if r != nil {
		index = r.Index
	}
	w.now.lines[index]++
}

// number takes a line whose number was read; it is line[at:].
func (w *shapes) number(r *obis.Object, line []byte, at int) {
	w.now.widths[r.Index] = uint8(min(len(line), 255))
	if len(line) > at+2 && line[at+1] == '0' && line[at+2]-'0' <= 9 {
		w.padded = true
	}
}

// differ reports whether the telegram must wait for the next one.
func (w *shapes) differ(header string) bool {
	switch {
	case w.header == "":
		w.accepted = w.now
	case header == w.header && w.fits():
		w.accepted.lines = w.now.lines
		for i, n := range w.now.widths {
			if n != 0 {
				w.accepted.widths[i] = n
			}
		}
	case header == w.refusedHeader && w.now.lines == w.refused.lines && (!w.padded || w.now.widths == w.refused.widths):
		w.accepted = w.now
	default:
		w.refused, w.refusedHeader = w.now, header
		return true
	}
	w.header, w.refusedHeader = header, ""
	return false
}

// fits reports whether the telegram has all the lines of the last good one, and
// numbers of the same width.
func (w *shapes) fits() bool {
	for i, n := range w.now.lines {
		if n < w.accepted.lines[i] {
			return false
		}
	}
	for i, n := range w.now.widths {
		if w.padded && n != 0 && w.accepted.widths[i] != 0 && n != w.accepted.widths[i] {
			return false
		}
	}
	return true
}
