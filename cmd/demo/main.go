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
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "demo:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("standard", "dsmr50", "the meter's standard: "+strings.Join(standards(), ", "))
	every := flags.Duration("every", 0, "time between telegrams; 0: as the standard has it")
	at := flags.String("at", "", "simulated date and time, such as 2026-06-21T13:00; empty: now")
	seed := flags.Uint64("seed", 0, "which household it is; 0: another one each time")
	fault := flags.String("fault", "", "what is wrong with the line: wrong-speed; empty: nothing")
	verbose := flags.Bool("v", false, "log every telegram")
	if err := flags.Parse(args); err != nil {
		return err
	}
	standard, err := simulate.ParseStandard(*name)
	if err != nil {
		return err
	}
	if *every <= 0 {
		*every = simulate.Standards[standard].Period
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	clock, err := clockFrom(*at)
	if err != nil {
		return err
	}

	line, err := simulate.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	toLine, err := spoil(line, *fault, simulate.Standards[standard])
	if err != nil {
		return err
	}
	broker, brokerAddr, err := startBroker(stderr)
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	data, err := os.MkdirTemp("", "smartmeter-demo-*") // the next demo is another household
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	meter := simulate.New(simulate.Options{Standard: standard, Seed: *seed, Zone: time.Local})
	inverterAddr := freeAddr(1502)
	inverter, err := meter.Inverter(inverterAddr, clock)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	cfg, _, err := config.Load([]string{
		"SMARTMETER_SOCKET=" + line.Addr(),
		"SMARTMETER_MQTT_URL=mqtt://" + brokerAddr,
		"SMARTMETER_MQTT_INTERVAL=5",
		"SMARTMETER_TCP_SERVER=" + freeAddr(3010),
		"SMARTMETER_RAW_TCP_SERVER=" + freeAddr(3020),
		"SMARTMETER_WEB_SERVER=" + freeAddr(8099),
		"SMARTMETER_API_SERVER=" + freeAddr(8080),
		"SMARTMETER_HEALTH=" + freeAddr(8098),
		"SMARTMETER_SUNSPEC_MODBUS=" + inverterAddr,
		"SMARTMETER_SUNSPEC_INTERVAL=2",
		"SMARTMETER_DATA=" + data,
	}, func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		return err
	}

	guide := &guide{addresses: make(map[string]string), out: stdout, standard: standard, line: line.Addr(), broker: brokerAddr, inverter: inverterAddr}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return line.Run(ctx) })
	group.Go(func() error { return meter.Run(ctx, toLine, *every, clock) })
	group.Go(func() error { return inverter.Run(ctx) })
	group.Go(func() error { return app.Run(ctx, cfg, app.Deps{Log: log, Listening: guide.listening}) })
	err = group.Wait()
	return errors.Join(err, simulate.CloseBroker(broker))
}

func standards() []string {
	var names []string
	for _, s := range simulate.Standards {
		names = append(names, s.Name)
	}
	return names
}

// startBroker starts an MQTT broker that lets everybody in, on loopback.
func startBroker(stderr io.Writer) (*mochi.Server, string, error) {
	broker := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
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

// freeAddr is the wanted port on loopback, or where that is taken a free one.
func freeAddr(port int) string {
	for _, addr := range []string{fmt.Sprintf("127.0.0.1:%d", port), "127.0.0.1:0"} {
		if listener, err := net.Listen("tcp", addr); err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// guide prints how to look at the outputs, once all of them listen.
type guide struct {
	out          io.Writer
	standard     simulate.Standard
	line, broker string
	inverter     string

	mu        sync.Mutex
	addresses map[string]string // of the servers by name
	done      bool
}

func (g *guide) listening(name, addr string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addresses[name] = addr
	for _, name := range []string{"json", "raw", "page", "api", "health"} {
		if g.addresses[name] == "" {
			return
		}
	}
	if g.done {
		return
	}
	g.done = true
	host, port, _ := net.SplitHostPort(g.broker)
	raw, api := g.addresses["raw"], g.addresses["api"]
	fmt.Fprintf(g.out, `
A simulated %s meter feeds the real app. Look at it:

  the page                             http://%s/
  readings, one JSON object a line     telnet %s
  the meter's own telegrams            telnet %s
  MQTT topics and discovery            mosquitto_sub -h %s -p %s -v -t '#'
  the HTTP API                         curl http://%s/api/reading
  metrics for Prometheus               curl http://%s/metrics
  a telegram explained                 nc %s | go run ./cmd/smartmeter decode
  the line checked                     go run ./cmd/smartmeter check -network %s
  how all of it stands                 SMARTMETER_HEALTH=%s go run ./cmd/smartmeter healthcheck -v

The meter itself is a network reader at %s, and there is a solar inverter at %s. Ctrl-C ends the demo.

`, g.standard, g.addresses["page"], spaced(g.addresses["json"]), spaced(raw), host, port, api, api, spaced(raw), g.line, g.addresses["health"], g.line, g.inverter)
}

// spaced is how telnet and nc want an address.
func spaced(addr string) string { return strings.Replace(addr, ":", " ", 1) }
