package derive

import (
	"slices"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// registers are what counts up and can be added.
var registers = func() []meter.Quantity {
	totals := meter.Where(func(i *meter.Info) bool { return i.Unit.Total() })
	return slices.DeleteFunc(totals, func(q meter.Quantity) bool { return q == meter.EnergyHouse }) // which is counted of the sum
}()

// pairs are the powers that can be added: of all phases and of each.
var pairs = append(slices.Clone(phases[:]), pair{meter.PowerImport, meter.PowerExport, meter.PowerNet})

// Sum adds up what several electricity meters measure at one time: energy, and
// power with that of each phase. Only what all of them say is in it, because
// a part would look like all of it; of two powers one that a meter does not
// print is 0. Tariffs are added where their numbers mean the same. Its time is
// when the last of the readings came in.
func Sum(readings []*meter.Reading) (sum meter.Reading) {
	sum.Tariffs = readings[0].Tariffs
	sameTariffs := true
	for _, r := range readings {
		sameTariffs = sameTariffs && r.Tariffs == sum.Tariffs
		if r.Received.After(sum.Received) {
			sum.Received = r.Received
		}
	}
	if !sameTariffs {
		sum.Tariffs = meter.TariffsNumbered
	}
	for _, q := range registers {
		if sameTariffs || meter.Quantities[q].Traits.Tariff == 0 {
			add(&sum, readings, q, q)
		}
	}
	for _, p := range pairs {
		add(&sum, readings, p.in, p.net)
		add(&sum, readings, p.out, p.net)
		add(&sum, readings, p.net, p.net)
	}
	return sum
}

// add adds up a quantity where all readings have another one.
func add(sum *meter.Reading, readings []*meter.Reading, q, where meter.Quantity) {
	var total meter.Value
	for _, r := range readings {
		if !r.Values.Has(where) {
			return
		}
		if v, ok := r.Values.Get(q); ok {
			total = total.Add(v)
		}
	}
	sum.Values.Set(q, total)
}
