// Package verdict says why there is no data, in words that a person can act
// on. The line's half of it - what its bytes are - comes from dsmr.Evidence,
// the other - why it cannot be opened or read - from source.Event; a Judge
// makes one verdict of both.
package verdict

import (
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// Kind is what is the matter, or that nothing is.
type Kind uint8

// The kinds. Their names are for programs and never change.
const (
	Waiting  Kind = iota // too early to tell
	Good                 // readings arrive
	Degraded             // readings arrive, and too many telegrams are damaged

	Unset // no source is set

	Missing     // source.TroubleMissing, and so on
	Gone        //
	Permission  //
	Busy        //
	NotSerial   //
	Silence     //
	Name        //
	NameServer  //
	Address     //
	Refused     //
	Unreachable //
	NoAnswer    //
	HungUp      //
	Mute        //
	Fails       // source.TroubleUnknown

	Checksums    // dsmr.VerdictChecksums, and so on
	NoChecksum   //
	Cut          //
	Damaged      //
	Encrypted    //
	WrongKey     //
	DamagedFrame //
	Unverified   //
	Parity       //
	Noise        //
	HDLC         //
	SML          //
	MBus         //
	TIC          //
	HTTP         //
	JSON         //
	Telnet       //
	TooMany      //
	OtherText    //

	NumKinds // how many there are
)

// row is what people are told of a kind.
type row struct {
	name string // for programs
	text string // what is the matter
	next string // what to do; empty: nothing
}

const cable = "Try a shorter cable or another USB port, and let nothing else read the same port; a busy machine loses bytes too"

var rows = [NumKinds]row{
	Waiting: {"waiting", "waiting for a telegram", ""},
	Good:    {"good", "readings arrive", ""},
	Degraded: {"degraded", "readings arrive, but many telegrams are damaged and dropped",
		cable + ". A network reader with a weak radio link does better by cable"},
	Unset: {"no_source", "no source is set", "Choose the cable (option serial.device) or the network reader (option network.address), then start again"},

	Missing:     {"device_missing", "the serial device is not there", help(source.TroubleMissing)},
	Gone:        {"device_gone", "the serial device has gone while it was read", help(source.TroubleGone)},
	Permission:  {"no_permission", "the serial device may not be opened", help(source.TroublePermission)},
	Busy:        {"device_busy", "the serial device is in use by another program", help(source.TroubleBusy)},
	NotSerial:   {"not_serial", "the device is no serial port", help(source.TroubleNotSerial)},
	Silence:     {"silence", "the cable gives not a byte", help(source.TroubleSilence)},
	Name:        {"name_unknown", "the network reader's name is not known", help(source.TroubleName)},
	NameServer:  {"no_name_server", "the network reader's name cannot be looked up", help(source.TroubleNameServer)},
	Address:     {"bad_address", "the network reader's address is none", help(source.TroubleAddress)},
	Refused:     {"refused", "the network reader refuses the connection", help(source.TroubleRefused)},
	Unreachable: {"unreachable", "the network reader cannot be reached", help(source.TroubleUnreachable)},
	NoAnswer:    {"no_answer", "the network reader does not answer", help(source.TroubleNoAnswer)},
	HungUp:      {"hung_up", "the network reader hangs up", help(source.TroubleHungUp)},
	Mute:        {"reader_silent", "the network reader sends not a byte", help(source.TroubleMute)},
	Fails:       {"line_fails", "the line to the meter fails", "See the cause in the log. If it goes on, please report it"},

	Checksums: {"checksums", "telegrams arrive, but their checksum is wrong: bytes are lost or changed on the way",
		cable + ". Set the option checksum to off only for a meter that is known to send wrong ones"},
	NoChecksum: {"no_checksum", "telegrams arrive without the checksum that this meter sends: something on the way cuts or rewrites them",
		"Let the network reader pass the bytes on unchanged; if it cannot, set the option checksum to off"},
	Cut:     {"cut_telegrams", "telegrams arrive, but never a whole one: bytes are lost on the way", cable},
	Damaged: {"damaged_telegrams", "telegrams arrive with broken lines: bytes are lost or changed on the way", cable},
	Encrypted: {"encrypted", "the meter encrypts its telegrams, and no key is set",
		"Ask your grid operator for the key of the P1 port and set the option decryption.key"},
	WrongKey: {"wrong_key", "the meter encrypts its telegrams, and the key does not fit",
		"Compare the option decryption.key with what your grid operator sent, digit by digit"},
	DamagedFrame: {"damaged_frames", "encrypted telegrams arrive damaged: bytes are lost or changed on the way",
		cable + ". If it goes on, compare the options decryption.key and decryption.aad with what your grid operator sent"},
	Unverified: {"unverified", "telegrams arrive that the key does not vouch for, although this meter's were signed with it before: they are refused",
		"Find out who else can send on the line or as the network reader. If the meter was replaced or the grid operator has switched encryption off, " +
			"set the option decryption.allow_unverified"},
	Parity: {"parity_bits", "the line sends 7 data bits and parity but is read as 8 without, and the telegrams are too damaged to mend",
		"Set the network reader to 7 data bits and even parity (9600 7E1 for DSMR 2 and 3), and leave the option serial.mode at auto"},
	Noise: {"noise", "bytes arrive that are no text: the speed or the parity is wrong, or the signal is inverted",
		"With the option serial.mode at auto the modes are tried by themselves; a network reader must be set to the meter's own, " +
			"9600 7E1 for DSMR 2 and 3, 115200 8N1 for all others. If it goes on, the cable has no inverter: use one made for P1"},
	HDLC: {"hdlc", "this port speaks DLMS in HDLC frames, which is no P1 telegram: a meter of Norway, Denmark, Croatia or Switzerland, perhaps",
		"Ask your grid operator to switch the port to P1 (ASCII), or use a reader for HDLC"},
	SML:  {"sml", "this port speaks SML, as German meters do, which is no P1 telegram", "Use a reader for SML"},
	MBus: {"mbus", "this port speaks wired M-Bus, which is no P1 telegram: some Austrian meters have such a port in a P1 socket", "Use a reader for M-Bus"},
	TIC:  {"tic", "this port speaks Linky's TIC, which is no P1 telegram", "Use a reader for TIC"},
	HTTP: {"http", "a web server answers, which sends no telegrams by itself",
		"Take the port on which the network reader sends the meter's telegrams (raw P1 over TCP, often 23, 2001 or 8088), not that of its web page"},
	JSON: {"json", "JSON arrives, which is no telegram",
		"Set the network reader to send the meter's telegrams unchanged (raw P1 over TCP). Of this program and smartmeter2mqtt take the raw socket's port, 3020 as a rule, " +
			"not the JSON socket's. A reader that has an API only, as a HomeWizard P1 meter, cannot be read"},
	Telnet: {"telnet", "a telnet server wants to negotiate or asks for a login, and sends no telegram",
		"Take the port on which the network reader sends the meter's telegrams, and set it to raw TCP instead of telnet"},
	TooMany: {"too_many_clients", "the network reader says that it serves another program already",
		"Stop the other program, let it read from this one's raw socket, or allow more clients in the reader"},
	OtherText: {"other_text", "text arrives that is no telegram",
		"Set the network reader to send the meter's telegrams unchanged (raw P1 over TCP), and look whether the address and port are those of the P1 data"},
}

// help is a source's help as a sentence.
func help(t source.Trouble) string { return sentence(t.Help()) }

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// String is the kind's name for programs, such as wrong_key.
func (k Kind) String() string { return rows[k].name }

// Text says for people what is the matter.
func (k Kind) Text() string { return rows[k].text }

// Next says for people what to do about it; empty for nothing.
func (k Kind) Next() string { return rows[k].next }

// Problem tells that a person should do something about it, once it lasts.
func (k Kind) Problem() bool { return k != Waiting && k != Good }

var ofTrouble = [source.NumTroubles]Kind{
	source.TroubleUnknown: Fails, source.TroubleMissing: Missing, source.TroubleGone: Gone, source.TroublePermission: Permission,
	source.TroubleBusy: Busy, source.TroubleNotSerial: NotSerial, source.TroubleSilence: Silence, source.TroubleName: Name,
	source.TroubleNameServer: NameServer, source.TroubleAddress: Address, source.TroubleRefused: Refused,
	source.TroubleUnreachable: Unreachable, source.TroubleNoAnswer: NoAnswer, source.TroubleHungUp: HungUp, source.TroubleMute: Mute,
}

// OfTrouble is the verdict on a line that is lost.
func OfTrouble(t source.Trouble) Kind { return ofTrouble[t] }

var ofBytes = [dsmr.NumVerdicts]Kind{
	dsmr.VerdictSilence: Waiting, dsmr.VerdictGood: Good, dsmr.VerdictChecksums: Checksums, dsmr.VerdictNoChecksum: NoChecksum,
	dsmr.VerdictCut: Cut, dsmr.VerdictDamaged: Damaged, dsmr.VerdictEncrypted: Encrypted, dsmr.VerdictWrongKey: WrongKey,
	dsmr.VerdictDamagedFrame: DamagedFrame, dsmr.VerdictUnverified: Unverified, dsmr.VerdictParity: Parity, dsmr.VerdictNoise: Noise, dsmr.VerdictHDLC: HDLC,
	dsmr.VerdictSML: SML, dsmr.VerdictMBus: MBus, dsmr.VerdictTIC: TIC, dsmr.VerdictHTTP: HTTP, dsmr.VerdictJSON: JSON,
	dsmr.VerdictTelnet: Telnet, dsmr.VerdictTooMany: TooMany, dsmr.VerdictOtherText: OtherText,
}
