package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// healthcheck asks the running app on this machine whether its main loop is
// alive. Its exit code says nothing of the meter or the broker: the Supervisor
// restarts what is unhealthy, and a restart mends neither. With -v it tells
// how they stand.
func healthcheck(args, environ []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("smartmeter healthcheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	verbose := flags.Bool("v", false, "tell how the meter and the outputs stand, and why there is no data")
	if err := flags.Parse(args); err != nil {
		return parsed(err)
	}
	cfg, _, err := config.Load(environ, os.ReadFile)
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: %v\n", err)
		return exitCall
	}
	if cfg.Health == "" {
		fmt.Fprintln(stdout, "the health check is switched off (SMARTMETER_HEALTH=0)")
		return exitGood
	}
	code := exitGood
	text, err := ask(string(cfg.Health), "/healthz")
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: asking the running app: %v\n", err)
		code = exitBad
	}
	fmt.Fprintf(stdout, "%s", text)
	if *verbose {
		// Whether the app can tell is no question of its health.
		if err := tellStatus(string(cfg.Health), stdout); err != nil {
			fmt.Fprintf(stderr, "smartmeter: asking the running app how it stands: %v\nDoes it run on this machine, and with the same SMARTMETER_HEALTH?\n", err)
		}
	}
	return code
}

func tellStatus(address string, stdout io.Writer) error {
	text, err := ask(address, "/status")
	if err != nil {
		return err
	}
	var s status.Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s is no status: %w", address, err)
	}
	return s.WriteText(stdout)
}

// ask asks the app, which is on this machine: no proxy of the environment is
// used.
func ask(address, path string) ([]byte, error) {
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it says %s: %s", answer.Status, text)
	}
	return text, nil
}
