package config_test

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// TestNetworkURL: whatever the user writes, the rest of the program gets a
// scheme, and a port where there is a host.
func TestNetworkURL(t *testing.T) {
	for address, want := range map[string]string{
		"192.168.1.20:23":                "tcp://192.168.1.20:23",
		"[fd00::20]:23":                  "tcp://[fd00::20]:23",
		"mqtt:1883":                      "tcp://mqtt:1883", // a host of that name, as ever
		"TCP://p1.lan:2001":              "tcp://p1.lan:2001",
		"tcp://p1.lan:2001/":             "tcp://p1.lan:2001",
		"homewizard://192.168.1.20":      "homewizard://192.168.1.20:80",
		"HomeWizard://[fd00::20]/":       "homewizard://[fd00::20]:80",
		"homewizard://192.168.1.20:8080": "homewizard://192.168.1.20:8080",
		"ws://me:a%40b@h/p?q=1":          "ws://me:a%40b@h:80/p?q=1",
		"wss://h":                        "wss://h:443",
		"mqtt:p1/telegram":               "mqtt:p1/telegram",
		"MQTT:/P1/a b%41?":               "mqtt:/P1/a b%41?",
	} {
		u, err := config.Network{Address: address}.URL()
		if err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v, want %s", address, u, err, want)
		}
	}
	if u, err := (config.Network{Address: "ws://u:geheim@"}).URL(); err == nil {
		t.Errorf("an address without a host is %s", u)
	}
}
