//go:build homeassistant

package homeassistant_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// witnesses are entities that stand for all: of each kind of device, and of
// each meter.
func (h *house) witnesses() []string {
	ids := []string{"sensor.p1_power_net", "sensor.p1_gas_total", "sensor.emucs17_water_total"}
	for _, m := range h.meters {
		ids = append(ids, "binary_sensor."+m.slot+"_bridge_connection_"+m.slot, "sensor."+m.slot+"_energy_import_total")
	}
	return ids
}

// totals returns the witnesses that may never fall.
func (h *house) totals(t *testing.T) map[string]float64 {
	t.Helper()
	totals := make(map[string]float64)
	for _, id := range h.witnesses() {
		if s := h.core.api.state(id); s.Attributes.State == "total_increasing" {
			totals[id] = s.number(t)
		}
	}
	if len(totals) == 0 {
		t.Error("there are no totals")
	}
	return totals
}

func (s state) number(t *testing.T) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s.State, 64)
	if err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	return n
}

// back waits until all witnesses have a value from after that time, and
// returns how long it took from then. No total may have fallen.
func (h *house) back(t *testing.T, since time.Time, totals map[string]float64, ids ...string) time.Duration {
	t.Helper()
	if len(ids) == 0 {
		ids = h.witnesses()
	}
	wait(t, func() (bool, string) {
		for _, id := range ids {
			if s := h.core.api.state(id); !s.good() || s.Updated.Before(since) {
				return false, fmt.Sprintf("%s is %q, since %s", id, s.State, s.Updated)
			}
		}
		return true, ""
	})
	took := time.Since(since)
	for id, before := range totals {
		if got := h.core.api.state(id).number(t); got < before {
			t.Errorf("%s: got %v, want at least %v", id, got, before)
		}
	}
	return took
}

// answered says how long after Core's birth message all was back by now.
func (h *house) answered(t *testing.T, since time.Time) {
	t.Helper()
	now, birth := time.Now(), h.births.latest()
	if birth.Before(since) {
		t.Log("all was back before Core's birth message")
		return
	}
	report(t, "Core's birth message: values", now.Sub(birth))
}

// gone waits until entities are unavailable, as they are to be.
func (h *house) gone(t *testing.T, ids ...string) time.Duration {
	t.Helper()
	return wait(t, func() (bool, string) {
		for _, id := range ids {
			if s := h.core.api.state(id); s.State != "unavailable" {
				return false, fmt.Sprintf("%s is %q, want unavailable", id, s.State)
			}
		}
		return true, ""
	})
}

func restartCore(t *testing.T, h *house) {
	h.clock.run()
	totals, begin := h.totals(t), time.Now()
	h.core.stop(t)
	report(t, "Core started", h.core.start(t))
	ready := time.Now()
	h.back(t, begin, totals)
	report(t, "Core ready: values", time.Since(ready))
	h.answered(t, begin)
}

func restartBroker(t *testing.T, h *house) {
	h.clock.run()
	totals := h.totals(t)
	h.broker.stop(t)
	report(t, "broker stopped: entities are unavailable", h.gone(t, h.witnesses()...))
	begin := time.Now()
	h.broker.start(t)
	t.Logf("broker started: values after %.1f s; Core itself tries every 10 s", h.back(t, begin, totals).Seconds())
	h.answered(t, begin)
}

// ofFirst are the witnesses of the first meter.
var ofFirst = []string{"sensor.p1_power_net", "sensor.p1_energy_import_total", "sensor.p1_gas_total", "binary_sensor.p1_bridge_connection_p1"}

func restartApp(t *testing.T, h *house) {
	h.clock.run()
	totals, app := h.totals(t), h.meters[0].program
	app.stop(t)
	report(t, "app stopped: entities are unavailable", h.gone(t, ofFirst...))
	begin := time.Now()
	app.start(t)
	report(t, "app started: values", h.back(t, begin, totals, ofFirst...))
}

func killApp(t *testing.T, h *house) {
	h.clock.run()
	totals, app := h.totals(t), h.meters[0].program
	app.kill()
	report(t, "app killed: entities are unavailable", h.gone(t, ofFirst...))
	begin := time.Now()
	app.start(t)
	report(t, "app started: values", h.back(t, begin, totals, ofFirst...))
}
