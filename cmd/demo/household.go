package main

import (
	"fmt"
	"io"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// clockFrom returns the household's clock: this machine's, or one that shows
// the given local time now and goes on from there.
func clockFrom(at string) (func() time.Time, error) {
	if at == "" {
		return time.Now, nil
	}
	start, err := time.ParseInLocation("2006-01-02T15:04", at, time.Local)
	if err != nil {
		return nil, fmt.Errorf("-at %s: write it like 2026-06-21T13:00", at)
	}
	begun := time.Now()
	return func() time.Time { return start.Add(time.Since(begun)) }, nil
}

// spoil puts a fault between the meter and its line.
func spoil(line io.Writer, fault string, standard simulate.StandardInfo) (io.Writer, error) {
	switch fault {
	case "":
		return line, nil
	case "wrong-speed":
		heard := "9600 7E1"
		if standard.Mode == heard {
			heard = "115200 8N1"
		}
		return &wrongSpeed{line, standard.Mode, heard}, nil
	}
	return nil, fmt.Errorf("-fault %s: there is only wrong-speed", fault)
}

// wrongSpeed is a reader that listens in another mode than the meter sends.
type wrongSpeed struct {
	line        io.Writer
	sent, heard string
}

func (w *wrongSpeed) Write(telegram []byte) (int, error) {
	if _, err := w.line.Write(simulate.UART{}.Hear(telegram, w.sent, w.heard)); err != nil {
		return 0, err
	}
	return len(telegram), nil
}
