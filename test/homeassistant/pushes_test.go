//go:build homeassistant

package homeassistant_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// pushing are meters that push DLMS or SML, one of each country whose households
// have most of them.
func pushing() []*meter {
	return []*meter{
		{push: simulate.Aidon, pushes: true, seed: 3, slot: "p1"},
		{push: simulate.Kamstrup, pushes: true, seed: 4, slot: "denmark"},
		{push: simulate.LandisGyr, pushes: true, seed: 5, slot: "switzerland"},
		{push: simulate.SML, pushes: true, seed: 6, slot: "germany"},
	}
}

// TestPushes is TestHomeAssistant for meters that push DLMS and SML: a Norwegian,
// a Danish one that encrypts, a Swiss and a German one.
func TestPushes(t *testing.T) {
	// Norway's totals come with the first message of the hour.
	h := newHouse(t, &clock{world: time.Date(2026, 3, 30, 11, 0, 0, 0, time.UTC)}, pushing()...)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *house)
	}{
		{"states", pushedStates},
		{"the edl21 integration agrees", edl21Integration},
		{"energy dashboard", dashboard},
		{"log", readLog},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, h) })
	}
}

// variables are those of the meter's keys.
func keysOf(e *simulate.Encrypter) []string {
	if e == nil {
		return nil
	}
	return []string{"SMARTMETER_ENC_KEY=" + hex.EncodeToString(e.Key[:]), "SMARTMETER_ENC_AAD=30" + hex.EncodeToString(e.AuthKey[:])}
}

// pushedStates looks at what every household wants to see, and sees it move.
func pushedStates(t *testing.T, h *house) {
	units := map[string]string{
		"power_net": "W", "power_import": "W", "power_export": "W", "energy_import_total": "kWh", "energy_export_total": "kWh",
		"voltage_l1": "V", "voltage_l2": "V", "voltage_l3": "V", "current_l1": "A", "current_l2": "A", "current_l3": "A",
	}
	h.switchOn(t) // voltages and currents are off by default
	before := make(map[string]string)
	for _, m := range h.meters {
		for name, unit := range units {
			id := "sensor." + m.slot + "_" + name
			wait(t, func() (bool, string) {
				s := h.core.api.state(id)
				return s.good() && s.Attributes.Unit == unit, fmt.Sprintf("%s is %q %s", id, s.State, s.Attributes.Unit)
			})
		}
		id := "sensor." + m.slot + "_power_net"
		before[id] = h.core.api.state(id).State
	}
	h.clock.run()
	for id, was := range before {
		wait(t, func() (bool, string) {
			s := h.core.api.state(id)
			return s.good() && s.State != was, fmt.Sprintf("%s is still %q", id, s.State)
		})
	}
	// Norway's total is an hour's: it stays.
	if s := h.core.api.state("sensor.p1_energy_import_total"); !s.good() {
		t.Errorf("the total is %q between the hours", s.State)
	}
}

// sameAsEDL21 names our entity for one of the edl21 integration, by its code, and
// how much of its unit ours is.
var sameAsEDL21 = map[string]struct {
	name  string
	times float64
}{
	"1-0:1.8.0*255": {"energy_import_total", 1000}, "1-0:2.8.0*255": {"energy_export_total", 1000}, "1-0:16.7.0*255": {"power_net", 1},
	"1-0:36.7.0*255": {"power_net_l1", 1}, "1-0:56.7.0*255": {"power_net_l2", 1}, "1-0:76.7.0*255": {"power_net_l3", 1},
	"1-0:32.7.0*255": {"voltage_l1", 1}, "1-0:52.7.0*255": {"voltage_l2", 1}, "1-0:72.7.0*255": {"voltage_l3", 1},
	"1-0:31.7.0*255": {"current_l1", 1}, "1-0:51.7.0*255": {"current_l2", 1}, "1-0:71.7.0*255": {"current_l3", 1},
}

// edl21Integration sets up Core's own reader of SML on our raw socket. While the
// meter's clock stands still, both have to show the same.
func edl21Integration(t *testing.T, h *house) {
	h.clock.stop()
	germany := h.meter("germany")
	entry := h.core.api.setUp(t, "edl21", fields{"serial_port": "socket://" + germany.raw})
	var same int
	wait(t, func() (bool, string) {
		var differs string
		same, differs = h.agreeEDL21(t, germany, entry)
		return same >= 5 && differs == "", fmt.Sprintf("%d entities agree; not so:%s", same, differs)
	})
	t.Logf("%d entities agree", same)
	h.core.api.rest(t, "DELETE", "/api/config/config_entries/entry/"+entry, nil, nil)
}

func (h *house) agreeEDL21(t *testing.T, m *meter, entry string) (same int, differs string) {
	t.Helper()
	for _, e := range h.entities(t) {
		_, code, _ := strings.Cut(e.UniqueID, "_")
		as, known := sameAsEDL21[code]
		if e.Entry != entry || e.Disabled != "" || !known {
			continue
		}
		theirs, ours := h.core.api.state(e.ID), h.core.api.state("sensor."+m.slot+"_"+as.name)
		switch {
		case !theirs.good():
			differs += fmt.Sprintf("\n%s is %q", theirs.ID, theirs.State)
		case !ours.good(): // one that is off by default
		case math.Abs(theirs.number(t)-as.times*ours.number(t)) > 0.06*as.times/10+0.051:
			differs += fmt.Sprintf("\n%s %s %s, ", theirs.ID, theirs.State, theirs.Attributes.Unit)
			differs += fmt.Sprintf("%s %s %s", ours.ID, ours.State, ours.Attributes.Unit)
		default:
			same++
		}
	}
	return same, differs
}
