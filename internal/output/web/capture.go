package web

import (
	"net/http"
	"sync"
	"time"
)

// captureKept is how long a capture serves those who ask again. To make one
// takes longer than the time from one telegram to the next.
const captureKept = 10 * time.Second

// captures makes captures for bug reports, one at a time.
type captures struct {
	mu   sync.Mutex
	busy bool   // one is being made
	text []byte // the last; nil: it was too long ago
}

// get returns a capture that made returns now, or returned in the last seconds;
// busy reports that another one is being made.
func (c *captures) get(made func() ([]byte, error)) (text []byte, busy bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.text != nil || c.busy {
		return c.text, c.busy, nil
	}
	c.busy = true
	defer func() { c.busy = false }()
	func() {
		c.mu.Unlock()
		defer c.mu.Lock() // also where made panics
		text, err = made()
	}()
	if err == nil {
		c.text = text
		time.AfterFunc(captureKept, c.forget)
	}
	return text, false, err
}

func (c *captures) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = nil
}

// capture answers with a file for a bug report.
func (s *Server) capture(w http.ResponseWriter, r *http.Request) {
	m := s.meter(w, r)
	switch {
	case m == nil:
		return
	case !s.options.Page || m.Capture == nil:
		fail(w, http.StatusNotFound, "there is nothing at this address")
		return
	}
	text, busy, err := m.captures.get(m.Capture)
	switch {
	case busy:
		w.Header().Set("Retry-After", "5")
		fail(w, http.StatusServiceUnavailable, "a capture is being made; ask again in a few seconds")
		return
	case err != nil:
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="smartmeter-`+time.Now().In(s.site.zone).Format("20060102-150405")+`.capture.txt"`)
	send(w, http.StatusOK, "text/plain; charset=utf-8", text)
}
