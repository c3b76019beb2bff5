package source

import (
	"context"
	"fmt"
	"net"
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
	_, port, _ := net.SplitHostPort(address) // what is wrong with it, dialing tells
	return Port{
		Name: address,
		Open: func(ctx context.Context) (Conn, error) {
			conn, err := dialer.DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, fmt.Errorf("connecting to %s: %w", address, err)
			}
			return conn, nil
		},
		Help: func(err error) string { return networkHelp(err, port) },

		Cause: networkCause,
	}
}
