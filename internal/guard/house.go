package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// houseEnergy counts the energy, in kWh, that a house with a solar inverter
// uses: what comes from the grid and from the panels less what goes to the grid.
// It counts from 0, by how much the three totals rose. Since these go on counting
// while this program or the inverter is away, nothing is missed. The sum falls
// for a moment where the meter's totals are newer than the inverter's.
type houseEnergy struct {
	imported, exported, produced counter
	inverter                     string      // serial number
	used                         meter.Value // the sum
	shown                        meter.Value // the most that it was
	isKnown                      bool
	isKept                       bool      // it is that of an earlier run, and entities may have seen more since
	waitsUntil                   time.Time // for the inverter, in this run
}

// counter is a total as it was counted last.
type counter struct {
	value   meter.Value
	isKnown bool
}

// step counts the total's next value and returns by how much it rose. A first
// value did not rise, nor did one of a meter that counts anew.
func (c *counter) step(v meter.Value) meter.Value {
	before := *c
	*c = counter{v, true}
	if !before.isKnown || v.Cmp(before.value) < 0 {
		return meter.Value{}
	}
	return v.Sub(before.value)
}

// inverterWithin is how long a new run waits for the inverter before it takes it
// to be asleep: one that is awake answers within a minute.
const inverterWithin = 5 * time.Minute

// HouseEnergy returns the energy that the house has used at the reading that was
// judged last; false while it is not known. s is the last sample of the inverter
// in this run, however old; nil: there is none. The energy stands still while a
// total is missing or doubted.
func (g *Guard) HouseEnergy(r *meter.Reading, s *meter.Solar) (meter.Value, bool) {
	h := &g.house
	var produced meter.Value
	isHeard := false
	if s != nil {
		produced, isHeard = s.Get(meter.SolarLifetime)
	}
	if h.waitsUntil.IsZero() {
		h.waitsUntil = r.Received.Add(inverterWithin)
	}
	isWaiting := !isHeard && (!h.isKnown || h.isKept && r.Received.Before(h.waitsUntil))
	imported, isImport := g.certain(0, r)
	exported, isExport := g.certain(1, r)
	d := &g.directions[1]
	isWithout := !d.isNow && !d.isPresent && !h.exported.isKnown // a meter that counts no export
	if !isWaiting && isImport && (isExport || isWithout) {
		h.used = h.used.Add(h.imported.step(imported))
		if isExport {
			h.used = h.used.Sub(h.exported.step(exported))
		}
		if isHeard {
			h.produce(s.Serial, produced.Shift(-3))
		}
		if !h.isKnown {
			g.firsts++
		}
		h.isKnown, h.isKept = true, false
	}
	if h.used.Cmp(h.shown) > 0 {
		h.shown = h.used
	}
	return h.shown, h.isKnown && !h.isKept
}

// produce counts what the inverter of that serial number has produced, in kWh.
func (h *houseEnergy) produce(serial string, total meter.Value) {
	if serial != h.inverter {
		h.inverter, h.produced = serial, counter{}
	}
	h.used = h.used.Add(h.produced.step(total))
}

// certain returns the total of a direction; false where the reading that was
// judged last does not have it, or it is doubted.
func (g *Guard) certain(i int, r *meter.Reading) (meter.Value, bool) {
	d, t := &g.directions[i], &g.energies[meter.Sums[i].Total]
	if !d.isNow && !d.isShown(t) || !t.known || t.doubt.isOpen || d.isDoubted || r.Meter.Rival || r.Meter.Booting {
		return meter.Value{}, false
	}
	return t.truth.value, true
}
