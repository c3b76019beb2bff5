package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// TestMeters: what the options that stand alone say is of the first meter only.
func TestMeters(t *testing.T) {
	const key = "00112233445566778899AABBCCDDEEFF"
	file := options(`{"serial": {"device": "/dev/ttyUSB0"}, "checksum": "off", "energy_unit": "Wh", "decryption": {"key": "` + key + `"},
		"more_meters": [{"slot": "night", "device": "/dev/ttyUSB1", "mode": "9600 7E1"}, {"slot": "barn", "address": "h:23", "key": "` + key + `"}]}`)
	c, warnings, err := config.Load([]string{"SMARTMETER_MORE_METERS_2_SLOT=roof", "SMARTMETER_MORE_METERS_2_SOCKET=h:24",
		"SMARTMETER_MORE_METERS_1_SLOT=stable", "SMARTMETER_RAW_TCP_SERVER=127.0.0.1:0"}, file.read, "--more-meters-2-serial-mode=auto")
	if err != nil || warnings != nil {
		t.Fatalf("%v, %q", err, warnings)
	}
	own := config.Meter{Source: config.SourceAuto, Checksum: config.ChecksumAuto, Energy: config.EnergyAuto, RawSocket: "127.0.0.1:0",
		Serial: config.Serial{Mode: config.SerialAuto}, Decryption: config.Decryption{AAD: config.DefaultAAD}}
	first, night, barn, roof := own, own, own, own
	night.Path, barn.Path, roof.Path = "more_meters.0", "more_meters.1", "more_meters.2"
	first.Slot, first.Serial.Device, first.JSONSocket = "p1", "/dev/ttyUSB0", ":3010"
	first.Checksum, first.Energy, first.Decryption.Key = config.ChecksumOff, config.EnergyWh, key
	night.Slot, night.JSONSocket = "night", ":3011"
	night.Serial = config.Serial{Device: "/dev/ttyUSB1", Mode: config.Serial9600E7}
	barn.Slot, barn.Network.Address, barn.JSONSocket, barn.Decryption.Key = "stable", "h:23", ":3012", key
	roof.Slot, roof.Network.Address, roof.JSONSocket = "roof", "h:24", ":3013"
	if diff := cmp.Diff([]config.Meter{first, night, barn, roof}, c.Meters()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var shown []string
	for _, s := range c.Settings() {
		if strings.HasPrefix(s.Name, "more_meters") {
			shown = append(shown, s.Name)
		}
	}
	want := []string{"more_meters.0.slot", "more_meters.0.device", "more_meters.0.mode", "more_meters.1.slot", "more_meters.1.address", "more_meters.1.key",
		"more_meters.2.slot", "more_meters.2.mode", "more_meters.2.address"}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("settings, -want +got:\n%s", diff)
	}
}

// TestMetersOfOne: nobody with one meter sees a difference.
func TestMetersOfOne(t *testing.T) {
	for _, text := range []string{`{}`, `{"more_meters": []}`, `{"more_meters": null}`, `{"more_meters": [null, {}]}`, `{"more_meters": [{"slot": "", "device": null}]}`} {
		c, warnings, err := config.Load(nil, options(text).read)
		if err != nil || warnings != nil || len(c.Meters()) != 1 {
			t.Errorf("%s: %d meters, %v, %q", text, len(c.Meters()), err, warnings)
		}
	}
}

// TestMetersRefused: one line names what is wrong.
func TestMetersRefused(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`[{"address": "h:23"}]`, `more_meters.0.slot: give this meter a slot, a name of its own such as night`},
		{`[{"slot": "Night", "address": "h:23"}]`, `more_meters.0.slot = "Night": write small letters, digits and _ only, such as p1`},
		{`[{"slot": "p1", "address": "h:23"}]`, `more_meters.0.slot = "p1": another meter has this slot already; write another name`},
		{`[{"slot": "a", "address": "h:23"}, {"slot": "a", "address": "h:24"}]`, `more_meters.1.slot = "a": another meter has this slot already; write another name`},
		{`[{"slot": "sum", "address": "h:23"}]`, `more_meters.0.slot = "sum": write another name, because sum is what all meters say together`},
		{`[{"slot": "p1_gas", "address": "h:23"}]`, `more_meters.0.slot = "p1_gas": write a name that does not end like this: the meter p1 may have a device of that name already`},
		{`[{"slot": "p1_warm", "address": "h:23"}]`, `more_meters.0.slot = "p1_warm": write another name: the meter p1 may have a device called p1_warm_water, too`},
		{`[{"slot": "a"}]`, `more_meters.0.slot = "a": set where this meter is read: its device, or the address of its reader in the network`},
		{`[{"slot": "a", "device": "/dev/ttyUSB1", "address": "h:23"}]`, `more_meters.0.address = "h:23": this meter has a device already; leave one of the two empty`},
		{`[{"slot": "a", "device": "ttyUSB1"}]`, `more_meters.0.device = "ttyUSB1": write the whole path of the serial device, such as /dev/ttyUSB0`},
		{`[{"slot": "a", "device": "/dev/ttyUSB0"}]`, `more_meters.0.device = "/dev/ttyUSB0": the meter p1 is read there already; write another one, or remove this meter`},
		{`[{"slot": "a", "device": "/dev//ttyUSB0"}]`, `more_meters.0.device = "/dev//ttyUSB0": the meter p1 is read there already; write another one, or remove this meter`},
		{`[{"slot": "a", "address": "h:23"}, {"slot": "b", "address": "H:23"}]`, `more_meters.1.address = "H:23": the meter a is read there already; write another one, or remove this meter`},
		{`[{"slot": "a", "address": "h:23"}, {"slot": "b", "address": "tcp://H:23"}]`, `more_meters.1.address = "tcp://H:23": the meter a is read there already; write another one, or remove this meter`},
		{`[{"slot": "a", "address": "homewizard://h"}, {"slot": "b", "address": "homewizard://h:80/"}]`, `more_meters.1.address = "homewizard://h:80/***": the meter a is read there already; write another one, or remove this meter`},
		{`[{"slot": "a", "address": "mqtt:p1"}, {"slot": "b", "address": "mqtt:p1"}]`, `more_meters.1.address = "mqtt:p1": the meter a is read there already; write another one, or remove this meter`},
		{`[{"slot": "a", "address": "h"}]`, `more_meters.0.address = "h": add the port, such as h:23`},
		{`[{"slot": "a", "address": "h:23", "mode": "fast"}]`, `more_meters.0.mode = "fast": write auto, `},
		{`[{"slot": "a", "address": "h:23", "key": "geheim"}]`, `more_meters.0.key = "(hidden)": `},
		{`[{"slot": "a", "address": "h:23", "port": 1}]`, `more_meters.0.port = "1": there is no such option; remove it`},
		{`[{"slot": "a", "address": "h:23"}, "b"]`, `more_meters.1 = "b": write one group of options for each, in braces`},
		{`{"slot": "a"}`, `more_meters.slot = "a": there is no such option`},
		{`"a"`, `more_meters = "a": this is a group of options`},
		{`[{"slot": "a", "address": "h:1"}, {"slot": "b", "address": "h:2"}, {"slot": "c", "address": "h:3"}, {"slot": "d", "address": "h:4"}]`,
			`more_meters = "[...]": 4 are more than there can be; write 3 at most`},
	} {
		_, _, err := config.Load(nil, options(`{"serial": {"device": "/dev/ttyUSB0"}, "more_meters": `+tt.in+`}`).read)
		e, ok := errors.AsType[*config.Error](err)
		if !ok || !strings.HasPrefix(e.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.in, err, tt.want)
		}
	}
	for _, tt := range []struct{ variables, want string }{
		{"SMARTMETER_SLOT=sum", `SMARTMETER_SLOT = "sum": write another name, because sum is what all meters say together`},
		{"SMARTMETER_RAW_TCP_SERVER=3011", `SMARTMETER_TCP_SERVER = ":3010": the sockets of further meters are at the ports after this one, and the raw socket of p1 has this port already; write another one, or 0 for off`},
		{"SMARTMETER_TCP_SERVER=65535", `SMARTMETER_TCP_SERVER = "65535": the sockets of further meters are at the ports after this one, and there is none after 65535; write a lower one`},
	} {
		_, _, err := config.Load([]string{tt.variables, "SMARTMETER_MORE_METERS_0_SLOT=a", "SMARTMETER_MORE_METERS_0_PORT=/dev/ttyUSB1"}, options(`{}`).read)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.variables, err, tt.want)
		}
	}
}
