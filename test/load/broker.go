package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// startBroker starts a broker at addr and tells got of every reading that is
// published.
func startBroker(addr string, got func(number int)) (*mochi.Server, string, error) {
	broker := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, "", fmt.Errorf("setting up the broker: %w", err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", fmt.Errorf("opening the broker's port: %w", err)
	}
	tcp := listeners.NewNet("load", &brokerListener{Listener: listener})
	if err := broker.AddListener(tcp); err != nil {
		return nil, "", fmt.Errorf("opening the broker's port: %w", err)
	}
	if err := broker.Serve(); err != nil {
		return nil, "", fmt.Errorf("starting the broker: %w", err)
	}
	err = broker.Subscribe("smartmeter/status/energy", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		if n, ok := numberIn(p.Payload, jsonNumber); ok {
			got(n)
		}
	})
	if err != nil {
		return nil, "", fmt.Errorf("subscribing at the broker: %w", err)
	}
	return broker, tcp.Address(), nil
}

// brokerListener closes its connections too, as a process that ends does. The
// broker forgets those that come while it ends, and they would hang.
type brokerListener struct {
	net.Listener

	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

// Accept waits for a client.
func (l *brokerListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

// Close ends listening and all connections.
func (l *brokerListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, conn := range l.conns {
		conn.Close()
	}
	return l.Listener.Close()
}
