// Package capture keeps what a line to a meter sent, with its timing: in a
// file that a person can read and send with a bug report, without what tells
// whose meter it is, and in the memory of the running program.
//
// A capture is text, a line a piece:
//
//	# smartmeter capture 1
//	# made: 2026-11-25T19:00:00+01:00
//	# program: smartmeter 0.1.0 linux/arm64
//	# source: serial, 115200 8N1
//	# redacted: yes
//	0.000 = opened
//	0.412 < /KFM5KAIFA-METER\r\n
//	0.412 < \r\n
//	0.413 < 1-3:0.2.8(42)\r\n
//	9.870 < \x00\xFF
//	24.870 = lost: no data for 15s
//
// The first line has the version. What begins with # is about the
// capture. Every other line is a time in seconds since the start, with
// milliseconds, and what happened then: "<" are bytes that the line sent, as
// text in which a backslash begins \r, \n, \\ or \xHH, and no other byte
// stands than those from 0x20 to 0x7E; "=" is a change of the line. A piece
// ends behind a line end or after 120 bytes. Blank lines, the marks of a
// block of code and another kind of line ends do no harm.
package capture

import (
	"time"
)

// Kind is what a Record is about.
type Kind uint8

// The kinds of a Record.
const (
	Data   Kind = iota // bytes that the line sent
	Opened             // the line was opened
	Lost               // the line failed, was silent for too long, or could not be opened
)

// Record is something that happened on the line.
type Record struct {
	At   time.Duration // since the start of the capture; never falls
	Kind Kind
	Data []byte // of Data
	Text string // of Lost: the cause
}

// Header is what a capture says about itself.
type Header struct {
	Made     time.Time // when it was started; zero: not known
	Program  string    // that made it: name, version, platform
	Source   string    // the line, for people
	Redacted bool      // identifiers are replaced
	Notes    []string  // what else a reader has to know, a line each
}

// Capture is a whole one.
type Capture struct {
	Header
	Records []Record
}

// Bytes returns all that the line sent.
func (c *Capture) Bytes() []byte {
	var all []byte
	for _, r := range c.Records {
		all = append(all, r.Data...)
	}
	return all
}
