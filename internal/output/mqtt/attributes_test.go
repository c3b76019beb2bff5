package mqtt

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestAttributes: they are sent when they change, with every refresh, and not
// with each state.
func TestAttributes(t *testing.T) {
	attributes := func(messages []message) (list []string) {
		for _, m := range messages {
			if topic, ok := strings.CutSuffix(m.topic, "/attributes"); ok {
				if m.retain {
					t.Errorf("%s is kept by the broker", m.topic)
				}
				list = append(list, topic+" "+string(m.payload))
			}
		}
		return list
	}
	o := options()
	o.Interval = 0
	s, now := running(t, o, belgian())
	before := `smartmeter/p1/demand_peak_last_month {"history":[{"month":"2026-02","ts":"2026-02-23T19:25:38","value":3.695},` +
		`{"month":"2026-01","ts":"2026-01-05T12:21:39","value":5.98},{"month":"2025-12","ts":"2025-12-10T03:54:21","value":4.318}]}`
	if diff := cmp.Diff([]string(nil), attributes(s.update(now, later(belgian(), time.Minute, nil)))); diff != "" {
		t.Errorf("the same once more (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{before}, attributes(s.tick(s.next()))); diff != "" {
		t.Errorf("refresh (-want +got):\n%s", diff)
	}
	month := later(belgian(), 2*time.Minute, func(r *meter.Reading) {
		r.PeakHistory = append([]meter.Peak{{Month: stamp(2026, 4, 1, 0, 0, 0, 'S'), Time: stamp(2026, 3, 9, 13, 45, 0, 'W'), Demand: value("2.589"), Valid: true}}, r.PeakHistory...)
	})
	after := strings.Replace(before, `[`, `[{"month":"2026-03","ts":"2026-03-09T13:45:00","value":2.589},`, 1)
	if diff := cmp.Diff([]string{after}, attributes(s.update(now.Add(time.Minute), month))); diff != "" {
		t.Errorf("a month has ended (-want +got):\n%s", diff)
	}

	s, now = running(t, o, dutch())
	want := []string{`smartmeter/p1/power_failure_last_end {"duration":2014,"log":[{"ts":"2024-01-08T03:20:40","duration":842},` +
		`{"ts":"2025-08-01T14:02:11","duration":2014},{"ts":"2019-03-26T09:50:15","duration":60}]}`}
	if diff := cmp.Diff(want, attributes(connect(s, now))); diff != "" {
		t.Errorf("a log of failures (-want +got):\n%s", diff)
	}

	o.Discovery = false // nobody is told where they are
	s, now = running(t, o, dutch())
	if diff := cmp.Diff([]string(nil), attributes(connect(s, now))); diff != "" {
		t.Errorf("without discovery (-want +got):\n%s", diff)
	}
}
