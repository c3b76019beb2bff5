package simulate_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

var update = flag.Bool("update", false, "write the golden telegrams anew")

// each runs a test for every standard.
func each(t *testing.T, test func(t *testing.T, s simulate.Standard, info simulate.StandardInfo)) {
	for s := range simulate.NumStandards {
		info := simulate.Standards[s]
		t.Run(info.Name, func(t *testing.T) { test(t, s, info) })
	}
}

// noon is a day with sun, clouds and dinner before it.
func noon(t *testing.T) time.Time {
	t.Helper()
	return time.Date(2026, time.June, 12, 10, 37, 40, 0, time.UTC)
}

func TestGolden(t *testing.T) {
	each(t, func(t *testing.T, s simulate.Standard, info simulate.StandardInfo) {
		now := noon(t)
		m := simulate.New(simulate.Options{Standard: s, Seed: 17, Start: now.Add(-5 * time.Hour)})
		got := m.Telegram(now)
		path := filepath.Join("testdata", info.Name+".txt")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("telegram (-golden +got):\n%s", diff)
		}
	})
}

// The grammar of a telegram, written down without a look at the code that
// prints or the package that parses.
var (
	header = regexp.MustCompile(`^/[A-Za-z]{3}5[ -~]{1,20}\r\n\r\n`)
	line   = regexp.MustCompile(`^\d-\d:\d{1,2}\.\d{1,2}\.\d{1,3}(\*255)?(\([^()\r\n]*\))+$`)
	value  = regexp.MustCompile(`^\(\d{5}\.\d{3}\)$`) // DSMR 2 and 3: the gas register on a line of its own
	group  = regexp.MustCompile(`\(([^()\r\n]*)\)`)
	bounds = []*regexp.Regexp{ // what may stand between brackets
		regexp.MustCompile(`^$`),
		regexp.MustCompile(`^\d+(\.\d+)?\*(kWh|kvarh|kW|W|kvar|kVA|V|A|Hz|m3|s)$`),
		regexp.MustCompile(`^-?\d+(\.\d+)?(\*A)?$`),
		regexp.MustCompile(`^\d{2}[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d[SW]$`),
		regexp.MustCompile(`^\d-\d:\d+\.\d+\.\d+$`),
		regexp.MustCompile(`^([0-9A-F]{2})+$`),
		regexp.MustCompile(`^(ON|m3|\d?[A-Z]{3}\d+)$`),
		regexp.MustCompile(`^\x{FFFD}+$`), // bytes that are no text
	}
)

func checkGrammar(t *testing.T, telegram []byte, info simulate.StandardInfo) {
	t.Helper()
	head := header.Find(telegram)
	if head == nil {
		t.Fatalf("no header in %.60q", telegram)
	}
	if !strings.Contains(string(head), "SIMULATED") {
		t.Errorf("header %q does not say that the meter is simulated", head)
	}
	body, end, found := strings.Cut(string(telegram[len(head):]), "\r\n!")
	if !found {
		t.Fatalf("no end in %q", telegram)
	}
	want := ""
	if info.Checksum {
		want = fmt.Sprintf("%04X", crcByTable(telegram[:bytes.LastIndexByte(telegram, '!')+1]))
	}
	if end != want+"\r\n" {
		t.Errorf("telegram ends in %q, want %q", end, want+"\r\n")
	}
	for l := range strings.SplitSeq(body, "\r\n") {
		if !line.MatchString(l) && !value.MatchString(l) {
			t.Errorf("line %.80q is not of the grammar", l)
		}
		for _, g := range group.FindAllStringSubmatch(l, -1) {
			ok := false
			for _, b := range bounds {
				ok = ok || b.MatchString(g[1])
			}
			if !ok {
				t.Errorf("line %.80q: brackets hold %.60q", l, g[1])
			}
		}
	}
}

// crcByTable is CRC-16/ARC in a third way, by half bytes.
func crcByTable(p []byte) uint16 {
	table := [16]uint16{
		0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
		0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
	}
	var crc uint16
	for _, b := range p {
		crc ^= uint16(b)
		crc = crc>>4 ^ table[crc&15]
		crc = crc>>4 ^ table[crc&15]
	}
	return crc
}

func TestGrammar(t *testing.T) {
	each(t, func(t *testing.T, s simulate.Standard, info simulate.StandardInfo) {
		for _, o := range []simulate.Options{
			{Standard: s, Seed: 1},
			{Standard: s, Seed: 2, SinglePhase: true, NoSolar: true, NoGas: true, NoWater: true},
			{Standard: s, Seed: 3, Message: "Hello / world !"},
		} {
			m := simulate.New(o)
			for i := range 24 {
				checkGrammar(t, m.Telegram(noon(t).Add(time.Duration(i)*time.Hour)), info)
			}
		}
	})
}

// objects returns the first bracket of each object by its id; a register of
// DSMR 2 and 3 that stands on a line of its own is "gas".
func objects(telegram []byte) map[string]string {
	found := make(map[string]string)
	for l := range strings.SplitSeq(string(telegram), "\r\n") {
		id, rest, ok := strings.Cut(l, "(")
		if !ok {
			continue
		}
		text, _, _ := strings.Cut(rest, ")")
		if id == "" {
			id = "gas"
		}
		if strings.Contains(id, ":24.2.") { // behind its time
			_, rest, _ = strings.Cut(rest, "(")
			text, _, _ = strings.Cut(rest, ")")
		}
		found[strings.TrimSuffix(id, "*255")] = text
	}
	return found
}

func TestWhatIsNotThereIsNotPrinted(t *testing.T) {
	each(t, func(t *testing.T, s simulate.Standard, _ simulate.StandardInfo) {
		full := objects(simulate.New(simulate.Options{Standard: s}).Telegram(noon(t)))
		bare := objects(simulate.New(simulate.Options{Standard: s, SinglePhase: true, NoGas: true, NoWater: true}).Telegram(noon(t)))
		later := regexp.MustCompile(`^1-0:(4\d|6\d|5\d|7\d)\.|^0-[1-4]:(24|96\.1)\.|^gas$`)
		for id := range full {
			if _, ok := bare[id]; ok == later.MatchString(id) {
				t.Errorf("object %s of L2, L3, gas or water: printed %t", id, ok)
			}
		}
		if len(bare) == 0 || len(bare) > len(full) {
			t.Errorf("%d objects of %d are left", len(bare), len(full))
		}
	})
}

func TestMessage(t *testing.T) {
	for _, test := range []struct{ message, want string }{
		{"", ""},
		{"Hi!", "486921"},
		{strings.Repeat("x", 2000), strings.Repeat("78", 1024)},
	} {
		m := simulate.New(simulate.Options{Message: test.message})
		if got := objects(m.Telegram(noon(t)))["0-0:96.13.0"]; got != test.want {
			t.Errorf("message %.10q: got %.40q, want %.40q", test.message, got, test.want)
		}
	}
}

func TestParseStandard(t *testing.T) {
	each(t, func(t *testing.T, s simulate.Standard, info simulate.StandardInfo) {
		got, err := simulate.ParseStandard(strings.ToUpper(info.Name))
		if err != nil || got != s {
			t.Errorf("got %v, %v, want %v", got, err, s)
		}
		if s.String() != info.Title || simulate.New(simulate.Options{Standard: s}).Standard().Period < time.Second {
			t.Errorf("row of %s is not whole", info.Name)
		}
	})
	_, err := simulate.ParseStandard("dsmr9")
	if err == nil || !strings.Contains(err.Error(), "dsmr9") || !strings.Contains(err.Error(), "emucs17") {
		t.Errorf("got %v, want an error that names what is wrong and what is right", err)
	}
}

func BenchmarkTelegram(b *testing.B) {
	for s := range simulate.NumStandards {
		info := simulate.Standards[s]
		b.Run(info.Name, func(b *testing.B) {
			now := time.Date(2026, time.June, 12, 12, 0, 0, 0, time.UTC)
			m := simulate.New(simulate.Options{Standard: s, Start: now})
			var telegram []byte
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(info.Period)
				telegram = m.AppendTelegram(telegram[:0], now)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "telegrams/s")
			b.SetBytes(int64(len(telegram)))
		})
	}
}

func BenchmarkWorld(b *testing.B) {
	now := time.Date(2026, time.June, 12, 12, 0, 0, 0, time.UTC)
	m := simulate.New(simulate.Options{Start: now})
	for b.Loop() {
		now = now.Add(24 * time.Hour)
		m.Telegram(now)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/day")
}
