package cosem_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// kamstrup is a meter that sends its power each ten seconds, and its registers
// with each message or each hour, in counts of unit Wh.
type kamstrup struct {
	unit   int64
	hourly bool
	energy float64 // Wh
	at     time.Time
	random *rand.Rand
	watts  int64
	export bool
}

// next is the message ten seconds later. The power jumps at any second.
func (k *kamstrup) next() (*cosem.Message, time.Time) {
	for range 10 {
		if k.random.IntN(300) == 0 {
			k.watts = 50 + k.random.Int64N(5000)
		}
		k.energy += float64(k.watts) / 3600
		k.at = k.at.Add(time.Second)
	}
	c := byte(1)
	if k.export {
		c = 2
	}
	objects := []cosem.Object{number(c, 7, 0, k.watts, 0), number(3-c, 7, 0, 0, 0)}
	if !k.hourly || k.at.Minute() == 0 && k.at.Second() < 10 {
		objects = append(objects, assumed(number(c, 8, 0, 7_000_000+int64(k.energy)/k.unit, 0)), assumed(number(3-c, 8, 0, 0, 0)))
	}
	return &cosem.Message{Protocol: "dlms", Objects: objects, EnergyScale: cosem.ScaleUndecided}, k.at
}

// TestEnergyRule decides the unit of meters that count in Wh and in 10 Wh: none
// wrongly, all within some hours.
func TestEnergyRule(t *testing.T) {
	for _, unit := range []int64{1, 10} {
		for _, hourly := range []bool{false, true} {
			for seed := range uint64(30) {
				k := &kamstrup{unit: unit, hourly: hourly, at: noon, random: rand.New(rand.NewPCG(seed, 1)), watts: 300, export: seed%3 == 0}
				r := cosem.Reader{}
				register, want := meter.EnergyImportTotal, k.unit
				if k.export {
					register = meter.EnergyExportTotal
				}
				decided := time.Duration(-1)
				for range 3 * 360 {
					m, at := k.next()
					reading, err := r.Reading(m, meter.ChecksumValid, at)
					if err != nil {
						t.Fatal(err)
					}
					got := r.Scale.WattHours(m)
					if got != 0 && got != want {
						t.Fatalf("%d Wh, hourly %v, seed %d: decided for %d Wh", unit, hourly, seed, got)
					}
					if v, ok := reading.Values.Get(register); ok && (got == 0 || v.Cmp(meter.NewValue((7_000_000+int64(k.energy)/unit)*unit, 3)) != 0) {
						t.Fatalf("%d Wh, hourly %v, seed %d: the register is %s", unit, hourly, seed, v)
					}
					if got != 0 && decided < 0 {
						decided = at.Sub(noon)
					}
				}
				if limit := map[bool]time.Duration{false: time.Hour, true: 3 * time.Hour}[hourly]; decided < 0 || decided > limit {
					t.Errorf("%d Wh, hourly %v, seed %d: decided after %s", unit, hourly, seed, decided)
				}
			}
		}
	}
}

func TestEnergyRuleIsCautious(t *testing.T) {
	start := func() (*cosem.Reader, *kamstrup) {
		return &cosem.Reader{}, &kamstrup{unit: 10, at: noon, random: rand.New(rand.NewPCG(1, 1)), watts: 2000}
	}
	run := func(r *cosem.Reader, k *kamstrup, messages int, keep func(i int) bool) int64 {
		var last *cosem.Message
		for i := range messages {
			m, at := k.next()
			if last = m; keep(i) {
				r.Reading(m, meter.ChecksumValid, at)
			}
		}
		return r.Scale.WattHours(last)
	}
	all := func(int) bool { return true }

	r, k := start()
	if got := run(r, k, 60, func(i int) bool { return i%20 == 0 }); got != 0 {
		t.Errorf("decided for %d Wh with the power unknown for minutes", got)
	}
	r, k = start()
	k.watts, k.random = 0, rand.New(rand.NewPCG(2, 2))
	if got := run(r, k, 3, all); got != 0 {
		t.Errorf("decided for %d Wh by three messages", got)
	}

	// The unit changes over night: withheld by nobody, but followed.
	r, k = start()
	if got := run(r, k, 360, all); got != 10 {
		t.Fatalf("decided for %d Wh, want 10", got)
	}
	k.unit = 1
	if got := run(r, k, 360, all); got != 1 {
		t.Errorf("still %d Wh after an hour in Wh", got)
	}

	state := r.Scale.State()
	r, k = start()
	r.Scale.Restore(state)
	if m, _ := k.next(); r.Scale.WattHours(m) != 1 {
		t.Error("the decision is lost with a restart")
	}
	r.Scale.Restore(cosem.EnergyState{WattHours: 77})
	if m, _ := k.next(); r.Scale.WattHours(m) != 1 {
		t.Error("a state that is none was taken up")
	}
	r.Scale.Fixed = 10
	if m, _ := k.next(); r.Scale.WattHours(m) != 10 {
		t.Error("the user's word does not count")
	}
}

// TestEnergyRuleKnowsTheMeter: what was decided for one meter does not hold for
// the one that takes its place.
func TestEnergyRuleKnowsTheMeter(t *testing.T) {
	named := func(id string) *cosem.Message {
		return &cosem.Message{Protocol: "dlms", EnergyScale: cosem.ScaleUndecided, Objects: []cosem.Object{
			number(1, 7, 0, 500, 0), {Code: cosem.NewCode(1, 1, 0, 0, 5, 255), Type: cosem.Text, Text: []byte(id)}}}
	}
	r := cosem.Reader{}
	r.Scale.Restore(cosem.EnergyState{Meter: "5706567000000001", WattHours: 10})
	for _, c := range []struct {
		id   string
		want int64
	}{{"5706567000000001", 10}, {"", 10}, {"5706567000000001", 10}, {"5706567000000002", 0}, {"5706567000000001", 0}} {
		m := named(c.id)
		if c.id == "" {
			m.Objects = m.Objects[:1]
		}
		r.Reading(m, meter.ChecksumValid, noon)
		if got := r.Scale.WattHours(m); got != c.want {
			t.Errorf("meter %q: %d Wh, want %d", c.id, got, c.want)
		}
	}
}
