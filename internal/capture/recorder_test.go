package capture_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
)

func TestRecorder(t *testing.T) {
	var r capture.Recorder
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	if got := r.Capture(capture.Header{Program: "p"}); len(got.Records) != 0 || got.Program != "p" {
		t.Errorf("an empty one gives %+v", got)
	}
	r.Event(at(0), capture.Opened, "")
	r.Add(at(400), []byte("/A\r\n"))
	r.Add(at(405), []byte("0-0:96.1.1(1234567890)\r\n")) // the same read, nearly
	r.Add(at(1400), []byte("!\r\n"))
	r.Event(at(2000), capture.Lost, "no data for 15s")
	want := `# smartmeter capture 1
# made: 2026-01-02T03:04:05Z
# source: serial
0.000 = opened
0.400 < /A\r\n
0.400 < 0-0:96.1.1(1234567890)\r\n
1.400 < !\r\n
2.000 = lost: no data for 15s
`
	if diff := cmp.Diff(want, written(t, r.Capture(capture.Header{Source: "serial"}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var out strings.Builder
	if err := r.WriteRedacted(&out, capture.Header{Source: "/dev/ttyUSB0 (auto)"}, cipher.Keys{}); err != nil {
		t.Fatal(err)
	}
	want = strings.NewReplacer("serial\n", "serial (auto)\n# redacted: yes\n", "1234567890", "0000000001").Replace(want)
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("redacted: (-want +got)\n%s", diff)
	}
}

// TestRecorderForgets: it keeps the newest, whole records of them, and no more
// than it says.
func TestRecorderForgets(t *testing.T) {
	for _, test := range []struct{ size, every int }{{1, 1}, {1, 100}, {64, 3}, {900, 1000}, {5000, 7}, {300_000, 1000}} {
		var r capture.Recorder
		now := time.Now()
		var all []byte
		for i := range 600_000/test.size + 4000 {
			if i > 20 && test.size > 10_000 {
				break
			}
			p := bytes.Repeat([]byte{byte(i)}, test.size)
			all = append(all, p...)
			r.Add(now.Add(time.Duration(i*test.every)*time.Millisecond), p)
		}
		c := r.Capture(capture.Header{})
		got := c.Bytes()
		if !bytes.HasSuffix(all, got) {
			t.Errorf("%+v: what is kept is not the newest", test)
		}
		if len(got) > 192<<10 || len(got) < 3000*min(test.size, 60) {
			t.Errorf("%+v: %d bytes are kept", test, len(got))
		}
		if c.Records[0].At != 0 {
			t.Errorf("%+v: the first is at %s", test, c.Records[0].At)
		}
	}
}

// TestRecorderAllocates nothing once it has begun.
func TestRecorderAllocates(t *testing.T) {
	var r capture.Recorder
	now := time.Now()
	p := []byte(strings.Repeat("1-0:1.8.1(000000.123*kWh)\r\n", 30))
	r.Add(now, p)
	if n := testing.AllocsPerRun(2000, func() {
		now = now.Add(time.Second)
		r.Add(now, p)
	}); n > 0 {
		t.Errorf("%v allocations a telegram", n)
	}
}

// TestRecorderBesideReaders is for the race detector.
func TestRecorderBesideReaders(t *testing.T) {
	var r capture.Recorder
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 500 {
			fmt.Fprintf(&r, "%d\n", i)
		}
	}()
	for range 20 {
		if got := r.Capture(capture.Header{}).Bytes(); len(got) > 0 && !bytes.HasPrefix(got, []byte("0\n1\n")) {
			t.Errorf("got %.20q", got)
		}
	}
	<-done
}
