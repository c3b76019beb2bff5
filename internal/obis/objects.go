package obis

import (
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Kind is what an object holds.
type Kind uint8

// The kinds of objects.
const (
	Nothing           Kind = iota // what has no place in a reading
	Quantity                      // a number of a unit
	Factor                        // a power factor
	SignedPhase                   // net power of a phase, kW; Rank: the phase from 0
	Tariff                        // the tariff in force
	Switch                        // a breaker or relay
	Limiter                       // a limit of power, current or apparent power
	Fuse                          // a limit of current: import, then export
	Peak                          // highest demand of the month; Rank 1: of export
	PeakHistory                   // those of past months
	FailureLog                    // long power failures
	Time                          // the meter's time
	ClockTime                     // its time of day
	ClockDate                     // its date
	Version                       // of the standard
	Identifier                    // of the meter or the connection; the one with the highest Rank is the meter's
	Message                       // text of the grid operator; Rank: which
	ChannelType                   // of an M-Bus meter: what it measures
	ChannelIdentifier             // its identifier
	ChannelEAN                    // its point of delivery
	ChannelValve                  // its valve
	ChannelReading                // its reading with its time
	ChannelProfile                // the same as a profile of one entry (DSMR 2 and 3)
	ChannelHour                   // one of its hourly readings
	NumKinds                      // how many there are
)

// Object is a COSEM object: what its code means.
type Object struct {
	Pattern  string // OBIS code; n is any M-Bus channel
	Kind     Kind
	Quantity meter.Quantity   // of kinds that have one
	Unit     meter.Unit       // of its values, in which readings keep them
	Rank     int              // tells objects of a kind apart
	Device   meter.DeviceType // of an object whose group A is the medium
	Index    uint8            // in Objects

	help string // for people; empty: the quantity's
}

// MaxObjects is how many rows the table can have.
const MaxObjects = 255

// HasQuantity reports whether the object brings its Quantity and nothing else.
func (o *Object) HasQuantity() bool { return o.help == "" }

// Help says for people what the object is.
func (o *Object) Help() string {
	if o.help == "" {
		return meter.Quantities[o.Quantity].Help()
	}
	return o.help
}

func quantity(pattern string, q meter.Quantity) Object { return quantityBy(Quantity, pattern, q) }

func quantityBy(kind Kind, pattern string, q meter.Quantity) Object {
	return Object{Pattern: pattern, Kind: kind, Quantity: q, Unit: meter.Quantities[q].Unit}
}

func id(pattern, help string, rank int) Object {
	return Object{Pattern: pattern, help: help, Kind: Identifier, Rank: rank}
}

func text(pattern, help string, slot int) Object {
	return Object{Pattern: pattern, help: help, Kind: Message, Rank: slot}
}

func special(kind Kind, pattern, help string) Object {
	return Object{Pattern: pattern, help: help, Kind: kind}
}

func signedPhase(pattern, help string, phase int) Object {
	return Object{Pattern: pattern, help: help, Kind: SignedPhase, Unit: meter.Kilowatt, Rank: phase}
}

// medium is an object of DSMR 2.1, where group A is the medium. Those meters
// get the channels behind the four of M-Bus.
func medium(kind Kind, pattern, help string, channel int, device meter.DeviceType) Object {
	return Object{Pattern: pattern, help: help, Kind: kind, Rank: channel, Device: device}
}

func nothing(pattern, help string) Object { return special(Nothing, pattern, help) }

// Objects is THE TABLE of COSEM objects: one row each. Which meter sends which is
// said in the documents of their grid operators; any is taken from anyone.
var Objects = []Object{
	// The meter.
	special(Version, "1-3:0.2.8", "version of the P1 standard"),
	special(Version, "0-0:96.1.4", "version of the P1 standard"),
	special(Time, "0-0:1.0.0", "the meter's time"),
	special(Time, "0-0:1.1.0", "the meter's time"),
	special(ClockTime, "1-0:0.9.1", "the meter's clock, hhmmss"),
	special(ClockDate, "1-0:0.9.2", "the meter's date, yymmdd"),
	id("0-0:96.1.1", "equipment identifier", 6),
	id("0-0:96.1.0", "equipment identifier", 5),
	id("0-0:42.0.0", "logical device name", 4),
	id("0-0:0.0.0", "device identifier", 3),
	id("0-0:96.1.255", "serial number", 2),
	id("1-0:0.0.0", "device identifier", 1),
	id("0-0:96.1.2", "EAN of the connection (Belgium), public key (Switzerland)", 0),
	// Of pushed messages; which of them names the meter, internal/cosem knows.
	nothing("1-0:96.1.0", "equipment identifier"),
	nothing("1-0:0.0.9", "equipment identifier"),
	nothing("1-0:0.0.5", "equipment identifier"),
	nothing("1-0:0.0.1", "equipment identifier"),
	nothing("1-0:96.1.1", "type of the meter"),
	nothing("0-0:96.1.7", "type of the meter"),
	nothing("1-0:96.50.1", "manufacturer"),
	nothing("129-129:199.130.3", "manufacturer"),
	nothing("1-0:0.2.129", "version of the list of objects"),
	nothing("0-n:1.0.0", "the meter's time"),
	nothing("1-0:96.5.5", "status"),
	nothing("1-0:0.2.0", "firmware identifier"),
	nothing("1-0:0.2.8", "firmware signature"),
	nothing("0-0:97.97.0", "error register"),
	quantityBy(Tariff, "0-0:96.14.0", meter.Tariff),
	quantityBy(Tariff, "0-0:96.14.1", meter.Tariff),
	quantity("1-0:94.32.1", meter.GridVoltage),
	nothing("1-0:0.4.2", "current transformer ratio"),
	nothing("1-0:0.4.3", "voltage transformer ratio"),
	nothing("1-0:1.4.2", "current transformer ratio"),
	nothing("1-0:1.4.3", "voltage transformer ratio"),
	nothing("1-0:0.8.2", "length of the demand period, seconds"),

	// Energy.
	quantity("1-0:1.8.0", meter.EnergyImportTotal),
	quantity("1-0:1.8.1", meter.EnergyImportT1),
	quantity("1-0:1.8.2", meter.EnergyImportT2),
	quantity("1-0:1.8.3", meter.EnergyImportT3),
	quantity("1-0:1.8.4", meter.EnergyImportT4),
	quantity("1-0:1.8.5", meter.EnergyImportT5),
	quantity("1-0:2.8.0", meter.EnergyExportTotal),
	quantity("1-0:2.8.1", meter.EnergyExportT1),
	quantity("1-0:2.8.2", meter.EnergyExportT2),
	quantity("1-0:2.8.3", meter.EnergyExportT3),
	quantity("1-0:2.8.4", meter.EnergyExportT4),
	quantity("1-0:2.8.5", meter.EnergyExportT5),
	quantity("1-0:1.8.11", meter.EnergyImportT1), // Israel
	quantity("1-0:1.8.12", meter.EnergyImportT2),
	quantity("1-0:1.8.13", meter.EnergyImportT3),
	quantity("1-0:2.8.11", meter.EnergyExportT1),
	quantity("1-0:2.8.12", meter.EnergyExportT2),
	quantity("1-0:2.8.13", meter.EnergyExportT3),
	quantity("1-0:15.8.0", meter.EnergyCombined),
	quantity("1-0:3.8.0", meter.EnergyReactiveImport),
	quantity("1-0:3.8.1", meter.EnergyReactiveImportT1),
	quantity("1-0:3.8.2", meter.EnergyReactiveImportT2),
	quantity("1-0:3.8.3", meter.EnergyReactiveImportT3),
	quantity("1-0:3.8.4", meter.EnergyReactiveImportT4),
	quantity("1-0:4.8.0", meter.EnergyReactiveExport),
	quantity("1-0:4.8.1", meter.EnergyReactiveExportT1),
	quantity("1-0:4.8.2", meter.EnergyReactiveExportT2),
	quantity("1-0:4.8.3", meter.EnergyReactiveExportT3),
	quantity("1-0:4.8.4", meter.EnergyReactiveExportT4),
	quantity("1-0:5.8.0", meter.EnergyReactiveQ1),
	quantity("1-0:6.8.0", meter.EnergyReactiveQ2),
	quantity("1-0:7.8.0", meter.EnergyReactiveQ3),
	quantity("1-0:8.8.0", meter.EnergyReactiveQ4),

	// Power.
	quantity("1-0:1.7.0", meter.PowerImport),
	quantity("1-0:2.7.0", meter.PowerExport),
	quantity("1-0:15.7.0", meter.PowerAbsolute),
	quantity("1-0:16.7.0", meter.PowerSigned),
	quantity("1-0:21.7.0", meter.PowerImportL1),
	quantity("1-0:41.7.0", meter.PowerImportL2),
	quantity("1-0:61.7.0", meter.PowerImportL3),
	quantity("1-0:22.7.0", meter.PowerExportL1),
	quantity("1-0:42.7.0", meter.PowerExportL2),
	quantity("1-0:62.7.0", meter.PowerExportL3),
	signedPhase("1-0:36.7.0", "power imported less power exported, L1", 0),
	signedPhase("1-0:56.7.0", "power imported less power exported, L2", 1),
	signedPhase("1-0:76.7.0", "power imported less power exported, L3", 2),
	quantity("1-0:3.7.0", meter.PowerReactiveImport),
	quantity("1-0:4.7.0", meter.PowerReactiveExport),
	quantity("1-0:23.7.0", meter.PowerReactiveImportL1),
	quantity("1-0:43.7.0", meter.PowerReactiveImportL2),
	quantity("1-0:63.7.0", meter.PowerReactiveImportL3),
	quantity("1-0:24.7.0", meter.PowerReactiveExportL1),
	quantity("1-0:44.7.0", meter.PowerReactiveExportL2),
	quantity("1-0:64.7.0", meter.PowerReactiveExportL3),
	quantity("1-0:5.7.0", meter.PowerReactiveQ1),
	quantity("1-0:6.7.0", meter.PowerReactiveQ2),
	quantity("1-0:7.7.0", meter.PowerReactiveQ3),
	quantity("1-0:8.7.0", meter.PowerReactiveQ4),
	quantity("1-0:9.7.0", meter.PowerApparentImport),
	quantity("1-0:29.7.0", meter.PowerApparentImportL1),
	quantity("1-0:49.7.0", meter.PowerApparentImportL2),
	quantity("1-0:69.7.0", meter.PowerApparentImportL3),
	quantity("1-0:10.7.0", meter.PowerApparentExport),
	quantity("1-0:30.7.0", meter.PowerApparentExportL1),
	quantity("1-0:50.7.0", meter.PowerApparentExportL2),
	quantity("1-0:70.7.0", meter.PowerApparentExportL3),
	quantityBy(Factor, "1-0:13.7.0", meter.PowerFactor),
	quantityBy(Factor, "1-0:33.7.0", meter.PowerFactorL1),
	quantityBy(Factor, "1-0:53.7.0", meter.PowerFactorL2),
	quantityBy(Factor, "1-0:73.7.0", meter.PowerFactorL3),
	nothing("1-0:13.3.0", "lowest power factor"),
	quantity("1-0:14.7.0", meter.Frequency),

	// Voltage and current.
	quantity("1-0:32.7.0", meter.VoltageL1),
	quantity("1-0:52.7.0", meter.VoltageL2),
	quantity("1-0:72.7.0", meter.VoltageL3),
	quantity("1-0:32.24.0", meter.VoltageAverageL1),
	quantity("1-0:52.24.0", meter.VoltageAverageL2),
	quantity("1-0:72.24.0", meter.VoltageAverageL3),
	quantity("1-0:12.7.0", meter.VoltageAny),
	quantity("1-0:31.7.0", meter.CurrentL1),
	quantity("1-0:51.7.0", meter.CurrentL2),
	quantity("1-0:71.7.0", meter.CurrentL3),
	quantity("1-0:11.7.0", meter.CurrentAny),
	quantity("1-0:90.7.0", meter.CurrentSum),
	quantity("1-0:91.7.0", meter.CurrentNeutral),

	// Quality of supply.
	quantity("0-0:96.7.21", meter.PowerFailuresShort),
	quantity("0-0:96.7.9", meter.PowerFailuresLong),
	special(FailureLog, "1-0:99.97.0", "log of long power failures"),
	quantity("1-0:32.32.0", meter.VoltageSagsL1),
	quantity("1-0:52.32.0", meter.VoltageSagsL2),
	quantity("1-0:72.32.0", meter.VoltageSagsL3),
	quantity("1-0:32.36.0", meter.VoltageSwellsL1),
	quantity("1-0:52.36.0", meter.VoltageSwellsL2),
	quantity("1-0:72.36.0", meter.VoltageSwellsL3),
	nothing("1-0:32.33.0", "duration of the last voltage sag, L1"),
	nothing("1-0:52.33.0", "duration of the last voltage sag, L2"),
	nothing("1-0:72.33.0", "duration of the last voltage sag, L3"),
	nothing("1-0:32.34.0", "magnitude of the last voltage sag, L1"),
	nothing("1-0:52.34.0", "magnitude of the last voltage sag, L2"),
	nothing("1-0:72.34.0", "magnitude of the last voltage sag, L3"),
	nothing("1-0:32.37.0", "duration of the last voltage swell, L1"),
	nothing("1-0:52.37.0", "duration of the last voltage swell, L2"),
	nothing("1-0:72.37.0", "duration of the last voltage swell, L3"),
	nothing("1-0:32.38.0", "magnitude of the last voltage swell, L1"),
	nothing("1-0:52.38.0", "magnitude of the last voltage swell, L2"),
	nothing("1-0:72.38.0", "magnitude of the last voltage swell, L3"),

	// Demand.
	quantity("1-0:1.4.0", meter.DemandAverage),
	quantity("1-0:2.4.0", meter.DemandAverageExport),
	special(Peak, "1-0:1.6.0", "highest demand of this month"),
	{Pattern: "1-0:2.6.0", help: "highest export demand of this month", Kind: Peak, Rank: 1},
	special(PeakHistory, "0-0:98.1.0", "history of demand"),
	nothing("0-0:98.1.1", "history of registers"),
	nothing("1-0:99.1.0", "load profile"),
	nothing("1-0:3.4.0", "average reactive demand, import"),
	nothing("1-0:4.4.0", "average reactive demand, export"),
	nothing("1-0:9.4.0", "average apparent demand, import"),
	nothing("1-0:10.4.0", "average apparent demand, export"),
	nothing("1-0:1.5.0", "average demand of the last period, import"),
	nothing("1-0:2.5.0", "average demand of the last period, export"),
	nothing("1-0:3.5.0", "average reactive demand of the last period, import"),
	nothing("1-0:4.5.0", "average reactive demand of the last period, export"),
	nothing("1-0:9.5.0", "average apparent demand of the last period, import"),
	nothing("1-0:10.5.0", "average apparent demand of the last period, export"),
	nothing("1-0:1.24.0", "average power, import"),
	nothing("1-0:15.24.0", "average power, without sign"),
	nothing("1-0:16.24.0", "average power, import less export"),

	// Switches and limits.
	quantityBy(Switch, "0-0:96.3.10", meter.Breaker),
	quantityBy(Switch, "1-0:96.3.10", meter.Breaker),
	quantityBy(Switch, "0-0:24.4.0", meter.Breaker),
	quantityBy(Switch, "0-0:96.50.68", meter.Breaker),
	special(Switch, "0-n:96.3.10", "relay of an M-Bus channel"),
	quantityBy(Limiter, "0-0:17.0.0", meter.LimiterPower),
	quantityBy(Fuse, "1-0:31.4.0", meter.FuseL1),
	quantityBy(Fuse, "1-0:51.4.0", meter.FuseL2),
	quantityBy(Fuse, "1-0:71.4.0", meter.FuseL3),

	// Messages.
	text("0-0:96.13.0", "text message", 0),
	text("0-0:96.13.1", "message code", 1),
	text("0-0:96.13.2", "text message 2", 2),
	text("0-0:96.13.3", "text message 3", 3),
	text("0-0:96.13.4", "text message 4", 4),
	text("0-0:96.13.5", "text message 5", 5),

	// Meters on M-Bus.
	special(ChannelType, "0-n:24.1.0", "type of the M-Bus device"),
	special(ChannelIdentifier, "0-n:96.1.0", "equipment identifier of the M-Bus device"),
	special(ChannelIdentifier, "0-n:96.1.1", "equipment identifier of the M-Bus device"),
	special(ChannelEAN, "0-n:96.1.2", "EAN of the M-Bus device"),
	special(ChannelReading, "0-n:24.2.1", "reading of the M-Bus device (gas: temperature converted)"),
	special(ChannelReading, "0-n:24.2.3", "reading of the M-Bus device (gas: not temperature converted)"),
	special(ChannelProfile, "0-n:24.3.0", "reading of the M-Bus device"),
	special(ChannelProfile, "0-n:24.3.1", "reading of the M-Bus device, cold"),
	special(ChannelValve, "0-n:24.4.0", "valve of the M-Bus device"),
	medium(ChannelHour, "7-0:23.1.0", "gas, one of the last hours", 7, meter.TypeGas),
	medium(ChannelHour, "7-0:23.2.0", "gas, one of the last hours", 7, meter.TypeGas),
	medium(ChannelIdentifier, "7-0:0.0.0", "equipment identifier of the gas meter", 7, meter.TypeGas),
	medium(ChannelValve, "7-0:24.4.0", "valve of the gas meter", 7, meter.TypeGas),
}

// byCode finds a code's row.
var byCode = func() map[Code]*Object {
	m := make(map[Code]*Object, len(Objects))
	for i := range Objects {
		c, _, ok := Parse([]byte(strings.Replace(Objects[i].Pattern, "n", "1", 1)))
		if !ok || m[c] != nil || i >= MaxObjects {
			panic("obis: the table of objects has a wrong or repeated code: " + Objects[i].Pattern)
		}
		Objects[i].Index = uint8(i)
		m[c] = &Objects[i]
	}
	return m
}()

// Lookup returns the object of a code, nil when the table has none.
func (c Code) Lookup() *Object { return byCode[c] }
