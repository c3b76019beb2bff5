package meter_test

import (
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestTimestamp(t *testing.T) {
	at := func(hour, minute int, flag byte, month, day int) meter.Timestamp {
		stamp, ok := meter.NewTimestamp(2026, month, day, hour, minute, 0, flag)
		if !ok {
			t.Fatalf("%d-%d %d:%d does not exist", month, day, hour, minute)
		}
		return stamp
	}
	utc := func(text string) time.Time {
		u, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, test := range []struct {
		name, zone string
		stamp      meter.Timestamp
		received   time.Time
		want       string
	}{
		{"summer", "Europe/Amsterdam", at(12, 0, 'S', 7, 1), time.Time{}, "2026-07-01T12:00:00+02:00"},
		{"winter", "Europe/Amsterdam", at(12, 0, 'W', 1, 1), time.Time{}, "2026-01-01T12:00:00+01:00"},
		{"Swedish meters send W all year", "Europe/Stockholm", at(12, 0, 'W', 7, 1), time.Time{}, "2026-07-01T12:00:00+01:00"},
		{"an hour east", "Europe/Helsinki", at(12, 0, 'S', 7, 1), time.Time{}, "2026-07-01T12:00:00+03:00"},
		{"Ireland, where winter is the exception", "Europe/Dublin", at(12, 0, 'W', 1, 1), time.Time{}, "2026-01-01T12:00:00Z"},
		{"a zone without summer time", "UTC", at(12, 0, 'S', 7, 1), time.Time{}, "2026-07-01T12:00:00+01:00"},
		{"doubled hour, first", "Europe/Amsterdam", at(2, 30, 'S', 10, 25), time.Time{}, "2026-10-25T02:30:00+02:00"},
		{"doubled hour, second", "Europe/Amsterdam", at(2, 30, 'W', 10, 25), time.Time{}, "2026-10-25T02:30:00+01:00"},
		{"no flag, summer", "Europe/Amsterdam", at(12, 0, 0, 7, 1), time.Time{}, "2026-07-01T12:00:00+02:00"},
		{"no flag, winter", "Europe/Amsterdam", at(12, 0, 'T', 1, 1), time.Time{}, "2026-01-01T12:00:00+01:00"},
		{"no flag, doubled hour, received in the first", "Europe/Amsterdam", at(2, 30, 0, 10, 25), utc("2026-10-25T00:30:01Z"), "2026-10-25T02:30:00+02:00"},
		{"no flag, doubled hour, received in the second", "Europe/Amsterdam", at(2, 30, 0, 10, 25), utc("2026-10-25T01:30:01Z"), "2026-10-25T02:30:00+01:00"},
		{"no flag, the hour that does not exist", "Europe/Amsterdam", at(2, 30, 0, 3, 29), time.Time{}, "2026-03-29T02:30:00+01:00"},
	} {
		if got := test.stamp.Time(zone(t, test.zone), test.received).Format(time.RFC3339); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	if got := (meter.Timestamp{}).Time(time.UTC, time.Now()); !got.IsZero() {
		t.Errorf("no time: got %s", got)
	}
}

func TestTimestampOrder(t *testing.T) {
	first, _ := meter.NewTimestamp(2026, 10, 25, 2, 59, 0, 'S')
	second, _ := meter.NewTimestamp(2026, 10, 25, 2, 1, 0, 'W')
	unknown, _ := meter.NewTimestamp(2026, 10, 25, 2, 30, 0, 0)
	for _, test := range []struct {
		name string
		a, b meter.Timestamp
		want int
	}{
		{"across the doubled hour", first, second, -1},
		{"wall clock without flag", unknown, second, 1},
		{"itself", first, first, 0},
		{"none is before any", meter.Timestamp{}, first, -1},
		{"none and none", meter.Timestamp{}, meter.Timestamp{}, 0},
	} {
		if got := test.a.Compare(test.b); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
		if got := test.b.Compare(test.a); got != -test.want {
			t.Errorf("%s, turned round: got %d, want %d", test.name, got, -test.want)
		}
	}
}

// TestEveryDay compares our calendar with the standard library's.
func TestEveryDay(t *testing.T) {
	for day := time.Date(1999, 12, 31, 23, 59, 58, 0, time.UTC); day.Year() < 2100; day = day.AddDate(0, 0, 1) {
		stamp, ok := meter.NewTimestamp(day.Year(), int(day.Month()), day.Day(), day.Hour(), day.Minute(), day.Second(), 'W')
		if !ok || !stamp.Wall().Equal(day) {
			t.Fatalf("got %s, %v, want %s", stamp.Wall(), ok, day)
		}
	}
	for _, wrong := range [][6]int{{2025, 2, 29, 0, 0, 0}, {2026, 25, 25, 0, 0, 0}, {2026, 4, 31, 0, 0, 0}, {2026, 1, 0, 0, 0, 0}, {2026, 1, 1, 24, 0, 0}, {2026, 1, 1, 0, 60, 0}, {2026, 1, 1, 0, 0, 60}, {2026, 1, 1, -1, 0, 0}} {
		if stamp, ok := meter.NewTimestamp(wrong[0], wrong[1], wrong[2], wrong[3], wrong[4], wrong[5], 'W'); ok || !stamp.IsZero() {
			t.Errorf("%v: got %s", wrong, stamp)
		}
	}
}
