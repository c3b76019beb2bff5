package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// several is a world of two meters and their sum.
func several() *world {
	w := newWorld()
	w.board.Line(func(time.Time) status.Line {
		return status.Line{
			Slot: "night", Source: status.Source{Kind: "network", Name: "10.0.0.9:23", State: status.Alive},
			Verdict: status.Verdict{Name: "good", Good: true, Text: "readings arrive"},
		}
	})
	more := func(slot string) web.Meter {
		return web.Meter{Slot: slot, Updates: new(hub.Hub[*meter.Update]), Line: new(hub.Hub[meter.Status])}
	}
	night, sum := more("night"), more("sum")
	night.Telegram = func() ([]byte, bool) { return []byte("/NIGHT\r\n"), true }
	night.Capture = func() ([]byte, error) { return []byte("# of the night meter\n"), nil }
	sum.IsSum, sum.HasSolar = true, true
	w.Meters = []web.Meter{night, sum}
	return w
}

// says publishes a reading of one of the further meters.
func (w *world) says(t *testing.T, n int, lines ...string) *meter.Update {
	t.Helper()
	u := update(t, time.Now(), lines...)
	u.Slot = w.Meters[n].Slot
	w.Meters[n].Updates.Publish(u)
	return u
}

// TestSeveralMeters: what is asked of a meter is answered of that one, and what
// names none of the first.
func TestSeveralMeters(t *testing.T) {
	doc := readOpenAPI(t)
	w := several()
	s := serve(t, w, page)
	first := w.publish(t, time.Now(), "1-0:1.7.0(00.100*kW)", "1-0:1.8.0(000001.000*kWh)")
	night := w.says(t, 0, "1-0:1.7.0(00.200*kW)", "1-0:1.8.0(000002.000*kWh)")
	sum := w.says(t, 1, "1-0:1.7.0(00.300*kW)", "1-0:1.8.0(000003.000*kWh)")
	for path, want := range map[string]string{
		"/api/reading": string(first.JSON), "/api/reading?meter=p1": string(first.JSON),
		"/api/reading?meter=night": string(night.JSON), "/api/reading?meter=sum": string(sum.JSON),
		"/api/telegram?meter=night": "/NIGHT\r\n", "/api/capture?meter=night": "# of the night meter\n", "/api/capture": "# smartmeter capture 1\n",
	} {
		a := s.get(t, path)
		if a.StatusCode != http.StatusOK || a.body != want {
			t.Errorf("%s: %s %s, want %s", path, a.Status, a.body, want)
		}
		doc.answered(t, path, a)
	}
	for _, path := range []string{"/api/reading?meter=barn", "/api/telegram?meter=", "/api/history?meter=barn", "/api/events?meter=barn", "/api/capture?meter=barn", "/api/telegram?meter=sum", "/api/capture?meter=sum"} {
		a := s.get(t, path)
		if a.StatusCode != http.StatusNotFound || strings.Contains(path, "barn") && !strings.Contains(a.body, "p1, night, sum") {
			t.Errorf("%s: %s %s", path, a.Status, a.body)
		}
		doc.answered(t, path, a)
	}
	for _, path := range []string{"/api/history", "/api/history?meter=night", "/api/history?meter=sum"} {
		await(t, path, func() bool { return strings.Contains(s.get(t, path).body, `"today"`) })
	}
	w.says(t, 0, "1-0:1.8.0(000002.500*kWh)")
	await(t, "the night meter's use", func() bool {
		return strings.Contains(s.get(t, "/api/history?meter=night").body, `"import":{"value":0.5`)
	})
	if body := s.get(t, "/api/history").body; !strings.Contains(body, `"import":{"value":0,`) && !strings.Contains(body, `"import":{"value":0.000,`) {
		t.Errorf("the first meter's history: %s", body)
	}
	night = w.says(t, 0, "1-0:1.7.0(00.200*kW)")

	l := s.listen(t)
	for name, want := range map[string]*meter.Update{"reading": first, "reading/night": night, "reading/sum": sum} {
		if e := s.listen(t).next(name); e.data != string(want.JSON) {
			t.Errorf("event %s: %s", name, e.data)
		}
	}
	if e := s.listenTo(t, "/api/events?meter=night").next("reading"); e.data != string(night.JSON) {
		t.Errorf("the night meter's events: %s", e.data)
	}
	next := w.says(t, 0, "1-0:1.7.0(00.250*kW)")
	l.next("reading/night") // the latest at once
	if e := l.next("reading/night"); e.data != string(next.JSON) {
		t.Errorf("event reading/night: %s", e.data)
	}

	text := s.get(t, "/api/status")
	doc.answered(t, "/api/status", text)
	var stands status.Snapshot
	if err := json.Unmarshal([]byte(text.body), &stands); err != nil {
		t.Fatal(err)
	}
	if len(stands.Lines) != 2 || stands.Slot != "p1" || stands.Lines[1].Source.Name != "10.0.0.9:23" {
		t.Errorf("the status: %s", text.body)
	}
}

// TestMetricsOfSeveral: all of a meter has its label, samples of one family
// stand together, and what is of no meter has none.
func TestMetricsOfSeveral(t *testing.T) {
	w := several()
	s := serve(t, w, page)
	w.board.Output("mqtt").Sent(3, time.Now())
	w.publish(t, time.Now(), "1-0:1.7.0(00.100*kW)", "1-0:32.7.0(230.0*V)", "1-0:52.7.0(231.0*V)")
	w.says(t, 0, "1-0:1.7.0(00.200*kW)", "1-0:32.7.0(232.0*V)")
	w.says(t, 1, "1-0:1.7.0(00.300*kW)")
	text := s.get(t, "/metrics").body
	for _, want := range []string{
		"smartmeter_power_import_watts{meter=\"p1\"} 100\nsmartmeter_power_import_watts{meter=\"night\"} 200\n",
		"smartmeter_phase_voltage_volts{meter=\"p1\",phase=\"L1\"} 230\nsmartmeter_phase_voltage_volts{meter=\"p1\",phase=\"L2\"} 231\nsmartmeter_phase_voltage_volts{meter=\"night\",phase=\"L1\"} 232\n",
		"smartmeter_up{meter=\"p1\"} 1\nsmartmeter_up{meter=\"night\"} 1\n",
		"\nsmartmeter_build_info{version=\"1.2.3\"} 1\n", "\nsmartmeter_output_sent_total{output=\"mqtt\"} 3\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(text) {
		if name, is := strings.CutPrefix(line, "# TYPE "); is {
			if seen[name] {
				t.Errorf("twice: %s", line)
			}
			seen[name] = true
		}
	}
	if strings.Contains(text, `"sum"`) {
		t.Errorf("the sum is in\n%s", text)
	}
}
