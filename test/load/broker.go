package main

import (
	"fmt"
	"io"
	"log/slog"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// startBroker starts a broker on loopback and tells r of every reading that
// is published.
func startBroker(r *reader) (*mochi.Server, string, error) {
	broker := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, "", fmt.Errorf("setting up the broker: %w", err)
	}
	tcp := listeners.NewTCP(listeners.Config{ID: "load", Address: "127.0.0.1:0"})
	if err := broker.AddListener(tcp); err != nil {
		return nil, "", fmt.Errorf("opening the broker's port: %w", err)
	}
	if err := broker.Serve(); err != nil {
		return nil, "", fmt.Errorf("starting the broker: %w", err)
	}
	err := broker.Subscribe("smartmeter/status/energy", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		if n, ok := numberIn(p.Payload, jsonNumber); ok {
			r.got(n)
		}
	})
	if err != nil {
		return nil, "", fmt.Errorf("subscribing at the broker: %w", err)
	}
	return broker, tcp.Address(), nil
}
