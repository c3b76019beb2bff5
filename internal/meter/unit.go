package meter

// Unit is a unit of measurement in which readings are kept.
type Unit uint8

// The units of readings: one a kind, so that a meter that sends Wh and one
// that sends kWh give the same reading.
const (
	UnitNone          Unit = iota
	KilowattHour           // energy
	Kilowatt               // power as the meter gives it
	Watt                   // power that is computed here
	KilovarHour            // reactive energy
	Kilovar                // reactive power
	KilovoltAmpere         // apparent power
	Volt                   // voltage
	Ampere                 // current
	Hertz                  // frequency
	Second                 // duration
	CubicMetre             // volume of gas or water
	CubicMetrePerHour      // flow
	Gigajoule              // heat
	NumUnits               // how many there are
)

var unitNames = [...]string{
	KilowattHour: "kWh", Kilowatt: "kW", Watt: "W", KilovarHour: "kvarh", Kilovar: "kvar", KilovoltAmpere: "kVA",
	Volt: "V", Ampere: "A", Hertz: "Hz", Second: "s", CubicMetre: "m3", CubicMetrePerHour: "m3/h", Gigajoule: "GJ",
}

// String is the unit as a telegram prints it: kWh, m3.
func (u Unit) String() string {
	if int(u) < len(unitNames) {
		return unitNames[u]
	}
	return ""
}

// Symbol is the unit as Home Assistant and people write it: kWh, m³.
func (u Unit) Symbol() string {
	switch u {
	case CubicMetre:
		return "m³"
	case CubicMetrePerHour:
		return "m³/h"
	}
	return u.String()
}

// Total reports whether the unit is one of what has passed since a meter was
// made, energy or volume, and not of what is now.
func (u Unit) Total() bool {
	switch u {
	case KilowattHour, KilovarHour, CubicMetre, Gigajoule:
		return true
	}
	return false
}

// telegramUnit is a unit that meters print, and how many powers of ten it
// stands above the unit that readings keep.
type telegramUnit struct {
	text  string
	unit  Unit
	shift int8
}

// telegramUnits is looked through in order; letters are compared without
// regard to case (meters write kVArh, kvarh and kVarh).
var telegramUnits = [...]telegramUnit{
	{"kWh", KilowattHour, 0}, {"kW", Kilowatt, 0}, {"V", Volt, 0}, {"A", Ampere, 0}, {"m3", CubicMetre, 0},
	{"Wh", KilowattHour, -3}, {"MWh", KilowattHour, 3}, {"W", Kilowatt, -3}, {"MW", Kilowatt, 3},
	{"kvarh", KilovarHour, 0}, {"varh", KilovarHour, -3}, {"Mvarh", KilovarHour, 3},
	{"kvar", Kilovar, 0}, {"var", Kilovar, -3}, {"Mvar", Kilovar, 3},
	{"kVA", KilovoltAmpere, 0}, {"VA", KilovoltAmpere, -3}, {"MVA", KilovoltAmpere, 3},
	{"kV", Volt, 3}, {"kA", Ampere, 3}, {"Hz", Hertz, 0}, {"kHz", Hertz, 3}, {"s", Second, 0},
	{"dm3", CubicMetre, -3}, {"l", CubicMetre, -3}, {"GJ", Gigajoule, 0}, {"MJ", Gigajoule, -3}, {"kJ", Gigajoule, -6},
}

// ParseUnit finds the unit that a telegram prints and the power of ten that
// brings its numbers to that unit. The one pair that case tells apart, mV and
// MV, mA and MA, is read as milli: no household meter counts in megaampere.
func ParseUnit[T ~string | ~[]byte](text T) (unit Unit, shift int, ok bool) {
	for i := range telegramUnits {
		if u := &telegramUnits[i]; equalFold(u.text, text) {
			return u.unit, int(u.shift), true
		}
	}
	switch {
	case equalFold("mA", text):
		return Ampere, -3, true
	case equalFold("mV", text):
		return Volt, -3, true
	}
	return UnitNone, 0, false
}

func equalFold[T ~string | ~[]byte](a string, b T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && (a[i]|0x20 != b[i]|0x20 || a[i]|0x20 < 'a') {
			return false
		}
	}
	return true
}
