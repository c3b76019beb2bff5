package simulate

import (
	"fmt"
	"strings"
	"time"
)

// Push is the form in which a meter pushes messages that are no P1 text:
// DLMS in its framings, or SML.
type Push uint8

// The forms. Their lists follow the makers' descriptions of their ports.
const (
	Aidon          Push = iota // Norway: HDLC, objects with scale
	AidonSweden                // Sweden: HDLC, 27 objects with scale
	Kaifa                      // Norway: HDLC, values by position
	KaifaPairs                 // Sweden: HDLC, codes and values
	Kamstrup                   // Denmark: HDLC, codes and values, encrypted
	LandisGyr                  // Switzerland: general block transfer, a push list
	Iskra                      // Slovenia: HDLC, values by position
	IskraSegmented             // Austria: HDLC in segments, objects with scale
	SagemcomMBus               // Austria: M-Bus in two frames, encrypted
	SagemcomRaw                // Czechia: no framing, descriptors without tags
	SML                        // Germany, with the PIN typed in
	SMLLocked                  // Germany, without it
	NumPushes                  // how many there are
)

// PushInfo is a row of the table of pushes.
type PushInfo struct {
	Name      string        // as a command line names it
	Title     string        // for people
	Mode      string        // line mode
	Period    time.Duration // from message to message
	Encrypted bool

	maker string // of a meter that encrypts: three letters that begin its system title
	zone  string
	lists []pushList // the first one is sent unless another is due
	wrap  func(m *PushMeter, dst, apdu []byte) []byte
	sml   bool
	full  bool // of SML: with the PIN
}

// pushList is one kind of message.
type pushList struct {
	every int64 // seconds at whose multiples it is due; 0: always
	body  style
	clock string // how the notification has its time: "", "bare", "tagged"
	lines string // one value a line, see value
}

// Pushes is the table of pushes: one row each.
var Pushes = [NumPushes]PushInfo{
	Aidon: {Name: "aidon", Title: "Aidon (Norway)", Mode: "2400 8E1", Period: 5 * time.Second, zone: "Europe/Oslo", wrap: (*PushMeter).hdlc,
		lists: []pushList{{0, triples, "", aidonList1}, {10, triples, "", aidonList2}, {3600, triples, "", aidonList2 + aidonTotals}}},
	AidonSweden: {Name: "aidon-se", Title: "Aidon (Sweden)", Mode: "2400 8E1", Period: 10 * time.Second, zone: "Europe/Stockholm", wrap: (*PushMeter).hdlc,
		lists: []pushList{{0, triples, "", aidonSweden}}},
	Kaifa: {Name: "kaifa", Title: "Kaifa (Norway)", Mode: "2400 8E1", Period: 10 * time.Second, zone: "Europe/Oslo", wrap: (*PushMeter).hdlc,
		lists: []pushList{{0, plainValues, "tagged", kaifaList2}, {3600, plainValues, "tagged", kaifaList2 + kaifaTotals}}},
	KaifaPairs: {Name: "kaifa-se", Title: "Kaifa (Sweden)", Mode: "2400 8E1", Period: 10 * time.Second, zone: "Europe/Stockholm", wrap: (*PushMeter).hdlc,
		lists: []pushList{{0, pairs, "", kaifaPairs}}},
	Kamstrup: {Name: "kamstrup", Title: "Kamstrup (Denmark)", Mode: "2400 8N1", Period: 10 * time.Second, zone: "Europe/Copenhagen", Encrypted: true, maker: "KAM",
		wrap: (*PushMeter).hdlc, lists: []pushList{{0, namedPairs, "bare", kamstrupList}}},
	LandisGyr: {Name: "lg", Title: "Landis+Gyr (Switzerland)", Mode: "2400 8E1", Period: 10 * time.Second, zone: "Europe/Zurich", wrap: (*PushMeter).blocks,
		lists: []pushList{{0, pushed, "bare", vseList}}},
	Iskra: {Name: "iskra", Title: "Iskra (Slovenia)", Mode: "115200 8N1", Period: 5 * time.Second, zone: "Europe/Ljubljana", wrap: (*PushMeter).hdlc,
		lists: []pushList{{0, plainValues, "bare", iskraPower}, {900, plainValues, "bare", iskraEnergy}}},
	IskraSegmented: {Name: "iskra-at", Title: "Iskra (Austria)", Mode: "2400 8E1", Period: 10 * time.Second, zone: "Europe/Vienna", wrap: (*PushMeter).segments,
		lists: []pushList{{0, triplesInStructure, "bare", scaledList}}},
	SagemcomMBus: {Name: "sagemcom", Title: "Sagemcom (Austria)", Mode: "2400 8E1", Period: 10 * time.Second, zone: "Europe/Vienna", Encrypted: true, maker: "SAG",
		wrap: (*PushMeter).mbus, lists: []pushList{{0, flatTriples, "bare", sagemcomList}}},
	SagemcomRaw: {Name: "sagemcom-cz", Title: "Sagemcom (Czechia)", Mode: "9600 8N1", Period: 60 * time.Second, zone: "Europe/Prague", wrap: (*PushMeter).bare,
		lists: []pushList{{0, descriptors, "", xt211List}}},
	SML:       {Name: "sml", Title: "SML (Germany)", Mode: "9600 8N1", Period: time.Second, zone: "Europe/Berlin", sml: true, full: true},
	SMLLocked: {Name: "sml-locked", Title: "SML without PIN (Germany)", Mode: "9600 8N1", Period: time.Second, zone: "Europe/Berlin", sml: true},
}

// ParsePush finds a push by its name.
func ParsePush(name string) (Push, bool) {
	for p := range NumPushes {
		if strings.EqualFold(name, Pushes[p].Name) {
			return p, true
		}
	}
	return 0, false
}

// PushMeter is a household with a meter that pushes messages. Its methods must
// not be called together.
type PushMeter struct {
	// Encrypter holds the keys of a meter that encrypts.
	Encrypter *Encrypter

	info   *PushInfo
	meter  *Meter
	lists  [][]value
	number uint32 // of the next message
}

// NewPush returns a meter of that form. The standard of the options does not
// count.
func NewPush(p Push, o Options) *PushMeter {
	info := &Pushes[p]
	o.Standard = H1 // one tariff, no M-Bus: what such messages hold
	if o.Zone == nil {
		zone, err := time.LoadLocation(info.zone)
		if err != nil {
			panic(fmt.Sprintf("zone of %s: %v", info.Title, err)) // zones are embedded
		}
		o.Zone = zone
	}
	m := &PushMeter{info: info, meter: New(o), number: 1}
	if info.Encrypted {
		m.Encrypter = NewEncrypter([16]byte([]byte("@ABCDEFGHIJKLMNO")))
		m.Encrypter.AuthKey = [16]byte([]byte("abcdefghijklmnop")) // each meter has its own
		copy(m.Encrypter.Title[:], info.maker)
	}
	for _, list := range info.lists {
		m.lists = append(m.lists, parseValues(list.lines, m.meter.world.household))
	}
	return m
}

// Info returns the meter's row in the table of pushes.
func (m *PushMeter) Info() PushInfo { return *m.info }

// AppendMessage lets the world go on until now and appends what the meter
// pushes then, all its frames.
func (m *PushMeter) AppendMessage(dst []byte, now time.Time) []byte {
	if !m.meter.alive {
		m.meter.begin(now)
	}
	w := &m.meter.world
	w.advance(now.Unix())
	m.number++
	if m.info.sml {
		return m.sml(dst)
	}
	list := 0
	for i, l := range m.info.lists {
		if l.every > 0 && w.t%l.every < int64(m.info.Period/time.Second) {
			list = i
		}
	}
	l := &m.info.lists[list]
	apdu := m.notification(nil, l.clock)
	apdu = l.body(m, apdu, m.lists[list])
	if m.info.Encrypted {
		apdu = m.Encrypter.AppendFrame(nil, apdu)
	}
	return m.info.wrap(m, dst, apdu)
}

// Message is AppendMessage with nothing before it.
func (m *PushMeter) Message(now time.Time) []byte { return m.AppendMessage(nil, now) }

// Inverter is that of the household's solar panels, as Meter.Inverter.
func (m *PushMeter) Inverter(address string, now func() time.Time) (*Inverter, error) {
	return m.meter.Inverter(address, now)
}

// String is the push's title.
func (p Push) String() string { return Pushes[p].Title }
