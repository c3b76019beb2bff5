package status_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
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
			got := b.Snapshot(at)
			want.Goroutines = got.Goroutines
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLine(t *testing.T) {
	var b status.Board
	b.Line(func(time.Time) status.Line {
		c := status.Counters{Bytes: 7, Interval: 1.5}
		c.Rejected[diagnosis.Cut], c.Rejected[diagnosis.Checksums] = 1, 2
		return status.Line{Slot: "p1", Counters: c}
	})
	s := b.Snapshot(time.Now())
	if got := s.Counters.Bad(); got != 3 {
		t.Errorf("bad: got %d, want 3", got)
	}
	text, err := json.Marshal(s.Counters)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"bytes":7,"telegrams":0,"skipped":0,"held":0,"interval":1.5,` +
		`"checksums":2,"noChecksum":0,"damaged":0,"cut":1,"noKey":0,"wrongKey":0,"damagedFrames":0,"unverified":0,"unknownLayouts":0}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var back status.Counters
	if err := json.Unmarshal(text, &back); err != nil || back != s.Counters {
		t.Errorf("read again: %+v, %v", back, err)
	}
}

// TestLines: the first meter's line stands where programs look that know of one
// only, and all are listed where there are several.
func TestLines(t *testing.T) {
	var b status.Board
	if s := b.Snapshot(time.Now()); len(s.Each()) != 1 {
		t.Errorf("without a line: got %+v", s.Each())
	}
	for _, slot := range []string{"p1", "heat"} {
		b.Line(func(time.Time) status.Line {
			return status.Line{Slot: slot, Source: status.Source{Name: "/dev/" + slot, Cause: "no " + slot}}
		})
		s := b.Snapshot(time.Now())
		if s.Slot != "p1" || s.Each()[len(s.Each())-1].Slot != slot || (s.Lines == nil) != (slot == "p1") {
			t.Errorf("with %s: got %+v", slot, s)
		}
	}
	s := b.Snapshot(time.Now())
	if l, ok := s.Find("heat"); !ok || l.Source.Name != "/dev/heat" {
		t.Errorf("heat: got %+v, %t", l, ok)
	}
	if l, ok := s.Find("barn"); ok {
		t.Errorf("barn: got %+v", l)
	}
	public := s.Public()
	for _, l := range append(public.Each(), public.Line) {
		if l.Source.Name+l.Source.Cause != "" {
			t.Errorf("everybody sees %+v", l)
		}
	}
	if s.Lines[1].Source.Name == "" {
		t.Error("the snapshot itself lost what is not public")
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
