package meter

import (
	"bytes"
	"fmt"
)

// Quantity is something that a meter can report as a number. Its row in
// Quantities tells all about it.
type Quantity uint8

// The quantities, in the order of the JSON socket. What one cannot guess from
// a name stands in its row.
const (
	EnergyImportT1 Quantity = iota
	EnergyImportT2
	EnergyExportT1
	EnergyExportT2
	Tariff
	PowerImport
	PowerExport
	PowerFailuresShort
	PowerFailuresLong
	VoltageSagsL1
	VoltageSagsL2
	VoltageSagsL3
	VoltageSwellsL1
	VoltageSwellsL2
	VoltageSwellsL3
	VoltageL1
	VoltageL2
	VoltageL3
	CurrentL1
	CurrentL2
	CurrentL3
	PowerImportL1
	PowerImportL2
	PowerImportL3
	PowerExportL1
	PowerExportL2
	PowerExportL3

	// Derived here; the JSON socket puts the gas meter before them.
	PowerNet
	SolarPower
	HouseUse

	// Ours, after the names of smartmeter2mqtt.
	EnergyImportTotal
	EnergyExportTotal
	EnergyImportT3
	EnergyImportT4
	EnergyImportT5
	EnergyExportT3
	EnergyExportT4
	EnergyExportT5
	EnergyReactiveImport
	EnergyReactiveExport
	DemandAverage
	DemandAverageExport
	Frequency
	PowerFactor
	PowerFactorL1
	PowerFactorL2
	PowerFactorL3
	Breaker
	LimiterPower
	LimiterApparent
	LimiterCurrent
	FuseL1
	FuseL2
	FuseL3
	GasFlow
	EnergyCombined
	EnergyReactiveImportT1
	EnergyReactiveImportT2
	EnergyReactiveImportT3
	EnergyReactiveImportT4
	EnergyReactiveExportT1
	EnergyReactiveExportT2
	EnergyReactiveExportT3
	EnergyReactiveExportT4
	EnergyReactiveQ1
	EnergyReactiveQ2
	EnergyReactiveQ3
	EnergyReactiveQ4
	PowerReactiveImport
	PowerReactiveExport
	PowerReactiveImportL1
	PowerReactiveImportL2
	PowerReactiveImportL3
	PowerReactiveExportL1
	PowerReactiveExportL2
	PowerReactiveExportL3
	PowerReactiveQ1
	PowerReactiveQ2
	PowerReactiveQ3
	PowerReactiveQ4
	PowerApparentImport
	PowerApparentImportL1
	PowerApparentImportL2
	PowerApparentImportL3
	PowerApparentExport
	PowerApparentExportL1
	PowerApparentExportL2
	PowerApparentExportL3
	PowerAbsolute
	PowerSigned
	PowerNetL1
	PowerNetL2
	PowerNetL3
	VoltageAverageL1
	VoltageAverageL2
	VoltageAverageL3
	VoltageAny
	CurrentAny
	CurrentSum
	CurrentNeutral
	GridVoltage
	MBusRelay1
	MBusRelay2
	MBusRelay3
	MBusRelay4
	DemandForecast
	DemandHeadroom
	DemandPeakAverage
	EnergyHouse

	NumQuantities // how many there are
)

// Info is what the program knows of a quantity.
type Info struct {
	JSON   string // name on the JSON socket; empty: not there
	Unit   Unit   // in which readings keep it
	What   string // for people; see Help
	Traits Traits // what tells it from others of its kind
	Metric string // name in Prometheus, after smartmeter_; quantities that differ in a label share one
	Influx string // field in InfluxDB; empty: not there
	Entity Entity // how Home Assistant shows it
}

// Traits tell the quantities of a kind apart, what their numbers mean, and what
// they were called.
type Traits struct {
	Direction Direction
	Phase     uint8 // 1 to 3; 0: all
	Tariff    uint8 // from 1; 0: all
	Channel   uint8 // of M-Bus, from 1; 0: none
	Limit     bool  // see Unlimited
	Switch    bool  // a breaker or relay: 0 disconnected, 1 connected, 2 ready to be connected

	// Alias is the name of smartmeter2mqtt's beta, which stands beside JSON
	// where the meter reports the quantity; empty: it had the same, or none.
	Alias string
}

// Direction is where energy flows.
type Direction uint8

// The directions.
const (
	NoDirection Direction = iota
	Import                // from the grid: A+ of IEC 62056
	Export                // to the grid: A-
)

// String is import, export or empty.
func (d Direction) String() string { return [...]string{"", "import", "export"}[d] }

// Help returns what the quantity is, for people.
func (i *Info) Help() string {
	switch t := i.Traits; {
	case t.Phase > 0:
		return fmt.Sprintf("%s, L%d", i.What, t.Phase)
	case t.Tariff > 0:
		return fmt.Sprintf("%s, tariff %d", i.What, t.Tariff)
	case t.Channel > 0:
		return fmt.Sprintf("%s of M-Bus channel %d", i.What, t.Channel)
	}
	return i.What
}

// Unlimited reports whether v, the value of a limit, stands for "no limit":
// nothing but nines, such as 999, 999.9 and 99.999.
func (i *Info) Unlimited(v Value) bool {
	var room [24]byte
	text := v.Append(room[:0])
	return i.Traits.Limit && v.Int() >= 99 && bytes.Count(text, []byte("9")) >= 3 && len(bytes.Trim(text, "9.")) == 0
}

// Entity is how Home Assistant shows a quantity. Without a Key there is none.
type Entity struct {
	Key       string // in unique ids, entity ids and state topics; for ever
	Name      string // English; empty: Home Assistant names it by its class
	Unit      string // Home Assistant's spelling
	Shift     int    // power of ten from the reading's unit to Unit
	Class     string // device class
	State     string // state class
	Icon      string // only where no class gives one
	Precision int    // decimals shown
	Mean      bool   // shown as the mean since the last state: a kettle that boils between two states is seen, and what they add up to is right
	Options   []string
	Rare      bool // diagnostic, and switched off until the user wants it
	Off       bool // switched off until the user wants it
	Group     Group
	Hidden    Hidden
	Slow      bool // moves once a minute at most, as totals do
}

// Hidden is when an entity is left out of dashboards until the user shows it.
type Hidden uint8

// When entities are hidden.
const (
	HiddenNever         Hidden = iota
	HiddenAlways               // of use to automations only
	HiddenWhileZero            // a register of a tariff that the contract does not have
	HiddenWithoutExport        // the same as the net power where nothing is exported
)

// Group is a set of quantities that a household has or has not: the entities
// of a group are announced once one of its values was not zero.
type Group uint8

// The groups. A phase belongs to a house with more than one.
const (
	GroupNone   Group = iota // announced once a value was there, zero or not
	GroupExport              // solar panels or a battery
	GroupL1
	GroupL2
	GroupL3
	GroupPhases // L1 of a house that has L2 or L3 too
)

// Values holds what was reported, one Value a quantity. Absent is not zero.
// The zero Values is empty.
type Values struct {
	values [NumQuantities]Value
	set    bitset
	odd    bitset
	sums   bitset
}

type bitset [(NumQuantities + 63) / 64]uint64

func (b *bitset) has(q Quantity) bool { return b[q/64]&(1<<(q%64)) != 0 }
func (b *bitset) add(q Quantity)      { b[q/64] |= 1 << (q % 64) }

// Set records v as the value of q.
func (s *Values) Set(q Quantity, v Value) {
	s.values[q] = v
	s.set.add(q)
}

// SetSum records v as the value of q, which the meter does not report itself.
func (s *Values) SetSum(q Quantity, v Value) {
	s.Set(q, v)
	s.sums.add(q)
}

// Get returns the value of q; false when it was not reported.
func (s *Values) Get(q Quantity) (Value, bool) {
	if !s.Has(q) {
		return Value{}, false
	}
	return s.values[q], true
}

// Has reports whether q was reported.
func (s *Values) Has(q Quantity) bool { return s.set.has(q) }

// IsSum reports whether the value of q was set by SetSum.
func (s *Values) IsSum(q Quantity) bool { return s.sums.has(q) }

// SetOdd records that q was reported, but in a way that could not be read.
func (s *Values) SetOdd(q Quantity) { s.odd.add(q) }

// Odd reports whether q was reported in a way that could not be read, and in no
// other.
func (s *Values) Odd(q Quantity) bool { return s.odd.has(q) && !s.set.has(q) }

// Clear forgets q.
func (s *Values) Clear(q Quantity) { s.set[q/64] &^= 1 << (q % 64) }

// Reset forgets all values.
func (s *Values) Reset() { s.set, s.odd, s.sums = bitset{}, bitset{}, bitset{} }
