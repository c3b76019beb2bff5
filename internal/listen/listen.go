// Package listen keeps the port of a TCP or UDP server open: it says why a port cannot
// be had and what to do about it, and tries again for ever. It bounds who may
// connect.
package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	firstPause = 250 * time.Millisecond // before listening again; doubles
	lastPause  = 10 * time.Second
)

// Options are what Run needs.
type Options struct {
	Address  string          // host:port to listen at
	What     string          // is open or not, for the log: "socket"
	Setting  string          // that tells the address, for the log; empty: nobody can choose it
	Log      *slog.Logger    // hears when it opens, and why it does not
	OnListen func(net.Addr)  // called each time the port is open; may be nil
	Counter  *status.Counter // may be nil
}

// Run opens the port and has it served until ctx ends; then it returns nil.
// serve closes the listener; it runs again when it fails.
func Run(ctx context.Context, o Options, serve func(context.Context, net.Listener) error) error {
	config := net.ListenConfig{
		// Finds clients that vanished without a word within a minute.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3},
	}
	return keepOpen(ctx, &o, func() (net.Addr, func() error, error) {
		l, err := config.Listen(ctx, "tcp", o.Address)
		if err != nil {
			return nil, nil, err
		}
		return l.Addr(), func() error { return serve(ctx, l) }, nil
	})
}

// RunPackets is Run for a port of UDP.
func RunPackets(ctx context.Context, o Options, serve func(context.Context, net.PacketConn) error) error {
	return keepOpen(ctx, &o, func() (net.Addr, func() error, error) {
		conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", o.Address)
		if err != nil {
			return nil, nil, err
		}
		return conn.LocalAddr(), func() error { return serve(ctx, conn) }, nil
	})
}

// keepOpen opens a port and has it served, again and again until ctx ends.
func keepOpen(ctx context.Context, o *Options, open func() (net.Addr, func() error, error)) error {
	pause := retry.Backoff{First: firstPause, Last: lastPause}
	for ctx.Err() == nil {
		addr, serve, err := open()
		if err == nil {
			o.Log.Info(o.What+" is open", "address", addr.String())
			if o.OnListen != nil {
				o.OnListen(addr)
			}
			pause.Reset()
			o.Counter.Works(time.Now())
			err = serve()
		}
		if ctx.Err() != nil {
			break
		}
		o.Counter.Failed(err)
		o.Log.Error(o.explain(err)+"; trying again until it works", "cause", err)
		pause.Wait(ctx)
	}
	return nil
}

// explain returns what is wrong with the address and what a person can do.
func (o *Options) explain(err error) string {
	host, port, _ := net.SplitHostPort(o.Address)
	choose, see := ": choose another with "+o.Setting, ": see "+o.Setting
	if o.Setting == "" {
		choose, see = "", ""
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && port == "80":
		return fmt.Sprintf("port 80 is taken, by Home Assistant itself since its version 2026.8 where that runs on this machine: choose another with %s", o.Setting)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("port %s is taken by another program: free it%s", port, strings.Replace(choose, ":", " or", 1))
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("port %s may not be used by this program%s", port, strings.Replace(choose, "another", "one from 1024 up", 1))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this machine has no address %s%s", host, choose)
	}
	return fmt.Sprintf("cannot listen at %s%s", o.Address, see)
}
