package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

func TestText(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	two := 2
	for _, test := range []struct {
		name string
		s    status.Snapshot
		want string
	}{
		{"all is well", status.Snapshot{
			Version: "0.1.0", Started: *ago(time.Hour), Time: now,
			Line: status.Line{
				Source:   status.Source{Kind: "serial", Name: "/dev/ttyUSB0", Mode: "115200 8N1", State: status.Alive, Since: *ago(time.Minute), Last: ago(time.Second), Reconnects: 1},
				Meter:    &status.Meter{Header: "ISK5", Version: "50", Serial: "3132"},
				Counters: status.Counters{Bytes: 4321, Skipped: 21, Telegrams: 100, Rejected: [diagnosis.NumCauses]uint64{diagnosis.Checksums: 1, diagnosis.Cut: 2}, Held: 3, Interval: 1.0004},
				Verdict:  status.Verdict{Name: "good", Good: true, Text: "readings arrive", Since: *ago(59 * time.Second)},
			},
			Outputs: []status.Output{
				{Name: "json socket", Clients: &two, Sent: 200, LastSuccess: ago(time.Second)},
				{Name: "raw socket", Clients: new(int), LastSuccess: ago(time.Hour)},
				{Name: "mqtt", Sent: 90, Dropped: 10, Errors: 4, LastError: "nothing listens there"},
			},
		}, `
verdict      good: readings arrive, for 59s
source       serial /dev/ttyUSB0, 115200 8N1, alive for 1m0s, opened again once
meter        ISK5, version 50, number ...3132
telegrams    100 good, the last 1s ago, one every 1 s; 3 bad (wrong checksum 1, cut off 2)
bytes        4321, 21 of them outside telegrams
held totals  3
program      version 0.1.0, running for 1h0m0s

output       clients  sent  dropped  errors  last success  last error
json socket  2        200   0        0       1s ago        
raw socket   0        0     0        0       never         
mqtt         -        90    10       4       never         nothing listens there
`},
		{"no data", status.Snapshot{
			Version: "dev", Started: *ago(time.Minute), Time: now,
			Line: status.Line{
				Source:  status.Source{Kind: "network", Name: "10.0.0.9:23", State: status.Lost, Since: *ago(time.Minute), Cause: "connection refused"},
				Verdict: status.Verdict{Name: "refused", Problem: true, Text: "it refuses", Next: "Check it", Since: *ago(time.Minute)},
			},
		}, `
verdict    refused: it refuses, for 1m0s
next step  Check it
source     network 10.0.0.9:23, lost for 1m0s (connection refused), opened again 0 times
telegrams  0 good
bytes      0, 0 of them outside telegrams
program    version dev, running for 1m0s

output  clients  sent  dropped  errors  last success  last error
`},
		{"two meters", status.Snapshot{
			Version: "dev", Started: *ago(time.Minute), Time: now,
			Lines: []status.Line{
				{
					Slot: "p1", Source: status.Source{Kind: "serial", Name: "/dev/ttyUSB0", State: status.Alive, Since: now},
					Verdict: status.Verdict{Name: "good", Good: true, Text: "readings arrive", Since: now},
				},
				{
					Slot: "heat", Meter: &status.Meter{Standard: "DLMS, Aidon", Serial: "1519"},
					Source:  status.Source{Kind: "network", Name: "10.0.0.9:23", State: status.Opened, Since: now},
					Verdict: status.Verdict{Name: "silent", Problem: true, Text: "nothing arrives", Next: "Look", Since: now},
				},
			},
		}, `
slot       p1
verdict    good: readings arrive, for 0s
source     serial /dev/ttyUSB0, alive for 0s, opened again 0 times
telegrams  0 good
bytes      0, 0 of them outside telegrams

slot       heat
verdict    silent: nothing arrives, for 0s
next step  Look
source     network 10.0.0.9:23, open for 0s, opened again 0 times
meter      DLMS, Aidon, number ...1519
telegrams  0 good
bytes      0, 0 of them outside telegrams

program  version dev, running for 1m0s

output  clients  sent  dropped  errors  last success  last error
`},
		{"nothing is set", status.Snapshot{
			Version: "dev", Started: now, Time: now,
			Line: status.Line{
				Source:  status.Source{State: status.None},
				Verdict: status.Verdict{Name: "checksums", Text: "wrong", Share: 100, Since: now},
			},
		}, `
verdict    checksums: wrong (100 % of the telegrams), for 0s
source     none is set
telegrams  0 good
bytes      0, 0 of them outside telegrams
program    version dev, running for 0s

output  clients  sent  dropped  errors  last success  last error
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			if err := test.s.WriteText(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), got.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTextOfForeignWords: what a broker, a reader or a meter says steers no
// terminal.
func TestTextOfForeignWords(t *testing.T) {
	s := status.Snapshot{
		Line: status.Line{
			Source: status.Source{Kind: "network", State: status.Lost, Cause: "a\x1b[2Jb"}, Meter: &status.Meter{Header: "c\x1b]0;d"},
		},
		Outputs: []status.Output{{Name: "mqtt", LastError: "e\r\nf\u202e\x1bg"}},
	}
	var b strings.Builder
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.ContainsAny(got, "\x1b\r\u202e") || !strings.Contains(got, `e\r\nf\u202e\x1bg`) {
		t.Errorf("got %q", got)
	}
}
