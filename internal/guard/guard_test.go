package guard_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var zone = time.FixedZone("CET", 3600)

func get(r *meter.Reading, q meter.Quantity) string {
	v, ok := r.Values.Get(q)
	if !ok {
		return "absent"
	}
	return v.String()
}

// stages are what a reading passes on its way to the outputs.
type stages struct {
	household *household.Household
	guard     *guard.Guard
	deriver   *derive.Deriver
}

func newStages() stages {
	return stages{&household.Household{Zone: zone}, new(guard.Guard), &derive.Deriver{Zone: zone}}
}

// apply returns what entities show of the reading.
func (s stages) apply(r *meter.Reading) (*meter.Reading, []guard.Event) {
	s.household.Identify(r)
	events := s.guard.Judge(r)
	s.deriver.Apply(r)
	if shown := s.guard.Show(r); shown != nil {
		return shown, events
	}
	return r, events
}

// kept is what a run leaves for the next one.
type kept struct {
	Household household.State
	Guard     guard.State
}

// restart ends the stages, and begins them again with what they kept on disk.
func (s *stages) restart(t *testing.T) {
	t.Helper()
	data, err := json.Marshal(kept{s.household.State(), s.guard.State()})
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	*s = newStages()
	s.household.Restore(k.Household)
	s.guard.Restore(k.Guard)
}

// house is a meter whose telegram is a list of words, name=value, and the
// Guard that looks at it. A word stays until it is written again; an empty
// value takes it out; name+=value makes it grow with every telegram. Beside
// the quantities there are id, clock (set, unset) and crc (none: no checksum), and for the M-Bus
// meters gas, water and heat their .id, .time (minutes), .channel, .unit.
// restart=1h ends the program and starts it again so much later.
type house struct {
	t   *testing.T
	now time.Time
	stages
	words map[string]string
	grow  map[string]meter.Value
}

var quantities = map[string]meter.Quantity{
	"t1": meter.EnergyImportT1, "t2": meter.EnergyImportT2, "t3": meter.EnergyImportT3, "import": meter.EnergyImportTotal,
	"e1": meter.EnergyExportT1, "e2": meter.EnergyExportT2, "export": meter.EnergyExportTotal,
	"combined": meter.EnergyCombined, "reactive": meter.EnergyReactiveImport, "power": meter.PowerImport,
}

var media = map[string]struct {
	medium meter.Medium
	device meter.DeviceType
}{
	"gas": {meter.Gas, meter.TypeGas}, "water": {meter.Water, meter.TypeWater}, "heat": {meter.Heat, meter.TypeHeat},
	"gas2": {meter.Gas, meter.TypeGas}, "volume": {meter.Heat, meter.TypeHeat}, // need their .channel
}

func newHouse(t *testing.T) *house {
	return &house{t: t, now: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC), stages: newStages(),
		words: map[string]string{}, grow: map[string]meter.Value{}}
}

func number(t *testing.T, text string) meter.Value {
	t.Helper()
	v, err := meter.ParseValue(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// say changes the telegram.
func (h *house) say(words string) {
	h.t.Helper()
	for word := range strings.FieldsSeq(words) {
		name, value, _ := strings.Cut(word, "=")
		if name, ok := strings.CutSuffix(name, "+"); ok {
			h.grow[name] = number(h.t, value)
			continue
		}
		if name == "restart" {
			h.restart(value)
			continue
		}
		delete(h.grow, name)
		h.words[name] = value
		if value == "" {
			delete(h.words, name)
		}
	}
}

// telegram is the next one, so much later.
func (h *house) telegram(after time.Duration) *meter.Reading {
	h.t.Helper()
	h.now = h.now.Add(after)
	for name, by := range h.grow {
		h.words[name] = number(h.t, h.words[name]).Add(by).String()
	}
	r := &meter.Reading{Received: h.now, Checksum: meter.ChecksumValid, EquipmentID: h.words["id"]}
	r.ClockUnset = h.words["clock"] == "unset"
	if h.words["clock"] == "set" {
		r.Time, _ = meter.NewTimestamp(h.now.Year(), int(h.now.Month()), h.now.Day(), h.now.Hour(), h.now.Minute(), h.now.Second(), 'W')
	}
	if h.words["crc"] == "none" {
		r.Checksum = meter.ChecksumAbsent
	}
	for name, text := range h.words {
		if q, ok := quantities[name]; ok {
			r.Values.Set(q, number(h.t, text))
		}
		if of, ok := media[name]; ok {
			c := &r.Channels[h.channel(name, of.medium)-1]
			u, _, _ := meter.ParseUnit(h.words[name+".unit"])
			if u == meter.UnitNone {
				u = meter.Media[of.medium].Unit
			}
			*c = meter.Channel{Type: of.device, ID: h.words[name+".id"], Value: number(h.t, text), Unit: u}
			if minute := h.int(name+".time", -1); minute >= 0 {
				wall := time.Date(2026, 3, 14, 0, minute, 0, 0, time.UTC)
				c.Time, _ = meter.NewTimestamp(wall.Year(), int(wall.Month()), wall.Day(), wall.Hour(), wall.Minute(), 0, 'W')
			}
		}
	}
	return r
}

func (h *house) int(name string, otherwise int) int {
	n, err := strconv.Atoi(h.words[name])
	if err != nil {
		return otherwise
	}
	return n
}

func (h *house) channel(name string, m meter.Medium) int {
	return h.int(name+".channel", int(m)+1)
}

// shows is what entities show, by the names that want has.
func (h *house) shows(r *meter.Reading, want string) string {
	h.t.Helper()
	got := map[string]string{}
	for word := range strings.FieldsSeq(want) {
		name, _, _ := strings.Cut(word, "=")
		if of, ok := media[name]; ok {
			got[name] = "none"
			if c := r.Channels[h.channel(name, of.medium)-1]; c.Unit != meter.UnitNone && c.Meter.Slot > 0 {
				got[name] = c.Value.String()
			}
			continue
		}
		q, ok := quantities[name]
		if !ok {
			h.t.Fatalf("what is %q?", name)
		}
		got[name] = get(r, q)
	}
	var words []string
	for name, value := range got {
		words = append(words, name+"="+value)
	}
	return sorted(strings.Join(words, " "))
}

// told writes events: held t1 5>0, returned, confirmed, replaced; a ! where
// Home Assistant books the difference.
func told(events []guard.Event) string {
	names := map[guard.Kind]string{guard.Held: "held", guard.Returned: "returned", guard.Confirmed: "confirmed", guard.Replaced: "replaced"}
	var words []string
	for _, e := range events {
		of := e.Subject.Key()
		for name, q := range quantities {
			if e.Subject.Slot == 0 && q == e.Subject.Quantity {
				of = name
			}
		}
		mark := ""
		if e.Booked {
			mark = "!"
		}
		words = append(words, fmt.Sprintf("%s %s %s>%s%s", names[e.Kind], of, e.From, e.To, mark))
	}
	return strings.Join(words, ", ")
}

// step is some telegrams, one every while.
type step struct {
	times int
	every time.Duration
	say   string // what changes at the first of them
	want  string // what entities show at each of them
	tells string // by all of them
}

func (h *house) play(steps []step) {
	h.t.Helper()
	for i, s := range steps {
		h.say(s.say)
		var tells []string
		for n := range s.times {
			r := h.telegram(s.every)
			before := *r
			guarded, events := h.apply(r)
			if guarded != r {
				h.unchanged(before, r)
			}
			if text := told(events); text != "" {
				tells = append(tells, text)
			}
			if got := h.shows(guarded, s.want); got != sorted(s.want) {
				h.t.Errorf("step %d, telegram %d: entities show %s, want %s", i, n, got, s.want)
			}
		}
		if diff := cmp.Diff(s.tells, strings.Join(tells, ", ")); diff != "" {
			h.t.Errorf("step %d tells (-want +got):\n%s", i, diff)
		}
	}
}

// unchanged checks that the meter's own values are as they were.
func (h *house) unchanged(before meter.Reading, r *meter.Reading) {
	h.t.Helper()
	for name, q := range quantities {
		if v, ok := before.Values.Get(q); ok && get(r, q) != v.String() {
			h.t.Fatalf("%s was changed", name)
		}
	}
	for i := range r.Channels {
		if c, was := r.Channels[i], before.Channels[i]; c.Value != was.Value || c.Unit != was.Unit {
			h.t.Fatalf("channel %d was changed", i+1)
		}
	}
}

func sorted(words string) string {
	return strings.Join(slices.Sorted(strings.FieldsSeq(words)), " ")
}

// restart ends the program and starts it so much later, which is negative
// where the clock is lost meanwhile. What it keeps goes through JSON.
func (h *house) restart(after string) {
	h.t.Helper()
	d, err := time.ParseDuration(after)
	if err != nil {
		h.t.Fatal(err)
	}
	h.now = h.now.Add(d)
	h.stages.restart(h.t)
}
