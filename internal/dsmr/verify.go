package dsmr

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// maxRestarts bounds how many telegrams are tried inside a damaged one.
const maxRestarts = 8

// verify compares the checksum's digits with the telegram's bytes from "/" to
// "!". When they do not fit, a telegram may have begun anew in the middle of
// a line (a cable that bounces does that): start tells where the one begins
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
// something on the way took the CR of the line ends, they are put back.
func fits(body []byte, want uint16) bool {
	if Checksum(body) == want {
		return true
	}
	if bytes.Count(body, []byte("\n")) == bytes.Count(body, []byte("\r\n")) {
		return false
	}
	var crc uint16
	for line := range bytes.SplitAfterSeq(body, []byte("\n")) {
		n := len(line)
		if n > 0 && line[n-1] == '\n' && (n < 2 || line[n-2] != '\r') {
			crc = update(update(crc, line[:n-1]), []byte("\r\n"))
		} else {
			crc = update(crc, line)
		}
	}
	return crc == want
}
