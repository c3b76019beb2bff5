package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// Options of an older version, or half of another program's, do not stop the
// app.
func TestLoadFormerNames(t *testing.T) {
	config.Rename(t.Cleanup, "mqtt.prefix", "MQTT_PREFIX", "MQTT_TOPIC")
	config.Rename(t.Cleanup, "seconds", "", "MQTT_INTERVAL")
	config.Rename(t.Cleanup, "", "JSON_PORT", "TCP_SERVER")
	for _, tt := range []struct {
		name     string
		environ  []string
		file     string
		want     func(c *config.Config)
		warnings []string
	}{
		{
			name: "in a group that goes on to exist",
			file: `{"mqtt": {"prefix": "old"}}`,
			want: func(c *config.Config) { c.MQTT.Topic = "old" },
			warnings: []string{
				"mqtt.prefix is called mqtt.topic now; it still works, but write mqtt.topic",
			},
		},
		{
			name:     "under both names",
			file:     `{"mqtt": {"prefix": "old", "topic": "new"}}`,
			want:     func(c *config.Config) { c.MQTT.Topic = "new" },
			warnings: []string{"mqtt.prefix is called mqtt.topic now, and that is used; remove mqtt.prefix"},
		},
		{name: "emptied, as a form leaves it", file: `{"mqtt": {"prefix": ""}, "seconds": null}`, want: func(*config.Config) {}},
		{
			name:     "into a group",
			file:     `{"seconds": 30}`,
			want:     func(c *config.Config) { c.MQTT.Interval = 30 },
			warnings: []string{"seconds is called mqtt.interval now; it still works, but write mqtt.interval"},
		},
		{
			name:     "variable",
			environ:  []string{"SMARTMETER_mqtt-prefix=old", "SMARTMETER_JSON_PORT=4010"},
			want:     func(c *config.Config) { c.MQTT.Topic, c.JSONSocket = "old", ":4010" },
			warnings: []string{"the variable SMARTMETER_mqtt-prefix is called SMARTMETER_MQTT_TOPIC now; it still works, but write that", "the variable SMARTMETER_JSON_PORT is called SMARTMETER_TCP_SERVER now; it still works, but write that"},
		},
		{
			name:    "variable under both names, in another spelling",
			environ: []string{"SMARTMETER_mqtt-topic=new", "SMARTMETER_MQTT_PREFIX=old"},
			want:    func(c *config.Config) { c.MQTT.Topic = "new" },
			warnings: []string{
				"the variable SMARTMETER_MQTT_PREFIX is called SMARTMETER_MQTT_TOPIC now; it still works, but write that",
				"SMARTMETER_MQTT_PREFIX and SMARTMETER_mqtt-topic are the same variable, and SMARTMETER_mqtt-topic is used; remove one",
			},
		},
		{
			name:    "the environment wins over a former name in the file",
			environ: []string{"SMARTMETER_MQTT_TOPIC=env"},
			file:    `{"mqtt": {"prefix": "old"}}`,
			want:    func(c *config.Config) { c.MQTT.Topic = "env" },
			warnings: []string{
				"mqtt.prefix is called mqtt.topic now; it still works, but write mqtt.topic",
			},
		},
		{
			name: "names of smartmeter2mqtt in a file of ours",
			file: `{"source": "network", "socket": "reader:23", "encryption": {"key": "` + key + `", "aad": null}, "log_level": "debug"}`,
			want: func(c *config.Config) {
				c.Source, c.Network.Address, c.Decryption.Key, c.LogLevel = config.SourceNetwork, "reader:23", key, config.LogDebug
			},
			warnings: []string{
				"encryption.key is called decryption.key now; it still works, but write decryption.key",
				"socket is called network.address now; it still works, but write network.address",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults()
			tt.want(&want)
			var f files
			if tt.file != "" {
				f = options(tt.file)
			}
			got, warnings, err := config.Load(tt.environ, f.read)
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
