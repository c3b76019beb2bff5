package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// What connections deliver at most, by hour.
const (
	// maxPower in kW is 3 x 80 A at 230 V, the largest connection without
	// current transformers. A meter with them prints more, and is believed.
	maxPower = 55.2

	maxGas    = 40.0       // m3, a G25 meter
	gasEnergy = 12.0       // kWh in a m3 of gas, at most
	maxWater  = 10.0       // m3, a DN25 meter; heating water too
	maxHeat   = 1.0        // GJ, 278 kW
	kWhPerGJ  = 1000 / 3.6 // exact
)

// generous is how much more than that is believed when a checksum vouches for
// the telegram.
const generous = 2

// How much is believed with a checksum (checked) and without.
var (
	checked = rules{idle: time.Hour, first: 1, values: 5, lasts: time.Minute}
	bare    = rules{idle: time.Minute, first: 2, values: 10, lasts: 2 * time.Minute}

	// An M-Bus meter is read every five minutes to once a day, and each
	// telegram till then repeats the reading: only readings of different times
	// count. Without a checksum each must stand in two telegrams in a row.
	mbusValues = 3
)

// bareIDs is how many telegrams without checksum must name a new meter.
const bareIDs = 5

// energyRules are those of the electricity meter's registers. power is the
// largest that it tells, kW.
func energyRules(power float64, isChecked bool) rules {
	r := bare
	r.rate = maxPower
	if isChecked {
		r = checked
		r.rate = maxPower * generous
	}
	r.rate = max(r.rate, power*generous)
	return r
}

// mbusRules are those of a meter's reading that hangs on M-Bus. A reading
// without a time proves no more than a telegram.
func mbusRules(m meter.Medium, u meter.Unit, timed, isChecked bool) rules {
	r := bare
	r.rate = mbusRate(m, u)
	if isChecked {
		r = checked
		r.rate = mbusRate(m, u) * generous
	}
	r.idle, r.first = checked.idle, checked.first
	if timed {
		r.values, r.lasts = mbusValues, 0
	}
	return r
}

func mbusRate(m meter.Medium, u meter.Unit) float64 {
	switch u {
	case meter.Gigajoule:
		return maxHeat
	case meter.KilowattHour:
		switch m {
		case meter.Gas:
			return maxGas * gasEnergy
		case meter.SubElectricity:
			return maxPower
		}
		return maxHeat * kWhPerGJ
	}
	if m == meter.Gas {
		return maxGas
	}
	return maxWater
}

// powers tell how large the connection is.
var powers = [...]meter.Quantity{
	meter.PowerImport, meter.PowerExport, meter.PowerAbsolute, meter.PowerReactiveImport, meter.PowerReactiveExport,
}

// largestPower is the largest of them, in kW or kvar.
func largestPower(v *meter.Values) (most float64) {
	for _, q := range powers {
		if p, ok := v.Get(q); ok {
			most = max(most, p.Float64())
		}
	}
	return most
}
