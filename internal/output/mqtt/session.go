package mqtt

import (
	"log/slog"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	// settle is how long Home Assistant may take to subscribe to the topics of
	// an announcement; states are not retained, so they are sent again then.
	settle = 3 * time.Second

	// refreshEvery is when all states are sent again whatever happened.
	refreshEvery = 15 * time.Minute

	// early is how much sooner than the interval says a state may come: meters
	// that send every ten seconds are not exact.
	early = 500 * time.Millisecond

	// minuteOnly holds back the time of the last telegram, which would else
	// make a new state every time.
	minuteOnly = time.Minute
)

// session knows what to publish when. Its methods are steps: an event and the
// time in, messages out, valid until the next step. It knows no clock, no
// goroutine and no broker. Between lost and connected its steps yield nothing,
// but it goes on learning.
type session struct {
	topic     string
	energy    string // topic of the whole reading
	slot      string
	birth     string
	press     string            // topic of the button that announces again
	ours      map[string]string // slots of the devices that there can be, by topic of their announcement
	instance  string            // this run of the program, unlike any other
	told      clashes           // which were said
	prefix    string            // of discovery
	rates     rates
	discovery bool
	jitter    func() time.Duration
	announcer announcer

	view   view
	line   meter.Status
	lastAt time.Time // when the bridge's time of the last telegram was taken
	newest *meter.Update
	fresh  bool // there was a reading since the line came to life
	groups groups
	lists  lists // published as attributes
	log    *slog.Logger

	meterID string // equipment identifier of the electricity meter, as printed

	bridge      *device
	electricity *device
	submeters   [meter.NumMedia][]*submeter
	devices     []*device // all of them, parents first

	inverter *inverter // nil: there is none
	former   *former
	distinct *distinct // nil: no topic for each field

	claims    claims
	online    bool             // connected, and the publisher of the slot
	leftovers []string         // retained topics of an earlier run to put right when this one publishes
	kept      map[string]*kept // by topic
	mendAt    time.Time        // when one of them is due; zero: none is
	connectTo byte             // what the topic connected says: 0, '1' or '2'
	birthAt   time.Time        // when to answer Home Assistant's birth; zero: no need
	refreshAt time.Time        // when to send all states

	out []message
	buf []byte
}

func newSession(o *Options) *session {
	s := &session{
		topic:     o.Topic,
		energy:    o.Topic + "/status/energy",
		slot:      o.Slot,
		birth:     o.BirthTopic,
		prefix:    o.DiscoveryPrefix,
		rates:     rates{interval: time.Duration(o.Interval) * time.Second},
		discovery: o.Discovery,
		jitter:    o.Jitter,
		log:       o.Log,
		announcer: announcer{
			connectedTopic: o.Topic + "/connected",
			origin:         originConfig{Name: originName, Version: o.Version, SupportURL: o.SupportURL},
			language:       o.Language,
		},
	}
	s.view = view{zone: o.Zone, status: &s.line}

	s.ours = s.announcements()
	s.instance = o.instance
	s.kept = make(map[string]*kept)
	s.claims = claims{topics: s.claimTopics(), instance: o.instance, emit: s.emit, unheard: make(map[string]bool), peers: make(map[string]bool)}
	b := newDevice(s.topic, bridgeSlot(s.slot), "Smartmeter", bridge(s.slot))
	s.press = s.topic + "/" + b.slot + "/reannounce"
	b.info.model, b.info.version = "P1 port reader", o.Version
	for i := range b.seen {
		b.seen[i] = b.components[i].Key != removeFormerKey // until something is found
	}
	b.stale, b.unsaved = true, true
	s.former = newFormer(s.prefix, s.topic, s.topic+"/"+b.slot+"/"+removeFormerKey)
	s.bridge = s.add(&b, nil)

	e := newDevice(s.topic, s.slot, "Electricity meter", electricity)
	s.electricity = s.add(&e, s.bridge)
	if o.Solar > 0 {
		s.addInverter(o.Solar)
	}
	if o.Distinct {
		s.distinct = newDistinct(s.topic, o.DistinctFields)
	}
	return s
}

// add makes the device known. All but the bridge can be unavailable while
// this program runs.
func (s *session) add(d, parent *device) *device {
	d.parent = parent
	d.configTopic = s.configTopic(d.slot)
	if parent != nil {
		d.availabilityTopic = s.topic + "/" + d.slot + "/availability"
	}
	s.devices = append(s.devices, d)
	return d
}

func (s *session) begin() { s.out, s.buf = s.out[:0], s.buf[:0] }

func (s *session) emit(topic string, payload []byte, qos byte, retain bool) {
	s.out = append(s.out, message{topic, payload, qos, retain})
}

// connected is the first step on a new connection: nothing is published before
// it is known that no other program publishes the slot.
func (s *session) connected(now time.Time) []message {
	s.begin()
	s.online, s.leftovers = false, nil
	clear(s.kept)
	s.claims.connected(now)
	if s.claims.role == standingBy {
		s.standsBy()
	}
	return s.out
}

// takeOver begins to publish. Entities become available last, so that none
// shows an old value.
func (s *session) takeOver(now time.Time) {
	s.online, s.connectTo, s.birthAt, s.mendAt = true, 0, time.Time{}, time.Time{}
	s.clearLeftovers(now)
	for _, d := range s.devices {
		d.shown, d.stateOf, d.copyAt = availabilityUnknown, nil, time.Time{}
		d.againAt = time.Time{}
		if d.known() || d == s.electricity && s.newest == nil {
			s.setAvailability(now, d, offline)
		}
	}
	s.refreshAt = now.Add(refreshEvery)
	s.announce(now, true)
	if s.newest != nil {
		s.emit(s.energy, s.newest.JSON, 0, true)
		s.distinctly(s.newest)
	}
	if s.inverter != nil && s.inverter.last != nil {
		s.whole()
	}
	s.refresh(now, true)
	s.setConnected(now)
	s.available(now)
}

// lost ends a connection.
func (s *session) lost() {
	s.online = false
	s.claims.lost()
}

// abandon leaves the messages of the last step to whoever still holds them:
// the client, when it could not send them in time.
func (s *session) abandon() { s.out, s.buf = nil, nil }

// update takes a reading.
func (s *session) update(now time.Time, u *meter.Update) []message {
	s.begin()
	entities := u.Entities()
	turns := s.newest != nil && s.rates.turns(s.newest.Entities(), entities)
	if d := s.electricity; turns && s.online && d.known() && s.rates.fresh {
		s.measured(now, true) // the last of the old tariff
	}
	s.newest, s.fresh = u, true
	s.view.reading = entities
	s.rates.add(entities)
	s.learn(entities)
	if !s.online {
		return nil
	}
	s.emit(s.energy, u.JSON, 0, true)
	s.distinctly(u)
	if u.Usage != nil {
		s.change("/status/usage", "Usage", u.Usage)
	}
	if u.GasUsage != nil {
		s.change("/status/gasUsage", "Gas usage", u.GasUsage)
	}
	s.announce(now, false)
	if d := s.electricity; d.known() && (turns || d.stateOf == nil || now.Sub(d.stateAt) >= s.rates.interval-early) {
		s.measured(now, turns)
	}
	s.attributes(false)
	for m := range s.submeters {
		for _, sub := range s.submeters[m] {
			if sub.fresh {
				s.state(now, &sub.device)
			}
		}
	}
	s.available(now)
	return s.out
}

// status takes news of the meter's line.
func (s *session) status(now time.Time, st meter.Status) []message {
	s.begin()
	s.line = st
	if !st.Alive {
		s.catchUp(now)
		s.fresh = false
		s.rates.drop()
	}
	if !st.Last.IsZero() && (s.lastAt.IsZero() || now.Sub(s.lastAt) >= minuteOnly) {
		s.view.shown, s.lastAt = st.Last, now
	}
	if !s.online {
		return nil
	}
	s.setConnected(now)
	s.state(now, s.bridge)
	s.available(now)
	return s.out
}

// next is when tick is due, zero for never.
func (s *session) next() time.Time {
	at := s.claims.next()
	if !s.online {
		return at
	}
	at = earlier(earlier(at, s.mendAt), earlier(earlier(s.refreshAt, s.birthAt), s.inverter.ends()))
	for _, d := range s.devices {
		at = earlier(at, d.againAt)
		if s.discovery {
			at = earlier(at, d.next())
		}
	}
	return at
}

// tick does what is due.
func (s *session) tick(now time.Time) []message {
	s.begin()
	s.claimed(now, s.claims.tick)
	if !s.online {
		return s.out
	}
	if due(s.mendAt, now) {
		s.mend(now)
	}
	if due(s.inverter.ends(), now) {
		s.available(now)
	}
	if due(s.birthAt, now) {
		s.birthAt = time.Time{}
		s.refreshAt = now.Add(settle)
		s.announce(now, true)
		s.refresh(now, true)
		for _, d := range s.devices {
			if shown := d.shown; shown != availabilityUnknown {
				d.shown = availabilityUnknown
				s.setAvailability(now, d, shown)
			}
		}
	}
	for _, d := range s.devices {
		if s.discovery && due(d.next(), now) {
			again := due(d.copyAt, now)
			if again {
				d.copyAt = time.Time{}
				d.forget()
			}
			s.announceDevice(now, d, again)
		}
	}
	if due(s.refreshAt, now) {
		s.refreshAt = now.Add(refreshEvery)
		s.refresh(now, false)
	}
	for _, d := range s.devices {
		if due(d.againAt, now) {
			s.again(now, d)
		}
	}
	return s.out
}

// stop is the last step: everything is unavailable from now on, also when the
// next run knows nothing of these devices.
func (s *session) stop(now time.Time) []message {
	s.begin()
	if !s.online {
		return nil
	}
	s.catchUp(now)
	for _, d := range s.devices {
		if d.shown == online {
			s.setAvailability(now, d, offline)
		}
	}
	s.claims.stop()
	s.retain(now, s.announcer.connectedTopic, []byte{'0'})
	return s.out
}

// catchUp shows the totals that wait for their minute, and the means since the
// last state: the meter may be another one when it is seen again.
func (s *session) catchUp(now time.Time) {
	if s.online && s.electricity.shown == online && (s.rates.fresh || s.rates.behind(s.newest.Entities())) {
		s.measured(now, true)
	}
}

func due(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }
