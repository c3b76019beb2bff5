package mqtt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestCounts: readings that left, those that were lost while the broker was
// away, and why it is.
func TestCounts(t *testing.T) {
	t.Parallel()
	var board status.Board
	counter := board.Output("mqtt")
	counts := func() status.Output { return board.Snapshot(time.Now()).Outputs[0] }
	until := func(what string, is func(status.Output) bool) {
		t.Helper()
		for end := time.Now().Add(patience); !is(counts()); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("still not: %s; counts %+v", what, counts())
			}
		}
	}
	address := testkit.FreeAddr(t)
	a := run(t, func(o *mqtt.Options) { at("mqtt://" + address)(o); o.Counter = counter })
	until("a failure", func(o status.Output) bool { return o.Errors > 0 })
	if o := counts(); !strings.Contains(o.LastError, "nothing listens there") || o.LastSuccess != nil || o.Sent != 0 {
		t.Errorf("without a broker: %+v", o)
	}
	a.reading(2)
	until("a reading lost", func(o status.Output) bool { return o.Dropped == 1 })

	b := startBroker(t, address, "", nil)
	b.wait(t, whole...)
	a.reading(3)
	until("a reading sent", func(o status.Output) bool { return o.Sent == 1 })
	if o := counts(); o.LastError != "" || o.LastSuccess == nil || o.Dropped != 1 {
		t.Errorf("with a broker: %+v", o)
	}
}
