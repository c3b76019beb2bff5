//go:build homeassistant

package homeassistant_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestPictures makes the pictures of the documentation: a house with a Belgian
// meter, which has everything, and ten days of its history, shown by the real
// frontend. pictures.js looks at it as a user with a browser does. It runs
// only when the script is asked for pictures.
func TestPictures(t *testing.T) {
	m := &meter{standard: simulate.EMUCS17, seed: 22, slot: "p1", start: time.Now().Truncate(time.Hour).AddDate(0, 0, -10)}
	clock := &clock{world: time.Now()}
	clock.run()
	h := newHouse(t, clock, m)
	wait(t, func() (bool, string) {
		s := h.core.api.state("sensor.p1_water_total")
		return s.good(), s.ID + " has no value"
	})
	h.remember(t, m)
	h.core.api.call(t, "energy/save_prefs", fields{
		"energy_sources": []fields{
			{"type": "grid", "stat_energy_from": "sensor.p1_energy_import_tariff_1", "stat_energy_to": "sensor.p1_energy_export_tariff_1",
				"stat_rate": netPower, "cost_adjustment_day": 0},
			{"type": "grid", "stat_energy_from": "sensor.p1_energy_import_tariff_2", "stat_energy_to": "sensor.p1_energy_export_tariff_2",
				"cost_adjustment_day": 0},
			{"type": "solar", "stat_energy_from": inverter},
			{"type": "gas", "stat_energy_from": "sensor.p1_gas_total"},
			{"type": "water", "stat_energy_from": "sensor.p1_water_total"},
		},
		"device_consumption": []fields{},
	}, nil)
	wait(t, func() (bool, string) { // for the past to be written
		complaints := h.complaints(t)
		return len(complaints) == 0, strings.Join(complaints, "; ")
	})
	node := exec.Command("node", "pictures.js")
	node.Env = append(os.Environ(), "BASE="+h.core.api.base, "TOKEN="+h.core.api.token, "OUT="+t.ArtifactDir())
	for _, d := range h.devices(t) {
		if len(d.Identifiers) == 1 && d.Identifiers[0][1] == "smartmeter_p1" {
			node.Env = append(node.Env, "DEVICE="+d.ID)
		}
	}
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
}

// inverter stands for the integration of the solar panels: what they give is
// not known to a smart meter, which sees only what is left over.
const inverter = "inverter:production"

const netPower = "sensor.p1_power_net"

// remember gives Core the meter's past, an hour a row, as if it had been there.
// What the panels gave is what a twin of the house without panels had to buy
// beyond that.
func (h *house) remember(t *testing.T, m *meter) {
	t.Helper()
	world := simulate.New(simulate.Options{Standard: m.standard, Seed: m.seed, Start: m.start})
	twin := simulate.New(simulate.Options{Standard: m.standard, Seed: m.seed, Start: m.start, NoSolar: true})
	rows := make(map[string][]fields)
	var first, last map[string]float64
	for at := m.start; at.Before(time.Now()); at = at.Add(time.Hour) {
		values := read(t, world.Telegram(at))
		import1, import2 := values["sensor.p1_energy_import_tariff_1"], values["sensor.p1_energy_import_tariff_2"]
		export1, export2 := values["sensor.p1_energy_export_tariff_1"], values["sensor.p1_energy_export_tariff_2"]
		without := read(t, twin.Telegram(at))
		values[inverter] = without["sensor.p1_energy_import_tariff_1"] + without["sensor.p1_energy_import_tariff_2"] - import1 - import2 + export1 + export2
		values[netPower] = import1 + import2 - export1 - export2
		if first == nil {
			first, last = values, values
			continue
		}
		values[inverter] = max(values[inverter], last[inverter]) // at night it is the same but for rounding
		for id, n := range values {
			row := fields{"start": at.Add(-time.Hour).UTC().Format(time.RFC3339)}
			if id == netPower {
				watts := 1000 * (n - last[id])
				row["mean"], row["min"], row["max"] = watts, watts, watts
			} else {
				row["state"], row["sum"] = n, n-first[id]
			}
			rows[id] = append(rows[id], row)
		}
		last = values
	}
	for id, stats := range rows {
		metadata := fields{"statistic_id": id, "source": "recorder", "name": nil, "unit_of_measurement": "kWh", "unit_class": "energy", "has_sum": true, "mean_type": 0}
		switch id {
		case inverter:
			metadata["source"], metadata["name"] = "inverter", "Solar inverter"
		case netPower:
			metadata["unit_of_measurement"], metadata["unit_class"] = "W", "power"
			metadata["has_sum"], metadata["mean_type"] = false, 1
		case "sensor.p1_gas_total", "sensor.p1_water_total":
			metadata["unit_of_measurement"], metadata["unit_class"] = "m³", "volume"
		}
		h.core.api.call(t, "recorder/import_statistics", fields{"metadata": metadata, "stats": stats}, nil)
	}
}

// read takes the totals from a Belgian telegram, by entity id.
func read(t *testing.T, telegram []byte) map[string]float64 {
	t.Helper()
	values := make(map[string]float64)
	for id, line := range map[string]*regexp.Regexp{
		"sensor.p1_energy_import_tariff_1": regexp.MustCompile(`1-0:1\.8\.1\(([\d.]+)`),
		"sensor.p1_energy_import_tariff_2": regexp.MustCompile(`1-0:1\.8\.2\(([\d.]+)`),
		"sensor.p1_energy_export_tariff_1": regexp.MustCompile(`1-0:2\.8\.1\(([\d.]+)`),
		"sensor.p1_energy_export_tariff_2": regexp.MustCompile(`1-0:2\.8\.2\(([\d.]+)`),
		"sensor.p1_gas_total":              regexp.MustCompile(`0-1:24\.2\.3\(\d+[SW]\)\((\d+\.\d+)\*m3\)`),
		"sensor.p1_water_total":            regexp.MustCompile(`0-2:24\.2\.1\(\d+[SW]\)\((\d+\.\d+)\*m3\)`),
	} {
		match := line.FindSubmatch(telegram)
		if match == nil {
			t.Fatalf("no %s in %s", id, telegram)
		}
		n, err := strconv.ParseFloat(string(match[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		values[id] = n
	}
	return values
}
