package app

import (
	"context"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// A replay waits at most so long until every output works, or says that it
	// does not, and at its end until all have sent what waits for them.
	replayPatience = 10 * time.Second
	// What left a queue is on its way for so long at most.
	replayFarewell = time.Second
	replayLook     = 50 * time.Millisecond
	// A file is played no faster than it is read: so many may wait.
	replayAhead = 100
	replayPause = time.Millisecond
)

// settled waits until the outputs are ready for a line that has an end: what
// is sent before they are would be lost.
func (p *pipeline) settled(ctx context.Context) {
	waitUntil(ctx, replayPatience, func() bool {
		return !slices.ContainsFunc(p.house.board.Snapshot(time.Now()).Outputs, func(o status.Output) bool {
			return o.LastSuccess == nil && o.LastError == ""
		})
	})
}

// awaitReaders waits until the outputs have taken most of what was published.
// One that takes nothing is waited for once.
func (p *pipeline) awaitReaders() {
	if p.waiting() <= replayAhead {
		p.impatient = false
		return
	}
	for end := time.Now().Add(replayPatience); !p.impatient && p.waiting() > replayAhead; time.Sleep(replayPause) {
		p.impatient = time.Now().After(end)
	}
}

// waiting returns how much the outputs have not taken yet.
func (p *pipeline) waiting() int {
	return p.raw.Waiting() + p.lines.Waiting() + p.updates.Waiting() + p.vitals.hub.Waiting()
}

// drain waits until the outputs have sent what there is.
func (p *pipeline) drain(ctx context.Context) {
	waitUntil(ctx, replayPatience, func() bool { return p.waiting() == 0 })
	waitUntil(ctx, replayFarewell, func() bool { return false })
}

// waitUntil waits until done, but no longer than most.
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
