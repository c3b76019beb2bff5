// Package solar reads a solar inverter that speaks SunSpec over Modbus TCP. It
// walks the inverter's map of models instead of assuming one, keeps to a
// single connection - many inverters allow no more - and takes the night for
// what it is.
package solar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/simonvetter/modbus"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

const (
	// stale is after how many intervals without a sample the last one says
	// nothing about now.
	stale = 3

	// lastPause bounds how long an inverter that is away is left alone: it
	// wakes up before sunrise.
	lastPause = time.Minute

	// night is how long an inverter may sleep. Where the sun stays away for
	// longer, the warning is right.
	night = 24 * time.Hour
)

// Options is what a Poller needs.
type Options struct {
	Address  string        // host:port
	Unit     uint8         // Modbus unit id
	Interval time.Duration // between samples
	Log      *slog.Logger
	Counter  *status.Counter // may be nil
	Store    *store.Store    // where the energy is kept that is believed, for the next run; nil: nowhere
	File     string          // in the store
}

// Poller reads one inverter. It must be made by New.
type Poller struct {
	options Options
	hub     *hub.Hub[*meter.Solar]
	latest  atomic.Pointer[meter.Solar]

	guard  guard.Lifetime
	saved  time.Time // when its energy was
	asleep bool      // the last sample said that it goes away
	lost   time.Time // since when it does not answer; zero: it does
	told   string    // what the log says is wrong; empty: nothing
}

// New returns a Poller that publishes on the hub.
func New(o Options, samples *hub.Hub[*meter.Solar]) *Poller {
	p := &Poller{options: o, hub: samples, lost: time.Now()}
	var b guard.Believed
	if o.Store != nil && o.Store.Load(o.File, &b) {
		p.guard.Restore(b)
	}
	return p
}

// Count has the poller count with c. It must be called before Run is.
func (p *Poller) Count(c *status.Counter) { p.options.Counter = c }

// Lasts returns how long a sample tells how the inverter stands.
func (p *Poller) Lasts() time.Duration { return stale * p.options.Interval }

// Latest returns the last sample, unless it is too old at now to tell anything:
// older than three intervals. Any goroutine may call it; it never waits.
func (p *Poller) Latest(now time.Time) (*meter.Solar, bool) {
	s := p.latest.Load()
	return s, s != nil && now.Sub(s.Received) <= p.Lasts()
}

// Run reads samples until ctx ends, and returns nil then. An error is a fault of
// this program, or of the library for Modbus.
func (p *Poller) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		ended <- retry.Recovered(func() error {
			p.poll(ctx)
			return nil
		})
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		// The library cannot be interrupted: poll returns when its request has
		// been answered or timed out, and the program need not wait for it.
	}
	return nil
}

func (p *Poller) poll(ctx context.Context) {
	var v *inverter
	pause := retry.Backoff{First: p.options.Interval, Last: max(lastPause, p.options.Interval)}
	for {
		started := time.Now()
		var err error
		if v == nil {
			v, err = connect(p.options.Address, p.options.Unit)
		}
		if err == nil {
			err = p.take(v)
		}
		if ctx.Err() != nil {
			if v != nil {
				v.close()
			}
			return
		}
		wait := p.options.Interval - time.Since(started)
		if err == nil {
			pause.Reset()
		} else {
			if v != nil {
				v.close()
				v = nil
			}
			p.lose(err)
			wait = pause.Next()
		}
		if !retry.Sleep(ctx, wait) {
			if v != nil {
				v.close()
			}
			return
		}
	}
}

// take reads a sample and publishes it.
func (p *Poller) take(v *inverter) error {
	s, err := v.sample()
	if err != nil {
		return err
	}
	s.Received = time.Now()
	if energy, ok := s.Get(meter.SolarLifetime); ok {
		if energy, ok = p.guard.Apply(energy, s.Received); ok {
			s.Set(meter.SolarLifetime, energy)
		} else {
			s.Clear(meter.SolarLifetime)
		}
	}
	p.keep(s.Received)
	p.asleep = s.Status.Asleep()
	p.latest.Store(s)
	p.hub.Publish(s)
	p.options.Counter.Sent(1, s.Received)
	if !p.lost.IsZero() {
		p.options.Log.Info("the solar inverter answers", "inverter", p.options.Address, "maker", s.Manufacturer, "model", s.Model,
			"sunspec", s.ModelID, "away", time.Since(p.lost).Round(time.Second))
		p.lost, p.told = time.Time{}, ""
	}
	return nil
}

// saveEvery spares the SD card, as it does for the meter's totals.
const saveEvery = 15 * time.Minute

// keep saves the energy that is believed now and then: an inverter that counts
// anew just when the program starts is then not believed at once.
func (p *Poller) keep(now time.Time) {
	b, known := p.guard.Believed()
	if p.options.Store == nil || !known || now.Sub(p.saved).Abs() < saveEvery {
		return
	}
	p.saved = now
	p.options.Store.Save(p.options.File, b)
}

// lose tells what is wrong, once; until the inverter has been heard, also when
// something else is wrong, because somebody is setting it up. One that went to
// sleep is no trouble, unless it does not wake up.
func (p *Poller) lose(err error) {
	if p.lost.IsZero() {
		p.lost = time.Now()
	}
	text := p.help(err)
	sleeps := p.asleep && time.Since(p.lost) < night
	switch {
	case sleeps:
		text = "the solar inverter sleeps"
	case p.latest.Load() != nil && p.told != "" && !p.asleep:
		text = p.told
	}
	if !sleeps {
		p.options.Counter.Failed(err)
	}
	log := p.options.Log.With("inverter", p.options.Address, "cause", err)
	switch {
	case text == p.told:
		log.Debug("the solar inverter still does not answer")
	case sleeps:
		log.Info(text)
	default:
		log.Warn(text)
	}
	p.told = text
}

// help is what is wrong and what a person can do.
func (p *Poller) help(err error) string {
	_, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errNoSunSpec):
		return "the solar inverter does not offer SunSpec: switch it on in the inverter's menu, or look up its Modbus unit id and set solar.unit"
	case errors.Is(err, errNoInverter):
		return "the device speaks SunSpec, but is not an inverter (models 101 to 103, 111 to 113, 701): set solar.unit to the inverter's Modbus unit id"
	case errors.Is(err, modbus.ErrGWTargetFailedToRespond), errors.Is(err, modbus.ErrGWPathUnavailable), errors.Is(err, modbus.ErrBadUnitId):
		return fmt.Sprintf("nothing answers at Modbus unit id %d: look up the inverter's and set solar.unit", p.options.Unit)
	case isDNS:
		return "the solar inverter's name was not found: write its IP address in solar.address"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the solar inverter refuses the connection: switch Modbus TCP on in its menu, and check the port in solar.address (often 502, with SolarEdge 1502)"
	case errors.Is(err, modbus.ErrRequestTimedOut), errors.Is(err, syscall.EHOSTUNREACH):
		return "the solar inverter does not answer: is it on, and are its address (solar.address) and its Modbus unit id (solar.unit) right?"
	}
	return "the solar inverter cannot be read: it may allow only one connection, which another program has. Trying again until it works"
}
