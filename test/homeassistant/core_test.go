//go:build homeassistant

package homeassistant_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// configuration is little; the rest of Core comes by default.
const configuration = `
homeassistant:
  time_zone: Europe/Amsterdam
  currency: EUR
  country: NL
recorder:
  commit_interval: 1
history:
energy:
logger:
  default: warning
`

// core is Home Assistant Core, with a configuration of its own.
type core struct {
	*process
	api *api
}

// newCore starts Core and makes its owner. The tree is the Debian tree that
// Core was installed in.
func newCore(t *testing.T, tree string) *core {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Join(tree, "tmp"), "core-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // after Core has gone
	if err := os.WriteFile(filepath.Join(dir, "configuration.yaml"), []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(freePort(t))
	c := &core{
		process: newProcess(t, "core", "chroot", tree, "/opt/homeassistant/bin/hass", "--skip-pip", "--config", strings.TrimPrefix(dir, tree)),
		api:     &api{base: "http://127.0.0.1:" + port},
	}
	c.env = []string{"SETUP_PORT=" + port}
	report(t, "Core started", c.start(t))
	c.api.onboard(t)
	return c
}

// freePort returns a port that is free on every address, because Core binds all
// of them. It is below those that systems give to whoever asks for any port, so
// that no other test takes it meanwhile, nor while Core starts again.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 18000 + rand.IntN(10000)
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// start starts Core and returns how long it took until it was ready.
func (c *core) start(t *testing.T) time.Duration {
	t.Helper()
	c.process.start(t)
	return wait(t, func() (bool, string) {
		var config struct {
			State string `json:"state"`
		}
		if c.api.token == "" { // nobody may ask yet
			return c.api.try("GET", "/api/onboarding", nil, nil) == nil, "Core does not answer"
		}
		err := c.api.try("GET", "/api/config", nil, &config)
		return err == nil && config.State == "RUNNING", fmt.Sprintf("Core is not ready: %q, %v", config.State, err)
	})
}
