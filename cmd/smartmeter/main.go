// Command smartmeter reads a smart meter's P1 port and feeds MQTT, a JSON
// socket and a raw socket. Without a command it is the app itself. Exit codes
// are the same for all: see exitGood.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zones of its own

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Exit codes: 1 for a bad result (a telegram, the app's health), 2 for a wrong
// call or option.
const (
	exitGood = 0
	exitBad  = 1
	exitCall = 2
)

// stopTime is how long the outputs have to close. The Supervisor kills the
// program after 10 s.
const stopTime = 4 * time.Second

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

func run(args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	call := invocation{args, environ, stdin, stdout, stderr}
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch {
	case slices.ContainsFunc(args, isHelp) && strings.HasPrefix(name, "-"):
		name = "help"
		call.args = nil
	case name == "-version" || name == "--version":
		name = "version"
		call.args = nil
	case name == "" || strings.HasPrefix(name, "-"):
		return runApp(call, app.Deps{})
	default:
		call.args = args[1:]
	}
	c, ok := find(name)
	if !ok {
		return unknownCommand(call, name)
	}
	return c.run(call)
}

// isHelp reports whether an argument asks for help, as package flag has it.
func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--h" || arg == "--help"
}

// commit returns the commit that was built, if it is known.
func commit() string {
	if app.Commit != "" {
		return app.Commit
	}
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

// tune adapts the runtime to a program that works for a millisecond per second
// on a shared machine: collecting garbage at a quarter of the usual growth saves
// 3 MiB, and one processor saves waking threads for each telegram, which is a
// third of the work. The usual variables win.
func tune(environ []string) {
	set := func(name string) bool {
		return slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	}
	if !set("GOGC") {
		debug.SetGCPercent(25)
	}
	if !set("GOMAXPROCS") {
		runtime.GOMAXPROCS(1)
	}
}

// runApp runs the app with the arguments as options. It fills in the log and the
// environment of deps.
func runApp(call invocation, deps app.Deps) int {
	environ := call.environ
	cfg, warnings, err := config.Load(environ, os.ReadFile, call.args...)
	log := newLogger(call.stderr, cfg.LogLevel, environ)
	// Elsewhere errors name the option as the user wrote it.
	if names := config.NamesFor(environ, cfg.Language); names.Form {
		log = slog.New(names.Handler(log.Handler()))
	}
	for _, w := range warnings { // they may name the cause of the error
		log.Warn(w)
	}
	if err != nil {
		log.Error(err.Error())
		return exitCall
	}
	tune(environ)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	done := make(chan error, 1)
	deps.Log, deps.Environ = log, environ
	deps.Find = func(ctx context.Context, kind string) []mdns.Found { return mdns.Find(ctx, kind, log) }
	go func() {
		done <- retry.Recovered(func() error { return app.Run(ctx, cfg, deps) })
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		stop() // a second signal ends the program at once
		select {
		case err = <-done:
		case <-time.After(stopTime):
			log.Warn("not every output closed in time; stopping anyway")
		}
	}
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		log.Error(wrong.Error())
		return exitCall
	}
	if err != nil {
		log.Error(err.Error())
		return exitBad
	}
	return exitGood
}
