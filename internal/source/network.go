package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Network returns the line of a reader on the network at host:port, an IPv6
// address in brackets. The name is looked up at each opening: readers get a
// new address when they restart.
func Network(address string) Port {
	dialer := net.Dialer{
		Timeout: 10 * time.Second,
		// A reader that lost its power says nothing. The probes notice within
		// half a minute, also where the meter itself is slow.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	return Port{
		Name: address,
		Open: func(ctx context.Context) (Conn, error) {
			conn, err := dialer.DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, fmt.Errorf("connecting to %s: %w", address, err)
			}
			return conn, nil
		},
		Help: networkHelp,
	}
}

func networkHelp(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "nobody here knows that name: check its spelling, or give the reader's address in numbers"
		}
		return "the name server does not answer: give the reader's address in numbers"
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return "the address must be host:port, with an IPv6 address in brackets"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "something is at that address, but nothing listens on that port: check the port, and whether the reader is set to serve its data there"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no way leads to that address: check it, and whether the reader is on the network"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the reader hung up: many serve one program at a time, so see that no other one reads it"
	case errors.As(err, new(silence)):
		return "the reader is there but sends nothing: check its cable to the meter, and whether the meter's P1 port is open"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "no answer: check the address, and whether the reader is switched on"
	}
	return ""
}
