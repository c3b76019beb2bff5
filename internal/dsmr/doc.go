// Package dsmr reads what a smart meter's P1 port sends: telegrams of DSMR
// 2.2 to 5.0 (the Netherlands), e-MUCS P1 (Belgium) and their relatives.
//
// A telegram is text (DSMR 5.0.2 P1 companion standard, section 6.2):
//
//	/XXX5<identification> CR LF
//	CR LF
//	<object lines, each CR LF>
//	!HHHH CR LF
//
// where HHHH is a CRC-16/ARC from the slash to the exclamation mark, which the
// older standards leave out. An object line is an OBIS code and its values:
//
//	1-0:1.8.1(002000.123*kWh)
//	0-2:24.2.1(190514210000S)(01543.012*m3)
//
// Parser makes readings of telegrams that package frame has found and checked,
// Objects lists every object verbatim. What a code means is
// told by the table of package obis, how national variants differ by the table
// in standards.go.
package dsmr
