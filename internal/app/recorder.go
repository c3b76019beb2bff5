package app

import (
	"bytes"
	"runtime"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// Program returns the program's name and version for captures.
func Program() string { return "smartmeter " + Version + " " + runtime.GOOS + "/" + runtime.GOARCH }

// record adds a change of the line to the capture.
func (p *pipeline) record(e source.Event, now time.Time) {
	switch e.State {
	case source.Opened:
		p.recorder.Event(now, capture.Opened, "")
	case source.Lost:
		p.recorder.Event(now, capture.Lost, e.Err.Error())
	}
}

// report returns the file for a bug report.
func (p *pipeline) report() ([]byte, error) {
	c, err := p.lastMinutes(true)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = c.Write(&text)
	return text.Bytes(), err
}

// lastMinutes returns what the line sent in the last minutes, redacted or as it
// came. It fails where that cannot be redacted.
func (p *pipeline) lastMinutes(redact bool) (*capture.Capture, error) {
	h := capture.Header{Program: Program()}
	if p.source != nil {
		h.Source = p.source.Name()
	}
	c := p.recorder.Capture(h)
	if !redact {
		return c, nil
	}
	return c.Redact(p.keys)
}
