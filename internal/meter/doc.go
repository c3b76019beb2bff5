// Package meter is the language that the rest of the program speaks: what a
// meter can report (the table of quantities), and one report of it (Reading).
// It knows no telegram, no output and no clock.
//
// Import is energy or power taken from the grid (A+ in IEC 62056), Export is
// given to it (A-). The word "delivered" is avoided: the P1 specification
// means "to the client" by it, smartmeter2mqtt "by the client". Only the JSON
// names keep the latter's, because programs parse them.
package meter
