package app

import (
	"bytes"
	"runtime"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// Program is what captures say that they were made by.
func Program() string { return "smartmeter " + Version + " " + runtime.GOOS + "/" + runtime.GOARCH }

// record keeps a change of the line.
func (p *pipeline) record(e source.Event, now time.Time) {
	switch e.State {
	case source.Opened:
		p.recorder.Event(now, capture.Opened, "")
	case source.Lost:
		p.recorder.Event(now, capture.Lost, e.Err.Error())
	}
}

// report is the file for a bug report.
func (p *pipeline) report() ([]byte, error) {
	c, err := p.lastMinutes(true)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = c.Write(&text)
	return text.Bytes(), err
}

// lastMinutes is what the line sent in the last minutes, for a bug report,
// redacted or as it came. What cannot be redacted is an error.
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
