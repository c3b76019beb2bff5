//go:build emulate

package emulate_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// answers is what python-homewizard-energy makes of a P1 Meter.
type answers struct {
	Device struct {
		ProductType     string `json:"product_type"`
		ProductName     string `json:"product_name"`
		Serial          string `json:"serial"`
		APIVersion      string `json:"api_version"`
		FirmwareVersion string `json:"firmware_version"`
	}
	Data       map[string]any
	System     map[string]any
	Switched   map[string]any
	V2         bool
	Identified bool
	State      string
	Telegram   string
}

// direct are the attributes of the library that are an object of the telegram as
// it is.
var direct = map[string]string{
	"frequency_hz":         "1-0:14.7.0",
	"voltage_l1_v":         "1-0:32.7.0",
	"voltage_l2_v":         "1-0:52.7.0",
	"voltage_l3_v":         "1-0:72.7.0",
	"voltage_sag_l1_count": "1-0:32.32.0", "voltage_sag_l2_count": "1-0:52.32.0", "voltage_sag_l3_count": "1-0:72.32.0",
	"voltage_swell_l1_count": "1-0:32.36.0", "voltage_swell_l2_count": "1-0:52.36.0", "voltage_swell_l3_count": "1-0:72.36.0",
	"any_power_fail_count": "0-0:96.7.21", "long_power_fail_count": "0-0:96.7.9",
	"energy_import_t1_kwh": "1-0:1.8.1", "energy_import_t2_kwh": "1-0:1.8.2",
	"energy_export_t1_kwh": "1-0:2.8.1", "energy_export_t2_kwh": "1-0:2.8.2",
}

// expected are the numbers that the library must show of a telegram.
func expected(o map[string]float64) map[string]float64 {
	list := make(map[string]float64)
	for name, code := range direct {
		if v, ok := o[code]; ok {
			list[name] = v
		}
	}
	net := func(name, in, out string) {
		imported, hasImport := o[in]
		exported, hasExport := o[out]
		if hasImport || hasExport {
			list[name] = 1000 * (imported - exported)
		}
	}
	net("power_w", "1-0:1.7.0", "1-0:2.7.0")
	net("power_l1_w", "1-0:21.7.0", "1-0:22.7.0")
	net("power_l2_w", "1-0:41.7.0", "1-0:42.7.0")
	net("power_l3_w", "1-0:61.7.0", "1-0:62.7.0")
	for name, total := range map[string][2]string{
		"import": {"1-0:1.8.0", "1-0:1.8."}, "export": {"1-0:2.8.0", "1-0:2.8."},
	} {
		whole, hasWhole := o[total[0]]
		t1, hasT1 := o[total[1]+"1"]
		switch {
		case hasWhole:
			list["energy_"+name+"_kwh"] = whole
			if !hasT1 {
				list["energy_"+name+"_t1_kwh"] = whole // for programs that add up the tariffs
			}
		case hasT1:
			list["energy_"+name+"_kwh"] = t1 + o[total[1]+"2"]
		}
	}
	sum, any := 0.0, false
	for i, code := range []string{"1-0:31.7.0", "1-0:51.7.0", "1-0:71.7.0"} {
		current, ok := o[code]
		if !ok {
			continue
		}
		sum, any = sum+current, true
		phase := string(rune('1' + i))
		if power, ok := list["power_l"+phase+"_w"]; ok && power < 0 || !ok && list["power_w"] < 0 {
			current = -current
		}
		list["current_l"+phase+"_a"] = current
	}
	if any {
		list["current_a"] = sum
	}
	if peak, ok := o["1-0:1.6.0"]; ok {
		list["monthly_power_peak_w"] = 1000 * peak
	}
	if average, ok := o["1-0:1.4.0"]; ok {
		list["average_power_15m_w"] = 1000 * average
	}
	return list
}

// numbers are those that the library shows of the electricity meter. A number of
// the program alone is not among them.
func numbers(data map[string]any) map[string]float64 {
	list := make(map[string]float64)
	for name, v := range data {
		isOther := slices.Contains([]string{"wifi_strength", "protocol_version", "tariff"}, name)
		if n, ok := v.(float64); ok && !isOther {
			list[name] = n
		}
	}
	return list
}

// TestHomeWizard: all that the library knows of the emulated meter is what the
// telegram says, for real telegrams of several countries.
func TestHomeWizard(t *testing.T) {
	for _, name := range []string{
		"nl-50-sagemcom-de4a", "nl-50-iskra-3812", "nl-42-kaifa-0422", "nl-40-kaifa-6f4a", "be-171-fluvius-3ad7", "be-17-ha107813-3bb5",
		"lu-smarty-1bb8", "se-ellevio-80ff", "fi-lg-e360-a077", "dk-lg-e360-9b00", "at-t210dr-6744",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(telegrams + name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			telegram := string(text)
			h := newHouse(t, "homewizard")
			c := newClient(t, "homewizard.py", h.address)
			h.sends(t, telegram)
			tells(t, c)
			var got answers
			c.does(t, "all", &got)
			o := objects(telegram)
			want, shown := expected(o), numbers(got.Data)
			for name, v := range want {
				if have, ok := shown[name]; !ok || math.Abs(have-v) > 1e-9*math.Max(1, math.Abs(v)) {
					t.Errorf("%s is %v (%v), want %v", name, have, ok, v)
				}
				delete(shown, name)
			}
			for name, v := range shown {
				t.Errorf("%s is %v, which the telegram does not say", name, v)
			}
			if d := got.Device; d.ProductType != "HWE-P1" || d.ProductName != "P1 Meter" || d.APIVersion != "1.0.0" ||
				len(d.Serial) != 12 || d.FirmwareVersion == "" {
				t.Errorf("the device is %+v", d)
			}
			if got.System["cloud_enabled"] != false || got.Switched["cloud_enabled"] != false || !got.Identified ||
				got.State != "UnsupportedError" || got.V2 {
				t.Errorf("system %v, %v, identified %v, state %s, v2 %v",
					got.System, got.Switched, got.Identified, got.State, got.V2)
			}
			if got.Telegram != telegram {
				t.Errorf("the telegram is %q, want %q", got.Telegram, telegram)
			}
			identified(t, telegram, got.Data)
			external(t, telegram, got.Data)
		})
	}
}

var equipment = regexp.MustCompile(`(?m)^0-0:96\.1\.1\(([0-9A-F]+)\)`)

// identified compares what tells the meter from others.
func identified(t *testing.T, telegram string, data map[string]any) {
	t.Helper()
	if m := equipment.FindStringSubmatch(telegram); m != nil {
		want := m[1]
		if b, err := hex.DecodeString(want); err == nil && utf8.Valid(b) {
			want = string(b) // as the library shows it
		}
		if data["unique_id"] != want {
			t.Errorf("the meter is %v, want %s", data["unique_id"], want)
		}
	}
	if header, _, _ := strings.Cut(strings.TrimPrefix(telegram, "/"), "\r"); data["meter_model"] != header {
		t.Errorf("the model is %v, want %s", data["meter_model"], header)
	}
}

var gas = regexp.MustCompile(`(?m)^0-(\d):24\.2\.[13]\((\d{12})[SW]?\)\(([0-9.]+)\*m3\)`)

// external compares the M-Bus meters: every one of the telegram that has a
// reading in m3 is there with its value and time.
func external(t *testing.T, telegram string, data map[string]any) {
	t.Helper()
	devices, _ := data["external_devices"].(map[string]any)
	found := gas.FindAllStringSubmatch(telegram, -1)
	if len(devices) != len(found) {
		t.Errorf("%d external meters, want %d: %v", len(devices), len(found), devices)
	}
	for _, m := range found {
		at, err := time.Parse("060102150405", m[2])
		if err != nil {
			t.Fatal(err)
		}
		said, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		matches := 0
		for _, d := range devices {
			device, _ := d.(map[string]any)
			value, _ := device["value"].(float64)
			if device["timestamp"] == at.Format("2006-01-02 15:04:05") && device["unit"] == "m3" && value == said {
				matches++
			}
		}
		if matches == 0 {
			t.Errorf("no external meter says %s: %v", m[0], devices)
		}
	}
}

// tells waits until the emulated meter tells a power.
func tells(t *testing.T, c *client) float64 {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		var got struct {
			Power *float64
		}
		if c.does(t, "power", &got); got.Power != nil {
			return *got.Power
		}
	}
	t.Fatal("no power is told")
	return 0
}

// TestHomeWizardStale: a client that asks far more often than the meter speaks is
// told each power as it is until the next, and nothing once the meter is silent.
func TestHomeWizardStale(t *testing.T) {
	h := newHouse(t, "homewizard")
	c := newClient(t, "homewizard.py", h.address)
	var newest float64
	for n := 1; n <= 5; n++ {
		newest = float64(100 * n)
		body := fmt.Sprintf("/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.7.0(00.%d00*kW)\r\n!", n)
		h.sends(t, fmt.Sprintf("%s%04X\r\n", body, frame.Checksum([]byte(body))))
		for tells(t, c) != newest {
			if t.Failed() {
				return
			}
		}
		for range 20 {
			if got := tells(t, c); got != newest {
				t.Fatalf("told %v, want %v", got, newest)
			}
		}
	}
	for { // until the library gives up
		var got struct {
			Power *float64
			Error string
		}
		c.does(t, "power", &got)
		if got.Power == nil {
			if got.Error != "RequestError" {
				t.Errorf("the library raised %s", got.Error)
			}
			return
		}
		if *got.Power != newest {
			t.Fatalf("told %v, want %v", *got.Power, newest)
		}
	}
}
