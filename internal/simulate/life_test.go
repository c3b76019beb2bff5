package simulate_test

import (
	"bytes"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// registers are the objects that may only rise.
var registers = regexp.MustCompile(`^1-0:\d+\.8\.\d$|^0-\d:24\.2\.\d$|^0-0:96\.7\.\d+$|^1-0:\d+\.3[26]\.0$`)

func TestRegistersNeverFall(t *testing.T) {
	each(t, func(t *testing.T, s simulate.Standard, _ simulate.StandardInfo) {
		t.Parallel()
		start := time.Date(2026, time.March, 26, 0, 0, 0, 0, time.UTC) // summer time comes on the 29th
		days := 1                                                      // the world is the same for all; two print the whole week
		if s == simulate.EMUCS17 || s == simulate.DSMR22 {
			days = 7
		}
		m := simulate.New(simulate.Options{Standard: s, Seed: 5, Start: start})
		first := m.Telegram(start)
		before := objects(first)
		// A register is its line's last bracket, always on the same line and
		// zero padded, so that the order of texts is the order of numbers.
		lines := make(map[int]string)
		for i, l := range strings.Split(string(first), "\r\n") {
			id, _, _ := strings.Cut(l, "(")
			if registers.MatchString(strings.TrimSuffix(id, "*255")) || (id == "" && l != "") {
				lines[i] = l[strings.LastIndexByte(l, '('):]
			}
		}
		var telegram []byte
		for now := start; now.Before(start.AddDate(0, 0, days)); now = now.Add(10 * time.Second) {
			telegram = m.AppendTelegram(telegram[:0], now)
			i := 0
			for l := range bytes.SplitSeq(telegram, []byte("\r\n")) {
				if old, ok := lines[i]; ok {
					l := l[bytes.LastIndexByte(l, '('):]
					if old > string(l) {
						t.Fatalf("%v, line %d: %s fell to %s", now, i, old, l)
					}
					if old != string(l) {
						lines[i] = string(l)
					}
				}
				i++
			}
		}
		after := objects(telegram)
		exported := false
		for _, id := range slices.Sorted(maps.Keys(after)) {
			counted := after[id] > before[id]
			switch {
			case strings.HasSuffix(id, ".8.3"), strings.HasSuffix(id, ".8.4"): // tariffs not in use
			case strings.HasPrefix(id, "1-0:2.8."): // the sun may shine in one tariff only
				exported = exported || counted
			case !counted && (strings.Contains(id, ".8.") || strings.Contains(id, ":24.2.") || id == "gas"):
				t.Errorf("%s did not count: %s", id, after[id])
			}
		}
		if exported != (s != simulate.Q3D) {
			t.Errorf("exported: %t", exported)
		}
	})
}

// A register is the sum of the powers that were printed each second, and the
// phases add up to the power.
func TestEnergyIsTheIntegralOfPower(t *testing.T) {
	registers := []struct {
		power    string
		energies []string // that count it: of all tariffs, or their sum
	}{
		{"1-0:1.7.0", []string{"1-0:1.8.1", "1-0:1.8.2"}},
		{"1-0:1.7.0", []string{"1-0:1.8.0"}},
		{"1-0:2.7.0", []string{"1-0:2.8.1", "1-0:2.8.2"}},
		{"1-0:2.7.0", []string{"1-0:2.8.0"}},
		{"1-0:3.7.0", []string{"1-0:3.8.0"}},
		{"1-0:4.7.0", []string{"1-0:4.8.0"}},
		{"1-0:5.7.0", []string{"1-0:5.8.0"}},
		{"1-0:6.7.0", []string{"1-0:6.8.0"}},
		{"1-0:7.7.0", []string{"1-0:7.8.0"}},
		{"1-0:8.7.0", []string{"1-0:8.8.0"}},
	}
	each(t, func(t *testing.T, s simulate.Standard, _ simulate.StandardInfo) {
		t.Parallel()
		const seconds = 2 * 3600
		start := time.Date(2026, time.June, 12, 4, 0, 0, 0, time.UTC) // tariffs change meanwhile
		m := simulate.New(simulate.Options{Standard: s, Seed: 4, Start: start})
		first := objects(m.Telegram(start))
		watts := make(map[string]float64) // summed
		var o map[string]string
		for i := range seconds {
			o = objects(m.Telegram(start.Add(time.Duration(i+1) * time.Second)))
			for _, id := range []string{"1-0:1.7.0", "1-0:2.7.0", "1-0:3.7.0", "1-0:4.7.0", "1-0:5.7.0", "1-0:6.7.0", "1-0:7.7.0", "1-0:8.7.0"} {
				watts[id] += amount(t, o[id])
			}
			if _, phases := o["1-0:21.7.0"]; phases {
				sum := amount(t, o["1-0:21.7.0"]) + amount(t, o["1-0:41.7.0"]) + amount(t, o["1-0:61.7.0"]) -
					amount(t, o["1-0:22.7.0"]) - amount(t, o["1-0:42.7.0"]) - amount(t, o["1-0:62.7.0"])
				if net := amount(t, o["1-0:1.7.0"]) - amount(t, o["1-0:2.7.0"]); math.Abs(net-sum) > 0.01 {
					t.Fatalf("phases add up to %.3f W, power is %.3f W", sum, net)
				}
			}
		}
		compared := 0
		for _, r := range registers {
			if o[r.power] == "" || o[r.energies[0]] == "" {
				continue
			}
			compared++
			var joules, off float64
			for _, id := range r.energies {
				joules += amount(t, o[id]) - amount(t, first[id])
				off += resolution(o[id])
			}
			if step := resolution(o[r.power]); step > 1 { // watts are whole, so one is exact
				off += seconds * step / 2
			}
			if math.Abs(joules-watts[r.power]) > off {
				t.Errorf("%s counted %.1f J, %s says %.1f J", r.energies, joules, r.power, watts[r.power])
			}
		}
		if compared == 0 {
			t.Error("no register was compared")
		}
	})
}

// si is what a printed unit is in joules or watts.
var si = map[string]float64{"kWh": 3.6e6, "kvarh": 3.6e6, "kW": 1e3, "kvar": 1e3, "W": 1}

// amount is a printed quantity in joules or watts; absent is zero.
func amount(t *testing.T, text string) float64 {
	t.Helper()
	if text == "" {
		return 0
	}
	number, unit, _ := strings.Cut(text, "*")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || si[unit] == 0 {
		t.Fatalf("%q is not an energy or a power", text)
	}
	return n * si[unit]
}

// resolution is what the last digit of a printed quantity is worth.
func resolution(text string) float64 {
	number, unit, _ := strings.Cut(text, "*")
	_, decimals, _ := strings.Cut(number, ".")
	return si[unit] / math.Pow10(len(decimals))
}

func TestOnlySeedAndTimesMatter(t *testing.T) {
	each(t, func(t *testing.T, s simulate.Standard, info simulate.StandardInfo) {
		start, end := noon(t), noon(t).Add(26*time.Hour)
		often := simulate.New(simulate.Options{Standard: s, Seed: 9, Start: start})
		for now := start; now.Before(end); now = now.Add(17 * time.Minute) {
			often.Telegram(now)
		}
		once := simulate.New(simulate.Options{Standard: s, Seed: 9, Start: start})
		got, want := often.Telegram(end), once.Telegram(end)
		if !bytes.Equal(got, want) {
			t.Errorf("asked often:\n%s\nasked once:\n%s", got, want)
		}
		if back := once.Telegram(start); !bytes.Equal(back, want) {
			t.Errorf("time went back:\n%s", back)
		}
		lazy := simulate.New(simulate.Options{Standard: s, Seed: 9})
		lazy.Telegram(start)
		if got := lazy.Telegram(end); !bytes.Equal(got, want) {
			t.Errorf("started by its first telegram:\n%s", got)
		}
		other := simulate.New(simulate.Options{Standard: s, Seed: 10, Start: start})
		if bytes.Equal(other.Telegram(end), want) {
			t.Errorf("%s: another seed is the same household", info.Name)
		}
	})
}

func TestSummerTime(t *testing.T) {
	for _, test := range []struct {
		standard simulate.Standard
		now      string
		time     string // 0-0:1.0.0
		gas      string // the time of the gas meter
	}{
		{simulate.DSMR50, "2026-10-25T00:59:59Z", "261025025959S", "(261025025500S)"},
		{simulate.DSMR50, "2026-10-25T01:00:00Z", "261025020000W", "(261025020000W)"},
		{simulate.DSMR50, "2026-10-25T01:59:59Z", "261025025959W", "(261025025500W)"},
		{simulate.DSMR50, "2026-10-25T02:00:00Z", "261025030000W", "(261025030000W)"},
		{simulate.DSMR50, "2026-03-29T00:59:59Z", "260329015959W", "(260329015500W)"},
		{simulate.DSMR50, "2026-03-29T01:00:00Z", "260329030000S", "(260329030000S)"},
		{simulate.DSMR42, "2026-10-25T00:30:00Z", "261025023000S", "(261025020000S)"},
		{simulate.DSMR42, "2026-10-25T01:30:00Z", "261025023000W", "(261025020000W)"},
		{simulate.DSMR22, "2026-10-25T00:30:00Z", "", "(261025020000)"},
		{simulate.DSMR22, "2026-10-25T01:30:00Z", "", "(261025020000)"}, // the same: it has no letter
		{simulate.EMUCS17, "2026-10-25T00:59:59Z", "261025025959S", "(261025025500S)"},
		{simulate.EMUCS17, "2026-10-25T01:00:00Z", "261025020000W", "(261025020000W)"},
		{simulate.Hungary, "2026-07-01T10:00:00Z", "260701120000S", ""},
		{simulate.H1, "2026-07-01T10:00:00Z", "260701110000W", ""}, // Sweden: normal time all year
		{simulate.H1, "2026-10-25T00:30:00Z", "261025013000W", ""},
		{simulate.H1, "2026-10-25T01:30:00Z", "261025023000W", ""},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []time.Duration{0, 90 * time.Minute} {
			m := simulate.New(simulate.Options{Standard: test.standard, Start: now.Add(-before)})
			telegram := m.Telegram(now)
			if got := objects(telegram)["0-0:1.0.0"]; got != test.time {
				t.Errorf("%s at %s: time %q, want %q", test.standard, test.now, got, test.time)
			}
			if !bytes.Contains(telegram, []byte(test.gas)) {
				t.Errorf("%s at %s: gas time is not %s:\n%s", test.standard, test.now, test.gas, telegram)
			}
		}
	}
}

// The clock goes by the zone's offset, also where the zone database calls
// winter the exception.
func TestZone(t *testing.T) {
	dublin, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		month time.Month
		want  string
	}{{time.January, "260115120000W"}, {time.July, "260715130000S"}} {
		now := time.Date(2026, test.month, 15, 12, 0, 0, 0, time.UTC)
		m := simulate.New(simulate.Options{Zone: dublin, Start: now})
		if got := objects(m.Telegram(now))["0-0:1.0.0"]; got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestTariffs(t *testing.T) {
	for _, test := range []struct {
		standard simulate.Standard
		now      string // UTC, an hour behind the meters
		want     string
	}{
		{simulate.DSMR50, "2026-01-14T05:59:59Z", "0001"}, // Wednesday
		{simulate.DSMR50, "2026-01-14T06:00:00Z", "0002"},
		{simulate.DSMR50, "2026-01-14T21:59:59Z", "0002"},
		{simulate.DSMR50, "2026-01-14T22:00:00Z", "0001"},
		{simulate.DSMR22, "2026-01-17T11:00:00Z", "0001"}, // Saturday
		{simulate.DSMR42, "2026-01-19T11:00:00Z", "0002"}, // Monday
		{simulate.EMUCS17, "2026-01-14T11:00:00Z", "0001"},
		{simulate.EMUCS17, "2026-01-14T21:00:00Z", "0002"},
		{simulate.EMUCS17, "2026-01-17T11:00:00Z", "0002"},
		{simulate.Hungary, "2026-01-17T11:00:00Z", "0001"},
		{simulate.Hungary, "2026-01-17T21:00:00Z", "0002"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []time.Duration{0, time.Hour} {
			m := simulate.New(simulate.Options{Standard: test.standard, Start: now.Add(-before)})
			if got := objects(m.Telegram(now))["0-0:96.14.0"]; got != test.want {
				t.Errorf("%s at %s: tariff %s, want %s", test.standard, test.now, got, test.want)
			}
		}
	}
}

// Only the register of the tariff in force counts.
func TestTariffRegisters(t *testing.T) {
	night := time.Date(2026, time.January, 14, 2, 0, 0, 0, time.UTC)
	m := simulate.New(simulate.Options{Start: night})
	at := func(hours int) map[string]string {
		return objects(m.Telegram(night.Add(time.Duration(hours) * time.Hour)))
	}
	a, b, c := at(0), at(3), at(3+2) // until 06:00, until 08:00 local
	if a["1-0:1.8.2"] != b["1-0:1.8.2"] || a["1-0:1.8.1"] >= b["1-0:1.8.1"] {
		t.Errorf("at night tariff 1 went from %s to %s, 2 from %s to %s", a["1-0:1.8.1"], b["1-0:1.8.1"], a["1-0:1.8.2"], b["1-0:1.8.2"])
	}
	if b["1-0:1.8.2"] >= c["1-0:1.8.2"] {
		t.Errorf("by day tariff 2 stayed at %s", c["1-0:1.8.2"])
	}
}
