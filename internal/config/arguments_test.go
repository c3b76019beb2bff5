package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// Arguments have the names of the variables, and win over them.
func TestLoadArguments(t *testing.T) {
	config.Rename(t.Cleanup, "", "JSON_PORT", "TCP_SERVER")
	for _, tt := range []struct {
		args     string
		environ  []string
		files    files
		want     func(c *config.Config)
		warnings []string
	}{
		{args: "", want: func(*config.Config) {}},
		{
			// From the README of smartmeter2mqtt.
			args: "--socket 192.168.0.11:3010 --tcp-server 3010 --mqtt-url mqtt://u:p@192.168.0.12:1883 --mqtt-topic=smart --web-server 8080 --debug",
			want: func(c *config.Config) {
				c.Network.Address, c.JSONSocket, c.WebServer, c.MQTT.Topic = "192.168.0.11:3010", ":3010", ":8080", "smart"
				c.MQTT.URL, c.MQTT.Username, c.MQTT.Password = "mqtt://192.168.0.12:1883", "u", "p"
				c.Debug, c.LogLevel = true, config.LogDebug
			},
		},
		{
			args: "--mqtt-distinct true --no-mqtt-discovery --post-json=yes --rawTcpServer=0 -enc-key=" + key,
			want: func(c *config.Config) {
				c.MQTT.Distinct, c.MQTT.Discovery, c.Post.JSON, c.RawSocket, c.Decryption.Key = true, false, true, "", key
			},
		},
		{
			args:    "--tcp-server=1 --slot=arg --log-level=",
			environ: []string{"SMARTMETER_TCP_SERVER=2", "SMARTMETER_SLOT=env", "SMARTMETER_LOG_LEVEL=error"},
			want:    func(c *config.Config) { c.JSONSocket, c.Slot, c.LogLevel = ":1", "arg", config.LogError },
		},
		{
			args:  "--options /etc/meter.json",
			files: files{"/etc/meter.json": `{"slot": "etc"}`},
			want:  func(c *config.Config) { c.Slot = "etc" },
		},
		{
			args: "--mqtt-last-reset --tcp-server-mqtt 4030 --json-port 4010",
			want: func(c *config.Config) { c.JSONSocket = ":4010" },
			warnings: []string{
				"the argument --mqtt-last-reset has no option in this program; remove it",
				"the argument --tcp-server-mqtt has no option in this program; remove it",
				"the argument --json-port is called --tcp-server now; it still works, but write that",
			},
		},
	} {
		t.Run(tt.args, func(t *testing.T) {
			want := defaults()
			tt.want(&want)
			got, warnings, err := config.Load(tt.environ, tt.files.read, strings.Fields(tt.args)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadRefusesArguments(t *testing.T) {
	for args, want := range map[string]string{
		"--sockt h:1":               `--sockt: there is no such argument; did you mean --socket?`,
		"--entirely-else":           `--entirely-else: there is no such argument`,
		"--socket":                  `--socket: write its value: --socket=VALUE`,
		"--socket --debug":          `--socket: write its value: --socket=VALUE`,
		"--mqtt-password my geheim": `--mqtt-password: one value was expected; put quotes around a value that has spaces`,
		"--debug=maybe":             `--debug = "maybe": write true or false`,
		"--mqtt-url=h":              `--mqtt-url = "h": write mqtt://h:1883`,
		"--enc-key=geheim":          `--enc-key = "(hidden)": 'g' is not a hex digit (0-9, A-F): copy the digits again, without anything around them`,
		"--options=/nowhere.json":   `--options = "/nowhere.json": there is no such file; name an options file that exists, or none`,
		"--no-socket=h:1":           `--no-socket: there is no such argument; did you mean --socket?`,
	} {
		_, _, err := config.Load(nil, files{}.read, strings.Fields(args)...)
		e, ok := errors.AsType[*config.Error](err)
		if !ok {
			t.Errorf("%s: got %v, want an *Error", args, err)
			continue
		}
		if got := e.Error(); got != want {
			t.Errorf("%s\n got %s\nwant %s", args, got, want)
		}
	}
}
