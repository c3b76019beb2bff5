package app

import "github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"

// advice tells a person what a verdict means and what to do next.
var advice = [dsmr.NumVerdicts]string{
	dsmr.VerdictChecksums: "telegrams arrive, but their checksum is wrong: bytes are lost or changed on the way. " +
		"Try a shorter cable or another USB port; set the option checksum to off only for a meter that is known to send wrong ones",
	dsmr.VerdictNoChecksum: "telegrams arrive without the checksum that this meter sends: something on the way cuts or rewrites them. " +
		"Let the network reader pass the bytes on unchanged; if it cannot, set the option checksum to off",
	dsmr.VerdictCut: "telegrams arrive, but never a whole one: bytes are lost on the way. " +
		"Try a shorter cable or another USB port, and let nothing else read the same port",
	dsmr.VerdictDamaged: "telegrams arrive with broken lines: bytes are lost or changed on the way. Try a shorter cable or another USB port",
	dsmr.VerdictEncrypted: "the meter encrypts its telegrams, and no key is set: ask your grid operator for the key of the P1 port " +
		"and set the option decryption.key",
	dsmr.VerdictWrongKey: "the meter encrypts its telegrams, and the key does not fit: compare the option decryption.key with what your grid operator sent, digit by digit",
	dsmr.VerdictDamagedFrame: "encrypted telegrams arrive damaged: bytes are lost or changed on the way. Try a shorter cable or another USB port; " +
		"if it goes on, compare the options decryption.key and decryption.aad with what your grid operator sent",
	dsmr.VerdictParity: "the line sends 7 data bits and parity but is read as 8 without, and the telegrams are too damaged to mend: " +
		"set the network reader to 7 data bits and even parity (9600 7E1 for DSMR 2 and 3), and leave the option serial.mode at auto",
	dsmr.VerdictNoise: "bytes arrive that are no text: the speed or the parity is wrong, or the signal is inverted. " +
		"With the option serial.mode at auto the modes are tried by themselves; a network reader must be set to the meter's own, 9600 7E1 for DSMR 2 and 3, " +
		"115200 8N1 for all others. If it goes on, the cable has no inverter: use one made for P1",
	dsmr.VerdictHDLC: "this port speaks DLMS in HDLC frames, which is no P1 telegram: a meter of Norway, Denmark, Croatia or Switzerland, perhaps. " +
		"Ask your grid operator to switch the port to P1 (ASCII), or use a reader for HDLC",
	dsmr.VerdictSML:  "this port speaks SML, as German meters do, which is no P1 telegram: use a reader for SML",
	dsmr.VerdictMBus: "this port speaks wired M-Bus, which is no P1 telegram: some Austrian meters have such a port in a P1 socket. Use a reader for M-Bus",
	dsmr.VerdictTIC:  "this port speaks Linky's TIC, which is no P1 telegram: use a reader for TIC",
	dsmr.VerdictOtherText: "text arrives that is no telegram: set the network reader to send the meter's telegrams unchanged (raw P1 over TCP), " +
		"and look whether the address and port are those of the P1 data",
}
