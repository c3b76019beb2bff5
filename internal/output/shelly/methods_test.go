package shelly

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var now = time.Date(2026, 11, 28, 9, 30, 5, 250e6, time.UTC)

func newCall(v *emulate.View, params string) *call {
	c := &call{device: newDevice(emulate.MAC{0x02, 0xab, 0xcd, 0xef, 0x01, 0x23}, now.Add(-time.Hour)), view: v, now: now}
	if params != "" {
		query, err := url.ParseQuery(params)
		if err != nil {
			panic(err)
		}
		c.params = parseQuery(query)
	}
	return c
}

// TestMethods: what each method answers, as a golden file each.
func TestMethods(t *testing.T) {
	v := view(t, 0, houses[0].values)
	for name, m := range methods {
		t.Run(name, func(t *testing.T) {
			params := ""
			if m.needsID {
				params = "id=0"
			}
			c := newCall(v, params)
			result, err := c.answer(name)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			indented, failed := json.MarshalIndent(result, "", " ")
			if failed != nil {
				t.Fatal(failed)
			}
			golden(t, name+".json", string(indented)+"\n")
		})
	}
	if got := newCall(v, "").device.methods; len(got) != len(methods) || !slices.IsSorted(got) {
		t.Errorf("list of methods: %q", got)
	}
	for _, name := range newCall(v, "").device.methods { // evcc takes them for another device's
		if strings.HasPrefix(name, "EM1.") || strings.HasPrefix(name, "PM1.") || strings.HasPrefix(name, "Switch.") {
			t.Errorf("there is a method %s", name)
		}
	}
}

func TestComponents(t *testing.T) {
	v := view(t, 0, houses[0].values)
	for params, want := range map[string]string{
		"dynamic_only=true": `{"cfg_rev":1,"components":[],"offset":0,"total":0}`,
		"include=7":         `"components":[{"key":"ble"},{"key":"cloud"},{"key":"em:0"}`,
		`include=["status","config"]`: `{"config":{"enable":false,"server":null},"key":"cloud","status":{"connected":false}},` +
			`{"config":{"blink_mode_selector":"active_energy","ct_type":"120A","id":0,`,
	} {
		result, err := newCall(v, params).answer("Shelly.GetComponents")
		if got := text(t, result); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %s, %+v, want %s in it", params, got, err, want)
		}
	}
}

func TestMethodsFail(t *testing.T) {
	v := view(t, 0, values{meter.PowerNet: "1"})
	for _, test := range []struct {
		view         *emulate.View
		method, with string
		want         string
		status       int
	}{
		{v, "EM1.GetStatus", "id=0", `{"code":404,"message":"No handler for EM1.GetStatus"}`, 404},
		{v, "", "", `{"code":404,"message":"No handler for "}`, 404},
		{v, strings.Repeat("x", 4000), "", `{"code":404,"message":"No handler for ` + strings.Repeat("x", 64) + `"}`, 404},
		{v, "EM.GetStatus", "", `{"code":-103,"message":"Missing required argument 'id'!"}`, 500},
		{v, "EM.GetStatus", "id=x", `{"code":-103,"message":"Argument 'id' is not an integer!"}`, 500},
		{v, "EM.GetStatus", "id=null", `{"code":-103,"message":"Argument 'id' is not an integer!"}`, 500},
		{v, "EM.GetStatus", "id=0.5", `{"code":-103,"message":"Argument 'id' is not an integer!"}`, 500},
		{v, "EM.GetStatus", "id=5", `{"code":-105,"message":"Argument 'id', value 5 not found!"}`, 500},
		{nil, "EM.GetStatus", "id=0", `{"code":-114,"message":"There is no fresh reading of the meter"}`, 503},
		{nil, "EMData.GetStatus", "id=0", `{"code":-114,"message":"There is no fresh reading of the meter"}`, 503},
		{nil, "Shelly.GetStatus", "", `{"code":-114,"message":"There is no fresh reading of the meter"}`, 503},
	} {
		result, err := newCall(test.view, test.with).answer(test.method)
		if err == nil {
			t.Errorf("%.40s: %s, want an error", test.method, text(t, result))
			continue
		}
		if got := text(t, err); got != test.want || err.status() != test.status || result != nil {
			t.Errorf("%.40s %s: %s and %d, want %s and %d", test.method, test.with, got, err.status(), test.want, test.status)
		}
	}
	c := newCall(nil, "")
	c.isFollowing = true
	if result, err := c.answer("Shelly.GetStatus"); err != nil || !strings.Contains(text(t, result), "power_meter_failure") {
		t.Errorf("to who follows: %s, %+v", text(t, result), err)
	}
	for _, name := range []string{"Shelly.GetDeviceInfo", "Shelly.GetConfig", "Shelly.ListMethods"} {
		if _, err := newCall(nil, "").answer(name); err != nil {
			t.Errorf("%s without a reading: %+v", name, err)
		}
	}
}

// TestNotification: the power with each reading, totals that moved, and nothing
// of a meter that fell silent.
func TestNotification(t *testing.T) {
	first := view(t, 0, values{meter.PowerNet: "100", meter.EnergyImportTotal: "1"})
	next := *first
	next.Sequence++
	moved := next
	moved.Import.Value = meter.NewValue(2, 0)
	totals := *first
	totals.Import.Value = meter.NewValue(2, 0)
	raised := *first
	raised.Power = meter.NewValue(200, 0)
	for name, test := range map[string]struct {
		told, view  *emulate.View
		power, data bool
	}{
		"first":          {nil, first, true, true},
		"next":           {first, &next, true, false},
		"next, moved":    {first, &moved, true, true},
		"totals alone":   {first, &totals, false, true},
		"another offset": {first, &raised, true, false},
		"silent":         {first, nil, true, true},
	} {
		got := notification(newCall(nil, "").device, "client", test.told, test.view, now)
		params := got["params"].(object)
		_, power := params["em:0"]
		_, data := params["emdata:0"]
		if power != test.power || data != test.data || got["dst"] != "client" || text(t, params["ts"]) != "1795858205.25" {
			t.Errorf("%s: %s", name, text(t, got))
		}
	}
}
