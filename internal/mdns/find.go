package mdns

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Found is a service that somebody in the home network announces.
type Found struct {
	Instance string     // its own name: "p1meter-ABCDEF"
	Host     string     // name of its machine, with ".local."
	Address  netip.Addr // of its machine; not valid: nobody told
	Port     int
	Text     []string // "product_type=HWE-P1"
}

// maxFound bounds how many services, machines and texts are remembered of one
// search: whoever shares the network can make up any number.
const maxFound = 50

// Find asks for the services of a type, such as "_hwenergy._tcp", on every
// network of the machine, and returns what was answered until ctx ends.
func Find(ctx context.Context, kind string, log *slog.Logger) []Found {
	sockets, err := listen(log)
	if err != nil {
		log.Debug("nothing can be found by multicast DNS", "cause", err)
		return nil
	}
	defer sockets.close()
	return find(ctx, sockets, links(netip.Addr{}), kind)
}

// find asks twice, because a packet may be lost (RFC 6762, 5.2).
func find(ctx context.Context, w wire, list []link, kind string) []Found {
	s := search{kind: kind + ".local.", services: make(map[string]*Found), hosts: make(map[string]netip.Addr)}
	question := dnsmessage.Message{Questions: []dnsmessage.Question{
		{Name: nameOf(s.kind), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET},
	}}
	data, err := question.Pack()
	if err != nil {
		return nil
	}
	for _, l := range list {
		w.join(l)
	}
	ask := time.NewTimer(0)
	defer ask.Stop()
	for asked := 0; ; {
		select {
		case <-ctx.Done():
			return s.found()
		case <-w.failed():
			return s.found()
		case <-ask.C:
			for _, l := range list {
				w.send(data, l.Index, nil)
			}
			if asked++; asked < 2 {
				ask.Reset(repeatAfter)
			}
		case p := <-w.packets():
			i := slices.IndexFunc(list, func(l link) bool { return l.Index == p.index })
			if i >= 0 && list[i].isNear(p.from) {
				s.hear(p.data)
			}
		}
	}
}

// search gathers answers, which may come in any order and in several packets.
type search struct {
	kind     string            // of the services, with ".local."
	services map[string]*Found // by their name in small letters
	hosts    map[string]netip.Addr
}

func (s *search) hear(data []byte) {
	var m dnsmessage.Message
	if m.Unpack(data) != nil || !m.Response {
		return
	}
	for _, r := range append(m.Answers, m.Additionals...) {
		name := r.Header.Name.String()
		switch body := r.Body.(type) {
		case *dnsmessage.SRVResource:
			if f := s.service(name); f != nil {
				f.Host, f.Port = body.Target.String(), int(body.Port)
			}
		case *dnsmessage.TXTResource:
			if f := s.service(name); f != nil {
				f.Text = body.TXT
			}
		case *dnsmessage.AResource:
			s.host(name, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			s.host(name, netip.AddrFrom16(body.AAAA))
		}
	}
}

// service returns the service of that name; nil for one of another type.
func (s *search) service(name string) *Found {
	instance, ok := strings.CutSuffix(name, "."+s.kind)
	key := strings.ToLower(name)
	if f := s.services[key]; f != nil || !ok || len(s.services) == maxFound {
		return f
	}
	f := &Found{Instance: instance}
	s.services[key] = f
	return f
}

// host notes an address. One of IPv4 is the better one: that of IPv6 may hold in
// its own network only.
func (s *search) host(name string, addr netip.Addr) {
	key := strings.ToLower(name)
	last, known := s.hosts[key]
	if known && last.Is4() || !known && len(s.hosts) == maxFound {
		return
	}
	s.hosts[key] = addr
}

// found returns the services that have said where they are, by name.
func (s *search) found() (list []Found) {
	for _, f := range s.services {
		if f.Host != "" {
			f.Address = s.hosts[strings.ToLower(f.Host)]
			list = append(list, *f)
		}
	}
	slices.SortFunc(list, func(a, b Found) int { return strings.Compare(a.Instance, b.Instance) })
	return list
}
