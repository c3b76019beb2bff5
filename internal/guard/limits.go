package guard

import (
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
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

// maxConnection in kW bounds the power that lifts the limit. A larger one has
// its meter on medium voltage, which has no P1 port.
const maxConnection = 1000.0

// rules are how much is believed, and when.
type rules struct {
	rate  float64       // the most that the connection delivers, unit per hour
	idle  time.Duration // a register that is brought up to date now and then may have waited so long
	first int           // values that make a first truth
	brief wait          // of a fall that Home Assistant books as negative use and thus takes back
	long  wait          // of what it books: a fall below 90 %, a jump, another unit, and a first value that is late
}

// wait is when a doubted line is confirmed.
type wait struct {
	values int           // so many of its values came, and
	lasts  time.Duration // so much time passed since the first
}

// How much is believed with a checksum (checked) and without. The long wait is
// household's, so that a meter that is replaced is confirmed when its
// identifier counts.
var (
	checked = rules{idle: time.Hour, first: 1, brief: wait{5, time.Minute}, long: wait{5, household.Wait}}
	bare    = rules{idle: time.Minute, first: 2, brief: wait{10, 2 * time.Minute}, long: wait{10, household.Wait}}
)

// mbusValues is how many readings of different times confirm the line of an
// M-Bus meter. It is read every five minutes to once a day, and each telegram
// till then repeats the reading, which proves nothing. Without a checksum each
// must stand in two telegrams in a row.
const mbusValues = 3

// energyRules are those of the electricity meter's registers. power is what it
// said in two telegrams in a row, kW.
func energyRules(power float64, isChecked bool) rules {
	r := bare
	r.rate = maxPower
	if isChecked {
		r = checked
		r.rate = maxPower * generous
	}
	r.rate = max(r.rate, min(power, maxConnection)*generous)
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
		r.brief.values, r.long.values = mbusValues, mbusValues
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
