package config_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// wrongs are, by option of the app's form, values that cannot work and that the
// Supervisor lets through: it knows types, ranges and patterns only.
var wrongs = map[string][]string{
	"source":                {"serial", "network"}, // without what they need
	"network.address":       {"192.168.1.20", "reader", ":23", "reader:", "reader:0", "reader:70000", "http://reader:80", "tcp://reader", "mqtt://reader/p1", "mqtt:p1/+", "a b:23", "fd00::20:23"},
	"decryption.key":        {"0011", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("x", 32)},
	"decryption.aad":        {"30", strings.Repeat("0", 33), strings.Repeat("x", 34)},
	"mqtt.url":              {"192.168.1.10", "broker:1883", "http://broker", "mqtt://", "mqtt://broker:0", "mqtt://broker:70000", "mqtt://my broker"},
	"mqtt.ca_file":          {"ca.crt", "/ssl/absent.crt"},
	"mqtt.cert_file":        {"client.crt", "/ssl/client.crt"}, // without a key
	"mqtt.key_file":         {"client.key", "/ssl/client.key"}, // without a certificate
	"mqtt.topic":            {"/", "/meter", "meter/", "$SYS/meter", strings.Repeat("m", 256)},
	"mqtt.discovery_prefix": {"/", "homeassistant/"},
	"mqtt.birth_topic":      {"/", "/homeassistant/status"},
	"solar.address":         {"http://inverter", "inverter:0", "inverter:70000", "a b"},
	"influxdb.url":          {"192.168.1.10:8086", "udp://db", "http://", "http://db:0", "http://my db", "http://db:8086"}, // the last without the other three
	"influxdb.token":        {"alone"},
	"influxdb.org":          {"alone"},
	"influxdb.bucket":       {"alone"},
	"post.url":              {"192.168.1.10/hook", "ftp://h", "http://", "http://h:0"},
	"post.fields":           {",", "power ts", "a;b"},
	"post.ca_file":          {"ca.crt", "/ssl/absent.crt"},
	"mqtt.distinct_fields":  {",", "power ts"},
	"api_hosts":             {"http://h", "meter.example.org:8080", "a b"},
	"slot":                  nil, // the pattern is ours
	"emulate.0.meter":       {"p2", "sum", "p1_gas"},
	"emulate.0.port":        {"70000", "http", "a b:80"},
	"more_meters.0.slot":    {"p1", "p1_gas", "p1_warm", "sum", "alone"},
	"more_meters.0.address": {"192.168.1.20", "telnet://192.168.1.20:23", "homewizard://", "192.168.1.20:0"},
	"more_meters.0.key":     {"0011", "secret"},
	"more_meters.0.aad":     {"30", strings.Repeat("x", 34)},
}

// anything are the options where every text may be right.
var anything = map[string]bool{"mqtt.username": true, "mqtt.password": true}

func TestAppWrongOptions(t *testing.T) {
	elements, _ := schemaOf(t, readApp(t))
	for path, element := range elements {
		kind, _, _ := strings.Cut(strings.TrimSuffix(element, "?"), "(")
		values, known := wrongs[path]
		if !known && !anything[path] && (kind == "str" || kind == "match" || kind == "password") {
			t.Errorf("%s: what can be wrong with it? Add values to this test", path)
		}
		for _, value := range values {
			if !passes(t, element, value) {
				t.Errorf("%s: the Supervisor refuses %v itself", path, value)
			}
			var set any = value
			names := strings.Split(path, ".")
			for i := len(names) - 1; i >= 0; i-- {
				if names[i] == "0" {
					set = []any{set}
					continue
				}
				set = map[string]any{names[i]: set}
			}
			text, err := json.Marshal(set)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = config.Load([]string{"SUPERVISOR_TOKEN=x"}, options(string(text)).read)
			wrong, ok := errors.AsType[*config.Error](err)
			if !ok || wrong.Option != path || wrong.Mend == "" || strings.Contains(wrong.Error(), "\n") {
				t.Errorf("%s: got %v, want one line that names the option and the mend", text, err)
			}
		}
	}
	for path := range wrongs {
		if elements[path] == "" {
			t.Errorf("%s is not in the form", path)
		}
	}
}

// passes tells whether a text is of an element of the schema.
func passes(t *testing.T, element, value string) bool {
	t.Helper()
	kind, rest, _ := strings.Cut(strings.TrimSuffix(element, "?"), "(")
	rest = strings.TrimSuffix(rest, ")")
	switch kind {
	case "match": // from the start, not to the end
		found := regexp.MustCompile(rest).FindStringIndex(value)
		return found != nil && found[0] == 0
	case "list":
		return slices.Contains(strings.Split(rest, "|"), value)
	}
	return kind == "str" || kind == "password"
}
