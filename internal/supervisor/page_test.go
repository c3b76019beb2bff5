package supervisor_test

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/supervisor"
)

func TestPage(t *testing.T) {
	for _, test := range []struct{ token, hostname, want string }{
		{"secret", "a0d7b954-smartmeter", "homeassistant://app/a0d7b954_smartmeter"},
		{"secret", "local-smartmeter", "homeassistant://app/local_smartmeter"},
		{"", "a0d7b954-smartmeter", ""},
		{"secret", "", ""},
		{"secret", "raspberrypi", ""},
		{"secret", "A0D7B954-smartmeter", ""},
		{"secret", "a0d7b954-smart/../meter", ""},
	} {
		env := map[string]string{"SUPERVISOR_TOKEN": test.token, "HOSTNAME": test.hostname}
		if got := supervisor.Page(func(name string) string { return env[name] }); got != test.want {
			t.Errorf("token %q, host name %q: got %q, want %q", test.token, test.hostname, got, test.want)
		}
	}
}
