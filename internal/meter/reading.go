package meter

import "time"

// Checksum is what a telegram's checksum said.
type Checksum uint8

// The verdicts on a telegram's checksum.
const (
	ChecksumAbsent  Checksum = iota // DSMR 2 and 3, Q3D and some others send none
	ChecksumValid                   // whole and unchanged
	ChecksumInvalid                 // damaged on the way
)

// String is valid, invalid or absent.
func (c Checksum) String() string {
	switch c {
	case ChecksumValid:
		return "valid"
	case ChecksumInvalid:
		return "invalid"
	}
	return "absent"
}

// Tariffs is what the tariff's number means where the meter hangs.
type Tariffs uint8

// The meanings of tariff numbers.
const (
	TariffsNumbered    Tariffs = iota // numbers without a meaning that all agree on
	TariffsLowFirst                   // 1 low, 2 normal: the Netherlands
	TariffsNormalFirst                // 1 normal, 2 low: Belgium, Hungary
)

// Names returns what the tariffs from 1 on are called, low and normal; nil
// where they have numbers only.
func (t Tariffs) Names() []string {
	switch t {
	case TariffsLowFirst:
		return []string{"low", "normal"}
	case TariffsNormalFirst:
		return []string{"normal", "low"}
	}
	return nil
}

// MaxChannels is how many M-Bus channels a reading holds; the standards know
// four.
const MaxChannels = 8

// Reading is one report of a meter: a value, copied, never changed once it is
// published. Its slices and strings are shared between copies.
type Reading struct {
	Received time.Time // our clock, when the telegram was whole
	Checksum Checksum

	Header      string // identification line without its "/"
	Standard    string // for people: "DSMR 5.0", "e-MUCS 1.7"
	Tariffs     Tariffs
	Version     string // version information as printed: "50", "50217"
	EquipmentID string // equipment identifier as printed, mostly hex digits
	Meter       Identity
	Time        Timestamp
	ClockUnset  bool // it prints a time that is none, as after a boot
	Values      Values
	Channels    [MaxChannels]Channel // M-Bus channel n at n-1

	PeakMonth       Peak // highest quarter-hour import of this month
	PeakMonthExport Peak
	PeakHistory     []Peak // one a month, as the meter orders them
	Failures        []Failure
	Messages        [6]string // text of 96.13.0 and 96.13.2 to .5; [1] is the code of 96.13.1
	Odd             int       // known objects whose value could not be read
}

// Peak is the highest average demand of a month.
type Peak struct {
	Month  Timestamp // end of the month in a history, else zero
	Time   Timestamp // when the peak was, zero when the meter does not say
	Demand Value     // kW
	Valid  bool
}

// Failure is one entry of the log of long power failures.
type Failure struct {
	End     Timestamp
	Seconds int64
}

// Channel is a meter that hangs on the electricity meter by M-Bus.
type Channel struct {
	Type     DeviceType
	TypeText string // as printed: "003"
	ID       string // equipment identifier as printed
	Meter    Identity
	EAN      string // as printed
	Time     Timestamp
	Value    Value
	Unit     Unit // UnitNone: no reading
	Valve    int8 // state of the valve plus one: 1 closed, 2 open, 3 ready; 0 not reported
}

// DeviceType is an M-Bus device type (EN 13757-3, as 0-n:24.1.0 prints it).
type DeviceType uint8

// The device types that P1 ports are known to carry.
const (
	TypeElectricity DeviceType = 2
	TypeGas         DeviceType = 3
	TypeHeat        DeviceType = 4
	TypeWarmWater   DeviceType = 6
	TypeWater       DeviceType = 7
	TypeCooling     DeviceType = 10
	TypeCoolingFlow DeviceType = 11
	TypeHeatFlow    DeviceType = 12
	TypeHeatCooling DeviceType = 13
	TypeHotWater    DeviceType = 21
	TypeColdWater   DeviceType = 22
)

var deviceTypes = map[DeviceType]string{
	0: "none", 1: "oil", TypeElectricity: "electricity", TypeGas: "gas", TypeHeat: "heat", 5: "steam", TypeWarmWater: "warm water",
	TypeWater: "water", 8: "heat cost allocator", TypeCooling: "cooling", TypeCoolingFlow: "cooling (flow)", TypeHeatFlow: "heat (flow)",
	TypeHeatCooling: "heat and cooling", TypeHotWater: "hot water", TypeColdWater: "cold water", 32: "breaker", 33: "valve", 40: "waste water",
}

// String is the type's name, or "unknown".
func (t DeviceType) String() string {
	if name, ok := deviceTypes[t]; ok {
		return name
	}
	return "unknown"
}

// Medium is what an M-Bus meter measures. Its row in Media tells all about it.
type Medium uint8

// The media.
const (
	Gas Medium = iota
	Water
	WarmWater
	Heat
	Cooling
	SubElectricity
	NumMedia // how many there are
)

// MediumInfo is what the program knows of a medium.
type MediumInfo struct {
	JSON    string // {ts,totalUse} on the JSON socket; JSON+"Sn" the identifier
	AsUnit  bool   // the JSON names the unit too: it differs between meters
	Types   []DeviceType
	Unit    Unit   // where the meter does not print one
	Slot    string // suffix of the device's slot: p1_gas
	Device  string // the device's name, English
	Key     string // of the total's entity
	Name    string // of the total's entity; empty: Home Assistant names it
	Class   string // device class of a volume; an energy's class is energy
	FlowKey string // entity of the flow, where there is one
	Metric  string // name in Prometheus, between smartmeter_ and the unit
	Influx  string // measurement in InfluxDB
}

// Media is the table of media: one row each.
var Media = [NumMedia]MediumInfo{
	Gas:            {"gas", false, []DeviceType{TypeGas}, CubicMetre, "gas", "Gas meter", "gas_total", "", "gas", "gas_flow", "gas", "gas-total"},
	Water:          {"water", false, []DeviceType{TypeWater, TypeColdWater}, CubicMetre, "water", "Water meter", "water_total", "", "water", "", "water", "water-total"},
	WarmWater:      {"warmWater", false, []DeviceType{TypeWarmWater, TypeHotWater}, CubicMetre, "warm_water", "Hot water meter", "warm_water_total", "", "water", "", "warm_water", "warm-water-total"},
	Heat:           {"heat", true, []DeviceType{TypeHeat, TypeHeatCooling, TypeHeatFlow}, Gigajoule, "heat", "Heat meter", "heat_total", "Heat", "water", "", "heat", "heat-total"},
	Cooling:        {"cooling", true, []DeviceType{TypeCooling, TypeCoolingFlow}, Gigajoule, "cooling", "Cooling meter", "cooling_total", "Cooling", "water", "", "cooling", "cooling-total"},
	SubElectricity: {"electricity", true, []DeviceType{TypeElectricity}, KilowattHour, "energy", "Electricity submeter", "energy_total", "", "", "", "electricity", "electricity-total"},
}

// MediumByJSON returns the medium that the JSON socket calls by that name;
// false where there is none.
func MediumByJSON(name string) (Medium, bool) {
	for m := range Media {
		if Media[m].JSON == name {
			return Medium(m), true
		}
	}
	return 0, false
}

// Medium returns what the device type measures; false for types that are not
// a household meter (valve, breaker, allocator) or are not known.
func (t DeviceType) Medium() (Medium, bool) {
	m := mediumOf[t]
	return Medium(m - 1), m > 0
}

// mediumOf is the medium of each device type plus one; 0: it has none.
var mediumOf = func() (of [1 << 8]uint8) {
	for m := range Media {
		for _, t := range Media[m].Types {
			of[t] = uint8(m + 1)
		}
	}
	return of
}()

// Member returns the channel of the household's meter for m that has the slot,
// whichever number it has: what is kept for years reads it. False when it is not
// in the telegram. Of a reading that the household stage has not seen, the best
// channel is the first meter's.
func (r *Reading) Member(m Medium, slot uint8) (*Channel, bool) {
	if r.Meter.Slot == 0 && slot == 1 {
		return r.Medium(m)
	}
	for i := range r.Channels {
		c := &r.Channels[i]
		if of, ok := c.Type.Medium(); ok && of == m && c.Meter.Slot == slot {
			return c, true
		}
	}
	return nil, false
}

// Medium returns the channel that speaks for m in this telegram, whichever
// number it has: that of the household's first meter, and where it has no
// reading the best; see Outranks. Without any reading it is the first channel of
// that type; false when there is none.
func (r *Reading) Medium(m Medium) (*Channel, bool) {
	var best *Channel
	for i := range r.Channels {
		c := &r.Channels[i]
		if of, ok := c.Type.Medium(); !ok || of != m {
			continue
		}
		if c.Meter.Slot == 1 && c.Unit != UnitNone {
			return c, true
		}
		if best == nil || c.Outranks(best, m) {
			best = c
		}
	}
	return best, best != nil
}

// Outranks reports whether c speaks for the medium m rather than d. One in the
// medium's own unit does before one in another. Of several the one with the
// newest reading does, so that a meter that was replaced but stays in the
// telegram never wins.
func (c *Channel) Outranks(d *Channel, m Medium) bool {
	a, b := m.rank(c.Unit), m.rank(d.Unit)
	return a > b || a == b && c.Time.Compare(d.Time) > 0
}

// IsLesser reports whether a meter that counts in u never speaks for m beside
// one that counts in v: it counts the water that carried the heat.
func (m Medium) IsLesser(u, v Unit) bool { return m.rank(u) == 1 && m.rank(v) > 1 }

// rank orders the units of one medium: the medium's own comes before another.
// GJ and kWh are equally a heat meter's own.
func (m Medium) rank(u Unit) int {
	info := &Media[m]
	switch {
	case u == UnitNone:
		return 0
	case u == info.Unit, info.AsUnit && u != CubicMetre:
		return 2
	}
	return 1
}

// Names reports whether a value in unit u may be published under the medium's
// name alone: programs that take gas.totalUse know that it is in m3, so a gas
// meter that counts kWh is not published there.
func (info *MediumInfo) Names(u Unit) bool {
	return u != UnitNone && (info.AsUnit || u == info.Unit)
}
