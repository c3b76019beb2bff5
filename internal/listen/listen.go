// Package listen keeps the port of a TCP server open: it says why a port cannot
// be had and what to do about it, and tries again for ever. It bounds who may
// connect.
package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
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
	Setting  string          // that tells the address, for the log
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
	pause := retry.Backoff{First: firstPause, Last: lastPause}
	for ctx.Err() == nil {
		l, err := config.Listen(ctx, "tcp", o.Address)
		if err == nil {
			o.Log.Info(o.What+" is open", "address", l.Addr().String())
			if o.OnListen != nil {
				o.OnListen(l.Addr())
			}
			pause.Reset()
			o.Counter.Works(time.Now())
			err = serve(ctx, l)
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
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("port %s is taken by another program: free it or choose another with %s", port, o.Setting)
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("port %s is not allowed to this program: choose one from 1024 up with %s", port, o.Setting)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this machine has no address %s: choose another with %s", host, o.Setting)
	}
	return fmt.Sprintf("cannot listen at %s: see %s", o.Address, o.Setting)
}
