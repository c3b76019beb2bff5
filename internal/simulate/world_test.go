package simulate

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestChecksum(t *testing.T) {
	// The check value of CRC-16/ARC in the catalogue of CRCs.
	if got := checksum([]byte("123456789")); got != 0xBB3D {
		t.Errorf("checksum is %04X, want BB3D", got)
	}
	if got := checksum(nil); got != 0 {
		t.Errorf("checksum of nothing is %04X", got)
	}
}

func TestAppendPadded(t *testing.T) {
	for _, test := range []struct {
		n                int64
		digits, decimals int
		want             string
	}{
		{0, 9, 3, "000000.000"},
		{123456789, 9, 3, "123456.789"},
		{1123456789, 9, 3, "123456.789"}, // rolls over
		{1193, 5, 3, "01.193"},
		{2, 4, 0, "0002"},
		{2301, 4, 1, "230.1"},
		{13, 0, 0, "13"},
		{325495061662, 15, 7, "00032549.5061662"},
	} {
		if got := string(appendPadded(nil, test.n, test.digits, test.decimals)); got != test.want {
			t.Errorf("%d as F%d(%d): got %s, want %s", test.n, test.digits, test.decimals, got, test.want)
		}
	}
}

// A layout that makes no sense is found when a meter is made.
func TestLayoutPanics(t *testing.T) {
	for _, l := range []layout{"1-0:1.8.0({import 9.3 kWh)", "{nothing 1.0}", "{import}", "{import 9 kWh}", "{import 9.3 miles}", "{time 5.3}"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("layout %q compiled", l)
				}
			}()
			l.compile(household{})
		}()
	}
}

// Whatever is switched on is switched off again, and nothing runs backwards.
func TestPlansBalance(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	for _, phases := range []int{1, 3} {
		w := &world{household: household{phases: phases, home: zone}}
		last := int64(0)
		happen := func(until int64) {
			for ; w.next < len(w.events) && w.events[w.next].at < until; w.next++ {
				e := &w.events[w.next]
				if e.at < last {
					t.Fatalf("event at %d comes after one at %d", e.at, last)
				}
				last = e.at
				w.happen(e)
				for phase, watts := range w.load.watts {
					if watts < 0 || w.down[phase] < 0 {
						t.Fatalf("phase %d carries %d W, %d failures", phase, watts, w.down[phase])
					}
				}
			}
		}
		day := time.Date(2026, time.March, 1, 0, 0, 0, 0, zone)
		for range 365 { // both nights of summer time too
			w.plan(day.Unix())
			day = day.AddDate(0, 0, 1)
			happen(day.Unix())
		}
		happen(math.MaxInt64)
		if w.load != (flows{}) || w.down != [4]int{} {
			t.Errorf("in the end %+v is still on, failures %v", w.load, w.down)
		}
		if w.short == 0 || w.long == 0 || w.long >= w.short || w.sags[1] == 0 || w.swells[1] == 0 {
			t.Errorf("a year had %d failures, %d long, sags %v, swells %v", w.short, w.long, w.sags, w.swells)
		}
	}
}

// A power failure takes the voltage and the power off its phase, is counted
// when it ends, and gets into the log when it was long.
func TestPowerFailure(t *testing.T) {
	start := time.Date(2026, time.May, 6, 8, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		seconds int64
		long    int64
	}{{60, 0}, {longSeconds, 0}, {longSeconds + 1, 1}, {2000, 1}} {
		m := New(Options{Seed: 2, Start: start})
		w := &m.world
		w.events = []event{
			{at: start.Unix() + 10, does: failure, phase: 2, seconds: test.seconds},
			{at: start.Unix() + 10 + test.seconds, does: restore, phase: 2, seconds: test.seconds},
		}
		w.next = 0
		short, long, logged := w.short, w.long, len(w.failures)
		during := m.Telegram(start.Add(time.Duration(10+test.seconds) * time.Second))
		for _, want := range []string{"1-0:52.7.0(000.0*V)", "1-0:51.7.0(000*A)", "1-0:41.7.0(00.000*kW)", fmt.Sprintf("0-0:96.7.21(%05d)", short)} {
			if !bytes.Contains(during, []byte(want)) {
				t.Errorf("failure of %d s: no %s in\n%s", test.seconds, want, during)
			}
		}
		if w.watts[1] == 0 {
			t.Error("the other phases are off, too")
		}
		after := string(m.Telegram(start.Add(time.Duration(11+test.seconds) * time.Second)))
		if strings.Contains(after, "1-0:52.7.0(000.0*V)") {
			t.Errorf("failure of %d s lasts", test.seconds)
		}
		for _, want := range []string{
			fmt.Sprintf("0-0:96.7.21(%05d)", short+1),
			fmt.Sprintf("0-0:96.7.9(%05d)", long+test.long),
			fmt.Sprintf("1-0:99.97.0(%d)(0-0:96.7.19)", logged+int(test.long)),
		} {
			if !strings.Contains(after, want) {
				t.Errorf("failure of %d s: no %s in\n%s", test.seconds, want, after)
			}
		}
		end := start.Add(2 * time.Hour).Add(time.Duration(10+test.seconds) * time.Second).Format("060102150405")
		entry := fmt.Sprintf("(0-0:96.7.19)(%sS)(%010d*s)", end, test.seconds)
		if got := strings.Contains(after, entry); got != (test.long == 1) {
			t.Errorf("failure of %d s: log entry %s is there: %t", test.seconds, entry, got)
		}
	}
}

func TestLogHoldsTen(t *testing.T) {
	w := &world{}
	for i := range 14 {
		w.failed(int64(i), longSeconds+1)
	}
	if len(w.failures) != maxOutages || w.failures[0].end != 13 || w.failures[9].end != 4 || w.long != 14 {
		t.Errorf("log is %v after %d failures", w.failures, w.long)
	}
}

// A sag and a swell are seen in the voltage and counted.
func TestSagAndSwell(t *testing.T) {
	start := time.Date(2026, time.May, 6, 8, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		does     action
		id       string
		min, max int64 // mV
	}{{sag, "1-0:72.32.0", 150_000, 190_000}, {swell, "1-0:72.36.0", 250_000, 275_000}} {
		m := New(Options{Seed: 2, Start: start})
		m.world.events = []event{{at: start.Unix() + 5, does: test.does, phase: 3, seconds: 2}}
		m.world.next = 0
		before := map[action]int64{sag: m.world.sags[3], swell: m.world.swells[3]}[test.does]
		telegram := m.Telegram(start.Add(6 * time.Second))
		if got := m.world.voltage(3); got < test.min || got > test.max {
			t.Errorf("%s: voltage is %d mV", test.id, got)
		}
		if want := fmt.Sprintf("%s(%05d)", test.id, before+1); !bytes.Contains(telegram, []byte(want)) {
			t.Errorf("no %s in\n%s", want, telegram)
		}
		m.Telegram(start.Add(10 * time.Second))
		if got := m.world.voltage(3); got < 215_000 || got > 245_000 {
			t.Errorf("%s: voltage stays at %d mV", test.id, got)
		}
	}
}

// The sun is a bell: none at night, most about noon, never more than the
// panels have, more in June than in December.
func TestSun(t *testing.T) {
	h := household{seed: 1}
	var most [13]int64
	for day := range 365 {
		midnight := time.Date(2026, time.January, 1+day, 0, 0, 0, 0, time.UTC)
		month := midnight.Month()
		for minute := range 1440 {
			watts := h.sun(midnight.Unix() + int64(minute)*60)
			switch s := seasonAt(midnight); {
			case watts < 0, watts > s.solar:
				t.Fatalf("%v, minute %d: %d W", midnight, minute, watts)
			case watts > 0 && (minute < 3*60 || minute > 21*60):
				t.Fatalf("%v, minute %d: %d W at night", midnight, minute, watts)
			}
			most[month] = max(most[month], watts)
		}
	}
	if most[time.June] < 2*most[time.December] || most[time.December] == 0 {
		t.Errorf("most in June is %d W, in December %d W", most[time.June], most[time.December])
	}
}

// The household lives: by night it sleeps, by day it exports, it cooks.
func TestDayCurve(t *testing.T) {
	start := time.Date(2026, time.May, 3, 22, 0, 0, 0, time.UTC)
	m := New(Options{Seed: 6, Start: start})
	var low, high int64
	for range 7 * 86400 {
		m.world.second()
		low, high = min(low, m.world.watts[0]), max(high, m.world.watts[0])
		if m.world.load.gas < 0 || m.world.load.water < 0 {
			t.Fatal("gas or water flows back")
		}
	}
	if low > -1500 || low < -3600 {
		t.Errorf("most export of a week in May is %d W", -low)
	}
	if high < 4000 || high > 20_000 {
		t.Errorf("most import of a week is %d W", high)
	}
}
