package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// healthcheckCommand asks the running app on this machine whether its main loop
// is alive. Its exit code does not depend on the meter or the broker: the
// Supervisor restarts what is unhealthy, and a restart helps with neither. With
// -v it prints their state.
func healthcheckCommand(flags *flag.FlagSet) func(invocation) int {
	verbose := flags.Bool("v", false, "show the state of the meter and the outputs, and why there is no data")
	var slot string
	addMeter(flags, &slot)
	return func(call invocation) int {
		cfg, _, err := config.Load(call.environ, os.ReadFile)
		if err != nil {
			return call.fail(exitCall, err)
		}
		if _, err := choose(cfg, slot); err != nil {
			return call.fail(exitCall, err)
		}
		if cfg.Health == "" {
			fmt.Fprintln(call.stdout, "the health check is switched off (SMARTMETER_HEALTH=0)")
			return exitGood
		}
		code := exitGood
		text, err := ask(string(cfg.Health), "/healthz")
		if err != nil {
			code = call.fail(exitBad, fmt.Errorf("asking the running app: %w", err))
			if errors.Is(err, errNoApp) {
				return code
			}
		}
		fmt.Fprintf(call.stdout, "%s", text)
		if *verbose {
			// A missing status does not make the app unhealthy.
			if err := tellStatus(string(cfg.Health), slot, call.stdout); err != nil {
				call.fail(exitBad, fmt.Errorf("asking the running app for its state: %w", err))
			}
		}
		return code
	}
}

// tellStatus writes how the meters stand, or the one in that slot, and all
// outputs.
func tellStatus(address, slot string, stdout io.Writer) error {
	text, err := ask(address, "/status")
	if err != nil {
		return err
	}
	var s status.Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("the answer of %s is not a status: %w", address, err)
	}
	if l, ok := s.Find(slot); ok {
		s.Line, s.Lines = l, nil
	}
	return s.WriteText(stdout)
}

// errNoApp is why nothing answers.
var errNoApp = errors.New("does it run on this machine, and with the same SMARTMETER_HEALTH?")

// ask sends a request to the app on this machine, without the proxy of the
// environment.
func ask(address, path string) ([]byte, error) {
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address + path)
	if err != nil {
		return nil, fmt.Errorf("it does not answer at %s (%w): %w", address, err.(*url.Error).Err, errNoApp)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s: %s", answer.Status, text)
	}
	return text, nil
}
