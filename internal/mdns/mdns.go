// Package mdns announces services in the home network, so that clients find them
// by themselves: multicast DNS (RFC 6762) with service discovery (RFC 6763). It
// answers who asks for its own services and knows no others.
//
// A service may be announced for a host whose name and addresses are somebody
// else's: in a container the machine's own responder knows them, and whoever
// claimed the machine's name with the container's address would cut the house
// off from it. That name is only pointed at, then. Names of services hold a
// device's random address, so that they are not probed for: nobody else has them.
package mdns

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Service is what is announced.
type Service struct {
	Instance string   // its own name, without dots: "shellypro3em-02abcdef0123"
	Type     string   // "_shelly._tcp"
	Text     []string // "gen=2", 255 bytes each at most
	Port     int
}

// Options is what Announce needs.
type Options struct {
	Services  []Service
	Host      string     // name of the machine, without dots and without ".local"
	IsForeign bool       // the host's addresses are told by somebody else
	Address   netip.Addr // of the machine where the services are; not valid or unspecified: all of them
	Log       *slog.Logger
}

const (
	firstPause = time.Second // before the sockets are opened again; doubles
	lastPause  = 5 * time.Minute
	// lookEvery is how often it is looked for networks that come and go.
	lookEvery = 15 * time.Second
	// repeatAfter is the time between the two announcements (RFC 6762, 8.3), and
	// the least between two answers with a record to everybody (6).
	repeatAfter = time.Second
	// Answers to everybody wait a random moment, so that not all responders speak
	// at once (6).
	leastDelay = 20 * time.Millisecond
	mostDelay  = 120 * time.Millisecond
)

// Announce announces the services until ctx ends; then it says goodbye and
// returns nil. Without a network it waits for one.
func Announce(ctx context.Context, o Options) error {
	pause := retry.Backoff{First: firstPause, Last: lastPause}
	for ctx.Err() == nil {
		sockets, err := listen(o.Log)
		if err == nil {
			r := newResponder(&o, sockets)
			err = r.run(ctx)
			sockets.close()
			pause.Reset()
		}
		if ctx.Err() != nil {
			break
		}
		o.Log.Warn("the emulated meter cannot be found automatically (mDNS); enter its address where it is used. Trying again until it works", "cause", err)
		pause.Wait(ctx)
	}
	return nil
}

// responder announces and answers. It serves one goroutine.
type responder struct {
	options *Options
	wire    wire
	look    func() []link
	links   map[int]*answers // by the index of the network interface
}

// wire sends and receives, on all interfaces.
type wire interface {
	join(l link)
	send(packet []byte, index int, to net.Addr) // to nil: to everybody
	packets() <-chan packet
	failed() <-chan error
}

// packet is what came.
type packet struct {
	data  []byte
	index int // of the interface
	from  *net.UDPAddr
}

// link is a network of the machine.
type link struct {
	net.Interface
	addrs    []netip.Addr   // where the services are
	prefixes []netip.Prefix // who is near
}

// isNear reports whether the address is of this network: others get no answer
// (RFC 6762, section 11), because whoever forges it could be far away.
func (l *link) isNear(from *net.UDPAddr) bool {
	if l.Flags&net.FlagLoopback != 0 {
		return true // nobody else is there, whichever of its addresses the machine sends from
	}
	addr := from.AddrPort().Addr().Unmap().WithZone("")
	return addr.IsLinkLocalUnicast() || slices.ContainsFunc(l.prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// answers are what is to be said on one interface.
type answers struct {
	link
	records []record
	sent    []time.Time  // when each record was last sent to everybody
	due     map[int]bool // records to send to everybody at
	at      time.Time
	repeat  time.Time // the second announcement; zero: it was made
}

func newResponder(o *Options, w wire) *responder {
	return &responder{options: o, wire: w, look: func() []link { return links(o.Address) }, links: make(map[int]*answers)}
}

// run serves until ctx ends or the sockets fail.
func (r *responder) run(ctx context.Context) error {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	r.refresh(time.Now())
	for {
		timer.Reset(time.Until(r.next()))
		select {
		case <-ctx.Done():
			r.goodbye()
			return nil
		case err := <-r.wire.failed():
			return err
		case <-looks.C:
			r.refresh(time.Now())
		case p := <-r.wire.packets():
			r.receive(p, time.Now())
		case <-timer.C:
			r.flush(time.Now())
		}
	}
}

// refresh finds the networks that there are, and announces on those that are
// new or have another address.
func (r *responder) refresh(now time.Time) {
	found := make(map[int]*answers)
	for _, l := range r.look() {
		records := r.options.records(l.addrs)
		a := r.links[l.Index]
		if a == nil || !same(a.records, records) {
			r.wire.join(l)
			a = &answers{link: l, records: records, sent: make([]time.Time, len(records)), due: make(map[int]bool), repeat: now.Add(repeatAfter)}
			r.announce(a, now)
		}
		found[l.Index] = a
	}
	if len(found) > 0 && len(r.links) == 0 {
		r.options.Log.Debug("services are announced", "host", r.options.Host, "networks", len(found))
	}
	r.links = found
}

// announce sends all records to everybody.
func (r *responder) announce(a *answers, now time.Time) {
	for i := range a.records {
		a.sent[i] = now
	}
	r.send(message(a.records), a.Index, nil)
}

// goodbye says that the services end.
func (r *responder) goodbye() {
	for _, a := range r.links {
		var records []record
		for _, own := range a.records {
			if own.isCommon { // other services have the type too
				continue
			}
			own.Header.TTL = 0
			records = append(records, own)
		}
		r.send(message(records), a.Index, nil)
	}
}

// next returns when something is to be sent.
func (r *responder) next() time.Time {
	next := time.Now().Add(time.Hour)
	for _, a := range r.links {
		if len(a.due) > 0 && a.at.Before(next) {
			next = a.at
		}
		if !a.repeat.IsZero() && a.repeat.Before(next) {
			next = a.repeat
		}
	}
	return next
}

// flush sends what is due.
func (r *responder) flush(now time.Time) {
	for _, a := range r.links {
		if !a.repeat.IsZero() && !a.repeat.After(now) {
			a.repeat = time.Time{}
			r.announce(a, now)
			clear(a.due)
		}
		if len(a.due) == 0 || a.at.After(now) {
			continue
		}
		var list []int
		for i := range a.records {
			if a.due[i] {
				list = append(list, i)
				a.sent[i] = now
			}
		}
		clear(a.due)
		r.send(a.message(list), a.Index, nil)
	}
}

// receive answers a query: who wants so by itself, or else everybody.
func (r *responder) receive(p packet, now time.Time) {
	a := r.links[p.index]
	if a == nil || !a.isNear(p.from) {
		return
	}
	var query dnsmessage.Message
	if query.Unpack(p.data) != nil || query.Response || query.OpCode != 0 {
		return
	}
	wanted, alone := a.asked(&query, now, r.options.IsForeign)
	if p.from.Port != port {
		// An ordinary resolver, which asks one question and knows no multicast (6.7).
		if all := append(alone, wanted...); len(all) > 0 {
			m := a.message(all)
			m.toResolver(&query)
			r.send(m, p.index, p.from)
		}
		return
	}
	if len(alone) > 0 {
		r.send(a.message(alone), p.index, p.from)
	}
	for _, i := range wanted {
		if now.Sub(a.sent[i]) < repeatAfter {
			continue
		}
		if len(a.due) == 0 {
			a.at = now.Add(leastDelay + rand.N(mostDelay-leastDelay))
		}
		a.due[i] = true
	}
}

func (r *responder) send(m answer, index int, to net.Addr) {
	data, err := m.Pack()
	if err != nil {
		r.options.Log.Warn("a service cannot be announced", "cause", err)
		return
	}
	r.wire.send(data, index, to)
}
