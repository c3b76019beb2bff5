package main

import (
	"sync"
	"time"
)

// series is what is sent in a scenario: telegram n at n-1, for n from 1.
type series struct {
	telegrams [][]byte
	sent      []time.Time // set while it is sent, read afterwards
}

// reader keeps what one reader of the program has got. All its methods may be
// called at any time.
type reader struct {
	series *series
	heard  chan struct{} // closed when something came, be it before the series
	since  time.Time     // when that was; to be read after heard
	done   chan struct{} // closed when nothing more can come

	mu       sync.Mutex
	any      bool
	ended    bool
	last     int
	arrivals []arrival // in order
}

// arrival is one telegram of the series at a reader.
type arrival struct {
	number int
	at     time.Time
}

func newReader(s *series) *reader {
	return &reader{
		series: s, heard: make(chan struct{}), done: make(chan struct{}),
		arrivals: make([]arrival, 0, len(s.telegrams)),
	}
}

// got tells that telegram n is here; 0 is one from before the series. One
// that comes twice or too late does not count.
func (r *reader) got(n int) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.any {
		r.any, r.since = true, now
		close(r.heard)
	}
	if n <= r.last || n > len(r.series.telegrams) {
		return
	}
	r.last = n
	r.arrivals = append(r.arrivals, arrival{n, now})
	if n == len(r.series.telegrams) {
		r.finish()
	}
}

// end tells that the connection is closed.
func (r *reader) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finish()
}

func (r *reader) finish() {
	if !r.ended {
		r.ended = true
		close(r.done)
	}
}

// count is how many telegrams of the series came.
func (r *reader) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrivals)
}

// latencies are how long after they were sent they came. One may be here
// before its writer knows that it is sent, which counts as 0.
func (r *reader) latencies() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]time.Duration, 0, len(r.arrivals))
	for _, a := range r.arrivals {
		list = append(list, max(0, a.at.Sub(r.series.sent[a.number-1])))
	}
	return list
}

// wait returns once every reader has the last telegram or its end, or none of
// them has got anything for so long.
func wait(readers []*reader, patience time.Duration) {
	total, since := -1, time.Now()
	for time.Since(since) < patience {
		sum, open := 0, 0
		for _, r := range readers {
			sum += r.count()
			select {
			case <-r.done:
			default:
				open++
			}
		}
		if open == 0 {
			return
		}
		if sum != total {
			total, since = sum, time.Now()
		}
		time.Sleep(20 * time.Millisecond)
	}
}
