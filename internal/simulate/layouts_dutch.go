package simulate

// The telegrams of the Dutch standards, line by line as the standard prints
// them. What stands in braces is explained at the type layout.

const dutchRegisters = `
1-0:1.8.1({import.1 9.3 kWh})
1-0:1.8.2({import.2 9.3 kWh})
1-0:2.8.1({export.1 9.3 kWh})
1-0:2.8.2({export.2 9.3 kWh})
0-0:96.14.0({tariff 4.0})
1-0:1.7.0({power.import 5.3 kW})
1-0:2.7.0({power.export 5.3 kW})
`

const dutchFailures = `
0-0:96.7.21({failures 5.0})
0-0:96.7.9({failures.long 5.0})
1-0:99.97.0({log})
` + sagsAndSwells

const sagsAndSwells = `
1-0:32.32.0({sags.L1 5.0})
1-0:52.32.0({sags.L2 5.0})
1-0:72.32.0({sags.L3 5.0})
1-0:32.36.0({swells.L1 5.0})
1-0:52.36.0({swells.L2 5.0})
1-0:72.36.0({swells.L3 5.0})
`

const voltages = `
1-0:32.7.0({voltage.L1 4.1 V})
1-0:52.7.0({voltage.L2 4.1 V})
1-0:72.7.0({voltage.L3 4.1 V})
`

const wholeAmperes = `
1-0:31.7.0({current.L1 3.0 A})
1-0:51.7.0({current.L2 3.0 A})
1-0:71.7.0({current.L3 3.0 A})
`

const phasePowers = `
1-0:21.7.0({power.import.L1 5.3 kW})
1-0:41.7.0({power.import.L2 5.3 kW})
1-0:61.7.0({power.import.L3 5.3 kW})
1-0:22.7.0({power.export.L1 5.3 kW})
1-0:42.7.0({power.export.L2 5.3 kW})
1-0:62.7.0({power.export.L3 5.3 kW})
`

// P1 Companion Standard 5.0.2 sections 6.12 and 6.13.
const layoutDSMR50 = `
1-3:0.2.8(50)
0-0:1.0.0({time})
0-0:96.1.1({hex E00000000########})
` + dutchRegisters + dutchFailures + `
0-0:96.13.0({message})
` + voltages + wholeAmperes + phasePowers + `
0-1:24.1.0(003{gas.here})
0-1:96.1.0({hex G00000000########}{gas.here})
0-1:24.2.1({gas.time})({gas 8.3 m3})
`

// As a Kaifa prints it: powers by phase, not by direction, and the gas meter
// on the second channel, where many hang.
const layoutDSMR42 = `
1-3:0.2.8(42)
0-0:1.0.0({time})
0-0:96.1.1({hex E00000000########})
` + dutchRegisters + dutchFailures + `
0-0:96.13.1()
0-0:96.13.0({message})
` + wholeAmperes + `
1-0:21.7.0({power.import.L1 5.3 kW})
1-0:22.7.0({power.export.L1 5.3 kW})
1-0:41.7.0({power.import.L2 5.3 kW})
1-0:42.7.0({power.export.L2 5.3 kW})
1-0:61.7.0({power.import.L3 5.3 kW})
1-0:62.7.0({power.export.L3 5.3 kW})
0-2:24.1.0(003{gas.here})
0-2:96.1.0({hex G00000000########}{gas.here})
0-2:24.2.1({gas.time})({gas 8.3 m3})
`

// As a Landis+Gyr E350 prints it, with the limiter, the breaker and the valve
// that later standards dropped.
const layoutDSMR40 = `
1-3:0.2.8(40)
0-0:1.0.0({time})
0-0:96.1.1({hex E00000000########})
` + dutchRegisters + `
0-0:17.0.0(999.9*kW)
0-0:96.3.10(1)
` + dutchFailures + `
0-0:96.13.1()
0-0:96.13.0({message})
` + wholeAmperes + phasePowers + `
0-1:24.1.0(003{gas.here})
0-1:96.1.0({hex G00000000########}{gas.here})
0-1:24.2.1({gas.time})({gas 8.3 m3})
0-1:24.4.0(1{gas.here})
`

// As the example of P1 Companion Standard 3.0.
const layoutDSMR30 = `
0-0:96.1.1({hex SIMU0000########})
1-0:1.8.1({import.1 8.3 kWh})
1-0:1.8.2({import.2 8.3 kWh})
1-0:2.8.1({export.1 8.3 kWh})
1-0:2.8.2({export.2 8.3 kWh})
0-0:96.14.0({tariff 4.0})
1-0:1.7.0({power.import 5.2 kW})
1-0:2.7.0({power.export 5.2 kW})
0-0:17.0.0(999*A)
0-0:96.3.10(1)
0-0:96.13.1()
0-0:96.13.0({message})
0-1:96.1.0({hex SIMG00000########}{gas.here})
0-1:24.1.0(03{gas.here})
0-1:24.3.0({gas.clock})(00)(60)(1)(0-1:24.2.1)(m3)
({gas 8.3})
0-1:24.4.0(1{gas.here})
`

// As an Iskra MT382 prints it: powers in steps of 10 W, and no time of its
// own.
const layoutDSMR22 = `
0-0:96.1.1({hex SIMU0000########})
1-0:1.8.1({import.1 8.3 kWh})
1-0:1.8.2({import.2 8.3 kWh})
1-0:2.8.1({export.1 8.3 kWh})
1-0:2.8.2({export.2 8.3 kWh})
0-0:96.14.0({tariff 4.0})
1-0:1.7.0({power.import 6.2 kW})
1-0:2.7.0({power.export 6.2 kW})
0-0:17.0.0(0999.00*kW)
0-0:96.3.10(1)
0-0:96.13.1()
0-0:96.13.0({message})
0-1:24.1.0(3{gas.here})
0-1:96.1.0({hex SIMG00000########}{gas.here})
0-1:24.3.0({gas.clock})(00)(60)(1)(0-1:24.2.1)(m3)
({gas 8.3})
0-1:24.4.0(1{gas.here})
`
