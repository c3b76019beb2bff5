package emulate

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Device is what is found in the home network, by multicast DNS.
type Device struct {
	Name string // of the device in the network, without ".local"
	// Services are what it offers, without their ports. Address is IPv4 and the
	// machine's, not valid where nobody knows it.
	Services func(address netip.Addr) []mdns.Service
}

// announcer makes a server known from the time that it is open.
type announcer struct {
	device  Device
	outside Outside // nil: the server's port is that of the machine
	log     *slog.Logger
	opened  chan netip.AddrPort
}

// Outside tells where the home network reaches a server that stands in a
// container.
type Outside interface {
	Hostname(ctx context.Context) (string, error)
	OpenPort(ctx context.Context, inside string) (int, error) // 0: none
}

func newAnnouncer(d Device, outside Outside, log *slog.Logger) *announcer {
	return &announcer{device: d, outside: outside, log: log, opened: make(chan netip.AddrPort, 1)}
}

// open records where the server listens.
func (a *announcer) open(addr net.Addr) {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return // it is no server of the network
	}
	select {
	case <-a.opened: // an address that it no longer has
	default:
	}
	a.opened <- at
}

// run announces the server until ctx ends; then it says goodbye and returns nil.
func (a *announcer) run(ctx context.Context) error {
	var at netip.AddrPort
	select {
	case <-ctx.Done():
		return nil
	case at = <-a.opened:
	}
	for ctx.Err() == nil {
		next := a.at(ctx, at)
		if next == at {
			return nil
		}
		at = next
	}
	return nil
}

// at announces the server at an address until ctx ends, or the server is opened
// at another one, which it returns.
func (a *announcer) at(ctx context.Context, at netip.AddrPort) netip.AddrPort {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer retry.Guard(a.log)
		a.announce(ctx, at)
	}()
	defer func() {
		cancel()
		<-done
	}()
	for {
		select {
		case <-ctx.Done():
			return at
		case next := <-a.opened:
			if next != at {
				return next
			}
		}
	}
}

// Back-off of questions to the Supervisor.
const (
	firstQuestion = 2 * time.Second
	lastQuestion  = 5 * time.Minute
)

func (a *announcer) announce(ctx context.Context, at netip.AddrPort) {
	o := mdns.Options{Host: a.device.Name, Address: at.Addr(), Log: a.log}
	port, address := int(at.Port()), ownAddress(at.Addr())
	if a.outside != nil {
		host, open, ok := a.ask(ctx, port)
		if !ok {
			return
		}
		if open == 0 {
			a.log.Info("the emulated meter cannot be found in the home network: open its port under Network in the app's configuration",
				"port", strconv.Itoa(port)+"/tcp")
			return
		}
		o.Host, o.IsForeign, port, address = host, true, open, addressOf(ctx, host+".local")
	}
	for _, s := range a.device.Services(address) {
		s.Port = port
		o.Services = append(o.Services, s)
	}
	_ = mdns.Announce(ctx, o) // nil: it ends with ctx only
}

// ask asks where the home network reaches the port of the container, until there
// is an answer; false: ctx has ended.
func (a *announcer) ask(ctx context.Context, inside int) (host string, port int, ok bool) {
	pause := retry.Backoff{First: firstQuestion, Last: lastQuestion}
	for {
		port, err := a.outside.OpenPort(ctx, strconv.Itoa(inside)+"/tcp")
		if err == nil && port > 0 {
			host, err = a.outside.Hostname(ctx)
		}
		if err == nil {
			return host, port, true
		}
		a.log.Debug("the emulated meter is not announced yet", "cause", err)
		if !pause.Wait(ctx) {
			return "", 0, false
		}
	}
}

// ownAddress returns the machine's address of IPv4: where a server listens, or
// that by which it reaches others. Nothing is sent for it.
func ownAddress(listens netip.Addr) netip.Addr {
	if listens = listens.Unmap(); listens.Is4() && !listens.IsUnspecified() {
		return listens
	}
	conn, err := net.Dial("udp4", "192.0.2.1:9") // of nobody (RFC 5737)
	if err != nil {
		return netip.Addr{} // there is no network
	}
	defer conn.Close()
	at, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	return at.Addr()
}

// lookupTime bounds the question for a name.
const lookupTime = 5 * time.Second

// addressOf returns an address of IPv4 that has the name.
func addressOf(ctx context.Context, name string) netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
	if err != nil || len(found) == 0 {
		return netip.Addr{}
	}
	return found[0].Unmap()
}
