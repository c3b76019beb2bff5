package cosem

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// Unit is a unit as messages number it (IEC 62056-62, table of enumerated
// units); DLMS and SML share it. 0 is none given.
type Unit uint8

// The units that electricity meters use.
const (
	NoUnit          Unit = 0
	Day             Unit = 4
	Second          Unit = 7
	Degree          Unit = 8
	Celsius         Unit = 9
	CubicMetre      Unit = 13
	CorrectedMetre  Unit = 14
	Joule           Unit = 25
	Watt            Unit = 27
	VoltAmpere      Unit = 28
	Var             Unit = 29
	WattHour        Unit = 30
	VoltAmpereHour  Unit = 31
	VarHour         Unit = 32
	Ampere          Unit = 33
	Volt            Unit = 35
	Hertz           Unit = 44
	Percent         Unit = 56
	Dimensionless   Unit = 255
	unitsInTheTable      = 57
)

type unitRow struct {
	name  string
	unit  meter.Unit // in which readings keep it
	shift int8       // power of ten from this unit to that
}

var units = [unitsInTheTable]unitRow{
	Day: {name: "d"}, Second: {"s", meter.Second, 0}, Degree: {name: "deg"}, Celsius: {name: "°C"},
	CubicMetre: {"m3", meter.CubicMetre, 0}, CorrectedMetre: {"m3", meter.CubicMetre, 0}, Joule: {"J", meter.Gigajoule, -9},
	Watt: {"W", meter.Kilowatt, -3}, VoltAmpere: {"VA", meter.KilovoltAmpere, -3}, Var: {"var", meter.Kilovar, -3},
	WattHour: {"Wh", meter.KilowattHour, -3}, VoltAmpereHour: {name: "VAh"}, VarHour: {"varh", meter.KilovarHour, -3},
	Ampere: {"A", meter.Ampere, 0}, Volt: {"V", meter.Volt, 0}, Hertz: {"Hz", meter.Hertz, 0}, Percent: {name: "%"},
}

// String is the unit's symbol; "" where it has none or is not known.
func (u Unit) String() string {
	if int(u) < len(units) {
		return units[u].name
	}
	return ""
}

// Reading returns the unit in which readings keep values of this one, and the
// power of ten that brings them there.
func (u Unit) Reading() (meter.Unit, int) {
	if int(u) < len(units) {
		return units[u].unit, int(units[u].shift)
	}
	return meter.UnitNone, 0
}

// quantityUnits is the unit of what group C numbers within each of total, L1,
// L2 and L3 (IEC 62056-61, table 5): 1 is active power import, 21 that of L1.
var quantityUnits = [21]Unit{
	1: Watt, 2: Watt, 3: Var, 4: Var, 5: Var, 6: Var, 7: Var, 8: Var, 9: VoltAmpere, 10: VoltAmpere,
	11: Ampere, 12: Volt, 14: Hertz, 15: Watt, 16: Watt, 17: Watt, 18: Watt, 19: Watt, 20: Watt,
}

// Unit returns the unit that the code itself implies, for messages that send
// none.
func (c Code) Unit() Unit {
	if c.C() == 0 || c.C() > 91 || c.A() > 1 {
		return NoUnit
	}
	u := quantityUnits[c.quantity()]
	if c.C() == 90 || c.C() == 91 { // sum of currents, neutral conductor
		u = Ampere
	}
	switch {
	case c.D() == 7 || c.D() == 24:
		return u
	case c.D() == 8:
		switch u {
		case Watt, VoltAmpere, Var:
			return u + 3
		}
	}
	return NoUnit
}

// quantity is group C without the phase, 1 to 20.
func (c Code) quantity() int {
	if c.C() == 0 || c.C() > 80 {
		return 0
	}
	return (int(c.C())-1)%20 + 1
}

// phase is 0 for the total, else 1 to 3.
func (c Code) phase() int {
	if c.C() == 0 || c.C() > 80 {
		return 0
	}
	return (int(c.C()) - 1) / 20
}

// Kind is what a scale of values without one depends on.
type Kind uint8

// The kinds.
const (
	OtherKind Kind = iota
	Power
	Energy
	Voltage
	Current
	Factor
	Frequency
)

// Kind returns the kind of quantity that a code is of.
func (c Code) Kind() Kind {
	if c.D() == 7 && c.quantity() == 13 && c.A() <= 1 {
		return Factor
	}
	switch c.Unit() {
	case Watt, VoltAmpere, Var:
		return Power
	case WattHour, VoltAmpereHour, VarHour:
		return Energy
	case Volt:
		return Voltage
	case Ampere:
		return Current
	case Hertz:
		return Frequency
	}
	return OtherKind
}
