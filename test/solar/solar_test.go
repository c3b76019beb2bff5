//go:build solar

// Package solar_test reads inverters that a server shows which is not ours:
// Debian's pymodbus. It needs that installed, hence the build tag.
package solar_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/solar"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const maps = "../../internal/solar/testdata"

// TestPymodbus: every map that is an inverter's gives its power, over a server
// that answers in its own way to registers that are not there.
func TestPymodbus(t *testing.T) {
	for name, want := range map[string]string{
		"solaredge": "1571.3", "solaredge-night": "-12.5", "fronius-int": "2061", "fronius-float": "2061.4", "ieee1547": "5012", "bare": "731",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := testkit.FreeAddr(t)
			host, port, _ := net.SplitHostPort(addr)
			const unit = 7
			server := exec.Command("/usr/bin/python3", "server.py", filepath.Join(maps, name+".json"), host, port, fmt.Sprint(unit))
			var said strings.Builder
			server.Stderr = &said
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			var samples hub.Hub[*meter.Solar]
			sub := samples.Subscribe(10, hub.DropOldest)
			defer sub.Close()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				ended <- solar.New(solar.Options{Address: addr, Unit: unit, Interval: 100 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}, &samples).Run(ctx)
			}()
			select {
			case <-sub.Ready():
			case <-time.After(time.Minute):
				t.Error("no sample")
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			_ = server.Process.Kill()
			_ = server.Wait()
			got, err := sub.Take(nil)
			if err != nil || len(got) == 0 {
				t.Fatalf("nothing, %v; the server says %s", err, said.String())
			}
			if v, ok := got[0].Get(meter.SolarACPower); !ok || v.String() != want {
				t.Errorf("power: got %v, %v, want %s W", v, ok, want)
			}
		})
	}
}
