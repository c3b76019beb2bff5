package app

import (
	"encoding/json"
	"log/slog"
	"net"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// siteTasks are the page, the HTTP API on a port of its own, and what both
// show.
func siteTasks(cfg config.Config, deps Deps, p *pipeline, opened func(string) func(net.Addr), count func(string, bool) *status.Counter) []task {
	site := web.New(web.World{
		Updates: p.updates, Line: p.vitals.hub, Samples: p.samples, Solar: p.solar, Status: p.board.Snapshot, Health: p.vitals.health,
		Telegram: p.last.get, Explain: explained(&p.last, cfg.Checksum == config.ChecksumOff), Settings: cfg.Settings(), Capture: p.report,
	}, p.store, cfg.Slot, p.zone)
	log := func(part string) *slog.Logger { return deps.Log.With("part", part) }
	page := site.Server(web.Options{
		Address: string(cfg.WebServer), What: "page", Setting: "SMARTMETER_WEB_SERVER", Page: true, Ingress: config.Supervised(deps.Environ), Hosts: cfg.APIHosts.Names(), Slots: p.slots,
		Log: log("page"), OnListen: opened("page"), Counter: count("page", cfg.WebServer != ""),
	})
	api := site.Server(web.Options{
		Address: string(cfg.APIServer), What: "API", Setting: "SMARTMETER_API_SERVER", Hosts: cfg.APIHosts.Names(), Slots: p.slots,
		Log: log("api"), OnListen: opened("api"), Counter: count("api", cfg.APIServer != ""),
	})
	return []task{
		{"site", cfg.WebServer != "" || cfg.APIServer != "", site.Run},
		{"page", cfg.WebServer != "", page.Run},
		{"api", cfg.APIServer != "", api.Run},
	}
}

// explained tells what the last telegram means, as JSON.
func explained(last *lastTelegram, lax bool) func() ([]byte, bool) {
	return func() ([]byte, bool) {
		text, ok := last.get()
		if !ok {
			return nil, false
		}
		telegram, ok := explain.Text(text, lax, time.Now())
		if !ok {
			return nil, false
		}
		encoded, err := json.Marshal(telegram)
		return encoded, err == nil
	}
}
