package frame

import (
	"bytes"
	"encoding/binary"
)

// SML transport, version 1 (BSI TR-03109-1 annex IV, 8):
//
//	1B 1B 1B 1B 01 01 01 01   escape, start
//	...                       messages, filled up with 00 to a multiple of four
//	1B 1B 1B 1B 1A NN CC CC   escape, end, number of fill octets, checksum
//
// Four 1B among the data come doubled. The checksum is the CRC-16/X25 of all
// from the first 1B to NN, low octet first; old Holley meters mean Kermit.
const (
	smlEscape   = 0x1B
	smlEnd      = 0x1A
	smlMark     = 8       // an escape and what it says
	smlMaxFrame = 8 << 10 // the longest known has 1 kB
)

var (
	smlEscapes = [4]byte{smlEscape, smlEscape, smlEscape, smlEscape}
	smlStart   = [4]byte{1, 1, 1, 1}
)

// MatchSML matches a frame of the SML transport. Doubled escapes stay in the
// payload: package sml takes them out.
func MatchSML(p []byte, _ bool) Match {
	for i := range min(len(p), smlMark) {
		if i < 4 && p[i] != smlEscape || i >= 4 && p[i] != 1 {
			return Match{}
		}
	}
	for at := smlMark; ; {
		i := -1
		if at < len(p) {
			i = bytes.Index(p[at:], smlEscapes[:])
		}
		if i += at; i < at || i+smlMark > len(p) {
			m := Match{State: More, Certain: len(p) > smlMark, Size: len(p) + 1, Sure: i}
			if i < at { // its last octets may begin an escape
				m.Sure = len(bytes.TrimRight(p, "\x1B"))
			}
			return m
		}
		switch rest := [4]byte(p[i+4 : i+8]); {
		case rest == smlEscapes: // data
			at = i + smlMark
		case rest == smlStart: // a new frame begins: this one broke off
			return Match{Certain: true}
		case rest[0] == smlEnd && rest[1] < 4:
			sum := binary.LittleEndian.Uint16(rest[2:])
			covered := p[:i+6]
			fits := sum == X25(covered) || sum == Kermit(covered)
			if i%4 == 0 || fits { // some are not filled up
				return whole(i+smlMark, fits, p[smlMark:max(smlMark, i-int(rest[1]))], Part{})
			}
			at = i + 4
		default: // four 1B that nobody doubled
			at = i + 4
		}
	}
}
