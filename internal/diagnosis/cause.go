// Package diagnosis says why there is no data, in words that a person can act
// on. It has the one table of causes; whoever shows, counts or publishes them
// - log, entity, commands, metrics, page, documents - loops over it. A Judge
// decides between the causes: what the line's bytes are is Evidence, and why it
// cannot be opened or read comes from the source.
package diagnosis

import (
	"maps"
	"slices"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Cause is why there is no data, or that there is.
type Cause uint8

// The causes, in the order of the documents.
const (
	Waiting   Cause = iota // too early to tell
	Good                   // readings arrive
	Degraded               // readings arrive, and too many telegrams are damaged
	Locked                 // readings arrive, and the meter keeps the power to itself
	Scale                  // readings arrive, and some values cannot be
	Undecided              // readings arrive, and nobody knows what the registers count in

	Unset // no source is set

	Missing     // there is no such device
	Gone        // the device disappeared while it was being read
	Permission  // this program may not open the device
	Busy        // another program has the device open
	NotSerial   // the device is not a serial port
	Silence     // the device gives nothing
	Name        // nobody knows the reader's name
	NameServer  // the name server does not answer
	Address     // the address is not valid
	Refused     // nothing listens on the port
	Unreachable // there is no route to the reader
	NoAnswer    // the reader does not answer
	HungUp      // the reader closes the connection
	Mute        // the reader is there and sends nothing
	Fails       // an error that says nothing to people

	APIOff         // the HomeWizard's local API is switched off
	NotHomeWizard  // something else answers in a HomeWizard's place
	NoWebSocket    // a web server answers that has no web socket there
	LoginRefused   // the web server wants a login, or another one
	Certificate    // the server's certificate cannot be trusted
	TooLong        // what arrives is far longer than any telegram
	BrokerAway     // the broker that has the telegrams cannot be reached
	BrokerRefuses  // the broker refuses the login or the topic
	TopicSilent    // nothing is published on the topic
	TopicOther     // what is published on the topic is no telegram
	OldTelegram    // the broker holds an old telegram, and no new one comes
	MixedTelegrams // the pieces of two publishers' telegrams are mixed up
	OtherPublisher // readings arrive, and somebody else publishes on their topic

	Checksums    // telegrams arrive, some or all with a wrong checksum
	NoChecksum   // telegrams have lost the checksum that their meter sends
	Damaged      // telegrams without checksum arrive with broken lines
	Cut          // telegrams arrive, but not whole
	Encrypted    // encrypted frames arrive, and there is no key
	WrongKey     // encrypted frames arrive, and the key does not fit
	DamagedFrame // encrypted frames arrive damaged
	Unverified   // telegrams arrive that the key does not vouch for
	Parity       // 7E1 read as 8N1, and too damaged to be repaired
	Noise        // wrong speed or parity, or an inverted signal: these look alike

	Layout    // whole messages arrive, and nothing in them is known
	HDLC      // parts of DLMS in HDLC frames (IEC 62056-46)
	SML       // parts of Smart Message Language
	MBus      // parts of wired M-Bus (EN 13757-2)
	TIC       // French Linky
	HTTP      // a web server answers
	JSON      // objects of JSON
	Telnet    // a telnet server negotiates or asks for a login
	TooMany   // a network reader says that it serves somebody else
	OtherText // another format

	SameNames // readings arrive, and another app wants to publish them under the same names

	NumCauses // how many there are
)

// texts is a sentence in every language, in the order of meter.Languages. It
// has no full stop, and in English no capital: it may stand inside another.
// Options stand in it in braces; see config.Names.
type texts [5]string

func (t *texts) in(l meter.Language) string {
	return t[max(0, slices.Index(meter.Languages, l))]
}

// and returns the sentences with others behind them.
func (t texts) and(more texts) texts {
	for i := range t {
		t[i] += ". " + more[i]
	}
	return t
}

// row is all that is known of a cause.
type row struct {
	name     string  // for programs; never changes
	counter  counter // of the telegrams and frames that it costs; none for most
	hopeless bool    // waiting cannot help
	hint     bool    // readings arrive all the same
	text     texts   // what is the matter
	next     texts   // what to do; empty: nothing
}

// counter is how a count is shown; see status.Counters.
type counter struct {
	json   string // member of /api/status
	metric string // value of the label "cause"
	what   string // in "healthcheck -v"
}

type table map[Cause]row

var rows = func() (all [NumCauses]row) {
	for _, t := range []table{serialCauses, networkCauses, wayCauses, telegramCauses, protocolCauses, brokerCauses} {
		for c, r := range maps.All(t) {
			all[c] = r
		}
	}
	return all
}()

// All returns every cause.
func All() []Cause {
	all := make([]Cause, NumCauses)
	for i := range all {
		all[i] = Cause(i)
	}
	return all
}

// Counted returns the causes that telegrams and frames are counted by.
func Counted() []Cause {
	return slices.DeleteFunc(All(), func(c Cause) bool { return rows[c].counter.json == "" })
}

// String returns the cause's name for programs, such as wrong_key.
func (c Cause) String() string { return rows[c].name }

// Named returns the cause of that name for programs; false if there is none.
func Named(name string) (Cause, bool) {
	for c := range NumCauses {
		if rows[c].name == name {
			return c, true
		}
	}
	return 0, false
}

// Text returns what is the matter, for people. An unknown language is English.
func (c Cause) Text(l meter.Language) string { return rows[c].text.in(l) }

// Next returns what to do about it, for people; empty for nothing. An unknown
// language is English.
func (c Cause) Next(l meter.Language) string { return rows[c].next.in(l) }

// Problem reports whether a person should do something about it, once it lasts.
func (c Cause) Problem() bool { return c != Waiting && !c.Arrive() }

// Hint reports whether readings arrive, and a person could have more of them.
func (c Cause) Hint() bool { return rows[c].hint }

// Arrive reports whether readings arrive as they should.
func (c Cause) Arrive() bool { return c == Good || c.Hint() }

// Hopeless reports whether it stays as long as nobody does something about it.
func (c Cause) Hopeless() bool { return rows[c].hopeless }

// Member returns the name of the cause's count in /api/status, Metric the value
// of its label "cause" in metrics, and Count its words in "healthcheck -v".
func (c Cause) Member() string { return rows[c].counter.json }

// Metric returns the value of the label "cause" of the count in metrics.
func (c Cause) Metric() string { return rows[c].counter.metric }

// Count returns what "healthcheck -v" calls the count.
func (c Cause) Count() string { return rows[c].counter.what }
