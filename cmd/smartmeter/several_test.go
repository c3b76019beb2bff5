package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// TestMeterOfSeveral: the commands are about the meter that -meter names, with
// its line, its options and what the app knows of it.
func TestMeterOfSeveral(t *testing.T) {
	sent := func(header string) func(int) string {
		return func(n int) string { return strings.Replace(dutch(n), "KAIFA-METER", header, 1) }
	}
	day, night := reader(t, dutch), reader(t, sent("KAIFA-NIGHT")) // whose checksum is that of another text
	environ := append([]string{"SMARTMETER_SOCKET=" + day, "SMARTMETER_CHECKSUM=off",
		"SMARTMETER_MORE_METERS_0_SLOT=night", "SMARTMETER_MORE_METERS_0_SOCKET=" + night}, nowhere...)
	code, out, stderr := call(t, "", environ, "check", "-for", "2s")
	if code != exitGood || !strings.Contains(out, "SMARTMETER_SOCKET="+day) {
		t.Errorf("check: exit %d, %s%s", code, out, stderr)
	}
	code, out, stderr = call(t, "", environ, "check", "-meter", "night", "-for", "2s") // the first one's option is not its own
	if code != exitBad || !strings.Contains(out, "Listening to "+night) || !strings.Contains(out, "checksum") {
		t.Errorf("check -meter night: exit %d, %s%s", code, out, stderr)
	}
	code, out, stderr = call(t, "", environ, "capture", "-meter", "night", "-for", "200ms")
	if code != exitGood || !strings.Contains(out, "KAIFA-NIGHT") {
		t.Errorf("capture -meter night: exit %d, %.300s%s", code, out, stderr)
	}
	whole := append([]string{"SMARTMETER_MORE_METERS_1_SLOT=barn", "SMARTMETER_MORE_METERS_1_SOCKET=" + reader(t, dutch)}, environ...)
	code, out, stderr = call(t, "", whole, "check", "-meter", "barn", "-for", "2s")
	if code != exitGood || !strings.Contains(out, "SMARTMETER_MORE_METERS_1_SOCKET=") {
		t.Errorf("check -meter barn: exit %d, %s%s", code, out, stderr)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(dutch(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"capture"}, {"healthcheck"}, {"replay", "-speed", "0", file}} {
		args = append([]string{args[0], "-meter", "roof"}, args[1:]...)
		if code, _, stderr := call(t, "", environ, args...); code != exitCall || !strings.Contains(stderr, "p1, night") {
			t.Errorf("%q: exit %d, %q", args, code, stderr)
		}
	}
}

// TestMeterOfTheApp: what the running app knows of one of its meters.
func TestMeterOfTheApp(t *testing.T) {
	variables := []string{"SMARTMETER_SOCKET=" + reader(t, dutch), "SMARTMETER_MORE_METERS_0_SLOT=night", "SMARTMETER_MORE_METERS_0_SOCKET=127.0.0.1:1"}
	cfg, _, err := config.Load(append([]string{"SMARTMETER_TCP_SERVER=127.0.0.1:0", "SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_HEALTH=127.0.0.1:0",
		"SMARTMETER_DATA=" + t.TempDir()}, variables...), func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	health := make(chan string, 1)
	running.Go(func() {
		deps := app.Deps{Log: slog.New(slog.DiscardHandler), Listening: func(name, address string) {
			if name == "health" {
				health <- address
			}
		}}
		if err := app.Run(ctx, cfg, deps); err != nil {
			t.Error(err)
		}
	})
	environ := append([]string{"SMARTMETER_HEALTH=" + <-health}, variables...)
	_, out, stderr := call(t, "", environ, "healthcheck", "-v")
	if !strings.Contains(out, "slot       p1\n") || !strings.Contains(out, "slot       night\n") {
		t.Errorf("healthcheck -v: %s%s", out, stderr)
	}
	_, out, stderr = call(t, "", environ, "healthcheck", "-v", "-meter", "night")
	if !strings.Contains(out, "network 127.0.0.1:1") || strings.Count(out, "verdict ") != 1 {
		t.Errorf("healthcheck -v -meter night: %s%s", out, stderr)
	}
	if code, out, stderr := call(t, "", environ, "capture", "-last", "-meter", "night"); code != exitGood || strings.Contains(out, "KAIFA") {
		t.Errorf("capture -last -meter night: exit %d, %s%s", code, out, stderr)
	}
}
