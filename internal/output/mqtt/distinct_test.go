package mqtt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// TestDistinct: a topic a field, zeros and objects too, beside the whole
// reading.
func TestDistinct(t *testing.T) {
	const ms = "1773489600000"
	reading := []byte(`{"currentUsage":0,"totalT1Use":5000.7,"powerSn":"E0045","gas":{"ts":"2026-03-14T12:55:01","totalUse":246.138}}`)
	for _, test := range []struct {
		fields config.List
		want   []string
	}{
		{"currentUsage,powerSn,absent", []string{
			`smartmeter/status/currentUsage {"ts":` + ms + `,"val":0}`,
			`smartmeter/status/powerSn {"ts":` + ms + `,"val":"E0045"}`,
		}},
		{"gas_totalUse,gas_absent,powerSn_x,water_ts,gas", []string{
			`smartmeter/status/gas_totalUse {"ts":` + ms + `,"val":246.138}`,
			`smartmeter/status/gas {"ts":` + ms + `,"val":{"ts":"2026-03-14T12:55:01","totalUse":246.138}}`,
		}},
		{"*", []string{
			`smartmeter/status/currentUsage {"ts":` + ms + `,"val":0}`,
			`smartmeter/status/gas {"ts":` + ms + `,"val":{"ts":"2026-03-14T12:55:01","totalUse":246.138}}`,
			`smartmeter/status/powerSn {"ts":` + ms + `,"val":"E0045"}`,
			`smartmeter/status/totalT1Use {"ts":` + ms + `,"val":5000.7}`,
		}},
	} {
		o := options()
		o.Distinct, o.DistinctFields = true, test.fields
		s, now := running(t, o, dutch())
		u := dutch()
		u.JSON = reading
		energy, got := false, []string{}
		for _, m := range s.update(now, u) {
			energy = energy || m.topic == "smartmeter/status/energy"
			if strings.Contains(string(m.payload), `"val":`) {
				got = append(got, m.topic+" "+string(m.payload))
				if !m.retain {
					t.Errorf("%s is not retained", m.topic)
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" || !energy {
			t.Errorf("%s: the whole reading is there: %v; -want +got:\n%s", test.fields, energy, diff)
		}
	}
}

func TestNotDistinct(t *testing.T) {
	s, now := running(t, options(), dutch())
	u := dutch()
	u.JSON = []byte(`{"currentUsage":0}`)
	for _, m := range s.update(now, u) {
		if m.topic == "smartmeter/status/currentUsage" {
			t.Error("published without the option")
		}
	}
}
