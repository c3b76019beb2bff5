package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// TestSite asks the page and the API of the whole program what their users
// ask.
func TestSite(t *testing.T) {
	meter := newLine(t)
	p := start(t, meter.variable(), "WEB_SERVER=127.0.0.1:0", "API_SERVER=127.0.0.1:0", "MQTT_URL=mqtt://anna:geheim@127.0.0.1:1")
	for _, path := range []string{"api/reading", "api/solar", "api/telegram", "api/telegram?decoded"} {
		if code, body := p.ask("api", path); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, `{"err":"`) {
			t.Errorf("%s before the first telegram: %d %s", path, code, body)
		}
	}
	lines := p.dial("json")
	waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
	conn := meter.accept()
	telegram := seed(t)
	if _, err := conn.Write([]byte(telegram)); err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSuffix(lines.line(), "\r\n")
	waitFor(t, "the reading", func() bool { code, _ := p.ask("api", "api/reading"); return code == http.StatusOK })
	for _, server := range []string{"page", "api"} {
		if code, body := p.ask(server, "api/reading"); code != http.StatusOK || body != line {
			t.Errorf("%s: reading %d %s, want that of the JSON socket: %s", server, code, body, line)
		}
		if _, body := p.ask(server, "api/telegram"); body != telegram {
			t.Errorf("%s: telegram %q, want %q", server, body, telegram)
		}
		if _, body := p.ask(server, "api/telegram?decoded&language=nl"); !strings.Contains(body, `"meaning":"afgenomen energie, tarief 1"`) {
			t.Errorf("%s: in Dutch: %s", server, body)
		}
		if _, body := p.ask(server, "api/telegram?decoded"); !strings.Contains(body, `{"obis":"1-0:1.8.1","meaning":"energy imported, tariff 1","known":true,"value":"2000.123","unit":"kWh"}`) {
			t.Errorf("%s: decoded telegram %s", server, body)
		}
		if _, body := p.ask(server, "metrics"); !strings.Contains(body, "\nsmartmeter_tariff_energy_import_joules_total{tariff=\"1\"} 7200442800\n") || !strings.Contains(body, "\nsmartmeter_up 1\n") {
			t.Errorf("%s: metrics\n%s", server, body)
		}
		if code, body := p.ask(server, "healthz"); code != http.StatusOK || body != "alive\n" {
			t.Errorf("%s: health %d %s", server, code, body)
		}
		_, body := p.ask(server, "api/status")
		var s status.Snapshot
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		names := make(map[string]bool)
		for _, o := range s.Outputs {
			names[o.Name] = true
		}
		if !names["page"] || !names["api"] || !names["mqtt"] || s.Counters.Telegrams != 1 {
			t.Errorf("%s: status %s", server, body)
		}
		if strings.Contains(body, "geheim") || strings.Contains(body, `"settings"`) != (server == "page") {
			t.Errorf("%s: status %s", server, body)
		}
	}
	_, file := p.ask("page", "api/capture")
	if c, err := capture.Read(strings.NewReader(file)); err != nil || !c.Redacted || !strings.Contains(string(c.Bytes()), "1-0:1.8.1(002000.123*kWh)") || strings.Contains(file, "453xxx") {
		t.Errorf("capture: %v\n%s", err, file)
	}
	if code, _ := p.ask("api", "api/capture"); code != http.StatusNotFound {
		t.Errorf("capture on the API's port: %d", code)
	}
	if code, body := p.ask("page", ""); code != http.StatusOK || !strings.Contains(strings.ToLower(body), "<!doctype html>") {
		t.Errorf("page: %d %.100s", code, body)
	}
	if code, _ := p.ask("api", ""); code != http.StatusNotFound {
		t.Errorf("page on the API's port: %d", code)
	}
	waitFor(t, "the history", func() bool {
		_, body := p.ask("page", "api/history")
		return strings.Contains(body, `"import":{"value":0,"unit":"kWh"}`)
	})
}
