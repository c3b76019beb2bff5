package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// wizard is a HomeWizard with a new telegram in each answer.
func wizard(t *testing.T, status int) string {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, dutch(int(n.Add(1))))
	}))
	t.Cleanup(server.Close)
	return "homewizard://" + server.Listener.Addr().String()
}

// TestCheckWays: a URL is checked as host:port is, and a wrong one is told at
// once.
func TestCheckWays(t *testing.T) {
	device := wizard(t, http.StatusOK)
	for _, test := range []struct {
		address string
		environ []string
		code    int
		want    []string
	}{
		{device, nil, exitGood, []string{"Listening to " + device, "3 good telegrams, 0 bad", "SMARTMETER_SOCKET=" + device, "Verdict: readings arrive"}},
		{wizard(t, http.StatusForbidden), nil, exitBad, []string{"403 Forbidden", "Verdict: the HomeWizard's local API is switched off.", "Next: Turn it on in the HomeWizard app"}},
		{"mqtt:p1/telegram", []string{"SMARTMETER_MQTT_URL=mqtt://" + testkit.FreeAddr(t)}, exitBad, []string{"Verdict: the MQTT broker that has the telegrams cannot be reached"}},
		{"mqtt:p1/telegram", nil, exitCall, []string{"-network mqtt:p1/telegram: a topic needs an MQTT broker; set mqtt.url"}},
		{"telnet://h:23", nil, exitCall, []string{`-network telnet://h:23: "telnet://" does not lead to a meter; write host:port`}},
		{"homewizard://u:geheim@h", nil, exitCall, []string{"-network homewizard://h/***: write no more than the host"}},
	} {
		code, out, stderr := call(t, "", append(test.environ, nowhere...), "check", "-for", "10s", "-network", test.address)
		if code != test.code {
			t.Errorf("%s: exit %d, want %d", test.address, code, test.code)
		}
		for _, want := range test.want {
			if !strings.Contains(out+stderr, want) {
				t.Errorf("%s: no %q in\n%s%s", test.address, want, out, stderr)
			}
		}
		if strings.Contains(out+stderr, "geheim") {
			t.Errorf("%s: the password is shown", test.address)
		}
	}
}

// TestCaptureWays: a capture of a HomeWizard says so, without its address.
func TestCaptureWays(t *testing.T) {
	device := wizard(t, http.StatusOK)
	code, out, stderr := call(t, "", nowhere, "capture", "-redact", "-for", "1500ms", "-network", device)
	if code != exitGood || !strings.Contains(out, "homewizard") || strings.Contains(out, "127.0.0.1") || !strings.Contains(stderr, "2 good") {
		t.Errorf("exit %d\n%s%s", code, stderr, out)
	}
}
