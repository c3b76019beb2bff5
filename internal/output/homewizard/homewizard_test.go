package homewizard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/homewizard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

type values map[meter.Quantity]string

func (v values) set(r *meter.Reading) {
	for q, text := range v {
		n, err := meter.ParseValue(text)
		if err != nil {
			panic(err)
		}
		r.Values.Set(q, n)
	}
}

func stamp(month, day, hour, minute, second int) meter.Timestamp {
	t, ok := meter.NewTimestamp(2026, month, day, hour, minute, second, 'W')
	if !ok {
		panic("no such time")
	}
	return t
}

// house is a reading of a Belgian meter with three phases, a gas meter, a water
// meter and a heat meter that has neither identifier nor time.
func house() meter.Reading {
	r := meter.Reading{
		Checksum: meter.ChecksumValid, Header: `FLU5\253770234_A`, Version: "50217", EquipmentID: "3153414733313031",
		Time: stamp(11, 28, 9, 5, 3), PeakMonth: meter.Peak{Time: stamp(11, 4, 18, 15, 0), Demand: meter.NewValue(3851, 3), Valid: true},
	}
	values{
		meter.EnergyImportT1: "1000.120", meter.EnergyImportT2: "2000.003", meter.EnergyImportTotal: "3000.123",
		meter.EnergyExportT1: "0.500", meter.EnergyExportT2: "12.000", meter.EnergyExportTotal: "12.5", meter.Tariff: "2",
		meter.PowerNet: "-643", meter.PowerNetL1: "-1000", meter.PowerNetL2: "300", meter.PowerNetL3: "57",
		meter.VoltageL1: "230.1", meter.VoltageL2: "231.0", meter.VoltageL3: "229.9", meter.CurrentL1: "4.35", meter.CurrentL2: "1.30", meter.CurrentL3: "0.25",
		meter.VoltageSagsL1: "1", meter.VoltageSwellsL3: "0", meter.PowerFailuresShort: "4", meter.PowerFailuresLong: "5",
		meter.DemandAverage: "0.123", meter.Frequency: "50.01",
	}.set(&r)
	r.Channels[0] = meter.Channel{Type: meter.TypeGas, ID: "3753414731323334", Time: stamp(11, 28, 9, 0, 0), Value: meter.NewValue(112384, 3), Unit: meter.CubicMetre}
	r.Channels[1] = meter.Channel{Type: meter.TypeWater, ID: "38", Time: stamp(1, 2, 3, 4, 5), Value: meter.NewValue(872234, 3), Unit: meter.CubicMetre}
	r.Channels[2] = meter.Channel{Type: meter.TypeHeat, Value: meter.NewValue(12012, 3), Unit: meter.Gigajoule}
	return r
}

// device is an emulated meter that a test asks.
type device struct {
	*homewizard.Server
	meter    *emulate.Meter
	updates  *hub.Hub[*meter.Update]
	telegram string
	log      bytes.Buffer
}

func start(t *testing.T) *device {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d := &device{updates: new(hub.Hub[*meter.Update])}
	d.meter = emulate.New(emulate.Options{
		Name: "homewizard_p1", Kind: "homewizard", Slot: "p1", Updates: d.updates, Store: store.Open(t.TempDir(), log),
	})
	d.Server = homewizard.New(homewizard.Options{
		Zone: time.UTC, Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		Telegram: func() ([]byte, bool) { return []byte(d.telegram), d.telegram != "" },
	}, d.meter)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.meter.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *device) tell(r meter.Reading) {
	r.Received = time.Now()
	d.updates.Publish(&meter.Update{Slot: "p1", HasPower: true, Reading: r})
	synctest.Wait()
}

func (d *device) ask(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://192.168.1.5"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func TestData(t *testing.T) {
	onePhase := meter.Reading{Header: "ADN9 6534", Version: "50", EquipmentID: "41"}
	values{
		meter.PowerNet: "500", meter.EnergyImportTotal: "17.25", meter.VoltageL1: "230", meter.CurrentL1: "2",
	}.set(&onePhase)
	export := meter.Reading{}
	values{meter.PowerNet: "-2000.5", meter.EnergyExportTotal: "9"}.set(&export)
	for _, tt := range []struct {
		name   string
		r      meter.Reading
		offset int
		want   string
	}{
		{"Belgium", house(), 0, `{"wifi_ssid":"NO-WIFI","wifi_strength":100,"smr_version":50217,"meter_model":"FLU5\\253770234_A","unique_id":"3153414733313031",` +
			`"active_tariff":2,"total_power_import_kwh":3000.123,"total_power_import_t1_kwh":1000.12,"total_power_import_t2_kwh":2000.003,` +
			`"total_power_export_kwh":12.5,"total_power_export_t1_kwh":0.5,"total_power_export_t2_kwh":12,` +
			`"active_power_w":-643,"active_power_l1_w":-1000,"active_power_l2_w":300,"active_power_l3_w":57,` +
			`"active_voltage_l1_v":230.1,"active_voltage_l2_v":231,"active_voltage_l3_v":229.9,` +
			`"active_current_a":5.9,"active_current_l1_a":-4.35,"active_current_l2_a":1.3,"active_current_l3_a":0.25,"active_frequency_hz":50.01,` +
			`"voltage_sag_l1_count":1,"voltage_swell_l3_count":0,"any_power_fail_count":4,"long_power_fail_count":5,"active_power_average_w":123,` +
			`"montly_power_peak_w":3851,"montly_power_peak_timestamp":261104181500,"total_gas_m3":112.384,"gas_timestamp":261128090000,"gas_unique_id":"3753414731323334",` +
			`"external":[{"unique_id":"3753414731323334","type":"gas_meter","timestamp":261128090000,"value":112.384,"unit":"m3"},` +
			`{"unique_id":"38","type":"water_meter","timestamp":260102030405,"value":872.234,"unit":"m3"},` +
			`{"unique_id":"SERIAL031","type":"heat_meter","timestamp":261128090503,"value":12.012,"unit":"GJ"}]}`},
		{"one phase and no tariffs", onePhase, 100, `{"wifi_ssid":"NO-WIFI","wifi_strength":100,"smr_version":50,"meter_model":"ADN9 6534","unique_id":"41",` +
			`"total_power_import_kwh":17.25,"total_power_import_t1_kwh":17.25,"active_power_w":600,"active_voltage_l1_v":230,` +
			`"active_current_a":2,"active_current_l1_a":2,"external":[]}`},
		{"export only", export, 0, `{"wifi_ssid":"NO-WIFI","wifi_strength":100,"total_power_export_kwh":9,"total_power_export_t1_kwh":9,"active_power_w":-2000.5,"external":[]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := start(t)
				if err := d.meter.SetOffset(tt.offset); err != nil {
					t.Fatal(err)
				}
				d.tell(tt.r)
				w := d.ask("GET", "/api/v1/data", "")
				got := strings.ReplaceAll(w.Body.String(), d.meter.MAC().Hex(), "SERIAL")
				if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || !json.Valid([]byte(got)) {
					t.Errorf("%d, %v", w.Code, w.Header())
				}
				if diff := cmp.Diff(strings.ReplaceAll(tt.want, ",", ",\n"), strings.ReplaceAll(got, ",", ",\n")); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestRoutes: all addresses and methods, before the first reading, with a fresh
// one and with one that is old.
func TestRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t)
		serial := d.meter.MAC().Hex()
		device := `{"product_type":"HWE-P1","product_name":"P1 Meter","serial":"` + serial +
			`","firmware_version":"4.19","api_version":"v1"}`
		const stale = `{"error":"there is no fresh reading of the meter"}`
		check := func(method, path, body string, code int, want string) {
			t.Helper()
			w := d.ask(method, path, body)
			if got := w.Body.String(); w.Code != code || got != want {
				t.Errorf("%s %s: %d %s, want %d %s", method, path, w.Code, got, code, want)
			}
		}
		check("GET", "/api", "", 200, device)
		check("GET", "/api/", "", 200, device)
		check("GET", "/api/v1/data", "", 503, stale)
		check("GET", "/api/v1/telegram", "", 503, stale)
		check("GET", "/api/v1/system", "", 200, `{"cloud_enabled":false}`)
		check("PUT", "/api/v1/system", `{"cloud_enabled": true}`, 200, `{"cloud_enabled":false}`)
		check("PUT", "/api/v1/identify", "", 200, `{"identify":"ok"}`)
		check("GET", "/api/v1/identify", "", 405, `{"error":"this address takes PUT"}`)
		check("POST", "/api/v1/data", "{}", 405, `{"error":"this address takes GET, HEAD"}`)
		for _, path := range []string{
			"/", "/api/v1/state", "/api/v1", "/api/v2", "/api/v1/data/x", "/api/../api", "/%00", "/" + strings.Repeat("a", 5000),
		} {
			check("GET", path, "", 404, `{"error":"there is nothing at this address"}`)
		}
		if !strings.Contains(d.log.String(), "which device this is") || !strings.Contains(d.log.String(), serial) {
			t.Errorf("log: %s", &d.log)
		}
		d.tell(house())
		check("GET", "/api/v1/telegram", "", 503, `{"error":"the meter sends no P1 telegrams"}`)
		d.telegram = "/ISk5\r\n\r\n1-0:1.8.1(000671.578*kWh)\r\n!1234\r\n"
		check("GET", "/api/v1/telegram", "", 200, d.telegram)
		time.Sleep(31 * time.Second) // the second reading has not come
		check("GET", "/api/v1/data", "", 503, stale)
		check("GET", "/api/v1/telegram", "", 503, stale)
		check("GET", "/api", "", 200, device)
		d.tell(house())
		if w := d.ask("GET", "/api/v1/data", ""); w.Code != 200 {
			t.Errorf("%d after the meter is back", w.Code)
		}
		clients := d.meter.Status(time.Now()).Clients
		if len(clients) != 1 || clients[0].Client != "192.0.2.1" || clients[0].What != "/api/v1/data" ||
			clients[0].Power.String() != "-643" || clients[0].Count != 8 || clients[0].Refused != 15 {
			t.Errorf("%+v", clients)
		}
	})
}

func BenchmarkData(b *testing.B) {
	updates := new(hub.Hub[*meter.Update])
	kept := store.Open(b.TempDir(), slog.New(slog.DiscardHandler))
	m := emulate.New(emulate.Options{Name: "b", Updates: updates, Store: kept})
	s := homewizard.New(homewizard.Options{Zone: time.UTC, Log: slog.New(slog.DiscardHandler)}, m)
	r := house()
	r.Received = time.Now()
	updates.Publish(&meter.Update{HasPower: true, Reading: r})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	for _, ok := m.Newest(time.Now()); !ok; _, ok = m.Newest(time.Now()) {
		<-m.Changed()
	}
	question := httptest.NewRequest("GET", "http://192.168.1.5/api/v1/data", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, question)
		// A slow machine may need longer than a reading lasts.
		if w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable {
			b.Fatal(w.Code)
		}
	}
	cancel()
	<-done
}
