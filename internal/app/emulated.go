package app

import (
	"context"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/ecotracker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/homewizard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/shelly"
	"github.com/smartmeter-addon/smartmeter-addon/internal/supervisor"
)

// emulated is an emulated meter with what it is made of.
type emulated struct {
	config.Emulated
	meter    *emulate.Meter
	telegram func() (telegram []byte, found bool) // the last good one of the real meter
}

// prefixes are what the MAC addresses of a kind begin with, where clients insist
// on it.
var prefixes = map[config.EmulatedKind][]byte{config.EmulateEcoTracker: ecotracker.Prefix}

// emulate returns the emulated meters that are set, and hangs them out on the
// board. One of a meter that is not read, because a file is read in place of
// another one, is left out.
func (h *house) emulate(meters []*pipeline, all *sum) (list []*emulated) {
	for _, e := range h.cfg.Emulated() {
		var updates *hub.Hub[*meter.Update]
		telegram := func() ([]byte, bool) { return nil, false } // the sum has none
		for _, p := range meters {
			if p.meter.Slot == e.Meter {
				updates, telegram = p.updates, p.last.getGood
			}
		}
		if all != nil && e.Meter == config.SumSlot {
			updates = all.updates
		}
		if updates == nil {
			continue
		}
		m := emulate.New(emulate.Options{
			Name: e.Name, Kind: string(e.Kind), Slot: e.Meter, Prefix: prefixes[e.Kind], Updates: updates, Store: h.store,
		})
		h.board.Emulated(m.Status)
		list = append(list, &emulated{e, m, telegram})
	}
	return list
}

// emulatedMeters are those whose offsets Home Assistant sets.
func (h *house) emulatedMeters() (list []*emulate.Meter) {
	for _, e := range h.emulated {
		list = append(list, e.meter)
	}
	return list
}

// emulatedMeter is the emulated meter's row in the list of outputs.
func (h *house) emulatedMeter(e *emulated) output {
	return output{name: e.Name, on: true, build: func(w wires) (func(context.Context) error, error) {
		e.meter.Count(w.counter)
		http := emulate.HTTP{
			Address: string(e.Listen), What: "emulated meter", Setting: e.Path + ".port",
			Hosts: h.cfg.APIHosts.Names(), Slots: h.slots,
			Log: w.log, OnListen: w.opened, Counter: w.counter,
		}
		if super := supervisor.FromEnv(getenv(h.deps.Environ)); super != nil {
			http.Outside = super
		}
		switch e.Kind {
		case config.EmulateShelly:
			return shelly.New(shelly.Options{HTTP: http}, e.meter).Run, nil
		case config.EmulateEcoTracker:
			return ecotracker.New(http, e.meter).Run, nil
		}
		return homewizard.New(homewizard.Options{HTTP: http, Zone: h.zone, Telegram: e.telegram, Log: w.log}, e.meter).Run, nil
	}}
}
