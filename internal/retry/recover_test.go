package retry_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

func TestRecovered(t *testing.T) {
	broken := errors.New("broken")
	if err := retry.Recovered(func() error { return broken }); err != broken {
		t.Errorf("got %v", err)
	}
	var list []int
	err := retry.Recovered(func() error { list[3] = 1; return nil })
	if err == nil || !strings.Contains(err.Error(), "index out of range") || !strings.Contains(err.Error(), "recover_test.go") {
		t.Errorf("got %v", err)
	}
}

func TestGuard(t *testing.T) {
	var log strings.Builder
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer retry.Guard(slog.New(slog.NewTextHandler(&log, nil)))
		var list []int
		list[3] = 1
	}()
	<-ended
	if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "index out of range") {
		t.Errorf("log: %s", got)
	}
}
