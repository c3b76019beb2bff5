package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// fault is something that goes wrong between the meter and the app.
type fault struct {
	name  string // as the command line names it
	what  string // for people
	cause string // the name of the verdict that the app reaches over TCP

	// spoil returns what the line carries in place of the n-th telegram,
	// counted from 0; nil: nothing is wrong.
	spoil func(n uint64, telegram []byte, s *simulate.StandardInfo) []byte
}

// faults is the table of faults. The first stands for no fault.
var faults = [...]fault{
	{"", "", "good", nil},
	{"wrong-speed", "the reader listens at another speed than the meter sends", "noise", wrongSpeed},
	{"damaged", "bytes are lost or changed in every telegram", "checksums", damaged},
	{"flaky", "two of three telegrams are damaged, the others are whole", "degraded", flaky},
	{"cut", "every telegram breaks off in the middle", "cut_telegrams", cut},
	{"encrypted", "the meter encrypts, and the app has no key", "encrypted", encrypted},
	{"web-page", "a web server answers in the reader's place", "http", webPage},
	{"silent", "nothing arrives, as with a P1 port that is switched off", "reader_silent", silent},
}

func parseFault(name string) (fault, error) {
	var names []string
	for _, f := range faults {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return fault{}, fmt.Errorf("-fault %s: use one of %s", name, strings.Join(names[1:], ", "))
}

// spoiler is a line with a fault.
type spoiler struct {
	line     io.Writer
	fault    fault
	standard *simulate.StandardInfo
	n        uint64 // telegrams so far
}

// Write takes one telegram.
func (s *spoiler) Write(telegram []byte) (int, error) {
	sent := telegram
	if s.fault.spoil != nil {
		sent = s.fault.spoil(s.n, telegram, s.standard)
	}
	s.n++
	if len(sent) == 0 {
		return len(telegram), nil
	}
	if _, err := s.line.Write(sent); err != nil {
		return 0, err
	}
	return len(telegram), nil
}

func wrongSpeed(_ uint64, telegram []byte, s *simulate.StandardInfo) []byte {
	heard := "9600 7E1"
	if s.Mode == heard {
		heard = "115200 8N1"
	}
	return simulate.UART{}.Hear(telegram, s.Mode, heard)
}

func damaged(n uint64, telegram []byte, _ *simulate.StandardInfo) []byte {
	return simulate.Damage(telegram, n)
}

func flaky(n uint64, telegram []byte, s *simulate.StandardInfo) []byte {
	if n%3 == 0 {
		return telegram
	}
	return damaged(n, telegram, s)
}

func cut(_ uint64, telegram []byte, _ *simulate.StandardInfo) []byte {
	return telegram[:len(telegram)/2]
}

func encrypted(n uint64, telegram []byte, _ *simulate.StandardInfo) []byte {
	e := simulate.NewEncrypter([16]byte{15: 1})
	e.Counter = uint32(n) + 1
	return e.AppendFrame(nil, telegram)
}

func webPage(_ uint64, _ []byte, _ *simulate.StandardInfo) []byte {
	return []byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n" +
		"Connection: close\r\n\r\nBad Request\r\n")
}

func silent(uint64, []byte, *simulate.StandardInfo) []byte { return nil }
