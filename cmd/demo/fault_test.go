package main

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestFaults: each fault spoils every telegram of every standard, or as many as
// it says, and the writer takes them all.
func TestFaults(t *testing.T) {
	telegram := []byte("/ISK5\\2M550T-1012\r\n\r\n1-0:1.7.0(00.000*kW)\r\n!0000\r\n")
	for _, f := range faults[1:] {
		for i := range simulate.Standards {
			standard := &simulate.Standards[i]
			var line bytes.Buffer
			whole := 0
			w := &spoiler{line: &line, fault: f, standard: standard}
			for range 6 {
				line.Reset()
				if n, err := w.Write(telegram); n != len(telegram) || err != nil {
					t.Errorf("%s, %s: got %d, %v", f.name, standard.Name, n, err)
				}
				if bytes.Contains(line.Bytes(), telegram) {
					whole++
				}
			}
			if want := map[string]int{"flaky": 2}[f.name]; whole != want {
				t.Errorf("%s, %s: %d of 6 telegrams are whole, want %d", f.name, standard.Name, whole, want)
			}
		}
	}
}

// TestFaultCauses: the app names the cause of each fault on its API. The demos
// start one after the other, as each looks for free ports, and then run
// together, because a cause is named after half a minute.
func TestFaultCauses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	for _, f := range faults {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		guide, out := io.Pipe()
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{"-fault", f.name, "-seed", "5"}, out, io.Discard)
			out.Close()
		}()
		t.Cleanup(func() {
			cancel()
			<-ended
		})
		api := found(t, guide, regexp.MustCompile(`curl (http://\S+)/api/reading`))[0][1]
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			waitForCause(t, ctx, api+"/api/events", f.cause)
		})
	}
}
