package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/latest"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// pipeline is the way from one meter's line to the outputs, with all that is
// known of that meter: each meter has its own, and one that is broken harms no
// other. One goroutine walks it: it reads, frames, parses, derives and
// publishes, and waits only for the meter.
type pipeline struct {
	house     *house
	meter     config.Meter
	isFurther bool           // there is a meter before it, whose outputs have the plain names
	source    *source.Source // nil: none is set
	replay    bool
	impatient bool // an output was stuck, so a replay no longer waits for it
	vitals    *vitals
	log       *slog.Logger
	zone      *time.Location

	reader   *decode.Reader
	keys     cipher.Keys
	deriver  *derive.Deriver
	totals   *totals
	proofs   *proofs
	units    *units
	scratch  []byte // of the line that is made
	last     lastTelegram
	recorder capture.Recorder

	// The newest of every quantity, as read and as guarded, of a meter whose
	// messages do not hold all of them.
	newest, guarded latest.Values
	senders         latest.Senders

	raw     *hub.Hub[socket.Chunk]
	lines   *hub.Hub[socket.Line]
	updates *hub.Hub[*meter.Update]

	solar func(now time.Time) (*meter.Solar, bool) // the inverter's last sample, unless it is too old; nil: there is none
}

// pipelines returns those of all meters, or of the one that is replayed.
func (h *house) pipelines() (list []*pipeline, err error) {
	meters := h.cfg.Meters()
	if h.deps.Replay != nil {
		if meters, err = h.replayed(meters); err != nil {
			return nil, err
		}
	}
	for i, m := range meters {
		log := h.deps.Log.With("part", "meter")
		if len(meters) > 1 {
			log = log.With("slot", m.Slot)
		}
		p, err := newPipeline(h, m, log)
		if err != nil {
			return nil, err
		}
		p.isFurther = i > 0
		if h.panels != nil && len(meters) == 1 { // it belongs to the house, not to one of its meters
			p.solar = h.panels.Latest
		}
		list = append(list, p)
	}
	return list, nil
}

// replayed returns the meter in whose place a file is read. No other is read
// then.
func (h *house) replayed(meters []config.Meter) ([]config.Meter, error) {
	var slots []string
	for i, m := range meters {
		if h.deps.ReplayAs == "" || m.Slot == h.deps.ReplayAs {
			return meters[i : i+1], nil
		}
		slots = append(slots, m.Slot)
	}
	return nil, &config.Error{
		Option: "-meter", Value: h.deps.ReplayAs, Mend: "there is no such meter; there is " + strings.Join(slots, ", "),
	}
}

func newPipeline(h *house, m config.Meter, log *slog.Logger) (*pipeline, error) {
	key, err := cipher.ParseKey(string(m.Decryption.Key))
	if err != nil {
		return nil, fmt.Errorf("option decryption.key: %w", err)
	}
	aad, err := cipher.ParseAAD(string(m.Decryption.AAD))
	if err != nil {
		return nil, fmt.Errorf("option decryption.aad: %w", err)
	}
	p := &pipeline{
		house:   h,
		meter:   m,
		vitals:  newVitals(m.Slot, h.names, log),
		log:     log,
		zone:    h.zone,
		deriver: &derive.Deriver{Zone: h.zone},
		raw:     socket.NewChunks(),
		lines:   socket.NewLines(),
		updates: new(hub.Hub[*meter.Update]),

		keys: cipher.Keys{Key: key, AAD: aad},
	}
	p.vitals.clock.other = h.deps.Simulated
	p.reader = decode.NewReader(decode.Options{
		Keys: p.keys,
		Lax:  m.Checksum == config.ChecksumOff,
		// A capture that is replayed in a loop is not an attack.
		Strict: !m.Decryption.AllowUnverified && h.deps.Replay == nil,
		Unit:   m.Energy.WattHours(),
		Raw:    func(b []byte, start bool) { socket.PublishRaw(p.raw, b, start) },
	})
	h.board.Line(p.vitals.stands)
	p.proofs = newProofs(m.Slot, h.store, p.reader)
	p.units = newUnits(m.Slot, h.store, p.reader, p.log)
	p.totals = newTotals(m.Slot, p.zone, h.store, p.log)
	return p, p.reads(m, h.deps.Replay)
}

func (p *pipeline) tasks() []task {
	tasks := []task{
		{p.name("meter"), p.run}, {p.name("vitals"), p.vitals.run}, {p.name("totals"), p.totals.run}, {p.name("units"), p.units.run},
	}
	if len(p.keys.Key) > 0 {
		tasks = append(tasks, task{p.name("proofs"), p.proofs.run})
	}
	return tasks
}

// name returns the name of something that each meter has: for the first meter
// the plain one, which stands in metrics and logs since before there were more.
func (p *pipeline) name(plain string) string {
	if p.isFurther {
		return plain + " " + p.meter.Slot
	}
	return plain
}

// save writes to disk what the next run must know of this one.
func (p *pipeline) save() {
	p.totals.saveLast()
	p.proofs.save()
	p.units.save()
}

// use reads one connection to its end.
func (p *pipeline) use(r io.Reader) error {
	defer p.vitals.idle()
	p.reader.Reset(p.vitals.watch(io.TeeReader(r, &p.recorder), p.reader.Stats))
	defer func() { p.vitals.scanned(p.reader.Stats()) }()
	defer func() { p.proofs.take(p.reader) }()
	for {
		m, more := p.reader.Next()
		p.vitals.scanned(p.reader.Stats())
		if !more {
			return p.reader.Err()
		}
		p.verified(m)
		if m.Reading != nil {
			p.last.set(&m)
		}
		if m.Err != nil {
			p.drop(m)
			continue
		}
		if m.Reading == nil {
			continue
		}
		if m.Telegram.Parity {
			p.log.Info("the line is read as 8N1 but sends 7E1: the parity bits are removed")
		}
		name, ok := p.identify(&m)
		if !ok {
			(&derive.Deriver{Zone: p.zone}).Apply(m.Reading)
			p.publishLine(m.Reading)
			continue
		}
		p.vitals.hint(p.hint())
		p.source.Telegram(m.Reading.Received)
		p.vitals.telegram(m.Reading, m.Reading.Time.Time(p.zone, m.Reading.Received), p.source.Patience())
		p.publish(m.Reading, m.Pushed != nil, name)
		p.proofs.note(p.reader, m.Reading.Received)
		p.units.note(p.reader)
		if p.replay {
			p.awaitReaders()
		}
		runtime.Gosched() // of a burst, each telegram gets to the outputs before the next
	}
}

// hint records what a person could do to get more out of the readings.
func (p *pipeline) hint() (cause diagnosis.Cause, detail string) {
	if cause = p.source.Hint(); cause != diagnosis.Waiting {
		return cause, ""
	}
	return p.reader.Hint()
}

// drop records why a message gave no reading.
func (p *pipeline) drop(m decode.Message) {
	p.vitals.damaged(m.Err)
	what := "telegram dropped"
	if m.Reading == nil {
		what = "frame dropped"
	}
	p.log.Debug(what, "cause", m.Err)
	if errors.Is(m.Err, cipher.ErrUnverified) {
		p.log.Warn(diagnosis.Unverified.Text(meter.English) + ". " + diagnosis.Unverified.Next(meter.English))
	}
}

// verified logs how the meter's encrypted telegrams are verified, when that has
// changed.
func (p *pipeline) verified(m decode.Message) {
	switch m.Way {
	case 0:
	case cipher.ByTag:
		p.log.Info("the meter's telegrams are decrypted and verified", "maker", m.Maker)
	case cipher.ByTagAlone:
		p.log.Info("the meter's telegrams are decrypted; their tag covers no additional data", "maker", m.Maker)
	default:
		p.log.Warn("the meter's telegrams are decrypted, but their tag does not fit: only the inner checksum was verified. "+
			"In Austria set decryption.aad to 30 and the authentication key", "maker", m.Maker)
	}
}

// addSolar adds to the reading what the solar panels give, as far as the
// inverter's last sample is fresh, and the energy that the house has used.
func addSolar(r *meter.Reading, solar func(now time.Time) (*meter.Solar, bool), t *totals) {
	if solar == nil {
		return
	}
	sample, isFresh := solar(r.Received)
	if isFresh {
		if power, ok := sample.Get(meter.SolarACPower); ok {
			r.Values.Set(meter.SolarPower, power)
		}
	}
	t.house(r, sample)
}

// publish hands a reading to the outputs. The line of the JSON socket comes
// first, because programs wait for it. Of a message that may be only part of what the meter
// reports, the line holds what the message held; the other outputs have the
// newest of everything.
func (p *pipeline) publish(r *meter.Reading, isPart bool, name string) {
	p.vitals.held(p.totals.judge(r))
	addSolar(r, p.solar, p.totals)
	changes := p.deriver.Apply(r)
	line := p.publishLine(r)
	u := &meter.Update{
		Slot: p.meter.Slot, Reading: *r, JSON: line[: len(line)-2 : len(line)-2],
		HasPower: r.Values.Has(meter.PowerNet), Usage: changes.Usage, GasUsage: changes.GasUsage,
	}
	u.Guarded = p.totals.show(&u.Reading)
	if isPart {
		p.complete(u, name)
	}
	p.updates.Publish(u)
}

// publishLine hands a reading to the JSON socket, and returns its line.
func (p *pipeline) publishLine(r *meter.Reading) []byte {
	p.scratch = append(r.AppendJSON(p.scratch[:0], p.zone), "\r\n"...)
	line := bytes.Clone(p.scratch) // no longer than it is: thousands may wait for a client
	if p.log.Enabled(context.Background(), slog.LevelDebug) {
		p.log.Debug("reading", "json", string(line[:len(line)-2]))
	}
	p.lines.Publish(socket.Line{Received: r.Received, Data: line})
	return line
}

// identify finds out which meters speak in a message and returns the identifier
// of the one that sent it, which a part of what a meter reports need not name; ok
// is false for what is of another meter than the one that is shown, which the JSON
// socket has alone.
func (p *pipeline) identify(m *decode.Message) (name string, ok bool) {
	r := m.Reading
	if m.Pushed == nil {
		p.totals.identify(r)
		return r.EquipmentID, true
	}
	own := r.EquipmentID
	if name, ok = p.senders.Named(m.Sender, own, m.Pushed.Layout, r.Received); ok {
		r.EquipmentID = name
		p.totals.identify(r)
		r.EquipmentID = own
		ok = !r.Meter.Rival || !p.senders.Speaks(r.Meter.ID, r.Received)
	}
	if !ok {
		p.log.Warn("two meters send on this line, and only the first is shown, but for the JSON socket: connect each of them by a line of its own")
	}
	return name, ok
}

// complete adds to an update what earlier messages of the same meter held.
func (p *pipeline) complete(u *meter.Update, name string) {
	u.Reading.EquipmentID = name
	if u.Guarded == nil {
		guarded := u.Reading
		u.Guarded = &guarded
	}
	u.Guarded.EquipmentID = name
	p.newest.Merge(&u.Reading)
	p.guarded.Merge(u.Guarded)
	u.JSON = u.Reading.AppendJSON(nil, p.zone)
}
