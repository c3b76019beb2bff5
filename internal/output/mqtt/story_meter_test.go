package mqtt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The meters of the stories: what they count, and how they print it. Counters
// are in thousandths of a kWh, m3 or GJ, as the telegrams print them.

// storyKind is how an electricity meter prints its telegrams.
type storyKind struct {
	name      string
	header    string
	registers []string // OBIS codes of its counters, import before export
	tariffs   int      // registers of one direction
	isChecked bool     // it sends a checksum, and its clock
	isPrinted bool     // it prints totals, in place of tariffs
}

var storyKinds = []storyKind{
	{"DSMR 5", `/ISK5\2M550T-1012`, []string{"1.8.1", "1.8.2", "2.8.1", "2.8.2"}, 2, true, false},
	{"Sweden", `/ELL5\253833635_A`, []string{"1.8.0", "2.8.0"}, 1, true, true},
	{"one tariff", `/ISK5\2M550E-1012`, []string{"1.8.1", "2.8.1"}, 1, true, false},
	{"DSMR 3", `/ISk5\2ME382-1003`, []string{"1.8.1", "1.8.2", "2.8.1", "2.8.2"}, 2, false, false},
}

// storyMeter is an electricity meter with the M-Bus meters that hang on it.
type storyMeter struct {
	kind     *storyKind
	id       string // 34 hex digits
	counters []int64
	tariff   int   // of the registers, from 0
	power    int64 // W; below 0 it exports
	mbus     []*storyMBus
}

// storyMBus is an M-Bus meter.
type storyMBus struct {
	kind    string // device type, three digits
	key     string // of its device and total
	unit    string
	id      string
	channel int
	every   time.Duration // between two readings; 0: new in every telegram
	flow    int64         // of an hour
	counter int64
	reading int64 // what the telegram says
	at      time.Time
	stands  bool // the time of its readings does
	frozen  bool // it is replaced and still in the telegrams
	readyAt time.Time
	rest    int64 // of counting, in thousandths by hour and nanosecond
}

// storyID returns an equipment identifier that no other meter has.
func storyID(random *rand.Rand) string {
	return fmt.Sprintf("%X", fmt.Sprintf("E%016d", 1+random.Uint64N(1e15)))
}

func newStoryMeter(random *rand.Rand, kind *storyKind) *storyMeter {
	m := &storyMeter{kind: kind, id: storyID(random), power: 300}
	for range kind.registers {
		m.counters = append(m.counters, 1_000_000+random.Int64N(20_000_000))
	}
	if random.IntN(3) == 0 { // no solar panels
		clear(m.counters[kind.tariffs:])
	}
	return m
}

func (m *storyMeter) hang(b *storyMBus) { m.mbus = append(m.mbus, b) }

// count lets the time pass to now: the house uses what it uses.
func (m *storyMeter) count(random *rand.Rand, now time.Time, passed time.Duration) {
	if random.IntN(8) == 0 {
		m.power = random.Int64N(11_000)
		if m.counters[m.kind.tariffs] > 0 && random.IntN(3) == 0 {
			m.power = -m.power / 2
		}
	}
	used := int64(float64(m.power) * passed.Hours())
	if used += random.Int64N(2); used >= 0 {
		m.counters[m.tariff] += used
	} else if m.counters[m.kind.tariffs] > 0 {
		m.counters[m.kind.tariffs+m.tariff] -= used
	}
	for _, b := range m.mbus {
		b.count(now, passed)
	}
}

// total is what the meter counted in a direction: 0 import, 1 export.
func (m *storyMeter) total(direction int) (sum int64) {
	for _, n := range m.counters[direction*m.kind.tariffs:][:m.kind.tariffs] {
		sum += n
	}
	return sum
}

func (b *storyMBus) count(now time.Time, passed time.Duration) {
	if b.frozen {
		return
	}
	b.rest += b.flow * int64(passed/time.Millisecond)
	b.counter += b.rest / 3_600_000
	b.rest %= 3_600_000
	if b.readyAt.After(now) {
		return
	}
	b.reading = b.counter
	if !b.stands || b.at.IsZero() {
		b.at = now
	}
	b.readyAt = now.Add(b.every)
}

// spoiled is what is wrong with one telegram.
type spoiled struct {
	booting  bool           // registers and readings are 0, the clock is not set
	zeros    bool           // the same with the clock set
	id       string         // in place of the identifiers; empty: as they are
	missing  []int          // registers whose lines are missing
	values   map[int]int64  // in place of registers
	without  bool           // M-Bus lines are missing
	noID     bool           // M-Bus identifiers are zeros
	noFlow   bool           // M-Bus readings are 0
	power    int64          // W, in place of the power; 0: as it is
	channels map[string]int // in place of M-Bus meters' channels, by key
}

// telegram prints what the meter says now.
func (m *storyMeter) telegram(zone *time.Location, now time.Time, s spoiled) []byte {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	clock := func(t time.Time) string {
		if s.booting {
			return "000101000000W"
		}
		t = t.In(zone)
		flag := "W"
		if t.IsDST() {
			flag = "S"
		}
		return t.Format("060102150405") + flag
	}
	id := func(id string) string {
		if s.id != "" {
			return s.id
		}
		return id
	}
	line("%s\r\n", m.kind.header)
	if m.kind.isChecked {
		line("1-3:0.2.8(50)")
		line("0-0:1.0.0(%s)", clock(now))
	}
	line("0-0:96.1.1(%s)", id(m.id))
	width := 10 // digits and point, as the kind prints them
	if !m.kind.isChecked {
		width = 9
	}
	for i, code := range m.kind.registers {
		n := m.counters[i]
		if v, ok := s.values[i]; ok {
			n = v
		}
		if s.booting || s.zeros {
			n = 0
		}
		if !slices.Contains(s.missing, i) {
			line("1-0:%s(%0*d.%03d*kWh)", code, width-4, n/1000, n%1000)
		}
	}
	if m.kind.tariffs > 1 {
		line("0-0:96.14.0(%04d)", m.tariff+1)
	}
	power := m.power
	if s.power != 0 {
		power = s.power
	}
	if m.kind.isChecked {
		line("1-0:1.7.0(%02d.%03d*kW)", max(power, 0)/1000, max(power, 0)%1000)
		line("1-0:2.7.0(%02d.%03d*kW)", max(-power, 0)/1000, max(-power, 0)%1000)
	} else {
		line("1-0:1.7.0(%04d.%02d*kW)", max(power, 0)/1000, max(power, 0)%1000/10)
		line("1-0:2.7.0(%04d.%02d*kW)", max(-power, 0)/1000, max(-power, 0)%1000/10)
	}
	for _, d := range m.mbus {
		if s.without {
			continue
		}
		channel, reading, name := d.channel, d.reading, id(d.id)
		if c, ok := s.channels[d.key]; ok {
			channel = c
		}
		if s.booting || s.zeros || s.noFlow {
			reading = 0
		}
		if s.noID {
			name = strings.Repeat("0", 34)
		}
		line("0-%d:24.1.0(%s)", channel, d.kind)
		line("0-%d:96.1.0(%s)", channel, name)
		if m.kind.isChecked {
			line("0-%d:24.2.1(%s)(%05d.%03d*%s)", channel, clock(d.at), reading/1000, reading%1000, d.unit)
		} else {
			line("0-%d:24.3.0(%s)(08)(60)(1)(0-%d:24.2.1)(%s)", channel, clock(d.at)[:12], channel, d.unit)
			line("(%05d.%03d)", reading/1000, reading%1000)
		}
	}
	b.WriteByte('!')
	text := []byte(b.String())
	if m.kind.isChecked {
		return fmt.Appendf(text, "%04X\r\n", storySum(text))
	}
	return append(text, "\r\n"...)
}

// storySum is the checksum of DSMR 4 and later: CRC-16/ARC.
func storySum(p []byte) (sum uint16) {
	for _, c := range p {
		sum = sum>>8 ^ storySums[byte(sum)^c]
	}
	return sum
}

var storySums = func() (table [256]uint16) {
	for i := range table {
		sum := uint16(i)
		for range 8 {
			sum = sum>>1 ^ 0xA001*(sum&1)
		}
		table[i] = sum
	}
	return table
}()
