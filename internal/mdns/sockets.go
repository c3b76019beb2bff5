package mdns

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// port is that of multicast DNS, which all responders of a machine share.
const port = 5353

// The groups that everybody listens to.
var (
	group4 = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}
	group6 = &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: port}
)

// mostPacket bounds a packet in bytes (RFC 6762, section 17).
const mostPacket = 9000

// sockets are the wire of real networks: one socket for each version of IP.
type sockets struct {
	v4     *ipv4.PacketConn // nil: the machine has no IPv4
	v6     *ipv6.PacketConn // nil: the machine has no IPv6
	read   chan packet
	errs   chan error
	closed chan struct{}
}

// listen opens the sockets. One that fails is done without.
func listen(log *slog.Logger) (*sockets, error) {
	s := &sockets{read: make(chan packet), errs: make(chan error, 2), closed: make(chan struct{})}
	conn4, err4 := net.ListenUDP("udp4", group4)
	if err4 == nil {
		s.v4 = ipv4.NewPacketConn(conn4)
		err4 = errors.Join(s.v4.SetControlMessage(ipv4.FlagInterface, true), s.v4.SetMulticastTTL(255), s.v4.SetMulticastLoopback(true))
	}
	conn6, err6 := net.ListenUDP("udp6", group6)
	if err6 == nil {
		s.v6 = ipv6.NewPacketConn(conn6)
		err6 = errors.Join(s.v6.SetControlMessage(ipv6.FlagInterface, true), s.v6.SetMulticastHopLimit(255), s.v6.SetMulticastLoopback(true))
	}
	if s.v4 == nil && s.v6 == nil || err4 != nil && err6 != nil {
		s.close()
		return nil, errors.Join(err4, err6)
	}
	if s.v4 != nil {
		go func() {
			defer retry.Guard(log)
			s.receive(s.read4)
		}()
	}
	if s.v6 != nil {
		go func() {
			defer retry.Guard(log)
			s.receive(s.read6)
		}()
	}
	return s, nil
}

// read4 and read6 read a packet, with the index of the interface that it came by.
func (s *sockets) read4(b []byte) (n, index int, from net.Addr, err error) {
	n, c, from, err := s.v4.ReadFrom(b)
	if c == nil {
		return n, 0, from, err
	}
	return n, c.IfIndex, from, err
}

func (s *sockets) read6(b []byte) (n, index int, from net.Addr, err error) {
	n, c, from, err := s.v6.ReadFrom(b)
	if c == nil {
		return n, 0, from, err
	}
	return n, c.IfIndex, from, err
}

// receive reads one socket until it is closed.
func (s *sockets) receive(read func([]byte) (n, index int, from net.Addr, err error)) {
	buffer := make([]byte, mostPacket)
	for {
		n, index, from, err := read(buffer)
		if err != nil {
			s.errs <- err // there is room: each socket has one
			return
		}
		peer, ok := from.(*net.UDPAddr)
		if !ok {
			continue
		}
		select {
		case s.read <- packet{slices.Clone(buffer[:n]), index, peer}:
		case <-s.closed:
			return
		}
	}
}

func (s *sockets) packets() <-chan packet { return s.read }
func (s *sockets) failed() <-chan error   { return s.errs }

// join listens to the groups on the interface. It does so already where the
// interface was known before.
func (s *sockets) join(l link) {
	if s.v4 != nil {
		_ = s.v4.JoinGroup(&l.Interface, group4)
	}
	if s.v6 != nil {
		_ = s.v6.JoinGroup(&l.Interface, group6)
	}
}

// send sends on an interface. What cannot be sent now is asked for again.
func (s *sockets) send(data []byte, index int, to net.Addr) {
	peer, _ := to.(*net.UDPAddr)
	if s.v4 != nil && (peer == nil || peer.IP.To4() != nil) {
		_, _ = s.v4.WriteTo(data, &ipv4.ControlMessage{IfIndex: index}, addrOr(peer, group4))
	}
	if s.v6 != nil && (peer == nil || peer.IP.To4() == nil) {
		_, _ = s.v6.WriteTo(data, &ipv6.ControlMessage{IfIndex: index}, addrOr(peer, group6))
	}
}

// addrOr returns the peer, or the group where there is none.
func addrOr(peer, group *net.UDPAddr) *net.UDPAddr {
	if peer == nil {
		return group
	}
	return peer
}

func (s *sockets) close() {
	close(s.closed)
	if s.v4 != nil {
		_ = s.v4.Close()
	}
	if s.v6 != nil {
		_ = s.v6.Close()
	}
}

// links returns the networks where the address is; for none, all that others
// can be reached through.
func links(only netip.Addr) (list []link) {
	interfaces, _ := net.Interfaces() // without a list there is no network
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		l := link{Interface: i}
		for _, a := range addrs {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			addr := prefix.Addr()
			l.prefixes = append(l.prefixes, prefix.Masked())
			switch {
			case only.IsValid() && !only.IsUnspecified():
				if addr == only || only.IsLoopback() && prefix.Masked().Contains(only) {
					l.addrs = append(l.addrs, only)
				}
			case i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagMulticast != 0:
				l.addrs = append(l.addrs, addr)
			}
		}
		if len(l.addrs) > 0 {
			list = append(list, l)
		}
	}
	return list
}
