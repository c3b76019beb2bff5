package shelly

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestParse(t *testing.T) {
	for frame, want := range map[string]string{
		`{"id":1,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`: "",
		`{"id":"abc","method":"EM.GetStatus"}`:                            "",
		`{"method":"EM.GetStatus"}`:                                       "",
		`{"id":null,"src":7,"method":"x","params":null}`:                  "",
		``:                                  "no JSON-RPC",
		`hello`:                             "no JSON-RPC",
		`7`:                                 "no JSON-RPC",
		`[]`:                                "no JSON-RPC",
		`{"id":1`:                           "no JSON-RPC",
		`{}`:                                "no method",
		`{"id":1}`:                          "no method",
		`{"method":7}`:                      "no JSON-RPC",
		`{"id":1,"method":"x","params":[]}`: "no JSON-RPC",
		`{"id":{},"method":"x"}`:            "id is no number",
		`{"id":[1],"method":"x"}`:           "id is no number",
		`{"id":true,"method":"x"}`:          "id is no number",
		`{"id":"` + strings.Repeat("x", mostID) + `","method":"x"}`:        "id is no number",
		`{"id":1,"method":"` + strings.Repeat("x", mostBody) + `"}`:        "longer than 8192 bytes",
		strings.Repeat(`{"params":`, 700) + "0" + strings.Repeat("}", 700): "no method",
	} {
		got := ""
		if _, err := parse([]byte(frame)); err != nil {
			got = err.Error()
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%.60s: %q, want %q", frame, got, want)
		}
	}
}

func TestParseDatagram(t *testing.T) {
	const good = `{"id":1,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`
	for packet, want := range map[string]bool{
		good:                                    true,
		" \r\n" + good + "\n":                   true,
		strings.Replace(good, "EM.", "EM1.", 1): true,
		strings.Replace(good, `"id":1,`, `"id":"x",`, 1):             true,
		strings.Replace(good, `"id":1,`, "", 1):                      false, // who wants no answer
		strings.Replace(good, "{\"id\":0}", `{"id":"0"}`, 1):         false,
		strings.Replace(good, "{\"id\":0}", `{"id":1}`, 1):           false,
		strings.Replace(good, "{\"id\":0}", `{}`, 1):                 false,
		strings.Replace(good, "EM.GetStatus", "Shelly.GetStatus", 1): false,
		strings.Replace(good, "EM.GetStatus", "Shelly.Reboot", 1):    false,
		good + good:                              false,
		"":                                       false,
		"hame":                                   false,
		"\x00\x01":                               false,
		good + strings.Repeat(" ", mostDatagram): false,
	} {
		if _, got := parseDatagram([]byte(packet)); got != want {
			t.Errorf("%.90q: %v, want %v", packet, got, want)
		}
	}
}

// FuzzDatagram: whatever comes is answered in valid JSON with the request's id
// and no more than a few hundred bytes, or not at all.
func FuzzDatagram(f *testing.F) {
	for _, packet := range []string{
		`{"id":1,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`, `{"id":"\u0000é","method":"EM1.GetStatus","params":{"id":0}}`, `{"id":1e99}`, ``, `{`,
	} {
		f.Add([]byte(packet))
	}
	d := newDevice(emulate.MAC{2}, time.Time{})
	v := &emulate.View{Reading: new(meter.Reading), Power: meter.NewValue(-1234, 0)}
	f.Fuzz(func(t *testing.T, packet []byte) {
		r, ok := parseDatagram(packet)
		if !ok {
			return
		}
		answer := appendDatagram(nil, d, &r, v)
		var got struct {
			ID     any
			Result map[string]float64
		}
		if err := json.Unmarshal(answer, &got); err != nil || got.ID == nil || len(got.Result) == 0 || len(answer) > 400 {
			t.Errorf("%q is answered by %q: %v", packet, answer, err)
		}
	})
}

// FuzzFrame: whatever comes over HTTP or a web socket is refused, or answered in
// valid JSON.
func FuzzFrame(f *testing.F) {
	for name := range methods {
		f.Add([]byte(`{"id":1,"src":"x","method":"` + name + `","params":{"id":0,"include":["status"]}}`))
	}
	v := &emulate.View{Reading: new(meter.Reading), Power: meter.NewValue(-1234, 0)}
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, err := parse(frame)
		if err != nil {
			return
		}
		c := newCall(v, "")
		c.params = r.Params
		answer := response{ID: r.ID, Source: c.device.id(), Destination: r.source()}
		answer.Result, answer.Error = c.answer(r.Method)
		text, err := json.Marshal(answer)
		if err != nil || !json.Valid(text) || (answer.Result == nil) == (answer.Error == nil) {
			t.Errorf("%q is answered by %q: %v", frame, text, err)
		}
	})
}
