package guard_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// sampled is what an inverter says: its serial number and its energy in Wh.
// Without a number it was not heard in this run.
func sampled(t *testing.T, text string) *meter.Solar {
	t.Helper()
	serial, energy, ok := strings.Cut(text, ":")
	if !ok {
		return nil
	}
	s := &meter.Solar{Serial: serial}
	if energy != "" {
		s.Set(meter.SolarLifetime, number(t, energy))
	}
	return s
}

func TestHouseEnergy(t *testing.T) {
	const hour = time.Hour
	type step struct {
		after    time.Duration
		say, sun string
		want     string // empty: not known
	}
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"a day", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{hour, "import=1000.5", "S:2000000", "0.5"},
			{hour, "export=501.234", "S:2002001", "1.267"},
			{hour, "import=1000.501", "S:2002001", "1.268"},
		}},
		{"the meter is newer than the inverter's sample", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{10 * second, "import=1000.02", "S:2000000", "0.02"},
			{10 * second, "export=500.014", "S:2000000", "0.02"},
			{10 * second, "", "S:2000020", "0.026"},
		}},
		{"the inverter sleeps, and is heard again", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{10 * hour, "import=1003", "S:2000000", "3"},
			{hour, "", "S:2000400", "3.4"},
		}},
		{"it was never heard", []step{
			{0, "id=A import=1000 export=500", "", ""},
			{10 * hour, "import=1003", "", ""},
			{hour, "", "S:2000400", "0"},
			{hour, "", "S:2000500", "0.1"},
		}},
		{"it counts no energy", []step{
			{0, "id=A import=1000 export=500", "S:", ""},
			{hour, "import=1003", "S:", ""},
		}},
		{"a restart by day", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{hour, "import=1001", "S:2000000", "1"},
			{hour, "restart=1h import=1002 export=501", "", ""}, // the inverter may have produced meanwhile
			{minute, "", "S:2001500", "2.5"},
		}},
		{"a restart by night", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{hour, "import=1001", "S:2000000", "1"},
			{minute, "restart=1s import=1001.1", "", ""},
			{minute, "import=1001.2", "", ""},
			{5 * minute, "import=1001.3", "", "1.3"},
		}},
		{"another inverter", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{hour, "", "S:2001000", "1"},
			{hour, "", "T:12", "1"},
			{hour, "", "T:1012", "2"},
		}},
		{"the inverter counts anew", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{hour, "", "S:2001000", "1"},
			{hour, "", "S:5", "1"},
			{hour, "", "S:1005", "2"},
		}},
		{"a total that glitches", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{10 * second, "import=0", "S:2000000", "0"},
			{10 * second, "export=500.2", "S:2000300", "0"},
			{10 * second, "import=1000.001", "S:2000300", "0.101"},
			{10 * second, "export=0", "S:2000500", "0.101"}, // less export is no use
			{10 * second, "export=500.3", "S:2000500", "0.201"},
		}},
		{"tariffs of which one glitches", []step{
			{0, "id=A t1=1000 t2=2000 e1=500 e2=500", "S:2000000", "0"},
			{10 * second, "t1=1000.2", "S:2000000", "0.2"},
			{10 * second, "t2=0 t1=1000.3", "S:2000000", "0.2"},
			{10 * second, "t2=2000", "S:2000000", "0.3"},
			{10 * second, "e2= t1=1000.4", "S:2000000", "0.4"}, // an odd line; the sum stands on what was trusted
			{10 * second, "e2=500.01", "S:2000020", "0.41"},
			{10 * second, "e2=0", "S:2000050", "0.41"},
			{10 * second, "e2=500.03", "S:2000050", "0.42"},
		}},
		{"no export", []step{
			{0, "id=A import=1000", "S:2000000", "0"},
			{hour, "import=1001", "S:2000500", "1.5"},
			{hour, "import=1002 export=7", "S:2000500", "2.5"}, // it counted before it was printed
			{hour, "export=7.1", "S:2001000", "2.9"},
		}},
		{"a total is missing", []step{
			{0, "id=A import=1000 export=500", "S:2000000", "0"},
			{hour, "import=1001 export=", "S:2005000", "0"},
			{hour, "export=504", "S:2005000", "2"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			for i, s := range test.steps {
				h.say(s.say)
				r := h.telegram(s.after)
				h.apply(r)
				got := ""
				if v, ok := h.guard.HouseEnergy(r, sampled(t, s.sun)); ok {
					got = v.String()
				}
				if got != s.want {
					t.Errorf("step %d: got %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

// TestHouseEnergyAfterAnEndInOrder: what was saved is all that was shown, so that
// the next run goes on from there at once.
func TestHouseEnergyAfterAnEndInOrder(t *testing.T) {
	h := newHouse(t)
	energy := func(say, sun string) string {
		h.say(say)
		r := h.telegram(minute)
		h.apply(r)
		v, ok := h.guard.HouseEnergy(r, sampled(t, sun))
		if !ok {
			return ""
		}
		return v.String()
	}
	energy("id=A import=1000 export=500", "S:2000000")
	energy("import=1001", "S:2000000")
	state := h.guard.State()
	state.Complete = true
	h.guard = new(guard.Guard)
	h.guard.Restore(state)
	if got := energy("export=500.1", ""); got != "1" {
		t.Errorf("at once: got %q, want 1", got)
	}
	if got := energy("", "S:2000150"); got != "1.05" {
		t.Errorf("when the inverter is heard: got %q, want 1.05", got)
	}
}

// TestHouseEnergyOfAnotherMeter: what another meter counted before it came is
// not the house's use.
func TestHouseEnergyOfAnotherMeter(t *testing.T) {
	h := newHouse(t)
	h.say("id=A import=1000 export=500")
	energy := func(after time.Duration) string {
		r := h.telegram(after)
		h.apply(r)
		v, _ := h.guard.HouseEnergy(r, sampled(t, "S:2000000"))
		return v.String()
	}
	energy(0)
	h.say("import=1001")
	if got := energy(time.Hour); got != "1" {
		t.Fatalf("before: got %s, want 1", got)
	}
	h.say("id=B import=7000 export=3")
	for range 20 {
		if got := energy(minute); got != "1" {
			t.Fatalf("while the meter is replaced: got %s, want 1", got)
		}
	}
	h.say("import=7000.5")
	if got := energy(minute); got != "1.5" {
		t.Errorf("after: got %s, want 1.5", got)
	}
}

// TestHouseEnergyProperty: whatever the sun, the house and the program do, the
// energy never falls, never runs ahead of what was used, and is exactly that
// whenever the inverter was just heard.
func TestHouseEnergyProperty(t *testing.T) {
	for seed := range uint64(200) {
		chance := rand.New(rand.NewPCG(seed, 7))
		h := newHouse(t)
		imported, exported, produced, used := int64(5_000_000), int64(2_000_000), int64(9_000_000), int64(0) // Wh
		h.say("id=A")
		var sample *meter.Solar
		last := int64(-1)
		kept := json.RawMessage("{}")
		for n := range 400 {
			sun, use := chance.Int64N(60), chance.Int64N(40)
			produced, used = produced+sun, used+use
			if net := use - sun; net > 0 {
				imported += net
			} else {
				exported -= net
			}
			isHeard := n == 0 || chance.IntN(4) == 0
			if isHeard {
				sample = &meter.Solar{Serial: "S"}
				sample.Set(meter.SolarLifetime, meter.NewValue(produced, 0))
			}
			if n == 0 {
				used = 0
			}
			h.words["import"], h.words["export"] = meter.NewValue(imported, 3).String(), meter.NewValue(exported, 3).String()
			r := h.telegram(10 * second)
			h.apply(r)
			v, ok := h.guard.HouseEnergy(r, sample)
			got := v.Shift(3).Int()
			switch {
			case !ok && isHeard:
				t.Fatalf("seed %d, %d: not known", seed, n)
			case !ok:
				continue
			case got < last:
				t.Fatalf("seed %d, %d: it falls from %d to %d", seed, n, last, got)
			case got > used || isHeard && got != used:
				t.Fatalf("seed %d, %d: got %d, used were %d", seed, n, got, used)
			}
			last = got
			switch chance.IntN(50) {
			case 0: // it is saved
				kept = marshalled(t, h.guard.State())
			case 1: // killed: all since is forgotten
				if n > 0 && len(kept) > 2 {
					var s guard.State
					if err := json.Unmarshal(kept, &s); err != nil {
						t.Fatal(err)
					}
					h.guard, sample = new(guard.Guard), nil
					h.guard.Restore(s)
				}
			}
		}
	}
}

func marshalled(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
