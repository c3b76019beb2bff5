// Package app is the whole product: it connects the source with the outputs
// and keeps them all running. It knows every other package, and only cmd/
// knows it.
package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// Version and Commit are what was built; the linker sets them.
var (
	Version = "dev"
	Commit  = ""
)

// mostClients is how many clients all servers together have, but the health
// check's: the serial library waits with select, which ends at descriptor 1023.
const mostClients = 280

// Deps is what the world gives the app beside its options.
type Deps struct {
	Log       *slog.Logger
	Environ   []string                // as os.Environ: how to reach the Supervisor
	Listening func(name, addr string) // told where a server listens; may be nil
	Replay    *source.Port            // read in place of the line that is set, to its end; nil: none
}

// Run reads the meter and feeds every output until ctx ends, or what is
// replayed; then it closes them and returns nil. An error is an option that
// cannot work; nothing that happens later ends it.
func Run(ctx context.Context, cfg config.Config, deps Deps) error {
	flood := quiet.New(deps.Log.Handler())
	defer flood.Close()
	deps.Log = slog.New(flood)
	p, err := newPipeline(cfg, deps.Log)
	if err != nil {
		return err
	}
	tasks, err := outputs(cfg, deps, p)
	if err != nil {
		return err
	}
	deps.Log.Info("smartmeter starts", "version", Version, "options", cfg)
	ctx, p.end = context.WithCancel(ctx)
	defer p.end()
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range append(tasks, p.tasks()...) {
		if t.on {
			group.Go(func() error { return keep(ctx, t.name, deps.Log, t.run) })
		}
	}
	err = group.Wait()
	p.totals.save() // what came while the tasks ended
	p.proofs.save()
	deps.Log.Info("smartmeter has stopped")
	return err
}

// pipeline is the way from the line to the outputs. One goroutine walks it:
// it reads, frames, parses, derives and publishes, and waits only for the
// meter.
type pipeline struct {
	source *source.Source // nil: none is set
	end    func()         // ends the program, as a replay's end does
	replay bool
	vitals *vitals
	log    *slog.Logger
	zone   *time.Location

	line      dsmr.ParityReader
	decrypter *dsmr.Decrypter
	keys      dsmr.Keys
	scanner   *dsmr.Scanner
	parser    *dsmr.Parser
	deriver   *derive.Deriver
	store     *store.Store
	totals    *totals
	proofs    *proofs
	scratch   []byte        // of the line that is made
	slots     *listen.Slots // of the clients of all servers
	board     *status.Board // how the program stands: every output counts there
	last      lastTelegram
	recorder  capture.Recorder

	raw     *hub.Hub[socket.Chunk]
	lines   *hub.Hub[socket.Line]
	updates *hub.Hub[*meter.Update]

	solar   func(now time.Time) (*meter.Solar, bool) // the inverter's last word, unless it is too old; nil: there is none
	samples *hub.Hub[*meter.Solar]
}

func newPipeline(cfg config.Config, log *slog.Logger) (*pipeline, error) {
	key, err := dsmr.ParseKey(string(cfg.Decryption.Key))
	if err != nil {
		return nil, fmt.Errorf("option decryption.key: %w", err)
	}
	aad, err := dsmr.ParseAAD(string(cfg.Decryption.AAD))
	if err != nil {
		return nil, fmt.Errorf("option decryption.aad: %w", err)
	}
	p := &pipeline{
		vitals:  newVitals(log.With("part", "meter")),
		log:     log.With("part", "meter"),
		zone:    time.Local,
		scanner: dsmr.NewScanner(nil),
		parser:  &dsmr.Parser{Lax: cfg.Checksum == config.ChecksumOff},
		deriver: &derive.Deriver{Zone: time.Local},
		raw:     socket.NewChunks(),
		lines:   socket.NewLines(),
		updates: new(hub.Hub[*meter.Update]),
		samples: new(hub.Hub[*meter.Solar]),
		slots:   listen.NewSlots(mostClients, nil),

		decrypter: dsmr.NewDecrypter(nil, dsmr.Keys{Key: key, AAD: aad}),
		keys:      dsmr.Keys{Key: key, AAD: aad},
	}
	p.board = &status.Board{Line: p.vitals.snapshot}
	p.decrypter.Notify = p.frame
	p.scanner.Gap = p.decrypter.Gap
	p.store = store.Open(cfg.Data, log.With("part", "store"))
	p.decrypter.Strict = !cfg.Decryption.AllowUnverified
	p.proofs = newProofs(cfg.Slot, p.store, p.decrypter)
	p.totals = newTotals(cfg.Slot, p.zone, p.store, p.log)
	return p, nil
}

func (p *pipeline) tasks() []task {
	return []task{
		{"meter", true, p.run},
		{"vitals", true, p.vitals.run},
		{"totals", true, p.totals.run},
		{"proofs", len(p.keys.Key) > 0, p.proofs.run},
	}
}

// use reads one connection to its end.
func (p *pipeline) use(r io.Reader) error {
	defer p.vitals.idle()
	p.line.R = p.vitals.watch(eased{io.TeeReader(r, &p.recorder), p}, p.scanner.Stats)
	p.scanner.Reset(p.decrypted(&p.line, socket.NewRawWriter(p.raw)))
	defer func() { p.vitals.scanned(p.scanner.Stats()) }()
	defer func() { p.proofs.take(p.decrypter) }()
	for p.scanner.Scan() {
		p.vitals.scanned(p.scanner.Stats())
		telegram := p.scanner.Telegram()
		p.last.set(telegram.Bytes)
		reading, err := p.parser.Parse(telegram, time.Now())
		if err != nil {
			p.vitals.damaged(err)
			p.log.Debug("telegram dropped", "cause", err)
			continue
		}
		if telegram.Parity && !p.line.On {
			p.line.On = true
			p.log.Info("the line is read as 8N1 but sends 7E1: the parity bits are taken off")
		}
		p.source.Telegram(reading.Received)
		p.vitals.telegram(reading, reading.Time.Time(p.zone, reading.Received), p.source.Patience())
		p.publish(reading)
		p.proofs.note(p.decrypter, reading.Received)
		p.ease()
	}
	return p.scanner.Err()
}

// decrypted puts the stage between the line and the scanner that replaces
// encrypted frames. The raw socket carries what comes behind it if there is a
// key, so that its programs need none, and else the line's own bytes.
func (p *pipeline) decrypted(line io.Reader, raw io.Writer) io.Reader {
	if len(p.keys.Key) == 0 {
		p.decrypter.Reset(io.TeeReader(line, raw))
		return p.decrypter
	}
	p.decrypter.Reset(line)
	return io.TeeReader(p.decrypter, raw)
}

// frame hears of encrypted frames.
func (p *pipeline) frame(n dsmr.Notice) {
	switch {
	case n.Err != nil:
		p.vitals.damaged(n.Err)
		p.log.Debug("frame dropped", "cause", n.Err)
		if n.Err == dsmr.ErrUnverified {
			p.log.Warn(diagnosis.Unverified.Text(meter.English) + ". " + diagnosis.Unverified.Next(meter.English))
		}
	case n.Way == dsmr.ByTag:
		p.log.Info("the meter's telegrams are decrypted and verified", "maker", n.Maker)
	case n.Way == dsmr.ByTagAlone:
		p.log.Info("the meter's telegrams are decrypted; their tag covers no additional data", "maker", n.Maker)
	default:
		p.log.Warn("the meter's telegrams are decrypted, but their tag does not fit: only the inner checksum was verified. "+
			"In Austria set the option decryption.aad to 30 and the authentication key", "maker", n.Maker)
	}
}

// shine adds what the solar panels give to the reading.
func (p *pipeline) shine(r *meter.Reading) {
	if p.solar == nil {
		return
	}
	if s, fresh := p.solar(r.Received); fresh {
		if power, ok := s.Get(meter.SolarACPower); ok {
			r.Values.Set(meter.SolarPower, power)
		}
	}
}

// publish makes what the outputs share. The line leaves first: programs on
// the socket wait for it.
func (p *pipeline) publish(r *meter.Reading) {
	p.vitals.held(p.totals.judge(r))
	p.shine(r)
	changes := p.deriver.Apply(r)
	p.scratch = append(r.AppendJSON(p.scratch[:0], p.zone), "\r\n"...)
	line := bytes.Clone(p.scratch) // no longer than it is: thousands may wait for a client
	if p.log.Enabled(context.Background(), slog.LevelDebug) {
		p.log.Debug("reading", "json", string(line[:len(line)-2]))
	}
	p.lines.Publish(socket.Line{Received: r.Received, Data: line})
	u := &meter.Update{Reading: *r, JSON: line[: len(line)-2 : len(line)-2], Usage: changes.Usage, GasUsage: changes.GasUsage}
	u.Guarded = p.totals.show(&u.Reading)
	p.updates.Publish(u)
}
