package status_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

func TestOutputs(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	two := 2
	for _, test := range []struct {
		name string
		do   func(*status.Counter)
		want status.Output
	}{
		{"nothing yet", func(*status.Counter) {}, status.Output{}},
		{"sent", func(c *status.Counter) { c.Sent(2, at); c.Sent(1, at) }, status.Output{Sent: 3, LastSuccess: &at}},
		{"nothing sent is no success", func(c *status.Counter) { c.Sent(0, at) }, status.Output{}},
		{"dropped", func(c *status.Counter) { c.Dropped(5) }, status.Output{Dropped: 5}},
		{"failed", func(c *status.Counter) { c.Failed(errors.New("a")); c.Failed(errors.New("b")) }, status.Output{Errors: 2, LastError: "b"}},
		{"no failure", func(c *status.Counter) { c.Failed(nil) }, status.Output{}},
		{"works again", func(c *status.Counter) { c.Failed(errors.New("a")); c.Works(at) }, status.Output{Errors: 1, LastSuccess: &at}},
		{"clients", func(c *status.Counter) { c.Clients(func() int { return two }) }, status.Output{Clients: &two}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b status.Board
			c := b.Output("one")
			b.Output("two")
			test.do(c)
			test.do(nil)
			test.want.Name = "one"
			want := status.Snapshot{Time: at, Outputs: []status.Output{test.want, {Name: "two"}}}
			if diff := cmp.Diff(want, b.Snapshot(at)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLine(t *testing.T) {
	b := status.Board{Line: func(s *status.Snapshot) { s.Counters.Cut, s.Counters.Checksums = 1, 2 }}
	s := b.Snapshot(time.Now())
	if got := s.Counters.Bad(); got != 3 {
		t.Errorf("bad: got %d, want 3", got)
	}
}

// Run with -race.
func TestAllAtOnce(t *testing.T) {
	var b status.Board
	c := b.Output("one")
	const each = 1000
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range each {
				c.Sent(1, time.Now())
				c.Failed(errors.New("now and then"))
				b.Snapshot(time.Now())
			}
		})
	}
	wg.Wait()
	if s := b.Snapshot(time.Now()); s.Outputs[0].Sent != 4*each || s.Outputs[0].Errors != 4*each {
		t.Errorf("got %+v", s.Outputs[0])
	}
}
