package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestNumbered reads the numbered telegrams as the program does, and finds
// their numbers again as clients do.
func TestNumbered(t *testing.T) {
	want := []int{0, 0, 1, 2, 9, 10, 1000, 9999, 10000, 899_999_999}
	telegrams, err := numbered(simulate.New(simulate.Options{Seed: 1}), time.Now(), want...)
	if err != nil {
		t.Fatal(err)
	}
	var raw, json []int
	scanner, parser := frame.NewScanner(bytes.NewReader(bytes.Join(telegrams, nil))), new(dsmr.Parser)
	for scanner.Scan() {
		reading, err := parser.Parse(scanner.Frame().Telegram, time.Now())
		if err != nil || reading.Checksum != meter.ChecksumValid {
			t.Fatalf("a numbered telegram has checksum %v, error %v", reading.Checksum, err)
		}
		n, _ := numberIn(scanner.Frame().Telegram.Bytes, rawNumber)
		raw = append(raw, n)
		n, _ = numberIn(reading.AppendJSON(nil, time.UTC), jsonNumber)
		json = append(json, n)
	}
	if diff := cmp.Diff(want, raw); diff != "" {
		t.Errorf("numbers in telegrams: (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want, json); diff != "" {
		t.Errorf("numbers in JSON: (-want +got)\n%s", diff)
	}
}

func TestNumberIn(t *testing.T) {
	for _, test := range []struct {
		text string
		want int
		ok   bool
	}{
		{`{"totalT1Use":100000.007,"x":1}`, 7, true},
		{`{"totalT1Use":100000.12}`, 120, true},
		{`{"totalT1Use":100001}`, 1000, true},
		{`{"totalT1Use":99999.999}`, -1, false}, // another meter's
		{`{"totalT1Use":`, -base, false},
		{`{"totalT2Use":100000.007}`, 0, false},
		{``, 0, false},
	} {
		if got, ok := numberIn([]byte(test.text), jsonNumber); got != test.want || ok != test.ok {
			t.Errorf("numberIn(%s) = %d, %v; want %d, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, test := range []struct {
		sorted  []int
		percent int
		want    int
	}{
		{nil, 50, 0},
		{[]int{7}, 50, 7},
		{[]int{7}, 99, 7},
		{[]int{1, 2, 3}, 50, 2},
		{[]int{1, 2, 3, 4}, 50, 2},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred[:99], 99, 99},
	} {
		if got := quantile(test.sorted, test.percent); got != test.want {
			t.Errorf("quantile(%v, %d) = %d, want %d", test.sorted, test.percent, got, test.want)
		}
	}
}

// TestReader: what comes twice, late or without a number is not counted.
func TestReader(t *testing.T) {
	start := time.Now()
	s := &series{telegrams: make([][]byte, 4), sent: []time.Time{start, start, start, start.Add(time.Hour)}}
	r := newReader(s)
	for _, n := range []int{0, 1, 3, 3, 2, 4, 5} {
		r.got(n)
	}
	got := r.latencies()
	if len(got) != 3 || r.count() != 3 {
		t.Fatalf("%d latencies, count %d; want 3: of 1, 3 and 4", len(got), r.count())
	}
	if got[2] != 0 {
		t.Errorf("a telegram that came before its writer knew took %v, want 0", got[2])
	}
	<-r.heard
	<-r.done
	r.end() // the connection closes after that
}

// TestRun measures the real program, with so few telegrams that none can be
// lost, and looks at the table.
func TestRun(t *testing.T) {
	var table strings.Builder
	err := run(t.Context(), []string{"-only", "^burst$", "-burst", "100"}, &table, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("want a header and three rows, got\n%s", &table)
	}
	for i, stalled := range []string{"-", "json", "raw"} {
		want := []string{"burst", "1+1", stalled, "at", "once", "100", "0/0/0"}
		cells := strings.Fields(lines[i+1])
		if diff := cmp.Diff(want, cells[:len(want)]); diff != "" {
			t.Errorf("row %d: (-want +got)\n%s", i+1, diff)
		}
		for _, cell := range cells[len(want) : len(cells)-1] {
			if strings.Trim(cell, "0.") == "" {
				t.Errorf("row %d has a figure that is zero: %s", i+1, lines[i+1])
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"-for", "0s"}, {"-repeat", "0"}, {"-burst", "0"}, {"-age", "-1"}, {"household"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("run(%q) gives no error", args)
		}
	}
}

// TestSoak: a short one, with each fault once.
func TestSoak(t *testing.T) {
	var table strings.Builder
	err := run(t.Context(), []string{"-soak", "6s", "-every", "1s"}, &table, io.Discard)
	if err != nil {
		t.Fatalf("%v\n%s", err, &table)
	}
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	if len(lines) != 9 {
		t.Fatalf("want a header, six rows and two results, got\n%s", &table)
	}
	for i, row := range lines[1:7] {
		if cells := strings.Fields(row); cells[1] != fmt.Sprint(i+1) || !strings.HasPrefix(cells[3], "0/0/") {
			t.Errorf("row %d is not about as many faults, or something is lost: %s", i+1, row)
		}
	}
}
