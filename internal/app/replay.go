package app

import (
	"context"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// replayPatience is how long a replay waits until every output works or
	// reports an error, and at its end until all have sent what they have.
	replayPatience = 10 * time.Second
	// replayFarewell is how long what left a queue may still be on its way.
	replayFarewell = time.Second
	replayLook     = 50 * time.Millisecond
	// replayAhead is how many values may wait for outputs: a file is played no
	// faster than they are read.
	replayAhead = 100
	replayPause = time.Millisecond
)

// settled waits until the outputs are ready: a replay has an end, and what is
// sent before would be lost.
func (p *pipeline) settled(ctx context.Context) {
	waitUntil(ctx, replayPatience, func() bool {
		return !slices.ContainsFunc(p.house.board.Snapshot(time.Now()).Outputs, func(o status.Output) bool {
			return o.LastSuccess == nil && o.LastError == ""
		})
	})
}

// awaitReaders waits until the outputs have taken most of what was published,
// but only once for one that is stuck.
func (p *pipeline) awaitReaders() {
	if p.waiting() <= replayAhead {
		p.impatient = false
		return
	}
	for end := time.Now().Add(replayPatience); !p.impatient && p.waiting() > replayAhead; time.Sleep(replayPause) {
		p.impatient = time.Now().After(end)
	}
}

// waiting returns how many values the outputs have not taken yet.
func (p *pipeline) waiting() int {
	return p.raw.Waiting() + p.lines.Waiting() + p.updates.Waiting() + p.vitals.hub.Waiting()
}

// drain waits until the outputs have sent everything.
func (p *pipeline) drain(ctx context.Context) {
	waitUntil(ctx, replayPatience, func() bool { return p.waiting() == 0 })
	waitUntil(ctx, replayFarewell, func() bool { return false })
}

// waitUntil waits until done returns true, but no longer than most.
func waitUntil(ctx context.Context, most time.Duration, done func() bool) {
	ticker := time.NewTicker(replayLook)
	defer ticker.Stop()
	for end := time.Now().Add(most); !done() && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
