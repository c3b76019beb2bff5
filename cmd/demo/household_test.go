package main

import (
	"context"
	"io"
	"regexp"
	"testing"
)

// TestKeyInGuide: the commands that read the meter's own bytes have its key, where
// it encrypts.
func TestKeyInGuide(t *testing.T) {
	for standard, want := range map[string]string{
		"kamstrup": `(decode|-network \S+) -key [0-9A-F]{32} -aad 30[0-9A-F]{32}$`,
		"sagemcom": `(decode|-network \S+) -key [0-9A-F]{32} -aad 30[0-9A-F]{32}$`,
		"aidon":    `(decode|-network \S+)$`,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		guide, out := io.Pipe()
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{"-standard", standard, "-every", "50ms"}, out, io.Discard)
			out.Close()
		}()
		if commands := found(t, guide, regexp.MustCompile(`cmd/smartmeter (?:check )?.*`+want)); len(commands) != 2 {
			t.Errorf("%s: %q", standard, commands)
		}
		cancel()
		<-ended
	}
}
