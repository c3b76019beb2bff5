package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// soakFaults are what breaks, in turn.
var soakFaults = []struct {
	name string
	do   func(*soak, context.Context) error
}{
	{"the meter's line is reset", (*soak).resetLine},
	{"clients are reset", (*soak).resetClients},
	{"a client does not read", (*soak).stallClient},
	{"the broker is restarted", (*soak).restartBroker},
}

func (k *soak) resetLine(ctx context.Context) error {
	return k.meter.breakOff(func() error { return k.recovered(ctx) })
}

// resetClients breaks the connections of a JSON and a raw client, which
// connect again.
func (k *soak) resetClients(ctx context.Context) error {
	for _, b := range k.broken {
		if err := reset(b.conn); err != nil {
			return err
		}
		if err := b.connect(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stallClient connects a client that never reads.
func (k *soak) stallClient(ctx context.Context) (err error) {
	k.stall, err = stall(ctx, k.program.json)
	return err
}

// restartBroker ends the broker and after a while starts another one at the
// same address.
func (k *soak) restartBroker(ctx context.Context) (err error) {
	if err := simulate.CloseBroker(k.broker); err != nil {
		return fmt.Errorf("ending the broker: %w", err)
	}
	if err := sleepUntil(ctx, time.Now().Add(k.every/5)); err != nil {
		return err
	}
	k.broker, _, err = startBroker(k.meter.broker, k.mqtt.got)
	return err
}

// calm ends what a fault left behind, so that samples are like each other.
func (k *soak) calm() {
	if k.stall != nil {
		k.stall.Close()
		k.stall = nil
	}
}

// brokenClient is a client that is reset now and then.
type brokenClient struct {
	addr  string
	meter *soakMeter
	wait  *sync.WaitGroup
	conn  *net.TCPConn
	tally *tally // of this connection
}

func (b *brokenClient) connect(ctx context.Context) (err error) {
	if b.conn, err = dial(ctx, b.addr); err != nil {
		return err
	}
	t := &tally{meter: b.meter, what: "one that was reset"}
	b.tally = t
	conn := b.conn
	b.wait.Go(func() {
		// Which of the two sockets it is shows in what it sends.
		var first [1]byte
		if _, err := conn.Read(first[:]); err != nil {
			return
		}
		if first[0] == '{' {
			readLines(conn, t)
		} else {
			readTelegrams(conn, t)
		}
	})
	return nil
}
