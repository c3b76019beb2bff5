package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// Whatever the options file and the environment hold, Load returns a Config
// that validates, or an error of one line that does not show the password.
func FuzzLoad(f *testing.F) {
	f.Add(`{"source": "network", "network": {"address": "[::1]:23"}}`, "TCP_SERVER", "0")
	f.Add(`{"mqtt": {"url": "mqtts://u:p@broker", "interval": 1e1, "discovery": "on"}}`, "mqtt-url", "ws://u@h:80/mqtt?x")
	f.Add(`{"serialPort": "/dev/ttyUSB0", "outputs": {"mqtt": {"prefix": "p"}}}`, "HEALTH", "[fe80::1%eth0]:1")
	f.Add(`{"":null,"a":{"b":[1,{"c":2}]}}`, "PORT", "tcp://10.0.0.1:1")
	f.Add("\ufeff{}", "", "\x00")
	f.Fuzz(func(t *testing.T, file, variable, value string) {
		const password = "s3cr3t-w0rd"
		environ := []string{
			"SMARTMETER_" + variable + "=" + value,
			"SMARTMETER_MQTT_PASSWORD=" + password,
		}
		if strings.Contains(file+variable+value, password[:4]) {
			return // the user shows it himself
		}
		c, warnings, err := config.Load(environ, options(file).read)
		for _, w := range warnings {
			if strings.ContainsAny(w, "\n\r") || strings.Contains(w, password) {
				t.Errorf("warning %q", w)
			}
		}
		if err != nil {
			if e, ok := errors.AsType[*config.Error](err); !ok || e.Mend == "" {
				t.Errorf("%v is no *Error that says what to do", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r") || strings.Contains(err.Error(), password) {
				t.Errorf("error %q", err)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("loaded, but not valid: %v", err)
		}
		if strings.Contains(c.LogValue().String(), password) {
			t.Error("the password is in the log")
		}
	})
}
