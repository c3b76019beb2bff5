package listen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Why a client has no slot.
var (
	ErrFull = errors.New("a client was refused: there are too many")
	ErrPeer = errors.New("a client was refused: its address has too many connections")
)

// Slots count the clients of a server. A nil *Slots is ready and refuses
// nobody. Its methods may be called by any goroutine.
type Slots struct {
	most, perPeer int
	whole         *Slots // of the program; nil: no matter

	// Exempt is an address that may have all the slots: that of a proxy, which
	// asks for everybody. It must not change once a slot was taken.
	Exempt netip.Addr

	mu      sync.Mutex
	used    int
	peers   map[netip.Addr]int
	changed chan struct{} // closed when a slot becomes free
}

// NewSlots returns so many slots, which are slots of the whole too. One
// address gets no more than three quarters of them: a program that connects
// over and over must leave room for the others.
func NewSlots(most int, whole *Slots) *Slots {
	return &Slots{most: most, perPeer: most - most/4, whole: whole, peers: make(map[netip.Addr]int), changed: make(chan struct{})}
}

// Take takes a slot for the client. ErrFull and ErrPeer tell why there is
// none; Free must be called otherwise.
func (s *Slots) Take(remote net.Addr) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	peer := peerOf(remote)
	if s.used >= s.most {
		return ErrFull
	}
	if peer.IsValid() && peer != s.Exempt && s.peers[peer] >= s.perPeer {
		return ErrPeer
	}
	if err := s.whole.Take(nil); err != nil {
		return err
	}
	s.used++
	s.peers[peer]++
	return nil
}

// Wait is Take for a client that may have to wait for its slot: a program
// that connects anew may be here before its old connection is seen to end.
func (s *Slots) Wait(ctx context.Context, remote net.Addr, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		err := s.Take(remote)
		if err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// Free gives a slot back.
func (s *Slots) Free(remote net.Addr) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	peer := peerOf(remote)
	s.used--
	if s.peers[peer]--; s.peers[peer] == 0 {
		delete(s.peers, peer)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	s.whole.Free(nil)
}

// Used returns how many slots are taken.
func (s *Slots) Used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// peerOf returns the client's address; of IPv6 the network, because one
// machine has many addresses in it. It is not valid where there is none.
func peerOf(remote net.Addr) netip.Addr {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.Is6() && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() {
		network, err := addr.Prefix(64)
		if err == nil {
			return network.Addr()
		}
	}
	return addr
}
