package app

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/influxdb"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/post"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// output is a row of the list of what runs beside the meters. Building one has
// no effect on another.
type output struct {
	name   string
	on     bool
	hidden bool // not on the board, so the page does not show it
	build  func(wires) (func(context.Context) error, error)
}

// wires is what an output is connected to.
type wires struct {
	log     *slog.Logger
	counter *status.Counter
	opened  func(net.Addr) // called with the output's address
}

// outputs is the list, in the order of /api/status. A new output is a folder
// and a row.
func (h *house) outputs(meters []*pipeline, all *sum) (list []output) {
	for _, p := range meters {
		list = append(list, p.outputs()...)
	}
	return append(list, h.shared(meters, all)...)
}

// outputs are those that a meter has to itself.
func (p *pipeline) outputs() []output {
	h, m := p.house, &p.meter
	return []output{
		{name: p.name("json socket"), on: m.JSONSocket != "", build: func(w wires) (func(context.Context) error, error) {
			return socket.NewJSON(p.lines, h.socket(m.JSONSocket, w)).Run, nil
		}},
		{name: p.name("raw socket"), on: m.RawSocket != "", build: func(w wires) (func(context.Context) error, error) {
			return socket.NewRaw(p.raw, h.socket(m.RawSocket, w)).Run, nil
		}},
	}
}

// shared are the outputs that all meters have together; all is their sum, nil
// where there is one meter.
func (h *house) shared(meters []*pipeline, all *sum) []output {
	cfg := &h.cfg
	site := web.New(h.world(meters, all), h.store, h.zone)
	list := []output{
		{name: "solar", on: h.panels != nil, build: func(w wires) (func(context.Context) error, error) {
			h.panels.Count(w.counter)
			return h.panels.Run, nil
		}},
		{name: "mqtt", on: h.broker != nil, build: func(w wires) (func(context.Context) error, error) {
			security, err := cfg.BrokerTLS(os.ReadFile)
			var list []mqtt.Meter
			for _, p := range meters {
				list = append(list, mqtt.Meter{Slot: p.meter.Slot, Updates: p.updates, Status: p.vitals.hub})
			}
			if all != nil {
				list = append(list, mqtt.Meter{Slot: config.SumSlot, Updates: all.updates, Status: all.status, IsSum: true})
			}
			return mqtt.New(mqtt.Options{
				MQTT: cfg.MQTT, TLS: security, Meters: list, Emulated: h.emulatedMeters(), Language: cfg.Language, Names: h.names,
				Version: Version, SupportURL: homepage(), Page: h.page(),
				Log: w.log, Broker: h.broker, Store: h.store, Counter: w.counter, Solar: h.solarLasts(),
			}, h.samples).Run, err
		}},
		{name: "influxdb", on: cfg.Influx.URL != "", build: func(w wires) (func(context.Context) error, error) {
			var updates []*hub.Hub[*meter.Update]
			for _, p := range meters {
				updates = append(updates, p.updates)
			}
			return influxdb.New(influxdb.Options{
				Influx: cfg.Influx, Dir: filepath.Join(cfg.Data, "influxdb_"+cfg.Slot), Zone: h.zone, Log: w.log, Counter: w.counter,
			}, updates, h.samples).Run, nil
		}},
	}
	for _, p := range meters {
		list = append(list, p.post(len(meters) > 1))
	}
	for _, e := range h.emulated {
		list = append(list, h.emulatedMeter(e))
	}
	return append(list, []output{
		{name: "health", on: cfg.Health != "", hidden: true, build: func(w wires) (func(context.Context) error, error) {
			return healthServer(string(cfg.Health), health(meters), h.board, meters, w), nil
		}},
		{name: "site", on: cfg.WebServer != "" || cfg.APIServer != "", hidden: true, build: func(wires) (func(context.Context) error, error) {
			return site.Run, nil
		}},
		{name: "page", on: cfg.WebServer != "", build: func(w wires) (func(context.Context) error, error) {
			return site.Server(web.Options{
				Address: string(cfg.WebServer), What: "page", Setting: "SMARTMETER_WEB_SERVER",
				Page: true, Ingress: config.Supervised(h.deps.Environ),
				Hosts: cfg.APIHosts.Names(), Slots: h.slots, Log: w.log, OnListen: w.opened, Counter: w.counter,
			}).Run, nil
		}},
		{name: "api", on: cfg.APIServer != "", build: func(w wires) (func(context.Context) error, error) {
			return site.Server(web.Options{
				Address: string(cfg.APIServer), What: "API", Setting: "SMARTMETER_API_SERVER",
				Hosts: cfg.APIHosts.Names(), Slots: h.slots, Log: w.log, OnListen: w.opened, Counter: w.counter,
			}).Run, nil
		}},
	}...)
}

// post sends the readings of the meter to the user's address; they name it where
// it is one of several.
func (p *pipeline) post(isOneOfMany bool) output {
	cfg := &p.house.cfg
	return output{name: p.name("post"), on: cfg.Post.URL != "", build: func(w wires) (func(context.Context) error, error) {
		trusted, err := cfg.PostTLS(os.ReadFile)
		o := post.Options{Post: cfg.Post, TLS: trusted, Agent: "smartmeter/" + Version, Log: w.log, Counter: w.counter}
		if isOneOfMany {
			o.Meter = p.meter.Slot
		}
		return post.New(o, p.updates).Run, err
	}}
}

// tasks builds the outputs that are on.
func (h *house) tasks(outputs []output) (tasks []task, err error) {
	for _, o := range outputs {
		if !o.on {
			continue
		}
		w := wires{log: h.deps.Log.With("part", o.name), opened: func(addr net.Addr) {
			h.deps.Listening(strings.Replace(o.name, " socket", "", 1), addr.String())
		}}
		if !o.hidden {
			w.counter = h.board.Output(o.name)
		}
		run, err := o.build(w)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task{o.name, run})
	}
	return tasks, nil
}

func (h *house) socket(address config.Listen, w wires) socket.Options {
	return socket.Options{
		Address: string(address), Clients: h.cfg.Clients, Slots: h.slots,
		Log: w.log, OnListen: w.opened, Counter: w.counter,
	}
}

// world returns what the page and the API show.
func (h *house) world(meters []*pipeline, all *sum) web.World {
	w := web.World{
		Samples: h.samples, Status: h.board.Snapshot, Health: health(meters),
		Settings: h.cfg.Settings(), Names: h.names,
	}
	if h.panels != nil {
		w.Solar = h.panels.Latest
	}
	for _, p := range meters {
		w.Meters = append(w.Meters, web.Meter{
			Slot: p.meter.Slot, Updates: p.updates, Line: p.vitals.hub,
			Telegram: p.last.get, Explain: explained(&p.last, p.meter.Checksum == config.ChecksumOff), Capture: p.report,
			HasSolar: all == nil,
		})
	}
	if all != nil {
		w.Meters = append(w.Meters, web.Meter{Slot: config.SumSlot, Updates: all.updates, Line: all.status, HasSolar: true, IsSum: true})
	}
	return w
}

// solarLasts returns how long a sample of the inverter is fresh; 0: there is
// no inverter.
func (h *house) solarLasts() time.Duration {
	if h.panels == nil {
		return 0
	}
	return h.panels.Lasts()
}
