package dsmr

import "bytes"

// Where no checksum vouches for a telegram (DSMR 2 and 3, Q3D, or a meter
// whose checksums are known to be wrong), plausibility has to.

// sendsChecksum tells by the version in 1-3:0.2.8 whether the standard has a
// checksum: DSMR 4.0 and later have.
func sendsChecksum(version string) bool {
	return len(version) == 2 && version >= "40" && version <= "99"
}

// isText tells that all bytes are text, as all of a telegram is.
func isText(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isWhole tells that a line's brackets follow each other to its end, and that
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

// isRest tells what is left of an object line from a line of another kind.
func isRest(line []byte) bool {
	return bytes.IndexByte(line, ')') >= 0 || bytes.IndexByte(line, ':') >= 0
}

// widths remembers how long a meter's numbers are. They have a fixed width,
// padded with zeros (Fn(x,y), DSMR 5.0.2 section 6.4), so that a lost digit
// shows. A meter that does not pad is not held to it.
type widths struct {
	header   string
	padded   bool
	accepted [256]uint8 // length of each row's line in the last good telegram
	refused  [256]uint8 // in the last one that differed from it
	now      [256]uint8
}

func (w *widths) begin() { clear(w.now[:]) }

// add takes a line whose number was read; it is line[at:].
func (w *widths) add(r *row, line []byte, at int) {
	w.now[r.index] = uint8(min(len(line), 255))
	if len(line) > at+2 && line[at+1] == '0' && line[at+2]-'0' <= 9 {
		w.padded = true
	}
}

// differ tells whether the telegram's widths are not those of the last good
// one. The same new widths twice are a meter that has changed.
func (w *widths) differ(header string) bool {
	if header != w.header {
		w.header, w.accepted = header, w.now
		return false
	}
	differ := false
	for i, n := range w.now {
		differ = differ || n != 0 && w.accepted[i] != 0 && n != w.accepted[i]
	}
	if differ && w.padded && w.now != w.refused {
		w.refused = w.now
		return true
	}
	for i, n := range w.now {
		if n != 0 {
			w.accepted[i] = n
		}
	}
	w.refused = [256]uint8{}
	return false
}
