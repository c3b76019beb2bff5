package app

import "io"

// ease lets the outputs catch up with a source that sends faster than they
// can: a line that is read a little later loses nothing.
func (p *pipeline) ease() {
	p.raw.Ease()
	p.lines.Ease()
	p.updates.Ease()
}

// eased is the line, read only when the outputs are ready for more: what is
// no telegram goes to the raw socket too.
type eased struct {
	io.Reader
	p *pipeline
}

// Read lets the outputs catch up, then reads.
func (e eased) Read(p []byte) (int, error) {
	e.p.ease()
	return e.Reader.Read(p)
}
