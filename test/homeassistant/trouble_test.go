//go:build homeassistant

package homeassistant_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
)

// cable carries telegrams from a meter, and can change what they say. Their
// checksum is made right again: it is the meter that is wrong.
type cable struct {
	to io.Writer

	mu     sync.Mutex
	change func(telegram []byte) []byte // nil: none
	isCut  bool                         // nothing passes
	passed int                          // telegrams, since change was set
}

func (c *cable) Write(telegram []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return len(telegram), nil
	}
	out := telegram
	if c.change != nil {
		out = c.change(bytes.Clone(telegram))
		end := bytes.LastIndexByte(out, '!') + 1
		out = fmt.Appendf(out[:end], "%04X\r\n", frame.Checksum(out[:end]))
	}
	c.passed++
	_, err := c.to.Write(out)
	return len(telegram), err
}

func (c *cable) set(change func([]byte) []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change, c.passed = change, 0
}

func (c *cable) cut(isCut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = isCut
}

func (c *cable) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed
}

// districtHeating puts a heat meter in the place of the gas meter.
func districtHeating(p []byte) []byte {
	return []byte(strings.NewReplacer("0-1:24.1.0(003)", "0-1:24.1.0(004)", "*m3)", "*GJ)").Replace(string(p)))
}

var (
	registers = regexp.MustCompile(`(?m)^(1-0:[12]\.8\.\d)\((\d+\.\d+)\*kWh\)`)
	gas       = regexp.MustCompile(`\((\d+\.\d+)\*m3\)`)
	serial    = regexp.MustCompile(`(?m)^0-0:96\.1\.1\(([0-9A-F]+)\)`)
)

// glitch lets a meter say zero for some telegrams, once while all is well and
// once in the first telegrams that its program sees. Core must never see that:
// it would book years of energy once more. Of this meter Core sees every
// telegram.
func glitch(t *testing.T, h *house) {
	h.clock.run()
	m := h.meter("dsmr42")
	totals := []string{
		"sensor.dsmr42_energy_import_total", "sensor.dsmr42_energy_import_tariff_1", "sensor.dsmr42_energy_import_tariff_2",
		"sensor.dsmr42_energy_export_total", "sensor.dsmr42_gas_total",
	}
	least := make(map[string]float64)
	watch := func() {
		t.Helper()
		for _, id := range totals {
			s := h.core.api.state(id)
			if !s.good() {
				continue // the program is away
			}
			if n := s.number(t); n < least[id] {
				t.Errorf("%s: got %v, want at least %v", id, n, least[id])
			} else {
				least[id] = n
			}
		}
	}
	held := func() state { return h.core.api.state("sensor.dsmr42_bridge_held_values_dsmr42") }
	zeros := func(p []byte) []byte {
		return gas.ReplaceAll(registers.ReplaceAll(p, []byte("$1(000000.000*kWh)")), []byte("(00000.000*m3)"))
	}
	pass := func(telegrams int) {
		t.Helper()
		wait(t, func() (bool, string) {
			watch()
			return m.cable.count() >= telegrams, "the meter is silent"
		})
	}
	watch()
	for _, id := range totals {
		if least[id] == 0 {
			t.Fatalf("%s: got 0, want a total", id)
		}
	}
	before := held().number(t)
	m.cable.set(zeros)
	pass(5)
	m.cable.set(nil)
	pass(5)
	wait(t, func() (bool, string) {
		return held().number(t) > before, "nothing was held back"
	})

	m.program.stop(t)
	h.gone(t, totals...)
	begin := time.Now()
	m.cable.set(zeros)
	m.program.start(t)
	pass(5)
	m.cable.set(nil)
	pass(5)
	h.back(t, begin, least, totals...)
}

// swap puts a new meter in the place of one: another serial number, all
// registers near zero. The entities are the same as before. They show the new
// one once it has been there for a while.
func swap(t *testing.T, h *house) {
	h.clock.run()
	m := h.meter("dsmr40")
	known := h.identities(t, m)

	// Its last word: what is shown then is what statistics go by.
	h.clock.stop()
	totals := make(map[string]float64)
	for id, s := range h.core.api.states(t) {
		if strings.HasPrefix(id, "sensor."+m.slot+"_energy_") {
			totals[id] = s.number(t)
		}
	}
	wait(t, func() (bool, string) { // until two telegrams say the same
		time.Sleep(3 * time.Second)
		before := maps.Clone(totals)
		for id := range totals {
			totals[id] = h.core.api.state(id).number(t)
		}
		return maps.Equal(before, totals), "totals move while the clock stands still"
	})
	maps.Copy(h.ended, totals)

	first := make(map[string]float64) // of each register
	m.cable.set(func(p []byte) []byte {
		p = registers.ReplaceAllFunc(p, func(line []byte) []byte {
			match := registers.FindSubmatch(line)
			n, err := strconv.ParseFloat(string(match[2]), 64)
			if err != nil {
				t.Error(err)
			}
			id := string(match[1])
			if _, ok := first[id]; !ok {
				first[id] = n - 1
			}
			return fmt.Appendf(nil, "%s(%010.3f*kWh)", id, n-first[id])
		})
		return serial.ReplaceAll(p, []byte("0-0:96.1.1(4530303939393939393939393939393939)"))
	})
	h.clock.run()
	for id, before := range totals {
		waitWithin(t, household.Wait+deadline, func() (bool, string) {
			s := h.core.api.state(id)
			return s.good() && s.number(t) < min(before, 10), fmt.Sprintf("%s is %q, as of the old meter", id, s.State)
		})
	}
	if diff := gocmp.Diff(known, h.identities(t, m)); diff != "" {
		t.Errorf("entities: -before +after:\n%s", diff)
	}
	wait(t, func() (bool, string) {
		for _, d := range h.devices(t) {
			if d.Serial == "E0099999999999999" {
				return true, ""
			}
		}
		return false, "no device has the new serial number"
	})
	log, err := os.ReadFile(m.program.log)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(log), "replaced"); got != 1 {
		t.Errorf("the program says %d times that the meter was replaced, want once", got)
	}
}

// identities returns the unique ids of a meter's entities, by entity id.
func (h *house) identities(t *testing.T, m *meter) map[string]string {
	t.Helper()
	ids := make(map[string]string)
	for _, e := range h.entities(t) {
		if e.Platform == "mqtt" && strings.HasPrefix(e.UniqueID, "smartmeter_"+m.slot+"_") {
			ids[e.ID] = e.UniqueID
		}
	}
	if len(ids) == 0 {
		t.Fatalf("%s has no entities", m.slot)
	}
	return ids
}
