package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/influxdb"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/post"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
	"github.com/smartmeter-addon/smartmeter-addon/internal/solar"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/supervisor"
)

// outputs is the one table of what runs beside the meter. A new output is a
// folder and a row.
func outputs(cfg config.Config, deps Deps, p *pipeline) ([]task, error) {
	if err := p.reads(cfg, deps); err != nil {
		return nil, err
	}
	listening := deps.Listening
	if listening == nil {
		listening = func(string, string) {}
	}
	broker, hasBroker := brokerOf(cfg, deps)
	if !hasBroker {
		deps.Log.Info("MQTT is off: no broker is set (option mqtt.url)")
	}
	log := func(part string) *slog.Logger { return deps.Log.With("part", part) }
	opened := func(name string) func(net.Addr) {
		return func(addr net.Addr) { listening(name, addr.String()) }
	}
	count := func(name string, on bool) *status.Counter { // an output that is off is not on the board
		if !on {
			return nil
		}
		return p.board.Output(name)
	}
	jsonSocket := socket.NewJSON(p.lines, socket.Options{
		Address: string(cfg.JSONSocket), Clients: cfg.Clients, Slots: p.slots, Log: log("json socket"), OnListen: opened("json"), Counter: count("json socket", cfg.JSONSocket != ""),
	})
	rawSocket := socket.NewRaw(p.raw, socket.Options{
		Address: string(cfg.RawSocket), Clients: cfg.Clients, Slots: p.slots, Log: log("raw socket"), OnListen: opened("raw"), Counter: count("raw socket", cfg.RawSocket != ""),
	})
	security, err := cfg.BrokerTLS(os.ReadFile)
	if err != nil {
		return nil, err
	}
	inverter := solar.Options{
		Address: cfg.Solar.Address, Unit: uint8(cfg.Solar.Unit), Interval: time.Duration(cfg.Solar.Interval) * time.Second,
		Log: log("solar"), Counter: count("solar", cfg.Solar.Address != ""), Store: p.store, File: "solar_" + cfg.Slot,
	}
	panels := solar.New(inverter, p.samples)
	var lasts time.Duration
	if cfg.Solar.Address != "" {
		p.solar, lasts = panels.Latest, inverter.Lasts()
	}
	toBroker := mqtt.New(mqtt.Options{
		MQTT: cfg.MQTT, TLS: security, Slot: cfg.Slot, Language: cfg.Language, Version: Version, SupportURL: homepage(), Log: log("mqtt"), Broker: broker, Store: p.store, Counter: count("mqtt", hasBroker), Solar: lasts,
	}, p.updates, p.vitals.hub, p.samples)
	database := influxdb.New(influxdb.Options{
		Influx: cfg.Influx, Dir: filepath.Join(cfg.Data, "influxdb_"+cfg.Slot), Zone: p.zone, Log: log("influxdb"), Counter: count("influxdb", cfg.Influx.URL != ""),
	}, p.updates, p.samples)
	trusted, err := cfg.PostTLS(os.ReadFile)
	if err != nil {
		return nil, err
	}
	hook := post.New(post.Options{
		Post: cfg.Post, TLS: trusted, Agent: "smartmeter/" + Version, Log: log("post"), Counter: count("post", cfg.Post.URL != ""),
	}, p.updates)
	return append([]task{
		{"solar", cfg.Solar.Address != "", panels.Run},
		{"json socket", cfg.JSONSocket != "", jsonSocket.Run},
		{"raw socket", cfg.RawSocket != "", rawSocket.Run},
		{"mqtt", hasBroker, toBroker.Run},
		{"post", cfg.Post.URL != "", hook.Run},
		{"influxdb", cfg.Influx.URL != "", database.Run},
		{"health", cfg.Health != "", healthServer(string(cfg.Health), p.vitals, p.board, p.lastMinutes, log("health"), listening)},
	}, siteTasks(cfg, deps, p, opened, count)...), nil
}

// homepage is where the module lives, so that the owner's name stands in
// go.mod only.
func homepage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || !strings.Contains(info.Main.Path, ".") {
		return ""
	}
	return "https://" + info.Main.Path
}

// brokerOf tells where the broker is: in the options, or known to the
// Supervisor, which is asked again when a login is refused.
func brokerOf(cfg config.Config, deps Deps) (func(context.Context, bool) (mqtt.Broker, error), bool) {
	if cfg.MQTT.URL != "" {
		b := mqtt.Broker{URL: cfg.MQTT.URL, Username: cfg.MQTT.Username, Password: cfg.MQTT.Password}
		return func(context.Context, bool) (mqtt.Broker, error) { return b, nil }, true
	}
	super := supervisor.FromEnv(getenv(deps.Environ))
	if super == nil {
		return nil, false
	}
	var known *mqtt.Broker
	return func(ctx context.Context, _ bool) (mqtt.Broker, error) {
		service, err := super.MQTT(ctx)
		switch {
		case err != nil && known != nil:
			return *known, nil // a Supervisor that is away must not hold up a broker that is there
		case err != nil:
			if service, err = super.WaitMQTT(ctx, deps.Log.With("part", "mqtt")); err != nil {
				return mqtt.Broker{}, fmt.Errorf("waiting for the Supervisor to name the broker: %w", err)
			}
		}
		known = &mqtt.Broker{URL: service.URL(), Username: service.Username, Password: service.Password}
		return *known, nil
	}, true
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
