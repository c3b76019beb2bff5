package frame

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// maxRestarts bounds how many telegrams are tried inside a damaged one.
const maxRestarts = 8

// verify compares the checksum's digits with the telegram's bytes from "/" to
// "!". When they do not fit, a telegram may have begun anew in the middle of
// a line (a cable that bounces does that): start is where the one begins
// whose checksum fits.
func verify(body, digits []byte) (start int, verdict meter.Checksum) {
	if len(digits) == 0 {
		return 0, meter.ChecksumAbsent
	}
	var want uint16
	for _, c := range digits {
		nibble := c - '0'
		if nibble > 9 {
			nibble = (c | 0x20) - 'a' + 10
		}
		want = want<<4 | uint16(nibble)
	}
	if fits(body, want) {
		return 0, meter.ChecksumValid
	}
	end := len(body)
	for range maxRestarts {
		i := bytes.LastIndexByte(body[1:end], '/') + 1
		if i == 0 {
			break
		}
		if isHeader(body[i:]) && fits(body[i:], want) {
			return i, meter.ChecksumValid
		}
		end = i
	}
	return 0, meter.ChecksumInvalid
}

func isHeader(p []byte) bool {
	line, _, found := bytes.Cut(p, []byte("\n"))
	return found && len(line) > 4 && bytes.IndexByte(line, '(') < 0
}

// fits computes the checksum over the bytes as the meter sent them. Where
// something on the way took the CR of the line ends or the empty line behind
// the identification (readers that strip empty lines, and Luxembourg's official
// example), they are put back.
func fits(body []byte, want uint16) bool {
	if Checksum(body) == want {
		return true
	}
	bareEnds := bytes.Count(body, []byte("\n")) != bytes.Count(body, []byte("\r\n"))
	return bareEnds && restored(body, false) == want || !hasEmptyLine(body) && restored(body, true) == want
}

// hasEmptyLine reports whether an empty line follows the identification.
func hasEmptyLine(body []byte) bool {
	_, rest, _ := bytes.Cut(body, []byte("\n"))
	return bytes.HasPrefix(rest, []byte("\n")) || bytes.HasPrefix(rest, []byte("\r\n"))
}

// restored is the checksum over body with CR LF for every line end and, if
// asked for, an empty line behind the identification.
func restored(body []byte, emptyLine bool) (crc uint16) {
	for line := range bytes.SplitAfterSeq(body, []byte("\n")) {
		text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		crc = arc.update(crc, text)
		if len(text) == len(line) {
			continue // the end mark
		}
		crc = arc.update(crc, []byte("\r\n"))
		if emptyLine {
			crc, emptyLine = arc.update(crc, []byte("\r\n")), false
		}
	}
	return crc
}
