package household_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	second = time.Second
	minute = time.Minute
)

// line is a line whose telegram is a list of words: id=A is the electricity
// meter's identifier, gas1=G:60 the gas meter G on channel 1 with a reading of
// minute 60 (of another unit: G:60:GJ; that says zero: G:60=0); heat and water likewise. clock=unset:
// its clock is not set, clock=none: it has none, crc=none: it has no checksum, restart: the program ends
// and begins again.
type line struct {
	household *household.Household
	now       time.Time
}

func newLine() *line {
	return &line{&household.Household{Zone: time.UTC}, time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)}
}

func (l *line) telegram(t *testing.T, words string) *meter.Reading {
	t.Helper()
	r := &meter.Reading{Received: l.now, Checksum: meter.ChecksumValid}
	r.Time, _ = meter.NewTimestamp(2026, 3, 14, l.now.Hour(), l.now.Minute(), l.now.Second(), 'W')
	for word := range strings.FieldsSeq(words) {
		name, value, _ := strings.Cut(word, "=")
		switch {
		case name == "id":
			r.EquipmentID = value
		case word == "crc=none":
			r.Checksum = meter.ChecksumAbsent
		case word == "clock=unset":
			r.Time, r.ClockUnset = meter.Timestamp{}, true
		case word == "clock=none":
			r.Time = meter.Timestamp{}
		case word == "restart":
			l.restart(t)
		default:
			types := map[string]meter.DeviceType{"gas": meter.TypeGas, "heat": meter.TypeHeat, "water": meter.TypeWater}
			kind, number := name[:len(name)-1], int(name[len(name)-1]-'1')
			value, isZero := strings.CutSuffix(value, "=0")
			parts := strings.Split(value, ":")
			var at int
			if _, err := fmt.Sscan(parts[1], &at); err != nil {
				t.Fatal(err)
			}
			c := &r.Channels[number]
			*c = meter.Channel{Type: types[kind], ID: parts[0], Value: meter.NewValue(int64(at), 2), Unit: meter.CubicMetre}
			if isZero {
				c.Value = meter.Value{}
			}
			if len(parts) > 2 {
				c.Unit, _, _ = meter.ParseUnit(parts[2])
			}
			c.Time, _ = meter.NewTimestamp(2026, 3, 14, at/60%24, at%60, 0, 'W')
		}
	}
	return r
}

func (l *line) restart(t *testing.T) {
	t.Helper()
	data, err := json.Marshal(l.household.State())
	if err != nil {
		t.Fatal(err)
	}
	var s household.State
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	l.household = &household.Household{Zone: time.UTC}
	l.household.Restore(s)
}

// says writes who speaks: A for the electricity meter, gas1=G#1 for the gas
// meter on channel 1 that has slot 1; a question mark stands behind a rival's
// telegram, a + behind each meter that its slot had before.
func says(r *meter.Reading) string {
	mark := func(i meter.Identity) string {
		text := strings.Repeat("+", int(i.Meter)-1)
		if i.Rival {
			text += "?"
		}
		return text
	}
	text := r.Meter.ID + mark(r.Meter)
	for i := range r.Channels {
		c := &r.Channels[i]
		if m, ok := c.Type.Medium(); ok && c.Meter.Slot > 0 {
			text += fmt.Sprintf(" %s%d=%s#%d%s", meter.Media[m].JSON, i+1, c.Meter.ID, c.Meter.Slot, mark(c.Meter))
		} else if ok {
			text += fmt.Sprintf(" %s%d=-", meter.Media[m].JSON, i+1)
		}
	}
	return text
}

type step struct {
	times int
	every time.Duration
	words string
	want  string // of each telegram
	tells string // by all of them
}

// TestIdentify decides who speaks.
func TestIdentify(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"an ordinary house", []step{
			{3, second, "id=A gas1=G:60 water2=W:60", "A gas1=G#1 water2=W#1", ""},
			{1, second, "id=A water1=W:60 gas3=G:60", "A water1=W#1 gas3=G#1", ""}, // on other channels
			{1, second, "id=A", "A", ""},
			{1, second, "restart id=A gas1=G:60", "A gas1=G#1", ""},
		}},
		{"a boot: another identifier for a hundred seconds", []step{
			{1, 0, "id=A gas1=G:60", "A gas1=G#1", ""},
			{100, second, "id=B gas1=H:60", "A? gas1=G#1?", "waits A>B, waits gas G>H"},
			{1, second, "id=A gas1=G:60", "A gas1=G#1", ""},
		}},
		{"a boot after a silence, and a restart of the program", []step{
			{1, 0, "id=A", "A", ""},
			{1, time.Hour, "restart clock=unset id=B", "A?", ""},
			{100, 10 * second, "clock=unset id=B", "A?", ""}, // it proves nothing for as long as its clock is unset
			{1, second, "id=A", "A", ""},
		}},
		{"identifiers that are none", []step{
			{1, 0, "id=0000 gas1=0000:60", " gas1=#1", ""},
			{1, 0, "id=41 gas1=47:60", "41 gas1=47#1", ""},
			{50, minute, "id=0000000000 gas1=FFFFFFFF:60", "41 gas1=47#1", ""},
			{50, minute, "id=30303030 gas1=2020202020:60", "41 gas1=47#1", ""}, // in hex
			{50, minute, "id=46464646 gas1=0030203030:60", "41 gas1=47#1", ""},
		}},
		{"replaced", []step{
			{1, 0, "id=A gas1=G:60", "A gas1=G#1", ""},
			{15, minute, "id=B gas1=H:60", "A? gas1=G#1?", "waits A>B, waits gas G>H"},
			{1, minute, "id=B gas1=H:60", "B+ gas1=H#1+", "replaced A>B, replaced gas G>H"},
			{1, minute, "restart id=B gas1=H:60", "B+ gas1=H#1+", ""},
			{1, 5 * time.Hour, "id=A gas1=G:60", "A gas1=G#1", "replaced B>A, replaced gas H>G"}, // within a day
		}},
		{"replaced, with a restart while it waits", []step{
			{1, 0, "id=A", "A", ""},
			{10, minute, "id=B", "A?", "waits A>B"},
			{1, minute, "restart id=B", "A?", ""},
			{14, minute, "id=B", "A?", "waits A>B"}, // anew
			{1, minute, "id=B", "B+", "replaced A>B"},
		}},
		{"a telegram a second", []step{
			{1, 0, "id=A", "A", ""},
			{900, second, "id=B", "A?", "waits A>B"},
			{1, second, "id=B", "B+", "replaced A>B"},
		}},
		{"two meters that take turns", []step{
			{1, 0, "id=A", "A", ""},
			{14, minute, "id=B", "A?", "waits A>B"},
			{1, minute, "id=A", "A", ""},
			{14, minute, "id=B", "A?", "waits A>B"},
			{1, minute, "id=A", "A", ""},
		}},
		{"without checksum", []step{
			{1, 0, "crc=none id=X", "", ""}, // a first one is repeated
			{1, 10 * second, "crc=none id=A", "", ""},
			{1, 10 * second, "crc=none id=A", "A", ""},
			{9, 2 * minute, "crc=none id=B", "A?", ""},
			{1, 2 * minute, "crc=none id=B", "B+", "replaced A>B"}, // the tenth
			{1, time.Hour, "crc=none id=A", "B+?", ""},
			{1, second, "crc=none id=A", "A", "replaced B>A"},
		}},
		{"a gas meter that was replaced and stays in the telegrams", []step{
			{5, 2 * minute, "id=A gas1=G:60", "A gas1=G#1", ""},
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:70", "A gas1=G#1 gas2=-", ""},
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:80", "A gas1=G#1 gas2=-", ""},
			{1, second, "id=A gas1=G:60=0 gas2=H:80=0", "A gas1=G#1 gas2=-", ""}, // zeros are no reading
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:90", "A gas1=G#1 gas2=-", ""},
			{1, 2 * minute, "id=A gas1=G:60 gas2=H:100", "A gas1=- gas2=H#1+", "replaced gas G>H"},
			{1, minute, "id=A gas1=G:60", "A gas1=-", ""}, // not again
			{60, minute, "restart id=A gas1=G:60 gas2=H:110", "A gas1=- gas2=H#1+", ""},
			{60, minute, "id=A gas1=G:60 gas2=H:120", "A gas1=- gas2=H#1+", ""},
		}},
		{"a gas meter that was replaced is no successor while it says nothing new", []step{
			{1, minute, "crc=none id=A gas1=G:60", " gas1=#1", ""},
			{5, 2 * minute, "crc=none id=A gas1=G:60", "A gas1=G#1", ""},
			{10, 2 * minute, "crc=none id=A gas1=G:60 gas2=H:70", "A gas1=G#1 gas2=-", ""},
			{10, 2 * minute, "crc=none id=A gas1=G:60 gas2=H:80", "A gas1=G#1 gas2=-", ""},
			{10, 2 * minute, "crc=none id=A gas1=G:60 gas2=H:90", "A gas1=G#1 gas2=-", ""},
			{1, 2 * minute, "crc=none id=A gas1=G:60 gas2=H:100", "A gas1=- gas2=H#1+", "replaced gas G>H"},
			{30, time.Hour, "crc=none clock=none id=A gas1=G:60 gas2=H:100", "A gas1=- gas2=H#1+", ""},
		}},
		{"a gas meter that was replaced and stays in the telegrams, and a restart", []step{
			{5, 2 * minute, "id=A gas1=G:60", "A gas1=G#1", ""},
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:70", "A gas1=G#1 gas2=-", ""},
			{1, second, "restart id=A gas1=G:60=0 gas2=H:70=0", "A gas1=G#1 gas2=-", ""},
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:70", "A gas1=G#1 gas2=-", ""},
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:80", "A gas1=G#1 gas2=-", ""},
			{5, 2 * minute, "id=A gas1=G:60 gas2=H:90", "A gas1=G#1 gas2=-", ""},
			{1, 2 * minute, "id=A gas1=G:60 gas2=H:100", "A gas1=- gas2=H#1+", "replaced gas G>H"},
		}},
		{"two gas meters", []step{
			{1, 0, "id=A gas1=G:60 gas2=H:50", "A gas1=G#1 gas2=-", ""},
			{14, minute, "id=A gas1=G:70 gas2=H:70", "A gas1=G#1 gas2=-", ""},
			{1, minute, "id=A gas1=G:80 gas2=H:80", "A gas1=G#1 gas2=H#2", ""},
			{1, minute, "id=A gas2=G:80 gas1=H:80", "A gas1=H#2 gas2=G#1", ""},
			{16, minute, "id=A gas2=G:80 gas1=H:80 gas3=I:90", "A gas1=H#2 gas2=G#1 gas3=-", ""},
			{1, minute, "id=A gas2=G:85 gas1=H:85 gas3=I:99", "A gas1=H#2 gas2=G#1 gas3=-", "leftOut gas >I"},
		}},
		{"heat, and the water that carried it", []step{
			{1, 0, "id=A heat1=H:60:GJ heat2=H:60", "A heat1=H#1 heat2=-", ""},
			{60, minute, "id=A heat1=H:70:GJ heat2=H:70", "A heat1=H#1 heat2=-", ""},
			{1, minute, "id=A heat2=H:80", "A heat2=-", ""}, // it stands in for nobody
		}},
		{"M-Bus meters without identifiers are known by their channel", []step{
			{1, 0, "id=A gas1=:60", "A gas1=#1", ""},
			{1, second, "id=A gas2=:60", "A gas2=#1", ""},
			{1, second, "id=A gas2=G:60", "A gas2=G#1", ""}, // it was not to be read before
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLine()
			for i, s := range test.steps {
				var tells []string
				for n := range s.times {
					l.now = l.now.Add(s.every)
					r := l.telegram(t, s.words)
					tells = append(tells, told(l.household.Identify(r))...)
					if got := says(r); got != s.want {
						t.Errorf("step %d, telegram %d: %q, want %q", i, n, got, s.want)
					}
				}
				if diff := cmp.Diff(s.tells, strings.Join(tells, ", ")); diff != "" {
					t.Errorf("step %d tells (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func told(events []household.Event) (words []string) {
	names := map[household.Kind]string{household.Waits: "waits", household.Replaced: "replaced", household.LeftOut: "leftOut"}
	for _, e := range events {
		if e.Kind == household.Met {
			continue // see TestMet
		}
		of := names[e.Kind] + " "
		if !e.Electricity {
			of += meter.Media[e.Medium].JSON + " "
		}
		words = append(words, of+e.From+">"+e.To)
	}
	return words
}

// TestMet: what counts first is told once, so that it is saved.
func TestMet(t *testing.T) {
	l := newLine()
	var got []string
	for range 3 {
		for _, e := range l.household.Identify(l.telegram(t, "id=A gas1=G:60 water2=:60")) {
			got = append(got, fmt.Sprintf("%v %v %d %s", e.Kind == household.Met, e.Electricity, e.Slot, e.To))
		}
	}
	if diff := cmp.Diff([]string{"true true 1 A", "true false 1 G"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestStrangersAreBounded: a meter that calls itself by another name each time
// fills no memory.
func TestStrangersAreBounded(t *testing.T) {
	l := newLine()
	for i := range 100 {
		l.now = l.now.Add(minute)
		l.household.Identify(l.telegram(t, fmt.Sprintf("id=A gas1=G:60 gas2=H%d:%d", i, i)))
	}
	s := l.household.State()
	if len(s.Submeters) != 1 || len(s.Strangers) != 1 || len(s.Strangers[0].IDs) != 4 {
		t.Errorf("got %+v", s)
	}
}

// TestRestoreOddities: what another version wrote, or nobody, is left out.
func TestRestoreOddities(t *testing.T) {
	var s household.State
	text := `{"new": 1, "submeters": [{"medium": "beer", "unit": "m3"}, {"medium": "gas", "unit": "furlong"}, {"medium": "gas", "unit": "l"},
		{"medium": "water", "unit": "m3", "id": "W"}, {"medium": "water", "unit": "m3", "id": "X"}, {"medium": "water", "unit": "m3", "id": "Y"}],
		"strangers": [{"medium": "beer", "ids": ["1"]}, {"medium": "gas", "ids": ["1", "2", "3", "4", "5", "6"]}]}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	var h household.Household
	h.Restore(s)
	if got := h.State(); len(got.Submeters) != 2 || len(got.Strangers) != 1 || len(got.Strangers[0].IDs) != 4 {
		t.Errorf("got %+v", got)
	}
}
