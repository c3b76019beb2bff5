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

// Announcer makes a server known in the home network by multicast DNS, from the
// time that it is open.
type Announcer struct {
	Name     string         // of the device in the network, without ".local"
	Services []mdns.Service // without their ports
	Outside  Outside        // nil: the server's port is that of the machine
	Log      *slog.Logger

	opened chan netip.AddrPort
}

// Outside tells where the home network reaches a server that stands in a
// container.
type Outside interface {
	Hostname(ctx context.Context) (string, error)
	OpenPort(ctx context.Context, inside string) (int, error) // 0: none
}

// NewAnnouncer returns an announcer of a device.
func NewAnnouncer(name string, services []mdns.Service, outside Outside, log *slog.Logger) *Announcer {
	return &Announcer{Name: name, Services: services, Outside: outside, Log: log, opened: make(chan netip.AddrPort, 1)}
}

// Opened records where the server listens.
func (a *Announcer) Opened(addr net.Addr) {
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

// Run announces the server until ctx ends; then it says goodbye and returns nil.
func (a *Announcer) Run(ctx context.Context) error {
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
func (a *Announcer) at(ctx context.Context, at netip.AddrPort) netip.AddrPort {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer retry.Guard(a.Log)
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

func (a *Announcer) announce(ctx context.Context, at netip.AddrPort) {
	o := mdns.Options{Host: a.Name, Address: at.Addr(), Log: a.Log}
	number := int(at.Port())
	pause := retry.Backoff{First: firstQuestion, Last: lastQuestion}
	for a.Outside != nil {
		host, port, err := a.outside(ctx, number)
		if err == nil && port == 0 {
			a.Log.Info("the emulated meter cannot be found in the home network: open its port under Network in the app's configuration",
				"port", strconv.Itoa(number)+"/tcp")
			return
		}
		if err == nil {
			o.Host, o.IsForeign, number = host, true, port
			break
		}
		a.Log.Debug("the emulated meter is not announced yet", "cause", err)
		if !pause.Wait(ctx) {
			return
		}
	}
	for _, s := range a.Services {
		s.Port = number
		o.Services = append(o.Services, s)
	}
	_ = mdns.Announce(ctx, o) // nil: it ends with ctx only
}

func (a *Announcer) outside(ctx context.Context, inside int) (host string, port int, err error) {
	if port, err = a.Outside.OpenPort(ctx, strconv.Itoa(inside)+"/tcp"); err != nil || port == 0 {
		return "", port, err
	}
	host, err = a.Outside.Hostname(ctx)
	return host, port, err
}
