package simulate_test

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// The Belgian demand climbs over a quarter of an hour to its average; the
// highest of the month stays with the time of the quarter's end.
func TestDemand(t *testing.T) {
	start := time.Date(2026, time.February, 1, 3, 0, 0, 0, time.UTC) // 04:00, the peaks are low yet
	m := simulate.New(simulate.Options{Standard: simulate.EMUCS17, Seed: 3, Start: start})
	var joules, last, peak int64
	peakTime := ""
	first := objects(m.Telegram(start))
	if got := first["1-0:1.4.0"]; got != "00.000*kW" {
		t.Errorf("demand at the start of a quarter is %s", got)
	}
	for i := range 6 * 3600 {
		telegram := m.Telegram(start.Add(time.Duration(i+1) * time.Second))
		o := objects(telegram)
		joules += int64(math.Round(amount(t, o["1-0:1.7.0"])))
		got := int64(math.Round(amount(t, o["1-0:1.4.0"])))
		if (i+1)%900 == 0 {
			if average := (joules + 450) / 900; average > peak {
				peak = average
				peakTime = start.Add(time.Duration(i+1)*time.Second).Add(time.Hour).Format("060102150405") + "W"
			}
			joules, last = 0, 0
		}
		if want := joules / 900; got != want {
			t.Fatalf("second %d: demand %d W, want %d W", i, got, want)
		}
		if got < last {
			t.Fatalf("second %d: demand fell from %d W to %d W", i, last, got)
		}
		last = got
		if strings.Contains(string(telegram), "1-0:1.6.0("+peakTime+")") {
			if printed := peakOf(t, telegram); printed != peak {
				t.Fatalf("second %d: peak %d W, want %d W", i, printed, peak)
			}
		}
	}
	// The month is four hours old: what came before is part of its peak.
	telegram := m.Telegram(start.Add(6 * time.Hour))
	if got := peakOf(t, telegram); peak == 0 || got < peak {
		t.Errorf("peak of the month is %d W, a quarter had %d W", got, peak)
	}
}

var peakLine = regexp.MustCompile(`1-0:1\.6\.0\((\d{12}[SW])\)\((\d{2}\.\d{3}\*kW)\)\r\n`)

func peakOf(t *testing.T, telegram []byte) int64 {
	t.Helper()
	found := peakLine.FindSubmatch(telegram)
	if found == nil {
		t.Fatalf("no peak in\n%s", telegram)
	}
	return int64(math.Round(amount(t, string(found[2]))))
}

// When a month ends, its peak goes into the history, the oldest of thirteen
// goes, and the new month has none.
func TestMonthEnds(t *testing.T) {
	newYear := time.Date(2025, time.December, 31, 23, 0, 0, 0, time.UTC)
	m := simulate.New(simulate.Options{Standard: simulate.EMUCS17, Seed: 8, Start: newYear.Add(-2 * time.Hour)})
	before := m.Telegram(newYear.Add(-time.Second))
	after := m.Telegram(newYear)
	peak := peakLine.FindSubmatch(before)
	want := "(260101000000W)(" + string(peak[1]) + ")(" + string(peak[2]) + ")\r\n"
	old, now := history(t, before), history(t, after)
	if len(old) != 13 || len(now) != 13 {
		t.Fatalf("histories of %d and %d months, want 13", len(old), len(now))
	}
	if got := now[12] + "\r\n"; got != want {
		t.Errorf("new month in the history is %s, want %s", got, want)
	}
	for i := range 12 {
		if old[i+1] != now[i] {
			t.Errorf("month %d of the history changed from %s to %s", i, old[i+1], now[i])
		}
	}
	if got := peakLine.FindString(string(after)); got != "1-0:1.6.0(260101000000W)(00.000*kW)\r\n" {
		t.Errorf("the new month begins with %s", got)
	}
	if first := now[0][:15]; first != "(250101000000W)" {
		t.Errorf("oldest month ended %s", first)
	}
}

func history(t *testing.T, telegram []byte) []string {
	t.Helper()
	line := regexp.MustCompile(`0-0:98\.1\.0\(13\)\(1-0:1\.6\.0\)\(1-0:1\.6\.0\)(.*)\r\n`).FindSubmatch(telegram)
	if line == nil {
		t.Fatalf("no history of thirteen months in\n%s", telegram)
	}
	return regexp.MustCompile(`\(\d{12}[SW]\)\(\d{12}[SW]\)\(\d\d\.\d{3}\*kW\)`).FindAllString(string(line[1]), -1)
}

// A Hungarian meter keeps its registers of the month's end.
func TestHungarianMonth(t *testing.T) {
	august := time.Date(2026, time.July, 31, 22, 0, 0, 0, time.UTC)
	m := simulate.New(simulate.Options{Standard: simulate.Hungary, Start: august.Add(-time.Hour)})
	telegram := string(m.Telegram(august))
	o := objects([]byte(telegram))
	want := "0-0:98.1.0(260801000000S)(" + strings.Join([]string{
		o["1-0:1.8.0"], o["1-0:1.8.1"], o["1-0:1.8.2"], o["1-0:2.8.0"], o["1-0:2.8.1"], o["1-0:2.8.2"],
		o["1-0:3.8.0"], o["1-0:4.8.0"], o["1-0:5.8.0"], o["1-0:6.8.0"], o["1-0:7.8.0"], o["1-0:8.8.0"], o["1-0:15.8.0"],
	}, ")(") + ")"
	if !strings.Contains(telegram, want) {
		t.Errorf("%s is not in\n%q", want, telegram)
	}
}
