// Command demo shows the whole product without a meter, a broker or any
// set-up: a simulated household meter, an embedded MQTT broker, and the real
// app between them, on loopback only. It prints how to look at each output.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// Exit codes.
const (
	exitBad  = 1 // the demo failed
	exitCall = 2 // the call is wrong
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run shows the demo until ctx ends, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "demo: %v; demo -h lists the flags\n", err)
		return exitCall
	}
	if err := show(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return exitBad
	}
	return 0
}

// show runs the household, the broker and the app until ctx ends.
func show(ctx context.Context, o options, stdout, stderr io.Writer) error {
	broker, brokerAddr, err := startBroker(stderr)
	if err != nil {
		return err
	}
	first, lineAddr, err := o.way.open(broker, "p1")
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	data, err := os.MkdirTemp("", "smartmeter-demo-*") // the next demo is another household
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	var inverter *simulate.Inverter
	inverterAddr := ""
	more := keyOptions(o.meter, "SMARTMETER_")
	lines := []line{first}
	for i, meter := range o.further {
		line, addr, err := o.way.open(broker, slots[i])
		if err != nil {
			return err
		}
		lines = append(lines, line)
		prefix := fmt.Sprintf("SMARTMETER_MORE_METERS_%d_", i)
		more = append(append(more, prefix+"SLOT="+slots[i], prefix+"SOCKET="+addr), keyOptions(meter, prefix)...)
	}
	if !o.noSolar {
		inverterAddr = freeAddr(1502)
		if inverter, err = o.meter.Inverter(inverterAddr, o.clock); err != nil {
			return err
		}
		more = append(more, "SMARTMETER_SUNSPEC_MODBUS="+inverterAddr, "SMARTMETER_SUNSPEC_INTERVAL=2")
	}
	if o.emulate {
		more = append(more, emulate()...)
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	cfg, _, err := config.Load(append(more,
		"SMARTMETER_SOCKET="+lineAddr,
		"SMARTMETER_MQTT_URL=mqtt://"+brokerAddr,
		"SMARTMETER_MQTT_INTERVAL=5",
		"SMARTMETER_TCP_SERVER="+freeAddrs(3010, 1+len(o.further)),
		"SMARTMETER_RAW_TCP_SERVER="+freeAddrs(3020, 1+len(o.further)),
		"SMARTMETER_WEB_SERVER="+freeAddr(8099),
		"SMARTMETER_API_SERVER="+freeAddr(8080),
		"SMARTMETER_HEALTH="+freeAddr(8098),
		"SMARTMETER_DATA="+data,
	), func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		return err
	}

	guide := &guide{
		out: stdout, standard: o.standard.Title, line: lineAddr, broker: brokerAddr, inverter: inverterAddr,
		keyFlags: keyFlags(o.meter), further: len(o.further), isEmulating: o.emulate, addresses: make(map[string]string),
	}
	toLine := &spoiler{line: first, fault: o.fault, standard: &o.standard}
	group, ctx := errgroup.WithContext(ctx)
	for _, line := range lines {
		group.Go(func() error { return line.Run(ctx) })
	}
	group.Go(func() error { return o.meter.Run(ctx, toLine, o.every, o.clock) })
	for i, meter := range o.further {
		group.Go(func() error { return meter.Run(ctx, lines[1+i], o.every, o.clock) })
	}
	if inverter != nil {
		group.Go(func() error { return inverter.Run(ctx) })
	}
	group.Go(func() error {
		return app.Run(ctx, cfg, app.Deps{Log: log, Listening: guide.listening, Simulated: true})
	})
	err = group.Wait()
	return errors.Join(err, simulate.CloseBroker(broker))
}

// startBroker starts an MQTT broker without logins, on loopback.
func startBroker(stderr io.Writer) (*mochi.Server, string, error) {
	errorsOnly := &slog.HandlerOptions{Level: slog.LevelError}
	broker := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(stderr, errorsOnly))})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, "", fmt.Errorf("setting up the broker: %w", err)
	}
	tcp := listeners.NewTCP(listeners.Config{ID: "demo", Address: freeAddr(1883)})
	if err := broker.AddListener(tcp); err != nil {
		return nil, "", fmt.Errorf("opening the broker's port: %w", err)
	}
	if err := broker.Serve(); err != nil {
		return nil, "", fmt.Errorf("starting the broker: %w", err)
	}
	return broker, tcp.Address(), nil
}

// freeAddr returns the wanted port on loopback, or a free one if that is taken.
func freeAddr(port int) string { return freeAddrs(port, 1) }

// freeAddrs is the first of some ports on loopback that follow each other: the
// wanted ones, or where one of those is taken others.
func freeAddrs(port, count int) string {
	for range 100 {
		if addr, ok := areFree(port, count); ok {
			return addr
		}
		port = 0 // one that the system picks
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func areFree(port, count int) (first string, ok bool) {
	for n := range count {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return "", false
		}
		defer listener.Close()
		if n == 0 {
			first = listener.Addr().String()
		}
		port = listener.Addr().(*net.TCPAddr).Port + 1
	}
	return first, true
}

// guide prints how to look at the outputs, once all of them listen.
type guide struct {
	out          io.Writer
	standard     string
	line, broker string
	inverter     string // empty: there is none
	keyFlags     string // open the first meter's messages; empty: it does not encrypt
	further      int    // meters beside the first
	isEmulating  bool   // the app looks like other meters, too

	mu        sync.Mutex
	addresses map[string]string // of the servers by name
	done      bool
}

func (g *guide) listening(name, addr string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addresses[name] = addr
	names := []string{"json", "raw", "page", "api", "health"}
	for _, slot := range slots[:g.further] {
		names = append(names, "json "+slot, "raw "+slot)
	}
	if g.isEmulating {
		for _, e := range emulations {
			names = append(names, e.name())
		}
	}
	for _, name := range names {
		if g.addresses[name] == "" {
			return
		}
	}
	if g.done {
		return
	}
	g.done = true
	raw, api := g.addresses["raw"], g.addresses["api"]
	inverter := ""
	if g.inverter != "" {
		inverter = " A solar inverter is at " + g.inverter + "."
	}
	fmt.Fprintf(g.out, `
A simulated %s meter feeds the real app. Look at it:

  the page                             http://%s/
  readings, one JSON object a line     telnet %s
  the meter's own telegrams            telnet %s
  MQTT topics and discovery            mosquitto_sub %s -v -t '#'
  the HTTP API                         curl http://%s/api/reading
  metrics for Prometheus               curl http://%s/metrics
  a telegram explained                 nc %s | go run ./cmd/smartmeter decode%s
  the line checked                     SMARTMETER_MQTT_URL=mqtt://%s go run ./cmd/smartmeter check -network %s%s
  how all of it stands                 SMARTMETER_HEALTH=%s go run ./cmd/smartmeter healthcheck -v

`, g.standard, g.addresses["page"], spaced(g.addresses["json"]), spaced(raw), g.toBroker(), api, api, spaced(raw),
		g.keyFlags, g.broker, g.line, g.keyFlags, g.addresses["health"])
	g.tellFurther(api)
	g.tellEmulated()
	fmt.Fprintf(g.out, "The meter itself is read at %s.%s Ctrl-C ends the demo.\n\n", g.line, inverter)
}

// toBroker is what mosquitto's commands need to reach the broker.
func (g *guide) toBroker() string {
	host, port, _ := net.SplitHostPort(g.broker)
	return "-h " + host + " -p " + port
}

// tellFurther tells how to look at the meters beside the first.
func (g *guide) tellFurther(api string) {
	if g.further == 0 {
		return
	}
	for _, slot := range slots[:g.further] {
		fmt.Fprintf(g.out, "  %-36s telnet %s, and its telegrams: telnet %s\n",
			"the meter called "+slot, spaced(g.addresses["json "+slot]), spaced(g.addresses["raw "+slot]))
	}
	fmt.Fprintf(g.out, "  %-36s curl 'http://%s/api/reading?meter=sum'\n\n", "all meters together", api)
}

// spaced returns an address as telnet and nc take it.
func spaced(addr string) string { return strings.Replace(addr, ":", " ", 1) }
