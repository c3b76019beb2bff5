package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestBoard: the whole program counts in one place.
func TestBoard(t *testing.T) {
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	p := start(t, meter.variable(), b.variable())
	lines, raw := p.dial("json"), p.dial("raw")
	waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
	b.wait("smartmeter/connected", "1") // a reading before that would be dropped
	conn := meter.accept()
	good, noise := numbered(1), "noise\r\n"
	bad := string(simulate.FlipBit([]byte(numbered(2)), 8*40))
	for _, text := range []string{good, noise, bad, good[:30] + "\r\n", good, good} {
		write(t, conn, text)
	}
	for range 3 {
		lines.line()
	}
	bytes := 3*len(good) + len(noise) + len(bad) + 32
	raw.bytes(len(good)) // the first; how the rest is cut into chunks is the network's business
	b.wait("smartmeter/connected", "2")

	var got status.Snapshot
	waitFor(t, "three readings at the broker", func() bool {
		got = p.status()
		return got.Outputs[2].Sent == 3 && got.Counters.Bytes == uint64(bytes)
	})
	if got.Outputs[1].Sent == 0 {
		t.Error("the raw socket has sent nothing")
	}
	conn.Close()
	waitFor(t, "the loss", func() bool { return p.status().Source.State == status.Lost })
	if cause := p.status().Source.Cause; !strings.Contains(cause, "EOF") {
		t.Errorf("the cause of the loss is %q", cause)
	}
	meter.accept()
	waitFor(t, "the reconnection", func() bool { s := p.status().Source; return s.State == status.Opened && s.Reconnects == 1 })

	if age := time.Since(*got.Source.Last); age < 0 || age > deadline {
		t.Errorf("the last reading was %v ago", age)
	}
	one := 1
	want := status.Snapshot{
		Version: "dev",
		Line: status.Line{
			Slot:     "p1",
			Source:   status.Source{Kind: "network", Name: strings.TrimPrefix(meter.variable(), "SOCKET="), State: status.Alive},
			Meter:    &status.Meter{Header: "KFM5TEST", Standard: "DSMR 4.2", Version: "42", Tariffs: []string{"low", "normal"}},
			Counters: status.Counters{Bytes: uint64(bytes), Telegrams: 3, Rejected: [diagnosis.NumCauses]uint64{diagnosis.Checksums: 1, diagnosis.Cut: 1}, Skipped: got.Counters.Skipped},
			Verdict:  status.Verdict{Name: "good", Good: true, Text: "readings arrive"},
		},
		Outputs: []status.Output{{Name: "json socket", Clients: &one, Sent: 3}, {Name: "raw socket", Clients: &one}, {Name: "mqtt", Sent: 3}},
	}
	if got.Goroutines == 0 {
		t.Error("no goroutines are counted")
	}
	ignore := cmp.Options{cmpopts.IgnoreFields(status.Snapshot{}, "Goroutines"), cmpopts.IgnoreTypes(time.Time{}, new(time.Time)), cmpopts.IgnoreFields(status.Counters{}, "Interval"),
		cmp.FilterPath(func(p cmp.Path) bool { return p.GoString() == "{status.Snapshot}.Outputs[1].Sent" }, cmp.Ignore())}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Counters.Skipped < 5 {
		t.Errorf("%d bytes skipped, want those of the noise at least: 5", got.Counters.Skipped)
	}
}
