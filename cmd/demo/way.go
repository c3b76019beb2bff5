package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	mochi "github.com/mochi-mqtt/server/v2"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// line is the reader between a meter and the app.
type line interface {
	io.Writer // takes telegrams
	Run(ctx context.Context) error
}

// way is how the app reads the meters.
type way struct {
	name string // as the command line names it
	what string // for people

	// open returns the reader of the meter in a slot, and the address that the
	// app is told.
	open func(broker *mochi.Server, slot string) (line, string, error)
}

// ways is the table of ways. The first is the usual one.
var ways = [...]way{
	{"tcp", "a P1-to-network reader: the meter's bytes over TCP", func(*mochi.Server, string) (line, string, error) {
		s, err := simulate.Listen("127.0.0.1:0")
		if err != nil {
			return nil, "", err
		}
		return s, s.Addr(), nil
	}},
	{"homewizard", "a HomeWizard P1 Meter: its local API is asked once a second", func(*mochi.Server, string) (line, string, error) {
		return openWeb("homewizard://", "")
	}},
	{"ws", "a reader that sends each telegram over a WebSocket", func(*mochi.Server, string) (line, string, error) {
		return openWeb("ws://", "/telegrams")
	}},
	{"mqtt", "a reader that publishes each telegram on the broker", func(broker *mochi.Server, slot string) (line, string, error) {
		topic := "reader/" + slot
		return publisher{broker, topic}, "mqtt:" + topic, nil
	}},
}

func parseWay(name string) (way, error) {
	var names []string
	for _, w := range ways {
		if w.name == name {
			return w, nil
		}
		names = append(names, w.name)
	}
	return way{}, fmt.Errorf("-source %s: use one of %s", name, strings.Join(names, ", "))
}

func openWeb(scheme, path string) (line, string, error) {
	web, err := simulate.ListenWeb("127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	return web, scheme + web.Addr() + path, nil
}

// publisher publishes each telegram on a topic.
type publisher struct {
	broker *mochi.Server
	topic  string
}

// Write takes one telegram.
func (p publisher) Write(telegram []byte) (int, error) {
	if err := p.broker.Publish(p.topic, telegram, false, 0); err != nil {
		return 0, fmt.Errorf("publishing a telegram: %w", err)
	}
	return len(telegram), nil
}

// Run has nothing to serve: the broker does.
func (publisher) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
