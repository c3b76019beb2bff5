package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

const (
	warmups = 64                     // telegrams without number that differ
	ageRate = 250                    // telegrams a second while ageing
	quiet   = 300 * time.Millisecond // before a series, and between its end and the last look
	noNews  = 3 * time.Second        // without anything new at any reader: the rest is lost
)

// bench measures scenarios, one after the other.
type bench struct {
	dir string    // for files of ours
	log io.Writer // where the program's log goes; may be nil
}

// world is what is around the program in one scenario.
type world struct {
	scenario scenario
	series   *series
	warm     [][]byte
	line     net.Conn   // to the program
	beside   []net.Conn // those of further meters
	sent     int        // telegrams of theirs
	program  *program

	json, raw, pages []*reader
	mqtt             *reader
	api              string // address; empty: off
	conns            []net.Conn
	clients          sync.WaitGroup
}

// measure runs the scenario once with the program binary.
func (b *bench) measure(ctx context.Context, binary string, s scenario) (_ figures, err error) {
	w := &world{scenario: s}
	if err := w.prepare(); err != nil {
		return figures{}, err
	}
	broker, brokerAddr, err := startBroker(loopback, w.mqtt.got)
	if err != nil {
		return figures{}, err
	}
	defer func() { _ = simulate.CloseBroker(broker) }()
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		return figures{}, fmt.Errorf("opening the meter's reader: %w", err)
	}
	defer listener.Close()

	var variables []string
	if s.pages > 0 {
		if w.api, err = freeAddr(); err != nil {
			return figures{}, err
		}
		variables = append(variables, "SMARTMETER_API_SERVER="+w.api)
	}
	var beside []net.Listener
	for n := range s.further {
		l, err := net.Listen("tcp", loopback)
		if err != nil {
			return figures{}, fmt.Errorf("opening the reader of one more meter: %w", err)
		}
		defer l.Close()
		beside = append(beside, l)
		prefix := fmt.Sprintf("SMARTMETER_MORE_METERS_%d_", n)
		variables = append(variables, fmt.Sprintf("%sSLOT=m%d", prefix, n+2), prefix+"SOCKET="+l.Addr().String())
	}
	clients := max(s.json, s.raw) + 1
	if w.program, err = start(ctx, binary, b.dir, listener.Addr().String(), brokerAddr, clients, b.log, variables...); err != nil {
		return figures{}, err
	}
	defer func() {
		w.close()
		if end := w.program.end(); end != nil && err == nil && ctx.Err() == nil {
			err = end
		}
	}()
	for _, l := range beside {
		conn, err := l.Accept()
		if err != nil {
			return figures{}, fmt.Errorf("waiting for the program: %w", err)
		}
		w.beside, w.conns = append(w.beside, conn), append(w.conns, conn)
	}
	var f figures
	if f.first, err = w.connect(ctx, listener); err != nil {
		return figures{}, err
	}
	if err := w.run(ctx, &f); err != nil {
		return figures{}, err
	}
	w.close()
	w.clients.Wait()
	f.take(w)
	return f, nil
}

// prepare makes all telegrams, so that none is made while it is measured.
func (w *world) prepare() error {
	meter, now := simulate.New(simulate.Options{Seed: 1}), time.Now()
	var err error
	if w.warm, err = numbered(meter, now, make([]int, warmups)...); err != nil {
		return err
	}
	numbers := make([]int, w.scenario.count)
	for i := range numbers {
		numbers[i] = i + 1
	}
	telegrams, err := numbered(meter, now.Add(warmups*time.Second), numbers...)
	w.series = &series{telegrams: telegrams}
	w.mqtt = newReader(w.series)
	return err
}

// connect waits for the program's first reading, then brings all clients to
// it and returns how long the first reading took.
func (w *world) connect(ctx context.Context, listener net.Listener) (first time.Duration, err error) {
	accepted := make(chan error, 1)
	var accepting sync.WaitGroup
	accepting.Go(func() { accepted <- w.accept(listener) })
	defer accepting.Wait()
	defer listener.Close()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	if err := w.add(ctx, w.program.json, &w.json, readJSON); err != nil {
		return 0, err
	}
	select {
	case <-w.json[0].heard:
		first = w.json[0].since.Sub(w.program.started)
	case <-time.After(patience):
		return 0, fmt.Errorf("the program gives no reading\n%s", &w.program.tail)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := <-accepted; err != nil {
		return 0, err
	}
	if addr, ok := map[string]string{"json": w.program.json, "raw": w.program.raw}[w.scenario.stalled]; ok {
		conn, err := stall(ctx, addr)
		if err != nil {
			return 0, err
		}
		w.conns = append(w.conns, conn)
	}
	for len(w.json) < w.scenario.json {
		if err := w.add(ctx, w.program.json, &w.json, readJSON); err != nil {
			return 0, err
		}
	}
	for len(w.raw) < w.scenario.raw {
		if err := w.add(ctx, w.program.raw, &w.raw, readRaw); err != nil {
			return 0, err
		}
	}
	for len(w.pages) < w.scenario.pages {
		if err := w.add(ctx, w.api, &w.pages, readEvents); err != nil {
			return 0, err
		}
	}
	return first, w.warmUp(ctx)
}

// accept is the network reader: it takes the program's connection and sends a
// telegram at once.
func (w *world) accept(listener net.Listener) (err error) {
	if w.line, err = listener.Accept(); err != nil {
		return fmt.Errorf("waiting for the program: %w", err)
	}
	return w.send(w.warm[0])
}

// add connects one client.
func (w *world) add(ctx context.Context, addr string, to *[]*reader, read func(net.Conn, *reader)) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	r := newReader(w.series)
	*to = append(*to, r)
	w.conns = append(w.conns, conn)
	w.clients.Go(func() { read(conn, r) })
	return nil
}

func (w *world) readers() []*reader { return append(slices.Concat(w.json, w.raw, w.pages), w.mqtt) }

// warmUp sends telegrams until every reader has got one: it is connected.
func (w *world) warmUp(ctx context.Context) error {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	sent := 1
	for _, r := range w.readers() {
		for heard := false; !heard; {
			select {
			case <-r.heard:
				heard = true
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
				if time.Now().After(deadline) {
					return fmt.Errorf("a client gets no reading\n%s", &w.program.tail)
				}
				if err := w.send(w.warm[sent%warmups]); err != nil {
					return err
				}
				sent++
			}
		}
	}
	return nil
}

// send sends what the meter says, and something of each further one.
func (w *world) send(data []byte) error {
	for _, line := range w.beside {
		w.sent++
		if _, err := line.Write(w.warm[w.sent/len(w.beside)%warmups]); err != nil {
			return fmt.Errorf("sending a telegram of a further meter: %w", err)
		}
	}
	if err := w.line.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("sending a telegram: %w", err)
	}
	if _, err := w.line.Write(data); err != nil {
		return fmt.Errorf("sending a telegram: %w", err)
	}
	return nil
}

// run sends the series and takes the figures of the process.
func (w *world) run(ctx context.Context, f *figures) error {
	err := paced(ctx, w.scenario.age, ageRate, func(i int) error { return w.send(w.warm[i%warmups]) })
	if err != nil {
		return err
	}
	time.Sleep(quiet)
	before, err := w.look()
	if err != nil {
		return err
	}
	if w.scenario.rate == 0 {
		all := slices.Concat(w.series.telegrams...)
		for range w.series.telegrams {
			w.series.sent = append(w.series.sent, time.Now())
		}
		err = w.send(all)
	} else {
		err = paced(ctx, len(w.series.telegrams), w.scenario.rate, func(i int) error {
			err := w.send(w.series.telegrams[i])
			w.series.sent = append(w.series.sent, time.Now())
			return err
		})
	}
	if err != nil {
		return err
	}
	wait(w.readers(), noNews)
	time.Sleep(quiet)
	after, err := w.look()
	if err != nil {
		return err
	}
	f.cpu = (after.program - before.program) / time.Duration(len(w.series.telegrams))
	f.memory = after.memory
	ours := (after.program - before.program + after.ours - before.ours).Seconds() * ticks
	f.others = max(0, after.busy-before.busy-ours) / max(1, after.total-before.total)
	return nil
}

// paced calls step so often a second, count times.
func paced(ctx context.Context, count, rate int, step func(i int) error) error {
	start := time.Now()
	for i := range count {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		if err := step(i); err != nil {
			return err
		}
	}
	return nil
}

// close closes all connections. It may be called twice.
func (w *world) close() {
	for _, conn := range w.conns {
		conn.Close()
	}
	if w.line != nil {
		w.line.Close()
	}
}
