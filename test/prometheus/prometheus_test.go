//go:build prometheus

// Package prometheus_test has Debian's promtool judge the metrics of the real
// app, for a meter of every standard, and Debian's Prometheus scrape them. It
// needs both installed, hence the build tag.
package prometheus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// deadline is how long a test waits; it is no measure of speed.
const deadline = 60 * time.Second

// household runs the app with a simulated meter and returns the address of its
// API.
func household(t *testing.T, standard simulate.Standard) string {
	t.Helper()
	line, err := simulate.Listen(testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load([]string{
		"SMARTMETER_SOCKET=" + line.Addr(), "SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_HEALTH=0",
		"SMARTMETER_API_SERVER=127.0.0.1:0", "SMARTMETER_DATA=" + t.TempDir(),
	}, func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	open := make(chan string, 1)
	meter := simulate.New(simulate.Options{Standard: standard, Seed: 1, Zone: time.Local})
	var wg sync.WaitGroup
	for _, run := range []func() error{
		func() error { return line.Run(ctx) },
		func() error { return meter.Run(ctx, line, 200*time.Millisecond, time.Now) },
		func() error {
			return app.Run(ctx, cfg, app.Deps{Log: slog.New(slog.DiscardHandler), Listening: func(name, addr string) {
				if name == "api" {
					open <- addr
				}
			}})
		},
	} {
		wg.Go(func() {
			if err := run(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	select {
	case addr := <-open:
		return addr
	case <-time.After(deadline):
		t.Fatal("the API does not open")
	}
	return ""
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, answer.Status, err, body)
	}
	return body
}

// await asks until is is true.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// promtool finds bad names, missing help, wrong units and wrong text.
func TestLint(t *testing.T) {
	for i, standard := range simulate.Standards {
		t.Run(standard.Name, func(t *testing.T) {
			t.Parallel()
			address := "http://" + household(t, simulate.Standard(i)) + "/metrics"
			var metrics []byte
			await(t, "metrics of the meter", func() bool {
				metrics = get(t, address)
				return bytes.Contains(metrics, []byte("\nsmartmeter_meter_info{")) && bytes.Contains(metrics, []byte("_joules_total"))
			})
			check := exec.Command("promtool", "check", "metrics")
			check.Stdin = bytes.NewReader(metrics)
			if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("promtool: %v\n%s\nof\n%s", err, out, metrics)
			}
		})
	}
}

// Prometheus scrapes two households and is asked what a user would ask.
func TestScrape(t *testing.T) {
	dutch, belgian := household(t, 0), household(t, standard(t, "emucs17"))
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	err := os.WriteFile(file, fmt.Appendf(nil, "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: smartmeter\n    static_configs:\n      - targets: [%q, %q]\n", dutch, belgian), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "check", "config", file).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v: %s", err, out)
	}
	address := testkit.FreeAddr(t)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	server.Stderr = log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("log of Prometheus:\n%s", text)
		}
	})
	for _, query := range []struct {
		text string
		want func(values []float64) bool
	}{
		{`up{job="smartmeter"}`, func(v []float64) bool { return len(v) == 2 && v[0] == 1 && v[1] == 1 }},
		{`smartmeter_up`, func(v []float64) bool { return len(v) == 2 && v[0] == 1 && v[1] == 1 }},
		{`smartmeter_meter_info{standard="DSMR 5.0"}`, func(v []float64) bool { return len(v) == 1 && v[0] == 1 }},
		{`smartmeter_energy_import_joules_total / 3.6e6`, func(v []float64) bool { return len(v) == 2 && v[0] > 100 && v[1] > 100 }},
		{`smartmeter_phase_voltage_volts{phase="L1"}`, func(v []float64) bool { return len(v) == 2 && v[0] > 200 && v[1] < 260 }},
		{`rate(smartmeter_telegrams_total[10s])`, func(v []float64) bool { return len(v) == 2 && v[0] > 1 && v[1] > 1 }},
		{`sum(smartmeter_bad_telegrams_total)`, func(v []float64) bool { return len(v) == 1 && v[0] == 0 }},
		{`smartmeter_water_cubic_metres_total`, func(v []float64) bool { return len(v) == 1 && v[0] > 0 }}, // the Belgian one
	} {
		var got []float64
		await(t, query.text, func() bool {
			got = ask(t, address, query.text)
			return query.want(got)
		})
		t.Log(query.text, got)
	}
}

func standard(t *testing.T, name string) simulate.Standard {
	t.Helper()
	s, err := simulate.ParseStandard(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask returns the values of a query, or nothing while Prometheus starts.
func ask(t *testing.T, address, query string) (values []float64) {
	t.Helper()
	answer, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	var body struct {
		Error string
		Data  struct {
			Result []struct {
				Value [2]any
			}
		}
	}
	if answer.StatusCode == http.StatusServiceUnavailable { // it starts
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.Error != "" {
		t.Fatalf("%s: %v %s", query, err, body.Error)
	}
	for _, result := range body.Data.Result {
		text, _ := result.Value[1].(string)
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}
