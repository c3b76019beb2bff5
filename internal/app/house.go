package app

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/solar"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/supervisor"
)

// mostClients is the number of clients that all servers together serve, except
// the health check's: the serial library uses select, which cannot wait for
// descriptors above 1023.
const mostClients = 280

// house is what meters and outputs share.
type house struct {
	cfg   config.Config
	deps  Deps
	names config.Names // of options, for people
	zone  *time.Location
	store *store.Store
	board *status.Board // the program's state: every output counts there
	slots *listen.Slots // of the clients of all servers
	end   func()        // ends the program, as a replay's end does

	emulated []*emulated // meters that the program looks like

	samples *hub.Hub[*meter.Solar]
	panels  *solar.Poller // nil: there is no inverter
	broker  broker.Finder // nil: there is none
}

func newHouse(cfg config.Config, names config.Names, deps Deps) *house {
	if deps.Listening == nil {
		deps.Listening = func(string, string) {}
	}
	h := &house{
		cfg: cfg, deps: deps, names: names, zone: time.Local,
		store:   store.Open(cfg.Data, deps.Log.With("part", "store")),
		board:   &status.Board{Version: Version, Started: time.Now(), Names: names},
		slots:   listen.NewSlots(mostClients, nil),
		samples: new(hub.Hub[*meter.Solar]), broker: BrokerOf(cfg, deps),
	}
	if cfg.Solar.Address != "" {
		h.panels = solar.New(solar.Options{
			Address: cfg.Solar.Address, Unit: uint8(cfg.Solar.Unit), Interval: time.Duration(cfg.Solar.Interval) * time.Second,
			Log: deps.Log.With("part", "solar"), Store: h.store, File: "solar_" + cfg.Slot,
		}, h.samples)
	}
	if h.broker == nil {
		deps.Log.Info("MQTT is off: no broker is set (mqtt.url)")
	}
	return h
}

// homepage returns the module's address, so that the owner's name stands in
// go.mod only.
func homepage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || !strings.Contains(info.Main.Path, ".") {
		return ""
	}
	return "https://" + info.Main.Path
}

// page returns the link to the page inside Home Assistant; empty: there is none.
func (h *house) page() string {
	if h.cfg.WebServer == "" {
		return ""
	}
	return supervisor.Page(getenv(h.deps.Environ))
}

// BrokerOf returns how to learn where the broker is: from the options, or from
// the Supervisor, which is asked again when a login is refused. It is nil where
// neither knows one. The outputs and the lines may ask at the same time.
func BrokerOf(cfg config.Config, deps Deps) broker.Finder {
	if cfg.MQTT.URL != "" {
		at := broker.Login{URL: cfg.MQTT.URL, Username: cfg.MQTT.Username, Password: cfg.MQTT.Password}
		return func(context.Context, bool) (broker.Login, error) { return at, nil }
	}
	super := supervisor.FromEnv(getenv(deps.Environ))
	if super == nil {
		return nil
	}
	var known atomic.Pointer[broker.Login]
	return func(ctx context.Context, _ bool) (broker.Login, error) {
		service, err := super.MQTT(ctx)
		last := known.Load()
		switch {
		case err != nil && last != nil:
			return *last, nil // the broker may be reachable without the Supervisor
		case err != nil:
			if service, err = super.WaitMQTT(ctx, deps.Log.With("part", "mqtt")); err != nil {
				return broker.Login{}, fmt.Errorf("waiting for the Supervisor to name the broker: %w", err)
			}
		}
		at := broker.Login{URL: service.URL(), Username: service.Username, Password: service.Password}
		known.Store(&at)
		return at, nil
	}
}

func getenv(environ []string) func(string) string {
	return func(name string) string {
		for _, v := range environ {
			if value, found := strings.CutPrefix(v, name+"="); found {
				return value
			}
		}
		return ""
	}
}
