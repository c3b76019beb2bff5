package simulate

// The telegrams of the other countries. What stands in braces is explained at the
// type layout.

// e-MUCS P1 1.7.1 section 6, in the order of a Sagemcom of Fluvius. Gas is
// not temperature converted, hence 24.2.3; 24.2.1 is water.
const layoutEMUCS17 = `
0-0:96.1.4(50217)
0-0:96.1.1({hex 1SIM00########})
0-0:1.0.0({time})
1-0:1.8.1({import.1 9.3 kWh})
1-0:1.8.2({import.2 9.3 kWh})
1-0:2.8.1({export.1 9.3 kWh})
1-0:2.8.2({export.2 9.3 kWh})
0-0:96.14.0({tariff 4.0})
1-0:1.4.0({demand 5.3 kW})
1-0:1.6.0({peak.time})({peak 5.3 kW})
0-0:98.1.0({months 0.0})(1-0:1.6.0)(1-0:1.6.0){history}
1-0:1.7.0({power.import 5.3 kW})
1-0:2.7.0({power.export 5.3 kW})
` + phasePowers + voltages + `
1-0:31.7.0({current.L1 5.2 A})
1-0:51.7.0({current.L2 5.2 A})
1-0:71.7.0({current.L3 5.2 A})
0-0:96.3.10(1)
0-0:17.0.0(999.9*kW)
1-0:31.4.0(999*A)
0-0:96.13.0({message})
0-1:24.1.0(003{gas.here})
0-1:96.1.1({hex 7SIM00########}{gas.here})
0-1:24.4.0(1{gas.here})
0-1:24.2.3({gas.time})({gas 8.3 m3})
0-2:24.1.0(007{water.here})
0-2:96.1.1({hex 8SIM00########}{water.here})
0-2:24.2.1({water.time})({water 8.3 m3})
`

const reactivePhases = `
1-0:23.7.0({var.import.L1 5.3 kvar})
1-0:43.7.0({var.import.L2 5.3 kvar})
1-0:63.7.0({var.import.L3 5.3 kvar})
1-0:24.7.0({var.export.L1 5.3 kvar})
1-0:44.7.0({var.export.L2 5.3 kvar})
1-0:64.7.0({var.export.L3 5.3 kvar})
`

// Smarty P1 specification 1.1.3, as a Sagemcom T210-D prints it.
const layoutSmarty = `
1-3:0.2.8(42)
0-0:1.0.0({time})
0-0:42.0.0({hex SIM10307########})
1-0:1.8.0({import 9.3 kWh})
1-0:2.8.0({export 9.3 kWh})
1-0:3.8.0({reactive.import 9.3 kvarh})
1-0:4.8.0({reactive.export 9.3 kvarh})
1-0:1.7.0({power.import 5.3 kW})
1-0:2.7.0({power.export 5.3 kW})
1-0:3.7.0({var.import 5.3 kvar})
1-0:4.7.0({var.export 5.3 kvar})
0-0:17.0.0(027.6*kVA)
1-0:9.7.0({apparent.import 5.3 kVA})
1-0:10.7.0({apparent.export 5.3 kVA})
1-1:31.4.0(040*A)(-040*A)
0-0:96.3.10(1)
0-1:96.3.10(0)
0-2:96.3.10(0)
0-0:96.7.21({failures 5.0})
` + sagsAndSwells + `
0-0:96.13.0({message})
0-0:96.13.2()
0-0:96.13.3()
0-0:96.13.4()
0-0:96.13.5()
` + voltages + wholeAmperes + phasePowers + reactivePhases + `
0-1:24.1.0(003{gas.here})
0-1:96.1.0({hex GSIM0000########}{gas.here})
0-1:24.2.1({gas.time})({gas 8.3 m3})
0-1:24.4.0(1{gas.here})
`

// Swedish HAN H1 port 2.0.
const layoutH1 = `
0-0:1.0.0({time})
1-0:1.8.0({import 11.3 kWh})
1-0:2.8.0({export 11.3 kWh})
1-0:3.8.0({reactive.import 11.3 kvarh})
1-0:4.8.0({reactive.export 11.3 kvarh})
1-0:1.7.0({power.import 7.3 kW})
1-0:2.7.0({power.export 7.3 kW})
1-0:3.7.0({var.import 7.3 kvar})
1-0:4.7.0({var.export 7.3 kvar})
1-0:21.7.0({power.import.L1 7.3 kW})
1-0:41.7.0({power.import.L2 7.3 kW})
1-0:61.7.0({power.import.L3 7.3 kW})
1-0:22.7.0({power.export.L1 7.3 kW})
1-0:42.7.0({power.export.L2 7.3 kW})
1-0:62.7.0({power.export.L3 7.3 kW})
1-0:23.7.0({var.import.L1 7.3 kvar})
1-0:43.7.0({var.import.L2 7.3 kvar})
1-0:63.7.0({var.import.L3 7.3 kvar})
1-0:24.7.0({var.export.L1 7.3 kvar})
1-0:44.7.0({var.export.L2 7.3 kvar})
1-0:64.7.0({var.export.L3 7.3 kvar})
` + voltages + `
1-0:31.7.0({current.L1 4.1 A})
1-0:51.7.0({current.L2 4.1 A})
1-0:71.7.0({current.L3 4.1 A})
`

// As an AUX of E.ON prints it: four quadrants, power factors, the registers
// at the end of last month, and a text message of 1024 bytes FF.
const layoutHungary = `
0-0:1.0.0({time})
0-0:42.0.0({id SIM10303########})
0-0:96.1.0({id 99########})
0-0:96.14.0({tariff 4.0})
0-0:96.50.68(ON)
0-0:17.0.0(90.000*kW)
1-0:1.8.0({import 9.3 kWh})
1-0:1.8.1({import.1 9.3 kWh})
1-0:1.8.2({import.2 9.3 kWh})
1-0:1.8.3(000000.000*kWh)
1-0:1.8.4(000000.000*kWh)
1-0:2.8.0({export 9.3 kWh})
1-0:2.8.1({export.1 9.3 kWh})
1-0:2.8.2({export.2 9.3 kWh})
1-0:2.8.3(000000.000*kWh)
1-0:2.8.4(000000.000*kWh)
1-0:3.8.0({reactive.import 9.3 kvarh})
1-0:4.8.0({reactive.export 9.3 kvarh})
1-0:5.8.0({quadrant.1 9.3 kvarh})
1-0:6.8.0({quadrant.2 9.3 kvarh})
1-0:7.8.0({quadrant.3 9.3 kvarh})
1-0:8.8.0({quadrant.4 9.3 kvarh})
1-0:15.8.0({absolute 9.3 kWh})
` + voltages + wholeAmperes + `
1-0:13.7.0({factor 4.3})
1-0:33.7.0({factor.L1 4.3})
1-0:53.7.0({factor.L2 4.3})
1-0:73.7.0({factor.L3 4.3})
1-0:14.7.0({frequency 4.2 Hz})
1-0:1.7.0({power.import 5.3 kW})
1-0:2.7.0({power.export 5.3 kW})
1-0:5.7.0({var.quadrant.1 5.3 kvar})
1-0:6.7.0({var.quadrant.2 5.3 kvar})
1-0:7.7.0({var.quadrant.3 5.3 kvar})
1-0:8.7.0({var.quadrant.4 5.3 kvar})
1-0:31.4.0(200*A)
1-0:51.4.0(200*A{here.L2})
1-0:71.4.0(200*A{here.L3})
0-0:98.1.0{history}
0-0:96.13.0({blank})
`

const layoutHungaryMonth = `({time})({import 9.3 kWh})({import.1 9.3 kWh})({import.2 9.3 kWh})` +
	`({export 9.3 kWh})({export.1 9.3 kWh})({export.2 9.3 kWh})` +
	`({reactive.import 9.3 kvarh})({reactive.export 9.3 kvarh})` +
	`({quadrant.1 9.3 kvarh})({quadrant.2 9.3 kvarh})({quadrant.3 9.3 kvarh})({quadrant.4 9.3 kvarh})({absolute 9.3 kWh})` +
	`({peak 5.3 kW})({peak.1 5.3 kW})({peak.2 5.3 kW})({peak.export 5.3 kW})({peak.export.1 5.3 kW})({peak.export.2 5.3 kW})`

// As a one-way EasyMeter Q3DA prints it.
const layoutQ3D = `
1-0:0.0.0*255({id 13########})
1-0:1.8.0*255({import 15.7 kWh})
1-0:21.7.0*255({power.import.L1 8.2 W})
1-0:41.7.0*255({power.import.L2 8.2 W})
1-0:61.7.0*255({power.import.L3 8.2 W})
1-0:1.7.0*255({power.import 8.2 W})
1-0:96.5.5*255(80)
0-0:96.1.255*255({id 1ESY13########})
`
