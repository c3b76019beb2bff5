package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// healthcheck asks the running app on this machine whether its main loop is
// alive. It says nothing of the meter or the broker: the Supervisor restarts
// what is unhealthy, and a restart mends neither.
func healthcheck(environ []string, stdout, stderr io.Writer) int {
	cfg, _, err := config.Load(environ, os.ReadFile)
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: %v\n", err)
		return exitCall
	}
	if cfg.Health == "" {
		fmt.Fprintln(stdout, "the health check is switched off (SMARTMETER_HEALTH=0)")
		return exitGood
	}
	// The app is on this machine: no proxy of the environment is.
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + string(cfg.Health) + "/healthz")
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: asking the running app: %v\n", err)
		return exitBad
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		fmt.Fprintf(stderr, "smartmeter: asking the running app: %v\n", err)
		return exitBad
	}
	if answer.StatusCode != http.StatusOK {
		fmt.Fprintf(stderr, "smartmeter: the app says %s: %s\n", answer.Status, text)
		return exitBad
	}
	fmt.Fprintf(stdout, "%s", text)
	return exitGood
}
