package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// task is a function that runs as long as the program does.
type task struct {
	name string
	run  func(context.Context) error // nil when its context ends
}

// The pause before a task that failed is run again doubles from the first to
// the last of these.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// supervise restarts a task when it fails, so that a broken output never ends
// the others. It returns nil, when ctx ends.
func supervise(ctx context.Context, name string, log *slog.Logger, run func(context.Context) error) error {
	pause, last := retry.Backoff{First: firstPause, Last: lastPause}, ""
	for {
		started := time.Now()
		err := retry.Recovered(func() error { return run(ctx) })
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%s ended unexpectedly", name)
		}
		if time.Since(started) > lastPause {
			pause.Reset()
			last = ""
		}
		if text := err.Error(); text != last { // once, not at every attempt
			log.Error("a part of the program failed and was restarted; please report this if it persists", "part", name, "cause", err)
			last = text
		}
		if !pause.Wait(ctx) {
			return nil
		}
	}
}
