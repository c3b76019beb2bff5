package mqtt

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var update = flag.Bool("update", false, "write the golden files")

// amsterdam has the standard offset of the meters below.
var amsterdam = time.FixedZone("CET", 3600)

// start is when the tests' first event happens.
var start = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func options() *Options {
	return &Options{
		MQTT: config.MQTT{
			Topic: "smartmeter", Discovery: true, DiscoveryPrefix: "homeassistant",
			BirthTopic: "homeassistant/status", Interval: 10,
		},
		Meters: []Meter{{Slot: "p1"}}, Version: "1.2.3", SupportURL: "https://example.org/smartmeter",
		Zone: amsterdam, Log: slog.New(slog.DiscardHandler),
		instance: "0badcafe",
		Jitter:   func() time.Duration { return 1500 * time.Millisecond },
	}
}

func value(text string) meter.Value {
	v, err := meter.ParseValue(text)
	if err != nil {
		panic(fmt.Sprintf("%q: %v", text, err))
	}
	return v
}

func stamp(year, month, day, hour, minute, second int, flag byte) meter.Timestamp {
	t, ok := meter.NewTimestamp(year, month, day, hour, minute, second, flag)
	if !ok {
		panic("no such time")
	}
	return t
}

func set(r *meter.Reading, values map[meter.Quantity]string) {
	for q, text := range values {
		r.Values.Set(q, value(text))
	}
}

// dutch is a house on three phases with solar panels and gas, DSMR 5.0.
func dutch() *meter.Update {
	r := meter.Reading{
		Received: start, Checksum: meter.ChecksumValid,
		Header: `ISK5\2M550T-1012`, Standard: "DSMR 5.0", Tariffs: meter.TariffsLowFirst, Version: "50",
		EquipmentID: "4530303434303037333832323436303139",
		Time:        stamp(2026, 3, 14, 13, 0, 0, 'W'),
		Failures: []meter.Failure{
			{End: stamp(2024, 1, 8, 3, 20, 40, 'W'), Seconds: 842},
			{End: stamp(2025, 8, 1, 14, 2, 11, 'S'), Seconds: 2014},
			{End: stamp(2019, 3, 26, 9, 50, 15, 'W'), Seconds: 60},
		},
	}
	set(&r, map[meter.Quantity]string{
		meter.EnergyImportT1: "2130.115", meter.EnergyImportT2: "245.467",
		meter.EnergyExportT1: "12.000", meter.EnergyExportT2: "701.250",
		meter.EnergyImportTotal: "2375.582", meter.EnergyExportTotal: "713.25",
		meter.Tariff:      "0002",
		meter.PowerImport: "00.000", meter.PowerExport: "01.193", meter.PowerNet: "-1193",
		meter.PowerFailuresShort: "5", meter.PowerFailuresLong: "3",
		meter.VoltageSagsL1: "1", meter.VoltageSagsL2: "1", meter.VoltageSagsL3: "192",
		meter.VoltageSwellsL1: "1", meter.VoltageSwellsL2: "1", meter.VoltageSwellsL3: "0",
		meter.VoltageL1: "229.9", meter.VoltageL2: "229.2", meter.VoltageL3: "222.9",
		meter.CurrentL1: "0", meter.CurrentL2: "5", meter.CurrentL3: "1",
		meter.PowerImportL1: "00.056", meter.PowerImportL2: "00.000", meter.PowerImportL3: "00.055",
		meter.PowerExportL1: "00.000", meter.PowerExportL2: "01.304", meter.PowerExportL3: "00.000",
		meter.PowerNetL1: "56", meter.PowerNetL2: "-1304", meter.PowerNetL3: "55",
		meter.GasFlow: "0.126",
	})
	// A gas meter that was replaced stays in the telegram, and the new one
	// hangs on the second channel.
	r.Channels[0] = meter.Channel{Type: meter.TypeGas, TypeText: "003", Time: stamp(1970, 1, 1, 1, 1, 0, 'W')}
	r.Channels[1] = meter.Channel{
		Type: meter.TypeGas, TypeText: "003", ID: "4730303339303031393336393930363139",
		Time: stamp(2026, 3, 14, 12, 55, 1, 'W'), Value: value("00246.138"), Unit: meter.CubicMetre,
	}
	return identified(r, []byte(`{"header":"dutch"}`))
}

// belgian is a house on three phases with gas and water, e-MUCS 1.7.
func belgian() *meter.Update {
	r := meter.Reading{
		Received: start, Checksum: meter.ChecksumValid,
		Header: `FLU5\253769484_A`, Standard: "e-MUCS 1.7", Tariffs: meter.TariffsNormalFirst, Version: "50217",
		EquipmentID: "3153414733313031303231363035",
		Time:        stamp(2026, 3, 14, 13, 0, 0, 'W'),
		PeakMonth:   meter.Peak{Time: stamp(2026, 3, 9, 13, 45, 58, 'W'), Demand: value("02.589"), Valid: true},
		PeakHistory: []meter.Peak{
			{Month: stamp(2026, 3, 1, 0, 0, 0, 'W'), Time: stamp(2026, 2, 23, 19, 25, 38, 'W'), Demand: value("03.695"), Valid: true},
			{Month: stamp(2026, 2, 1, 0, 0, 0, 'W'), Time: stamp(2026, 1, 5, 12, 21, 39, 'W'), Demand: value("05.980"), Valid: true},
			{Month: stamp(2026, 1, 1, 0, 0, 0, 'W'), Time: stamp(2025, 12, 10, 3, 54, 21, 'W'), Demand: value("04.318"), Valid: true},
		},
	}
	r.Messages[0] = "Storing \"gemeld\"\xE9"
	set(&r, map[meter.Quantity]string{
		meter.EnergyImportT1: "0.034", meter.EnergyImportT2: "15.758",
		meter.EnergyExportT1: "0", meter.EnergyExportT2: "0",
		meter.EnergyImportTotal: "15.792", meter.EnergyExportTotal: "0",
		meter.DemandAverage: "02.351", meter.Tariff: "0001",
		meter.DemandForecast: "2.801", meter.DemandHeadroom: "2380", meter.DemandPeakAverage: "4.664",
		meter.PowerImport: "00.500", meter.PowerExport: "00.000", meter.PowerNet: "500",
		meter.PowerImportL1: "00.200", meter.PowerImportL2: "00.200", meter.PowerImportL3: "00.100",
		meter.PowerExportL1: "00.000", meter.PowerExportL2: "00.000", meter.PowerExportL3: "00.000",
		meter.PowerNetL1: "200", meter.PowerNetL2: "200", meter.PowerNetL3: "100",
		meter.VoltageL1: "234.7", meter.VoltageL2: "234.7", meter.VoltageL3: "234.7",
		meter.CurrentL1: "0.91", meter.CurrentL2: "0.88", meter.CurrentL3: "0.45",
		meter.Breaker: "1", meter.LimiterPower: "999.9", meter.FuseL1: "999",
	})
	r.Channels[0] = meter.Channel{
		Type: meter.TypeGas, TypeText: "003", ID: "37464C4F32313139303333373333", Valve: 2,
		Time: stamp(2026, 3, 14, 12, 55, 0, 'W'), Value: value("00112.384"), Unit: meter.CubicMetre,
	}
	r.Channels[1] = meter.Channel{
		Type: meter.TypeWater, TypeText: "007", ID: "3853414731323334353637383930",
		Time: stamp(2026, 3, 14, 11, 45, 58, 'W'), Value: value("00872.234"), Unit: meter.CubicMetre,
	}
	return identified(r, []byte(`{"header":"belgian"}`))
}

// warmtelink is a port that knows heat only.
func warmtelink() *meter.Update {
	r := meter.Reading{
		Received: start, Checksum: meter.ChecksumValid,
		Header: "NWA-WARMTELINK", Standard: "DSMR 5.0", Version: "50", EquipmentID: "ADB3100000045771",
		Time: stamp(2026, 3, 14, 13, 0, 0, 'W'),
	}
	r.Channels[0] = meter.Channel{
		Type: meter.TypeHeat, TypeText: "004", ID: "715619842D2C340C",
		Time: stamp(2026, 3, 14, 13, 0, 0, 'W'), Value: value("93.435"), Unit: meter.Gigajoule,
	}
	return identified(r, []byte(`{"header":"warmtelink"}`))
}

// old is a DSMR 2.2 meter: no clock, no checksum, no phases.
func old() *meter.Update {
	r := meter.Reading{
		Received: start, Header: "KMP5 KA6U001660297912", Standard: "DSMR 2.2", Tariffs: meter.TariffsLowFirst,
		EquipmentID: "204B413655303031363630323937393132",
	}
	set(&r, map[meter.Quantity]string{
		meter.EnergyImportT1: "1.001", meter.EnergyImportT2: "00005.000", meter.EnergyImportTotal: "6.001",
		meter.EnergyExportT1: "0", meter.EnergyExportT2: "0", meter.EnergyExportTotal: "0",
		meter.Tariff: "0001", meter.PowerImport: "0000.03", meter.PowerExport: "0000.00", meter.PowerNet: "30",
		meter.LimiterCurrent: "25", meter.Breaker: "1",
	})
	r.Channels[0] = meter.Channel{
		Type: meter.TypeGas, TypeText: "3", ID: "3238313031353431303034303232323131", Valve: 2,
		Time: stamp(2026, 3, 14, 12, 0, 0, 0), Value: value("00024.123"), Unit: meter.CubicMetre,
	}
	return identified(r, []byte(`{"header":"old"}`))
}

// identified returns the update of the second telegram that says the same, as
// the household leaves it: without a checksum the first names no meter.
func identified(r meter.Reading, json []byte) *meter.Update {
	h := household.Household{Zone: amsterdam}
	for range 2 {
		h.Identify(&r)
	}
	return &meter.Update{Reading: r, JSON: json}
}

// later is the update some time on: the clocks move, and the values that the
// caller changes.
func later(u *meter.Update, d time.Duration, change func(r *meter.Reading)) *meter.Update {
	next := *u
	next.Usage, next.GasUsage = nil, nil
	r := &next.Reading
	r.Received = r.Received.Add(d)
	if !r.Time.IsZero() {
		r.Time = clock(r.Time, d)
	}
	if change != nil {
		change(r)
	}
	return &next
}

// clock moves a meter's clock.
func clock(t meter.Timestamp, d time.Duration) meter.Timestamp {
	w := t.Wall().Add(d)
	return stamp(w.Year(), int(w.Month()), w.Day(), w.Hour(), w.Minute(), w.Second(), 'W')
}

func alive() meter.Status {
	return meter.Status{
		Alive: true, Telegrams: 12, Errors: 3, Interval: 1004 * time.Millisecond,
		Last: start, Started: start.Add(-time.Hour),
		Verdict: "degraded", Problem: true, Text: "many are damaged", Next: "Try another \"cable\"", Share: 20,
	}
}

// connect connects a session to a broker on which it is alone, where its
// questions come back, and returns what it publishes after its claim.
func connect(s *session, now time.Time) []message {
	var out []message
	for _, m := range keep(s.connected(now)) {
		out = s.received(now, incoming{m.topic, m.payload, false})
	}
	for range s.claims.topics {
		if m := out[0]; !strings.HasSuffix(m.topic, "/claim") || !m.retain || m.qos != 1 || !strings.Contains(string(m.payload), claimPublishes) {
			panic(fmt.Sprintf("it begins with %s %s", m.topic, m.payload))
		}
		out = out[1:]
	}
	return out
}

// keep copies messages out of the session's buffers.
func keep(messages []message) []message {
	kept := slices.Clone(messages)
	for i := range kept {
		kept[i].payload = slices.Clone(kept[i].payload)
	}
	return kept
}

// brief writes messages one a line, announcements without their contents.
func brief(messages []message) []string {
	lines := []string{}
	for _, m := range messages {
		text := string(m.payload)
		if strings.HasSuffix(m.topic, "/config") {
			text = "(announcement)"
		}
		if strings.HasSuffix(m.topic, "/state") {
			text = "(state)"
		}
		if strings.HasSuffix(m.topic, "/attributes") {
			text = "(attributes)"
		}
		lines = append(lines, m.topic+" "+text)
	}
	return lines
}

// detailed writes messages in full, one component a line.
func detailed(t *testing.T, messages []message) string {
	t.Helper()
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "%s qos=%d retain=%t\n", m.topic, m.qos, m.retain)
		if !strings.HasSuffix(m.topic, "/config") {
			fmt.Fprintf(&b, "  %s\n", m.payload)
			continue
		}
		var a map[string]json.RawMessage
		if err := json.Unmarshal(m.payload, &a); err != nil {
			t.Fatalf("%s: %v", m.topic, err)
		}
		for _, key := range slices.Sorted(maps.Keys(a)) {
			if key != "components" {
				fmt.Fprintf(&b, "  %s: %s\n", key, a[key])
			}
		}
		var components map[string]json.RawMessage
		if err := json.Unmarshal(a["components"], &components); err != nil {
			t.Fatalf("%s: %v", m.topic, err)
		}
		for _, key := range slices.Sorted(maps.Keys(components)) {
			fmt.Fprintf(&b, "    %s: %s\n", key, components[key])
		}
	}
	return b.String()
}

// golden compares with the file of that name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if diff := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}
