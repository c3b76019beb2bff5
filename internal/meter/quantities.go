package meter

// Quantities is THE TABLE of what a meter can report: one row a quantity.
// JSON, entities, the decoder and every other output loop over it; a new
// quantity is one constant and one row.
var Quantities = [NumQuantities]Info{
	EnergyImportT1: {"totalT1Use", KilowattHour, "energy imported", Traits{Direction: Import, Tariff: 1}, "tariff_energy_import_joules_total", "T1Used", hidden(energy("energy_import_tariff_1", "Import tariff 1", GroupNone), HiddenWhileZero)},
	EnergyImportT2: {"totalT2Use", KilowattHour, "energy imported", Traits{Direction: Import, Tariff: 2}, "tariff_energy_import_joules_total", "T2Used", hidden(energy("energy_import_tariff_2", "Import tariff 2", GroupNone), HiddenWhileZero)},
	EnergyExportT1: {"totalT1Delivered", KilowattHour, "energy exported", Traits{Direction: Export, Tariff: 1}, "tariff_energy_export_joules_total", "T1Delivered", hidden(energy("energy_export_tariff_1", "Export tariff 1", GroupExport), HiddenWhileZero)},
	EnergyExportT2: {"totalT2Delivered", KilowattHour, "energy exported", Traits{Direction: Export, Tariff: 2}, "tariff_energy_export_joules_total", "T2Delivered", hidden(energy("energy_export_tariff_2", "Export tariff 2", GroupExport), HiddenWhileZero)},
	Tariff: {"currentTarrif", UnitNone, "tariff in force", Traits{}, "active_tariff", "", Entity{
		Key: "active_tariff", Name: "Active tariff", Class: "enum", Icon: "mdi:flash", Options: []string{"low", "normal", "1", "2", "3", "4"}}},
	PowerImport:        {"currentUsage", Kilowatt, "power imported", Traits{Direction: Import}, "power_import_watts", "", hidden(power("power_import", "Power import", GroupNone), HiddenWithoutExport)},
	PowerExport:        {"currentDelivery", Kilowatt, "power exported", Traits{Direction: Export}, "power_export_watts", "", power("power_export", "Power export", GroupExport)},
	PowerFailuresShort: {"powerFailures", UnitNone, "power failures in any phase", Traits{}, "power_failures_short_total", "", count("power_failures_short", "Short power failures", "mdi:flash-off", GroupNone)},
	PowerFailuresLong:  {"longPowerFailures", UnitNone, "long power failures in any phase", Traits{}, "power_failures_long_total", "", count("power_failures_long", "Long power failures", "mdi:flash-off", GroupNone)},
	VoltageSagsL1:      {"voltageSagsL1", UnitNone, "voltage sags", Traits{Phase: 1}, "phase_voltage_sags_total", "", count("voltage_sags_l1", "Voltage sags L1", "mdi:pulse", GroupNone)},
	VoltageSagsL2:      {"voltageSagsL2", UnitNone, "voltage sags", Traits{Phase: 2}, "phase_voltage_sags_total", "", count("voltage_sags_l2", "Voltage sags L2", "mdi:pulse", GroupL2)},
	VoltageSagsL3:      {"voltageSagsL3", UnitNone, "voltage sags", Traits{Phase: 3}, "phase_voltage_sags_total", "", count("voltage_sags_l3", "Voltage sags L3", "mdi:pulse", GroupL3)},
	VoltageSwellsL1:    {"voltageSwellsL1", UnitNone, "voltage swells", Traits{Phase: 1}, "phase_voltage_swells_total", "", count("voltage_swells_l1", "Voltage swells L1", "mdi:pulse", GroupNone)},
	VoltageSwellsL2:    {"voltageSwellsL2", UnitNone, "voltage swells", Traits{Phase: 2}, "phase_voltage_swells_total", "", count("voltage_swells_l2", "Voltage swells L2", "mdi:pulse", GroupL2)},
	VoltageSwellsL3:    {"voltageSwellsL3", UnitNone, "voltage swells", Traits{Phase: 3}, "phase_voltage_swells_total", "", count("voltage_swells_l3", "Voltage swells L3", "mdi:pulse", GroupL3)},
	VoltageL1:          {"voltageL1", Volt, "voltage", Traits{Phase: 1}, "phase_voltage_volts", "", rare("voltage_l1", "Voltage L1", "V", "voltage", 1, GroupL1)},
	VoltageL2:          {"voltageL2", Volt, "voltage", Traits{Phase: 2}, "phase_voltage_volts", "", rare("voltage_l2", "Voltage L2", "V", "voltage", 1, GroupL2)},
	VoltageL3:          {"voltageL3", Volt, "voltage", Traits{Phase: 3}, "phase_voltage_volts", "", rare("voltage_l3", "Voltage L3", "V", "voltage", 1, GroupL3)},
	CurrentL1:          {"currentL1", Ampere, "current", Traits{Phase: 1}, "phase_current_amperes", "", rare("current_l1", "Current L1", "A", "current", 2, GroupL1)},
	CurrentL2:          {"currentL2", Ampere, "current", Traits{Phase: 2}, "phase_current_amperes", "", rare("current_l2", "Current L2", "A", "current", 2, GroupL2)},
	CurrentL3:          {"currentL3", Ampere, "current", Traits{Phase: 3}, "phase_current_amperes", "", rare("current_l3", "Current L3", "A", "current", 2, GroupL3)},
	PowerImportL1:      {"currentUsageL1", Kilowatt, "power imported", Traits{Direction: Import, Phase: 1}, "phase_power_import_watts", "", off(power("power_import_l1", "Power import L1", GroupPhases))},
	PowerImportL2:      {"currentUsageL2", Kilowatt, "power imported", Traits{Direction: Import, Phase: 2}, "phase_power_import_watts", "", off(power("power_import_l2", "Power import L2", GroupL2))},
	PowerImportL3:      {"currentUsageL3", Kilowatt, "power imported", Traits{Direction: Import, Phase: 3}, "phase_power_import_watts", "", off(power("power_import_l3", "Power import L3", GroupL3))},
	PowerExportL1:      {"currentDeliveryL1", Kilowatt, "power exported", Traits{Direction: Export, Phase: 1}, "phase_power_export_watts", "", off(power("power_export_l1", "Power export L1", GroupExport))},
	PowerExportL2:      {"currentDeliveryL2", Kilowatt, "power exported", Traits{Direction: Export, Phase: 2}, "phase_power_export_watts", "", off(power("power_export_l2", "Power export L2", GroupExport))},
	PowerExportL3:      {"currentDeliveryL3", Kilowatt, "power exported", Traits{Direction: Export, Phase: 3}, "phase_power_export_watts", "", off(power("power_export_l3", "Power export L3", GroupExport))},

	PowerNet:   {"calculatedUsage", Watt, "power imported less power exported", Traits{}, "power_net_watts", "usage", watts("power_net", "", GroupNone)},
	SolarPower: {"solarProduction", Watt, "power of the solar inverter", Traits{}, "solar_power_watts", "production", Entity{}},
	HouseUse:   {"houseUsage", Watt, "power that the house uses: import less export and solar", Traits{}, "house_use_watts", "house", watts("house_use", "House use", GroupNone)},

	EnergyImportTotal:    {"totalUse", KilowattHour, "energy imported, total", Traits{Direction: Import, Alias: "totalImportedEnergyP"}, "energy_import_joules_total", "TotalUsed", energy("energy_import_total", "Energy import", GroupNone)},
	EnergyExportTotal:    {"totalDelivered", KilowattHour, "energy exported, total", Traits{Direction: Export, Alias: "totalExportedEnergyP"}, "energy_export_joules_total", "TotalDelivered", energy("energy_export_total", "Energy export", GroupExport)},
	EnergyImportT3:       {"totalT3Use", KilowattHour, "energy imported", Traits{Direction: Import, Tariff: 3}, "tariff_energy_import_joules_total", "T3Used", hidden(energy("energy_import_tariff_3", "Import tariff 3", GroupNone), HiddenWhileZero)},
	EnergyImportT4:       {"totalT4Use", KilowattHour, "energy imported", Traits{Direction: Import, Tariff: 4}, "tariff_energy_import_joules_total", "T4Used", hidden(energy("energy_import_tariff_4", "Import tariff 4", GroupNone), HiddenWhileZero)},
	EnergyImportT5:       {"totalT5Use", KilowattHour, "energy imported", Traits{Direction: Import, Tariff: 5}, "tariff_energy_import_joules_total", "T5Used", hidden(energy("energy_import_tariff_5", "Import tariff 5", GroupNone), HiddenWhileZero)},
	EnergyExportT3:       {"totalT3Delivered", KilowattHour, "energy exported", Traits{Direction: Export, Tariff: 3}, "tariff_energy_export_joules_total", "T3Delivered", hidden(energy("energy_export_tariff_3", "Export tariff 3", GroupExport), HiddenWhileZero)},
	EnergyExportT4:       {"totalT4Delivered", KilowattHour, "energy exported", Traits{Direction: Export, Tariff: 4}, "tariff_energy_export_joules_total", "T4Delivered", hidden(energy("energy_export_tariff_4", "Export tariff 4", GroupExport), HiddenWhileZero)},
	EnergyExportT5:       {"totalT5Delivered", KilowattHour, "energy exported", Traits{Direction: Export, Tariff: 5}, "tariff_energy_export_joules_total", "T5Delivered", hidden(energy("energy_export_tariff_5", "Export tariff 5", GroupExport), HiddenWhileZero)},
	EnergyReactiveImport: {"totalReactiveUse", KilovarHour, "reactive energy imported, total", Traits{Direction: Import, Alias: "totalImportedEnergyQ"}, "energy_reactive_import_var_seconds_total", "ReactiveTotalUsed", reactive("energy_reactive_import", "Reactive energy import")},
	EnergyReactiveExport: {"totalReactiveDelivered", KilovarHour, "reactive energy exported, total", Traits{Direction: Export, Alias: "totalExportedEnergyQ"}, "energy_reactive_export_var_seconds_total", "ReactiveTotalDelivered", reactive("energy_reactive_export", "Reactive energy export")},
	DemandAverage: {"averageDemand", Kilowatt, "average power imported in this quarter of an hour", Traits{Direction: Import}, "demand_average_watts", "", Entity{
		Key: "demand_average", Name: "Average demand", Unit: "kW", Class: "power", State: "measurement", Precision: 3, Slow: true}},
	DemandAverageExport: {"averageDemandDelivered", Kilowatt, "average power exported in this quarter of an hour", Traits{Direction: Export}, "demand_average_export_watts", "", Entity{
		Key: "demand_average_export", Name: "Average demand export", Unit: "kW", Class: "power", State: "measurement", Precision: 3, Rare: true, Group: GroupExport}},
	Frequency:       {"frequency", Hertz, "frequency of the grid", Traits{}, "frequency_hertz", "", rare("frequency", "", "Hz", "frequency", 2, GroupNone)},
	PowerFactor:     {"powerFactor", UnitNone, "power factor", Traits{}, "power_factor_ratio", "", rare("power_factor", "Power factor", "", "power_factor", 3, GroupNone)},
	PowerFactorL1:   {"powerFactorL1", UnitNone, "power factor", Traits{Phase: 1}, "phase_power_factor_ratio", "", rare("power_factor_l1", "Power factor L1", "", "power_factor", 3, GroupPhases)},
	PowerFactorL2:   {"powerFactorL2", UnitNone, "power factor", Traits{Phase: 2}, "phase_power_factor_ratio", "", rare("power_factor_l2", "Power factor L2", "", "power_factor", 3, GroupL2)},
	PowerFactorL3:   {"powerFactorL3", UnitNone, "power factor", Traits{Phase: 3}, "phase_power_factor_ratio", "", rare("power_factor_l3", "Power factor L3", "", "power_factor", 3, GroupL3)},
	Breaker:         {"breaker", UnitNone, "breaker", Traits{Switch: true, Alias: "breakerControlState"}, "breaker_state", "", breaker("breaker", "Breaker")},
	LimiterPower:    {"limiter", Kilowatt, "limit of the power", Traits{Limit: true}, "power_limit_watts", "", limit("power_limit", "Power limit", "kW", "power", 1)},
	LimiterApparent: {"limiter", KilovoltAmpere, "limit of the apparent power", Traits{Limit: true}, "power_limit_apparent_voltamperes", "", limit("power_limit_apparent", "Power limit", "kVA", "apparent_power", 1)},
	LimiterCurrent:  {"limiter", Ampere, "limit of the current", Traits{Limit: true}, "power_limit_current_amperes", "", limit("power_limit_current", "Power limit", "A", "current", 0)},
	FuseL1:          {"fuseL1", Ampere, "limit of the current", Traits{Phase: 1, Limit: true}, "phase_current_limit_amperes", "", limit("current_limit_l1", "Current limit L1", "A", "current", 0)},
	FuseL2:          {"fuseL2", Ampere, "limit of the current", Traits{Phase: 2, Limit: true}, "phase_current_limit_amperes", "", limit("current_limit_l2", "Current limit L2", "A", "current", 0)},
	FuseL3:          {"fuseL3", Ampere, "limit of the current", Traits{Phase: 3, Limit: true}, "phase_current_limit_amperes", "", limit("current_limit_l3", "Current limit L3", "A", "current", 0)},
	GasFlow:         {"gasFlow", CubicMetrePerHour, "gas flow between the last two gas readings", Traits{}, "gas_flow_cubic_metres_per_second", "", Entity{}},

	EnergyCombined: {"totalCombined", KilowattHour, "energy imported and exported, added up without sign", Traits{}, "energy_combined_joules_total", "TotalCombined", Entity{
		Key: "energy_combined", Name: "Energy combined", Unit: "kWh", Class: "energy", State: "total", Precision: 3}},
	EnergyReactiveImportT1: {"totalReactiveT1Use", KilovarHour, "reactive energy imported", Traits{Direction: Import, Tariff: 1}, "tariff_energy_reactive_import_var_seconds_total", "ReactiveT1Used", reactive("energy_reactive_import_tariff_1", "Reactive import tariff 1")},
	EnergyReactiveImportT2: {"totalReactiveT2Use", KilovarHour, "reactive energy imported", Traits{Direction: Import, Tariff: 2}, "tariff_energy_reactive_import_var_seconds_total", "ReactiveT2Used", reactive("energy_reactive_import_tariff_2", "Reactive import tariff 2")},
	EnergyReactiveImportT3: {"totalReactiveT3Use", KilovarHour, "reactive energy imported", Traits{Direction: Import, Tariff: 3}, "tariff_energy_reactive_import_var_seconds_total", "ReactiveT3Used", reactive("energy_reactive_import_tariff_3", "Reactive import tariff 3")},
	EnergyReactiveImportT4: {"totalReactiveT4Use", KilovarHour, "reactive energy imported", Traits{Direction: Import, Tariff: 4}, "tariff_energy_reactive_import_var_seconds_total", "ReactiveT4Used", reactive("energy_reactive_import_tariff_4", "Reactive import tariff 4")},
	EnergyReactiveExportT1: {"totalReactiveT1Delivered", KilovarHour, "reactive energy exported", Traits{Direction: Export, Tariff: 1}, "tariff_energy_reactive_export_var_seconds_total", "ReactiveT1Delivered", reactive("energy_reactive_export_tariff_1", "Reactive export tariff 1")},
	EnergyReactiveExportT2: {"totalReactiveT2Delivered", KilovarHour, "reactive energy exported", Traits{Direction: Export, Tariff: 2}, "tariff_energy_reactive_export_var_seconds_total", "ReactiveT2Delivered", reactive("energy_reactive_export_tariff_2", "Reactive export tariff 2")},
	EnergyReactiveExportT3: {"totalReactiveT3Delivered", KilovarHour, "reactive energy exported", Traits{Direction: Export, Tariff: 3}, "tariff_energy_reactive_export_var_seconds_total", "ReactiveT3Delivered", reactive("energy_reactive_export_tariff_3", "Reactive export tariff 3")},
	EnergyReactiveExportT4: {"totalReactiveT4Delivered", KilovarHour, "reactive energy exported", Traits{Direction: Export, Tariff: 4}, "tariff_energy_reactive_export_var_seconds_total", "ReactiveT4Delivered", reactive("energy_reactive_export_tariff_4", "Reactive export tariff 4")},
	EnergyReactiveQ1:       {"totalReactiveQ1", KilovarHour, "reactive energy, quadrant 1 (import, inductive)", Traits{}, "energy_reactive_q1_var_seconds_total", "ReactiveQ1", reactive("energy_reactive_q1", "Reactive energy Q1")},
	EnergyReactiveQ2:       {"totalReactiveQ2", KilovarHour, "reactive energy, quadrant 2 (export, capacitive)", Traits{}, "energy_reactive_q2_var_seconds_total", "ReactiveQ2", reactive("energy_reactive_q2", "Reactive energy Q2")},
	EnergyReactiveQ3:       {"totalReactiveQ3", KilovarHour, "reactive energy, quadrant 3 (export, inductive)", Traits{}, "energy_reactive_q3_var_seconds_total", "ReactiveQ3", reactive("energy_reactive_q3", "Reactive energy Q3")},
	EnergyReactiveQ4:       {"totalReactiveQ4", KilovarHour, "reactive energy, quadrant 4 (import, capacitive)", Traits{}, "energy_reactive_q4_var_seconds_total", "ReactiveQ4", reactive("energy_reactive_q4", "Reactive energy Q4")},
	PowerReactiveImport:    {"currentReactiveUse", Kilovar, "reactive power imported", Traits{Direction: Import}, "power_reactive_import_vars", "", kvar("power_reactive_import", "Reactive power import", GroupNone)},
	PowerReactiveExport:    {"currentReactiveDelivery", Kilovar, "reactive power exported", Traits{Direction: Export}, "power_reactive_export_vars", "", kvar("power_reactive_export", "Reactive power export", GroupNone)},
	PowerReactiveImportL1:  {"currentReactiveUseL1", Kilovar, "reactive power imported", Traits{Direction: Import, Phase: 1}, "phase_power_reactive_import_vars", "", kvar("power_reactive_import_l1", "Reactive power import L1", GroupPhases)},
	PowerReactiveImportL2:  {"currentReactiveUseL2", Kilovar, "reactive power imported", Traits{Direction: Import, Phase: 2}, "phase_power_reactive_import_vars", "", kvar("power_reactive_import_l2", "Reactive power import L2", GroupL2)},
	PowerReactiveImportL3:  {"currentReactiveUseL3", Kilovar, "reactive power imported", Traits{Direction: Import, Phase: 3}, "phase_power_reactive_import_vars", "", kvar("power_reactive_import_l3", "Reactive power import L3", GroupL3)},
	PowerReactiveExportL1:  {"currentReactiveDeliveryL1", Kilovar, "reactive power exported", Traits{Direction: Export, Phase: 1}, "phase_power_reactive_export_vars", "", kvar("power_reactive_export_l1", "Reactive power export L1", GroupPhases)},
	PowerReactiveExportL2:  {"currentReactiveDeliveryL2", Kilovar, "reactive power exported", Traits{Direction: Export, Phase: 2}, "phase_power_reactive_export_vars", "", kvar("power_reactive_export_l2", "Reactive power export L2", GroupL2)},
	PowerReactiveExportL3:  {"currentReactiveDeliveryL3", Kilovar, "reactive power exported", Traits{Direction: Export, Phase: 3}, "phase_power_reactive_export_vars", "", kvar("power_reactive_export_l3", "Reactive power export L3", GroupL3)},
	PowerReactiveQ1:        {"currentReactiveQ1", Kilovar, "reactive power, quadrant 1", Traits{}, "power_reactive_q1_vars", "", kvar("power_reactive_q1", "Reactive power Q1", GroupNone)},
	PowerReactiveQ2:        {"currentReactiveQ2", Kilovar, "reactive power, quadrant 2", Traits{}, "power_reactive_q2_vars", "", kvar("power_reactive_q2", "Reactive power Q2", GroupNone)},
	PowerReactiveQ3:        {"currentReactiveQ3", Kilovar, "reactive power, quadrant 3", Traits{}, "power_reactive_q3_vars", "", kvar("power_reactive_q3", "Reactive power Q3", GroupNone)},
	PowerReactiveQ4:        {"currentReactiveQ4", Kilovar, "reactive power, quadrant 4", Traits{}, "power_reactive_q4_vars", "", kvar("power_reactive_q4", "Reactive power Q4", GroupNone)},
	PowerApparentImport:    {"currentApparentUse", KilovoltAmpere, "apparent power imported", Traits{Direction: Import}, "power_apparent_import_voltamperes", "", kva("power_apparent_import", "Apparent power import", GroupNone)},
	PowerApparentImportL1:  {"currentApparentUseL1", KilovoltAmpere, "apparent power imported", Traits{Direction: Import, Phase: 1}, "phase_power_apparent_import_voltamperes", "", kva("power_apparent_import_l1", "Apparent power import L1", GroupPhases)},
	PowerApparentImportL2:  {"currentApparentUseL2", KilovoltAmpere, "apparent power imported", Traits{Direction: Import, Phase: 2}, "phase_power_apparent_import_voltamperes", "", kva("power_apparent_import_l2", "Apparent power import L2", GroupL2)},
	PowerApparentImportL3:  {"currentApparentUseL3", KilovoltAmpere, "apparent power imported", Traits{Direction: Import, Phase: 3}, "phase_power_apparent_import_voltamperes", "", kva("power_apparent_import_l3", "Apparent power import L3", GroupL3)},
	PowerApparentExport:    {"currentApparentDelivery", KilovoltAmpere, "apparent power exported", Traits{Direction: Export}, "power_apparent_export_voltamperes", "", kva("power_apparent_export", "Apparent power export", GroupExport)},
	PowerApparentExportL1:  {"currentApparentDeliveryL1", KilovoltAmpere, "apparent power exported", Traits{Direction: Export, Phase: 1}, "phase_power_apparent_export_voltamperes", "", kva("power_apparent_export_l1", "Apparent power export L1", GroupExport)},
	PowerApparentExportL2:  {"currentApparentDeliveryL2", KilovoltAmpere, "apparent power exported", Traits{Direction: Export, Phase: 2}, "phase_power_apparent_export_voltamperes", "", kva("power_apparent_export_l2", "Apparent power export L2", GroupExport)},
	PowerApparentExportL3:  {"currentApparentDeliveryL3", KilovoltAmpere, "apparent power exported", Traits{Direction: Export, Phase: 3}, "phase_power_apparent_export_voltamperes", "", kva("power_apparent_export_l3", "Apparent power export L3", GroupExport)},
	PowerAbsolute:          {"currentAbsolute", Kilowatt, "power imported or exported, without sign", Traits{}, "power_absolute_watts", "", Entity{}},
	PowerSigned:            {"currentSigned", Kilowatt, "power imported less power exported, as the meter gives it", Traits{}, "power_signed_watts", "", Entity{}},
	PowerNetL1:             {"", Watt, "power imported less power exported", Traits{Phase: 1}, "phase_power_net_watts", "", watts("power_net_l1", "Power L1", GroupPhases)},
	PowerNetL2:             {"", Watt, "power imported less power exported", Traits{Phase: 2}, "phase_power_net_watts", "", watts("power_net_l2", "Power L2", GroupL2)},
	PowerNetL3:             {"", Watt, "power imported less power exported", Traits{Phase: 3}, "phase_power_net_watts", "", watts("power_net_l3", "Power L3", GroupL3)},
	VoltageAverageL1:       {"averageVoltageL1", Volt, "average voltage", Traits{Phase: 1}, "phase_voltage_average_volts", "", Entity{}},
	VoltageAverageL2:       {"averageVoltageL2", Volt, "average voltage", Traits{Phase: 2}, "phase_voltage_average_volts", "", Entity{}},
	VoltageAverageL3:       {"averageVoltageL3", Volt, "average voltage", Traits{Phase: 3}, "phase_voltage_average_volts", "", Entity{}},
	VoltageAny:             {"voltage", Volt, "voltage of any phase", Traits{}, "voltage_volts", "", rare("voltage", "Voltage", "V", "voltage", 1, GroupNone)},
	CurrentAny:             {"current", Ampere, "current of any phase", Traits{}, "current_amperes", "", rare("current", "Current", "A", "current", 2, GroupNone)},
	CurrentSum:             {"currentSum", Ampere, "sum of the phases' currents", Traits{}, "current_sum_amperes", "", Entity{}},
	CurrentNeutral:         {"currentNeutral", Ampere, "current in the neutral conductor", Traits{}, "current_neutral_amperes", "", rare("current_neutral", "Neutral current", "A", "current", 2, GroupNone)},
	GridVoltage:            {"gridVoltage", Volt, "voltage that the grid is configured for", Traits{}, "grid_voltage_volts", "", Entity{}},
	MBusRelay1:             {"breaker1", UnitNone, "relay", Traits{Channel: 1, Switch: true}, "relay_state", "", breaker("relay_1", "Relay 1")},
	MBusRelay2:             {"breaker2", UnitNone, "relay", Traits{Channel: 2, Switch: true}, "relay_state", "", breaker("relay_2", "Relay 2")},
	MBusRelay3:             {"breaker3", UnitNone, "relay", Traits{Channel: 3, Switch: true}, "relay_state", "", breaker("relay_3", "Relay 3")},
	MBusRelay4:             {"breaker4", UnitNone, "relay", Traits{Channel: 4, Switch: true}, "relay_state", "", breaker("relay_4", "Relay 4")},
	DemandForecast: {"demandForecast", Kilowatt, "average power imported that this quarter of an hour will have if the power stays as it is", Traits{}, "demand_forecast_watts", "", Entity{
		Key: "demand_forecast", Name: "Demand forecast", Unit: "kW", Class: "power", State: "measurement", Precision: 3, Slow: true}},
	DemandHeadroom: {"demandHeadroom", Watt, "power that may be imported to the end of this quarter of an hour without a new peak of the month", Traits{}, "demand_headroom_watts", "", Entity{
		Key: "demand_headroom", Name: "Demand headroom", Unit: "kW", Shift: -3, Class: "power", State: "measurement", Precision: 2, Hidden: HiddenAlways, Slow: true}},
	DemandPeakAverage: {"peakDemandAverage", Kilowatt, "mean of the peaks of the last 12 months", Traits{}, "demand_peak_year_average_watts", "", Entity{
		Key: "demand_peak_year_average", Name: "Average monthly peak", Unit: "kW", Class: "power", State: "measurement", Precision: 3}},
	EnergyHouse: {"totalHouseUse", KilowattHour, "energy that the house has used since the count began: import and solar less export", Traits{}, "energy_house_joules_total", "HouseUsed", energy("energy_house_total", "House energy", GroupNone)},
}

func energy(key, name string, g Group) Entity {
	return Entity{Key: key, Name: name, Unit: "kWh", Class: "energy", State: "total_increasing", Precision: 3, Group: g}
}

// power shows in W what the meter gives in kW; its three decimals leave no
// fraction.
func power(key, name string, g Group) Entity {
	return Entity{Key: key, Name: name, Unit: "W", Shift: 3, Class: "power", State: "measurement", Mean: true, Group: g}
}

func watts(key, name string, g Group) Entity {
	return Entity{Key: key, Name: name, Unit: "W", Class: "power", State: "measurement", Mean: true, Group: g}
}

func count(key, name, icon string, g Group) Entity {
	return Entity{Key: key, Name: name, State: "total_increasing", Icon: icon, Rare: true, Group: g}
}

func rare(key, name, unit, class string, precision int, g Group) Entity {
	return Entity{Key: key, Name: name, Unit: unit, Class: class, State: "measurement", Precision: precision, Mean: true, Rare: true, Group: g}
}

func limit(key, name, unit, class string, precision int) Entity {
	return Entity{Key: key, Name: name, Unit: unit, Class: class, State: "measurement", Precision: precision, Rare: true}
}

func reactive(key, name string) Entity {
	return Entity{Key: key, Name: name, Unit: "kvarh", Class: "reactive_energy", State: "total_increasing", Precision: 3, Rare: true}
}

func kvar(key, name string, g Group) Entity {
	return rare(key, name, "kvar", "reactive_power", 3, g)
}

func kva(key, name string, g Group) Entity {
	return rare(key, name, "kVA", "apparent_power", 3, g)
}

func breaker(key, name string) Entity {
	return Entity{Key: key, Name: name, Class: "enum", Options: []string{"disconnected", "connected", "ready"}, Rare: true}
}

func off(e Entity) Entity {
	e.Off = true
	return e
}

func hidden(e Entity, when Hidden) Entity {
	e.Hidden = when
	return e
}

// Sum is a total that is made of its tariffs where the meter does not report it.
type Sum struct {
	Total   Quantity
	Tariffs []Quantity // in their order
}

// Sums are those of import and of export.
var Sums = [2]Sum{sumOf(EnergyImportTotal), sumOf(EnergyExportTotal)}

func sumOf(total Quantity) Sum {
	of := &Quantities[total]
	return Sum{total, Where(func(i *Info) bool {
		return i.Unit == of.Unit && i.Traits.Direction == of.Traits.Direction && i.Traits.Tariff > 0
	})}
}

// Where returns the quantities whose rows are so, in the order of the table.
func Where(is func(*Info) bool) (list []Quantity) {
	for q := range NumQuantities {
		if is(&Quantities[q]) {
			list = append(list, q)
		}
	}
	return list
}
