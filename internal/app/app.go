// Package app is the whole product: it connects the source with the outputs and
// keeps them all running. It imports every other package, and only cmd/ imports
// it.
package app

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// Version and Commit say what was built; the linker sets them.
var (
	Version = "dev"
	Commit  = ""
)

// Deps is what the app gets beside its options.
type Deps struct {
	Log       *slog.Logger
	Environ   []string                // as os.Environ: how to reach the Supervisor
	Listening func(name, addr string) // called with each server's address; may be nil
	Replay    *source.Port            // read in place of the line that is set, to its end; nil: none
	Simulated bool                    // the meters are simulated: their clocks need not agree with this machine's
	ReplayAs  string                  // slot of the meter in whose place it is read; empty: the first

	// Find asks the home network for services of a type until ctx ends; nil: nobody
	// is asked.
	Find func(ctx context.Context, kind string) []mdns.Found
}

// Run reads the meters and feeds every output until ctx ends, or until the end
// of what is replayed; then it closes them and returns nil. An error is an option
// that cannot work; nothing that happens later makes Run return.
func Run(ctx context.Context, cfg config.Config, deps Deps) error {
	names := config.NamesFor(deps.Environ, cfg.Language)
	flood := quiet.New(names.Handler(deps.Log.Handler()))
	defer flood.Close()
	deps.Log = slog.New(flood)
	h := newHouse(cfg, names, deps)
	meters, err := h.pipelines()
	if err != nil {
		return err
	}
	all := newSum(h, meters)
	h.emulated = h.emulate(meters, all)
	tasks, err := h.tasks(h.outputs(meters, all))
	if err != nil {
		return err
	}
	deps.Log.Info("smartmeter starts", "version", Version)
	deps.Log.Debug("options in effect", "options", cfg)
	ctx, h.end = context.WithCancel(ctx)
	defer h.end()
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range meters {
		tasks = append(tasks, p.tasks()...)
	}
	if all != nil {
		tasks = append(tasks, task{"sum", all.run}, task{"totals of the sum", all.totals.run})
	}
	for _, t := range tasks {
		group.Go(func() error { return supervise(ctx, t.name, deps.Log, t.run) })
	}
	err = group.Wait()
	for _, p := range meters {
		p.save() // what came while the tasks ended
	}
	deps.Log.Info("smartmeter has stopped")
	return err
}
