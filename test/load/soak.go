package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	soakRate   = 100             // telegrams a second
	soakJSON   = 3               // clients that stay for the whole time
	soakRaw    = 2               // too
	soakSettle = 5 * time.Minute // until memory is what it stays; a third of a shorter soak
	soakMinute = 6               // samples that are taken together: with a fault every ten seconds, a minute's
	soakRows   = 12              // of the table, as a rule
)

// soak lets the program run for long while something breaks again and again.
type soak struct {
	bench   *bench
	binary  string
	every   time.Duration // between two faults
	program *program
	broker  *mochi.Server
	meter   *soakMeter
	clients sync.WaitGroup

	steady []*tally // JSON, then raw: readers that never break
	mqtt   *tally
	broken []*brokenClient
	stall  *net.TCPConn // the client that does not read, while there is one
	cancel context.CancelFunc
}

// run soaks for so long and prints a table. The
// error tells what was lost, did not recover or grew.
func (k *soak) run(ctx context.Context, long time.Duration, w io.Writer) (err error) {
	defer func() { err = errors.Join(err, k.end(ctx)) }()
	if err := k.start(ctx); err != nil {
		return err
	}
	ctx, k.cancel = context.WithCancel(ctx)
	sending := make(chan error, 1)
	go func() { sending <- k.meter.run(ctx) }()
	defer func() {
		k.cancel()
		err = errors.Join(err, <-sending)
	}()

	every := k.every
	t := soakTable{w: w, period: max(every, long/soakRows), long: long}
	start := time.Now()
	for i := 0; ; i++ {
		round := start.Add(time.Duration(i) * every)
		if round.Add(every).After(start.Add(long)) {
			break
		}
		fault := soakFaults[i%len(soakFaults)]
		if err := fault.do(k, ctx); err != nil {
			return fmt.Errorf("fault %q: %w", fault.name, err)
		}
		if err := sleepUntil(ctx, round.Add(every*7/10)); err != nil {
			return err
		}
		k.calm()
		if err := sleepUntil(ctx, round.Add(every*9/10)); err != nil {
			return err
		}
		if err := k.recovered(ctx); err != nil {
			return fmt.Errorf("after fault %q: %w", fault.name, err)
		}
		s, err := k.sample(time.Since(start))
		if err != nil {
			return err
		}
		t.add(s, k)
		if err := sleepUntil(ctx, round.Add(every)); err != nil {
			return err
		}
	}
	k.meter.pause()
	if err := k.recovered(ctx); err != nil {
		return err
	}
	return t.end(k)
}

func sleepUntil(ctx context.Context, at time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(at)):
		return nil
	}
}

// start starts the program with everything around it, and waits until every
// reader has got a reading.
func (k *soak) start(ctx context.Context) (err error) {
	k.meter = &soakMeter{house: simulate.New(simulate.Options{Seed: 1})}
	if err := k.meter.open(); err != nil {
		return err
	}
	k.mqtt = &tally{meter: k.meter, what: "mqtt"}
	if k.broker, k.meter.broker, err = startBroker(loopback, k.mqtt.got); err != nil {
		return err
	}
	k.program, err = start(ctx, k.binary, k.bench.dir, k.meter.listener.Addr().String(), k.meter.broker, soakJSON+2, k.bench.log)
	if err != nil {
		return err
	}
	if err := k.meter.accept(); err != nil {
		return fmt.Errorf("%w\n%s", err, &k.program.tail)
	}
	for i := range soakJSON + soakRaw {
		addr, read, what := k.program.json, readLines, "json"
		if i >= soakJSON {
			addr, read, what = k.program.raw, readTelegrams, "raw"
		}
		conn, err := dial(ctx, addr)
		if err != nil {
			return err
		}
		t := &tally{meter: k.meter, what: what}
		k.steady = append(k.steady, t)
		k.clients.Go(func() { read(conn, t) })
	}
	for _, addr := range []string{k.program.json, k.program.raw} {
		b := &brokenClient{addr: addr, meter: k.meter, wait: &k.clients}
		if err := b.connect(ctx); err != nil {
			return err
		}
		k.broken = append(k.broken, b)
	}
	return k.warmUp(ctx)
}

// warmUp sends telegrams without number until each reader has got one.
func (k *soak) warmUp(ctx context.Context) error {
	end := time.Now().Add(patience)
	for _, t := range append(k.steady, k.mqtt) {
		for !t.any.Load() {
			if time.Now().After(end) {
				return fmt.Errorf("a reader (%s) gets nothing\n%s", t.what, &k.program.tail)
			}
			if err := k.meter.send(0); err != nil {
				return err
			}
			if err := sleepUntil(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
				return err
			}
		}
	}
	return nil
}

// recovered waits until every reader has got what was sent last.
func (k *soak) recovered(ctx context.Context) error {
	want, end := k.meter.sent.Load(), time.Now().Add(2*patience)
	readers := append(append([]*tally{}, k.steady...), k.mqtt)
	for _, b := range k.broken {
		readers = append(readers, b.tally)
	}
	for _, t := range readers {
		for t.last.Load() < want {
			if time.Now().After(end) {
				return fmt.Errorf("a reader (%s) got nothing behind telegram %d, and %d was sent\n%s", t.what, t.last.Load(), want, &k.program.tail)
			}
			if err := sleepUntil(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sample is how the program is at one moment.
type sample struct {
	at         time.Duration
	memory     memory
	goroutines int
}

func (k *soak) sample(at time.Duration) (s sample, err error) {
	s.at = at
	if s.memory, err = k.program.memory(); err != nil {
		return s, err
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + k.program.health + "/status")
	if err != nil {
		return s, fmt.Errorf("asking how the program stands: %w", err)
	}
	defer answer.Body.Close()
	var stands status.Snapshot
	if err := json.NewDecoder(answer.Body).Decode(&stands); err != nil {
		return s, fmt.Errorf("reading how the program stands: %w", err)
	}
	s.goroutines = stands.Goroutines
	return s, nil
}

// end stops the program, then closes what is around it.
func (k *soak) end(ctx context.Context) (err error) {
	if k.program != nil {
		if err = k.program.end(); ctx.Err() != nil {
			err = nil
		}
	}
	k.calm()
	k.meter.close()
	if k.broker != nil {
		_ = simulate.CloseBroker(k.broker)
	}
	k.clients.Wait()
	return err
}

// tally is what one reader got.
type tally struct {
	meter  *soakMeter
	what   string
	any    atomic.Bool
	last   atomic.Int64 // number of the newest telegram
	count  atomic.Int64
	mu     sync.Mutex
	delays []time.Duration // since they were taken last
}

func (t *tally) got(n int) {
	now := time.Now()
	t.any.Store(true)
	if n == 0 || int64(n) <= t.last.Load() {
		return
	}
	t.last.Store(int64(n))
	t.count.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.delays = append(t.delays, t.meter.since(n, now))
}

// lost is how many of the telegrams up to its newest the reader did not get.
func (t *tally) lost() int64 { return t.last.Load() - t.count.Load() }

func (t *tally) take() []time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	delays := t.delays
	t.delays = nil
	return delays
}

func readLines(conn net.Conn, t *tally) { eachLine(conn, t.got) }

func readTelegrams(conn net.Conn, t *tally) {
	eachTelegram(conn, func(n int, _ []byte) { t.got(n) })
}
