// Package simulate is a household meter that lives: three phases, solar
// panels, appliances by a day's rhythm, gas, water, power failures and the
// registers that all this moves. It prints telegrams in the form of any
// standard in its table. Tests and the demo use it; the program itself never
// does.
//
// Everything follows from the seed and the times that the caller gives. The
// world moves in steps of one second with whole watts, so a register holds
// whole joules: it never falls, and it is exactly the sum of the powers that
// one telegram a second prints. Nothing is a float whose rounding could differ
// between machines.
//
// The package knows nothing of package dsmr, whose tests it serves: a telegram
// is right here because the standard says so, not because our parser agrees.
package simulate
