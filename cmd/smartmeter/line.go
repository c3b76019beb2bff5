package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// lineFlags are the flags that choose the line a command listens to.
type lineFlags struct {
	meter, serial, mode, network, key, aad string
	length                                 time.Duration
}

func (f *lineFlags) add(flags *flag.FlagSet) {
	addMeter(flags, &f.meter)
	flags.StringVar(&f.serial, "serial", "", "serial `device`, in place of the configured source")
	flags.StringVar(&f.mode, "mode", "auto", "`mode` of the serial device, such as \"9600 7E1\"")
	flags.StringVar(&f.network, "network", "",
		"`address` of a network reader, in place of the configured source, as SMARTMETER_SOCKET has it")
	flags.StringVar(&f.key, "key", "", "key of an encrypting meter, 32 hex `digits`, in place of the configured one")
	flags.StringVar(&f.aad, "aad", "", "additional authenticated data, hex `digits`: 30 and the authentication key")
	flags.DurationVar(&f.length, "for", time.Minute, "how long to listen; 0: until Ctrl-C")
}

func addMeter(flags *flag.FlagSet, slot *string) {
	flags.StringVar(slot, "meter", "", "the meter with that `slot`, where there are several; none: the first")
}

// chosen is the meter that a command is about, and where the running app is
// asked of it.
type chosen struct {
	config.Meter
	health config.Listen
	cfg    config.Config
	find   broker.Finder // tells where the broker is; nil: there is none
}

// lineOptions are the names of the options that tell where the meter is read.
func (m *chosen) lineOptions() (device, mode, address string) {
	if m.Path == "" {
		return "serial.device", "serial.mode", m.AddressOption()
	}
	return m.Path + ".device", m.Path + ".mode", m.AddressOption()
}

// choose returns the meter in that slot; the first where none is named.
func choose(cfg config.Config, slot string) (chosen, error) {
	var slots []string
	for _, m := range cfg.Meters() {
		if slot == "" || m.Slot == slot {
			return chosen{Meter: m, health: cfg.Health, cfg: cfg}, nil
		}
		slots = append(slots, m.Slot)
	}
	return chosen{}, fmt.Errorf("-meter %s: there is no such meter; there is %s", slot, strings.Join(slots, ", "))
}

// load returns the meter's options, and the keys of the flags or else of the
// options.
func (f *lineFlags) load(environ []string) (chosen, cipher.Keys, error) {
	if f.length < 0 {
		err := fmt.Errorf("-for %s: write how long to listen, such as 2m, or 0 for until Ctrl-C", f.length)
		return chosen{}, cipher.Keys{}, err
	}
	cfg, _, err := config.Load(environ, os.ReadFile)
	if err != nil {
		return chosen{}, cipher.Keys{}, err
	}
	m, err := choose(cfg, f.meter)
	if err != nil {
		return chosen{}, cipher.Keys{}, err
	}
	m.find = app.BrokerOf(cfg, app.Deps{Log: slog.New(slog.DiscardHandler), Environ: environ})
	keys, err := parseKeys(cmp.Or(f.key, string(m.Decryption.Key)), cmp.Or(f.aad, string(m.Decryption.AAD)))
	return m, keys, err
}

// line is what a command listens to.
type line struct {
	port source.Port
	// ofApp says that it is the running app's raw socket: the app has the port
	// open, and most network readers serve one program only.
	ofApp bool
}

// choose returns the line that flags and options name, or the running app's raw
// socket in its place, which it prints on stderr.
func (f *lineFlags) choose(m chosen, stderr io.Writer) (line, error) {
	own := rawSocket(m)
	switch {
	case f.serial != "" && f.network != "":
		return line{}, errors.New("give either -serial or -network")
	case f.network != "":
		m.Source, m.Network.Address = config.SourceNetwork, f.network
		port, _, err := app.Port(m.cfg, m.Meter, m.find)
		if wrong, ok := errors.AsType[*config.Error](err); ok && strings.HasSuffix(wrong.Option, ".address") {
			err = fmt.Errorf("-network %s: %s", m.Network.Shown(), wrong.Mend)
		}
		return line{port: port}, err
	case f.serial != "" && (own == "" || !sameFile(f.serial, m.Serial.Device)):
		mode, err := source.ParseMode(f.mode)
		if err != nil {
			return line{}, fmt.Errorf("-mode: %w", err)
		}
		return line{port: source.Serial(f.serial, mode)}, nil
	case own != "": // a second reader would take bytes from the app
		fmt.Fprintf(stderr, "The app is running and has the port, so this listens to its raw socket at %s.\n", own)
		return line{port: source.Network(own), ofApp: true}, nil
	}
	port, isSet, err := app.Port(m.cfg, m.Meter, m.find)
	if err == nil && !isSet {
		err = errors.New("no source is set: name one with -serial DEVICE or -network ADDRESS. " +
			diagnosis.Devices(source.Ports()))
	}
	return line{port: port}, err
}

// rawSocket returns the address of the running app's raw socket on this
// machine; empty: nothing answers there.
func rawSocket(m chosen) string {
	host, port, err := net.SplitHostPort(string(m.RawSocket))
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	address := net.JoinHostPort(host, port)
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return ""
	}
	_ = conn.Close()
	return address
}

func sameFile(a, b string) bool {
	a, errA := filepath.EvalSymlinks(a)
	b, errB := filepath.EvalSymlinks(b)
	return errA == nil && errB == nil && a == b
}

// listener listens to a line for a command. All of it belongs to one goroutine.
type listener struct {
	keys cipher.Keys
	lax  bool // as the app with checksum off

	strict bool  // as the app with decryption.allow_unverified off
	unit   int64 // as the app with energy_unit

	// Callbacks; any may be nil.
	onBytes  func(p []byte, now time.Time)
	onChange func(e source.Event, now time.Time)
	onBad    func(cause error)
	onGood   func(r *meter.Reading)

	source    *source.Source
	judge     *diagnosis.Judge
	start     time.Time
	bytes     int
	good, bad int
	hinting   bool // more messages will tell what could be better about them
	mode      string
	busy      bool // another program has the port
	known     bool // everything is known: what else was read is left out
	stop      context.CancelFunc
}

// newListener returns a listener that accepts what the app would accept.
func newListener(m chosen, keys cipher.Keys) listener {
	return listener{
		keys:   keys,
		lax:    m.Checksum == config.ChecksumOff,
		strict: !m.Decryption.AllowUnverified,
		unit:   m.Energy.WattHours(),
	}
}

// listen listens to the line until the time is up, a signal arrives, or stop is
// called.
func (l *listener) listen(port source.Port, length time.Duration) {
	ctx, end := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer end()
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	l.start = time.Now()
	ctx, l.stop = context.WithCancel(ctx)
	defer l.stop()
	l.judge = diagnosis.New(time.Now())
	opened := false
	l.source = source.New(port, slog.New(slog.DiscardHandler), func(e source.Event) {
		now := time.Now()
		e.Report(l.judge, now)
		opened = opened || e.State == source.Opened
		if e.State == source.Lost && !opened && e.Cause.Hopeless() {
			l.busy = e.Cause == diagnosis.Busy
			l.stop()
		}
		if l.onChange != nil {
			l.onChange(e, now)
		}
	})
	_ = l.source.Run(ctx, l.use) // it always returns nil
	l.mode = l.source.Mode()
}

// use reads one connection to its end.
func (l *listener) use(line io.Reader) error {
	r := decode.NewReader(decode.Options{Keys: l.keys, Lax: l.lax, Strict: l.strict, Unit: l.unit})
	r.Reset(io.TeeReader(line, l))
	var cut uint64
	for !l.known {
		m, more := r.Next()
		now := time.Now()
		l.judge.Cut(r.Stats().Cut-cut, now)
		cut = r.Stats().Cut
		switch {
		case !more:
			return r.Err()
		case m.Err != nil:
			l.damaged(m.Err)
		case m.Reading != nil:
			l.good++
			l.source.Telegram(m.Reading.Received)
			l.judge.Good(m.Reading.Received, l.source.Patience())
			l.judge.Hint(r.Hint())
			l.hinting = r.Hinting()
			if l.onGood != nil {
				l.onGood(m.Reading)
			}
		}
	}
	return source.ErrEnd
}

func (l *listener) damaged(cause error) {
	if errors.Is(cause, dsmr.ErrTruncated) { // counted as cut off; listening began or ended in its middle
		return
	}
	l.bad++
	l.judge.Bad(decode.CauseOf(cause), time.Now())
	if l.onBad != nil {
		l.onBad(cause)
	}
}

// Write records bytes of the line.
func (l *listener) Write(p []byte) (int, error) {
	now := time.Now()
	l.bytes += len(p)
	l.judge.Bytes(p, now)
	if l.onBytes != nil {
		l.onBytes(p, now)
	}
	return len(p), nil
}
