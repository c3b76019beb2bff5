package mdns

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// hostTTL is that of records that name the host, in seconds; otherTTL that of
	// the others (RFC 6762, section 10).
	hostTTL  = 120
	otherTTL = 4500
	// resolverTTL is that of answers to ordinary resolvers, which hear of no
	// changes (6.7).
	resolverTTL = 10
	// uniqueBit says in an answer that nobody else has the record (10.2), and in a
	// question that the answer is wanted by the asker alone (5.4).
	uniqueBit = 1 << 15
	// allTypes is what names all types of services (RFC 6763, section 9).
	allTypes = "_services._dns-sd._udp.local."
)

// record is one of DNS. One that is common may be somebody else's too.
type record struct {
	dnsmessage.Resource
	isCommon bool // it says that there is such a type of service
}

// records are all that the services have, on a network with those addresses.
func (o *Options) records(addrs []netip.Addr) (list []record) {
	add := func(name string, ttl uint32, isUnique bool, kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		class := dnsmessage.ClassINET
		if isUnique {
			class |= uniqueBit
		}
		list = append(list, record{dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: nameOf(name), Type: kind, Class: class, TTL: ttl}, Body: body,
		}, name == allTypes})
	}
	host := o.Host + ".local."
	for _, s := range o.Services {
		kind := s.Type + ".local."
		instance := s.Instance + "." + kind
		text := s.Text
		if len(text) == 0 {
			text = []string{""} // a record has a string at least (RFC 6763, 6.1)
		}
		add(kind, otherTTL, false, dnsmessage.TypePTR, &dnsmessage.PTRResource{PTR: nameOf(instance)})
		add(instance, hostTTL, true, dnsmessage.TypeSRV, &dnsmessage.SRVResource{Port: uint16(s.Port), Target: nameOf(host)})
		add(instance, otherTTL, true, dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: text})
		add(allTypes, otherTTL, false, dnsmessage.TypePTR, &dnsmessage.PTRResource{PTR: nameOf(kind)})
	}
	if o.IsForeign {
		return list
	}
	for _, a := range addrs {
		if a.Is4() {
			add(host, hostTTL, true, dnsmessage.TypeA, &dnsmessage.AResource{A: a.As4()})
		} else {
			add(host, hostTTL, true, dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: a.As16()})
		}
	}
	return list
}

// nameOf returns a name of DNS; one that is too long is cut, which Pack tells.
func nameOf(text string) dnsmessage.Name {
	name, err := dnsmessage.NewName(text)
	if err != nil {
		return dnsmessage.Name{}
	}
	return name
}

func same(a, b []record) bool {
	return slices.EqualFunc(a, b, func(a, b record) bool { return a.GoString() == b.GoString() })
}

// asked returns the records that answer the query: those that everybody is to
// hear, and those that the asker wants for itself and everybody has heard not long
// ago (RFC 6762, 5.4). What it knows already is left out (7.1). In a container
// everybody is to hear all: between it and the home network stands a program that
// repeats what is sent to everybody, and nothing else.
func (a *answers) asked(query *dnsmessage.Message, now time.Time, isContainer bool) (wanted, alone []int) {
	for i, own := range a.records {
		for _, q := range query.Questions {
			class := q.Class &^ uniqueBit
			if !strings.EqualFold(q.Name.String(), own.Header.Name.String()) || q.Type != own.Header.Type && q.Type != dnsmessage.TypeALL ||
				class != dnsmessage.ClassINET && class != dnsmessage.ClassANY || own.isKnown(query.Answers) {
				continue
			}
			isRecent := now.Sub(a.sent[i]) < time.Duration(own.Header.TTL)*time.Second/4
			if q.Class&uniqueBit != 0 && isRecent && !isContainer {
				alone = append(alone, i)
			} else {
				wanted = append(wanted, i)
			}
			break
		}
	}
	return wanted, alone
}

// isKnown reports whether the asker has the record, for half of its time at
// least.
func (r *record) isKnown(known []dnsmessage.Resource) bool {
	return slices.ContainsFunc(known, func(k dnsmessage.Resource) bool {
		return k.Header.Type == r.Header.Type && k.Header.TTL >= r.Header.TTL/2 &&
			strings.EqualFold(k.Header.Name.String(), r.Header.Name.String()) && k.Body.GoString() == r.Body.GoString()
	})
}

// answer is a message that is sent.
type answer struct{ dnsmessage.Message }

func message(records []record) (m answer) {
	m.Response, m.Authoritative = true, true
	for _, r := range records {
		m.Answers = append(m.Answers, r.Resource)
	}
	return m
}

// message returns the answer with these records. What one wants to know next
// stands in it too (RFC 6763, section 12).
func (a *answers) message(list []int) answer {
	m := message(nil)
	for i, own := range a.records {
		switch {
		case slices.Contains(list, i):
			m.Answers = append(m.Answers, own.Resource)
		case own.Header.Type != dnsmessage.TypePTR:
			m.Additionals = append(m.Additionals, own.Resource)
		}
	}
	return m
}

// toResolver makes the answer one that an ordinary resolver understands.
func (m *answer) toResolver(query *dnsmessage.Message) {
	m.ID, m.Questions = query.ID, query.Questions
	for _, part := range [][]dnsmessage.Resource{m.Answers, m.Additionals} {
		for i := range part {
			part[i].Header.Class &^= uniqueBit
			part[i].Header.TTL = min(part[i].Header.TTL, resolverTTL)
		}
	}
}
