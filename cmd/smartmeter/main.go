// Command smartmeter reads a smart meter's P1 port and feeds MQTT, a JSON
// socket and a raw socket. Without a command it is the app itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

const usage = `smartmeter reads a smart meter's P1 port and shares it.

  smartmeter                               the app: reads the meter until SIGTERM or SIGINT
  smartmeter decode [-json] [-key HEX] [FILE ...]
                                           explains telegrams from files or standard input
  smartmeter check [-serial DEV | -network ADDR] [-for 1m]
                                           listens, and tells what arrives, which settings
                                           fit, which meter it is, and what to do next
  smartmeter capture [-serial DEV | -network ADDR] [-for 1m] [-last] [-redact] [-o FILE] [FILE]
                                           writes what arrives for a bug report, with -redact
                                           without what identifies the meter; or redacts FILE
  smartmeter replay [-speed N] [-loop] FILE
                                           the app, with a capture or raw telegrams in the
                                           meter's place
  smartmeter healthcheck [-v]              exit 0 when the running app is alive; -v tells how the
                                           meter and the outputs stand, and why there is no data
  smartmeter version                       version, commit, Go version

The app is set up by /data/options.json (or the file named by SMARTMETER_OPTIONS)
and by variables, for example:

  SMARTMETER_PORT=/dev/ttyUSB0 SMARTMETER_MQTT_URL=mqtt://user:password@host:1883 smartmeter
`

// Exit codes: 1 something is bad (a telegram, the app's health), 2 the call
// or an option is.
const (
	exitGood = 0
	exitBad  = 1
	exitCall = 2
)

// stopTime is how long the outputs have to say goodbye. The Supervisor kills
// after 10 s.
const stopTime = 4 * time.Second

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

func run(args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "":
		return runApp(environ, stderr, app.Deps{})
	case "check":
		return check(args, environ, stdout, stderr)
	case "capture":
		return captureCommand(args, environ, stdin, stdout, stderr)
	case "replay":
		return replay(args, environ, stdin, stderr)
	case "decode":
		return decodeFiles(args, stdin, stdout, stderr)
	case "healthcheck":
		return healthcheck(args, environ, stdout, stderr)
	case "version", "-version", "--version":
		fmt.Fprintf(stdout, "smartmeter %s, commit %s, %s %s/%s\n", app.Version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitGood
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitGood
	}
	fmt.Fprintf(stderr, "smartmeter: there is no command %q\n\n%s", command, usage)
	return exitCall
}

// parsed is the exit code of a call whose flags cannot be read, or that asks
// for help; which was written already.
func parsed(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitGood
	}
	return exitCall
}

// commit is what the build was made from, as far as the build knows.
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

// tune fits the runtime to a program that works for a millisecond a second on
// a machine that others need: collecting at a quarter of the usual growth
// keeps 3 MiB less, and one processor saves waking threads for each telegram,
// which is a third of the work. The usual variables win.
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

// runApp runs the app; deps is what it gets beside the log and the environment.
func runApp(environ []string, stderr io.Writer, deps app.Deps) int {
	cfg, warnings, err := config.Load(environ, os.ReadFile)
	log := newLogger(stderr, cfg.LogLevel, environ)
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
			log.Warn("not every output closed in time; leaving without it")
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
