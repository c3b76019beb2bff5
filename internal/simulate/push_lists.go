package simulate

// What the lists hold, one value a line: the code, the type, and
//
//	=TEXT                   a text; ######## is the serial number
//	clock                   the meter's time
//	NAME EXP UNIT           a row of the table numbers, in units of 10^EXP
//
// The order is the meter's. A line of a phase that the household does not have
// is left out, or has no value where the maker leaves a hole.

const aidonList1 = `
1-0:1.7.0 u32 power.import 0 W
`

const aidonList2 = `
1-1:0.2.129 visible =AIDON_V0001
0-0:96.1.0 visible =70000000########
0-0:96.1.7 visible =6525
1-0:1.7.0 u32 power.import 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:3.7.0 u32 var.import 0 var
1-0:4.7.0 u32 var.export 0 var
1-0:31.7.0 i16 current.L1 -1 A
1-0:51.7.0 i16 current.L2 -1 A
1-0:71.7.0 i16 current.L3 -1 A
1-0:32.7.0 u16 voltage.L1 -1 V
1-0:52.7.0 u16 voltage.L2 -1 V
1-0:72.7.0 u16 voltage.L3 -1 V
`

const aidonTotals = `
0-0:1.0.0 octets clock
1-0:1.8.0 u32 import 1 Wh
1-0:2.8.0 u32 export 1 Wh
1-0:3.8.0 u32 reactive.import 1 varh
1-0:4.8.0 u32 reactive.export 1 varh
`

const aidonSweden = `
0-0:1.0.0 octets clock
1-0:1.7.0 u32 power.import 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:3.7.0 u32 var.import 0 var
1-0:4.7.0 u32 var.export 0 var
1-0:31.7.0 i16 current.L1 -1 A
1-0:51.7.0 i16 current.L2 -1 A
1-0:71.7.0 i16 current.L3 -1 A
1-0:32.7.0 u16 voltage.L1 -1 V
1-0:52.7.0 u16 voltage.L2 -1 V
1-0:72.7.0 u16 voltage.L3 -1 V
1-0:21.7.0 u32 power.import.L1 0 W
1-0:22.7.0 u32 power.export.L1 0 W
1-0:23.7.0 u32 var.import.L1 0 var
1-0:24.7.0 u32 var.export.L1 0 var
1-0:41.7.0 u32 power.import.L2 0 W
1-0:42.7.0 u32 power.export.L2 0 W
1-0:43.7.0 u32 var.import.L2 0 var
1-0:44.7.0 u32 var.export.L2 0 var
1-0:61.7.0 u32 power.import.L3 0 W
1-0:62.7.0 u32 power.export.L3 0 W
1-0:63.7.0 u32 var.import.L3 0 var
1-0:64.7.0 u32 var.export.L3 0 var
1-0:1.8.0 u32 import 0 Wh
1-0:2.8.0 u32 export 0 Wh
1-0:3.8.0 u32 reactive.import 0 varh
1-0:4.8.0 u32 reactive.export 0 varh
`

const kaifaList2 = `
- octets =KFM_001
- octets =70000000########
- octets =MA304H3E
- u32 power.import 0 W
- u32 power.export 0 W
- u32 var.import 0 var
- u32 var.export 0 var
- u32 current.L1 -3 A
- u32 current.L2 -3 A
- u32 current.L3 -3 A
- u32 voltage.L1 -1 V
- u32 voltage.L2 -1 V
- u32 voltage.L3 -1 V
`

const kaifaTotals = `
- octets clock
- u32 import 0 Wh
- u32 export 0 Wh
- u32 reactive.import 0 varh
- u32 reactive.export 0 varh
`

const kaifaPairs = `
1-0:0.2.129 octets =KFM_001
0-0:96.1.0 octets =70000000########
0-0:96.1.7 octets =MA304H4
1-0:1.7.0 u32 power.import 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:3.7.0 u32 var.import 0 var
1-0:4.7.0 u32 var.export 0 var
1-0:31.7.0 u32 current.L1 -3 A
1-0:51.7.0 u32 current.L2 -3 A
1-0:71.7.0 u32 current.L3 -3 A
1-0:32.7.0 u32 voltage.L1 -1 V
1-0:52.7.0 u32 voltage.L2 -1 V
1-0:72.7.0 u32 voltage.L3 -1 V
0-0:1.0.0 octets clock
1-0:1.8.0 u32 import 0 Wh
1-0:2.8.0 u32 export 0 Wh
1-0:3.8.0 u32 reactive.import 0 varh
1-0:4.8.0 u32 reactive.export 0 varh
`

const kamstrupList = `
1-1:1.8.0 u32 import 1 Wh
1-1:2.8.0 u32 export 1 Wh
1-1:3.8.0 u32 reactive.import 1 varh
1-1:4.8.0 u32 reactive.export 1 varh
1-1:0.0.5 visible =57000000########
1-1:1.7.0 u32 power.import 0 W
1-1:2.7.0 u32 power.export 0 W
1-1:3.7.0 u32 var.import 0 var
1-1:4.7.0 u32 var.export 0 var
0-1:1.0.0 octets clock
1-1:32.7.0 u16 voltage.L1 0 V
1-1:52.7.0 u16 voltage.L2 0 V
1-1:72.7.0 u16 voltage.L3 0 V
1-1:31.7.0 u32 current.L1 -2 A
1-1:51.7.0 u32 current.L2 -2 A
1-1:71.7.0 u32 current.L3 -2 A
1-1:21.7.0 u32 power.import.L1 0 W
1-1:41.7.0 u32 power.import.L2 0 W
1-1:61.7.0 u32 power.import.L3 0 W
1-1:22.7.0 u32 power.export.L1 0 W
1-1:42.7.0 u32 power.export.L2 0 W
1-1:62.7.0 u32 power.export.L3 0 W
1-1:13.7.0 u16 factor -2 -
`

// The list that Switzerland's grid operators agreed on in 2026, as a
// Landis+Gyr E450 sends it.
const vseList = `
0-0:42.0.0 octets =LGZ10306########
0-0:96.1.1 octets =########
0-0:1.0.0 octets clock
1-1:1.8.0 u32 import 0 Wh
1-1:2.8.0 u32 export 0 Wh
1-0:1.7.0 u32 power.import 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:32.7.0 u16 voltage.L1 0 V
1-0:52.7.0 u16 voltage.L2 0 V
1-0:72.7.0 u16 voltage.L3 0 V
1-0:31.7.0 u16 current.L1 -2 A
1-0:51.7.0 u16 current.L2 -2 A
1-0:71.7.0 u16 current.L3 -2 A
`

const iskraPower = `
- octets =ISK10307########
- octets =16820005
- u32 power.import 0 W
- u32 power.export 0 W
- u32 var.import 0 var
- u32 var.export 0 var
- u16 voltage.L1 -1 V
- u16 voltage.L2 -1 V
- u16 voltage.L3 -1 V
- u16 current.L1 -2 A
- u16 current.L2 -2 A
- u16 current.L3 -2 A
- u32 power.import.L1 0 W
- u32 power.import.L2 0 W
- u32 power.import.L3 0 W
- u32 power.export.L1 0 W
- u32 power.export.L2 0 W
- u32 power.export.L3 0 W
`

const iskraEnergy = `
- octets =ISK10307########
- octets =16820006
- octets =1
- octets =02
- u32 import 0 Wh
- u32 import.1 0 Wh
- u32 import.2 0 Wh
- u32 export 0 Wh
- u32 export.1 0 Wh
- u32 export.2 0 Wh
- u32 reactive.import 0 varh
- u32 reactive.export 0 varh
`

const scaledList = `
0-0:96.1.0 octets =########
1-0:1.7.0 u32 power.import 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:1.8.0 u32 import 0 Wh
1-0:2.8.0 u32 export 0 Wh
1-0:32.7.0 u16 voltage.L1 -1 V
1-0:52.7.0 u16 voltage.L2 -1 V
1-0:72.7.0 u16 voltage.L3 -1 V
1-0:31.7.0 u16 current.L1 -2 A
1-0:51.7.0 u16 current.L2 -2 A
1-0:71.7.0 u16 current.L3 -2 A
`

const sagemcomList = `
- octets clock
1-0:1.8.0 u32 import 0 Wh
1-0:2.8.0 u32 export 0 Wh
1-0:1.7.0 u32 power.import 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:32.7.0 u16 voltage.L1 -1 V
1-0:52.7.0 u16 voltage.L2 -1 V
1-0:72.7.0 u16 voltage.L3 -1 V
1-0:31.7.0 u16 current.L1 -2 A
1-0:51.7.0 u16 current.L2 -2 A
1-0:71.7.0 u16 current.L3 -2 A
1-0:13.7.0 i16 factor -3 -
- octets =1782########
`

const xt211List = `
0-0:96.1.1 octets =51########
0-0:96.14.0 octets =T2
1-0:1.7.0 u32 power.import 0 W
1-0:21.7.0 u32 power.import.L1 0 W
1-0:41.7.0 u32 power.import.L2 0 W
1-0:61.7.0 u32 power.import.L3 0 W
1-0:2.7.0 u32 power.export 0 W
1-0:22.7.0 u32 power.export.L1 0 W
1-0:42.7.0 u32 power.export.L2 0 W
1-0:62.7.0 u32 power.export.L3 0 W
1-0:1.8.0 u32 import 0 Wh
1-0:2.8.0 u32 export 0 Wh
`
