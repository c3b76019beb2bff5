// Package mqtt publishes readings to an MQTT broker and announces the meter
// to Home Assistant.
//
// It has three layers. A session is pure: events and the time go in, messages
// come out; it knows what is published when and in which order. A connector
// finds the broker, logs in and keeps trying. Output.Run joins the two and
// owns all state in one goroutine.
//
// All topics stand below one prefix (mqtt.topic); slot is the meter's:
//
//	connected                retained  0 (last will, clean stop), 1 broker but no meter, 2 both
//	status/energy            retained  the reading, as on the JSON socket
//	status/usage, gasUsage             the power or gas flow changed
//	status/solar             retained  the inverter's sample
//	status/<field>           retained  one field of the reading, with mqtt.distinct
//	<device>/state                     one JSON object for the device's entities
//	<device>/availability    retained  online, offline
//	<slot>_bridge/claim      retained  which program publishes the slot
//	<slot>_bridge/offset_<name>        W to add to what an emulated meter tells; the
//	                                   program listens there
//	sum/state, availability            all meters together, where there are several
//
// Those of a second meter and more are <slot>/status/...; connected is 2 when
// all meters are there.
//
// What devices and entities are called and what they show is the business of
// package homeassistant. In each file one thing: session.go the order of
// messages, home.go the devices, publish.go and received.go what goes out and
// comes in, compat.go smartmeter2mqtt's topics, claims.go which program
// publishes a slot, clash.go what another one did.
package mqtt

import (
	"context"
	random "crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

const (
	// maxReadings is how many readings wait while the broker is slow: some
	// minutes, and the thousand that a network reader delivers at once after a
	// stall; about four megabytes.
	maxReadings = 1024

	// maxBatch is how many readings are taken at once.
	maxBatch = 32

	// maxStatuses is how many changes of a line wait: enough to show each.
	maxStatuses = 16

	// stopTimeout bounds saying goodbye, so that the program ends in time.
	stopTimeout = 2 * time.Second
)

// Broker is where to connect, and as whom.
type Broker = broker.Login

// Options is what an Output needs.
type Options struct {
	config.MQTT
	Meters     []Meter          // one or more; the first names the bridge
	Emulated   []*emulate.Meter // meters that the program looks like
	Language   meter.Language   // of the names of devices and entities; empty: English
	Names      config.Names     // of options, in advice
	Version    string           // of this program
	SupportURL string           // of this program's home page, http or https; empty: none
	Page       string           // of this program inside Home Assistant, where "Visit" on a device leads to; empty: nowhere
	Solar      time.Duration    // how long a sample of the solar inverter is valid; 0: there is no inverter
	Zone       *time.Location   // of the meter's clock; nil: the local one
	Log        *slog.Logger     // nil: slog's default
	Store      *store.Store     // where is kept what the next run must know; nil: nowhere
	TLS        *tls.Config      // for mqtts and wss; nil: the system's certificates
	Counter    *status.Counter  // counts readings; may be nil

	Broker broker.Finder // tells where the broker is

	// Jitter is how long to wait after Home Assistant's birth message, so that
	// not all of its devices answer at once; nil: one to two seconds.
	Jitter func() time.Duration

	instance string // of this run, unlike any other; New sets it
}

// Meter is a meter to publish.
type Meter struct {
	Slot    string // its name in topics and ids
	IsSum   bool   // it is all the others together, and has no line
	Updates *hub.Hub[*meter.Update]
	Status  *hub.Hub[meter.Status]
}

// Output publishes the readings of all meters. It must be made by New.
type Output struct {
	options Options
	samples *hub.Hub[*meter.Solar]
}

// New returns an Output for what is published on the hubs.
func New(o Options, samples *hub.Hub[*meter.Solar]) *Output {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Jitter == nil {
		o.Jitter = func() time.Duration { return time.Second + rand.N(time.Second) }
	}
	var id [4]byte
	random.Read(id[:]) // never fails
	o.instance = hex.EncodeToString(id[:])
	return &Output{options: o, samples: samples}
}

// Run publishes until the context ends and returns nil then. Nothing that
// goes wrong with the broker ends it; a panic of the goroutine that connects
// to it is returned as an error.
func (o *Output) Run(ctx context.Context) error {
	var updates []*hub.Hub[*meter.Update]
	var statuses []*hub.Hub[meter.Status]
	for _, m := range o.options.Meters {
		updates, statuses = append(updates, m.Updates), append(statuses, m.Status)
	}
	w := worker{
		options:   &o.options,
		session:   newSession(&o.options),
		connector: newConnector(&o.options),
		readings:  hub.SubscribeAll(updates, maxReadings, hub.DropOldest, nil),
		statuses:  hub.SubscribeAll(statuses, maxStatuses*len(statuses), hub.DropOldest, nil),
		samples:   o.samples.Subscribe(maxStatuses, hub.DropOldest),
		timer:     time.NewTimer(0),
	}
	defer w.readings.Close()
	defer w.statuses.Close()
	defer w.samples.Close()
	defer w.timer.Stop()

	var m memory
	if o.options.Store != nil && o.options.Store.Load(w.file(), &m) {
		w.session.restore(m)
	}

	connecting, cancel := context.WithCancel(ctx)
	panicked := make(chan error, 1)
	var ended sync.WaitGroup
	ended.Go(func() {
		err := retry.Recovered(func() error { w.connector.run(connecting); return nil })
		if err != nil {
			panicked <- fmt.Errorf("connecting to the MQTT broker: %w", err)
		}
	})
	defer ended.Wait()
	defer cancel()

	for _, m := range o.options.Meters {
		if st, ok := m.Status.Latest(); ok {
			w.session.status(time.Now(), st)
		}
		if u, ok := m.Updates.Latest(); ok {
			w.session.update(time.Now(), u)
		}
	}
	return w.run(ctx, panicked)
}

// worker is the goroutine that owns the session and the link to the broker.
type worker struct {
	options   *Options
	session   *session
	connector *connector
	link      *link // nil while there is none
	readings  *hub.Subscription[*meter.Update]
	statuses  *hub.Subscription[meter.Status]
	samples   *hub.Subscription[*meter.Solar]
	timer     *time.Timer // of the session
	role      role        // as far as counted
	missed    uint64      // readings dropped by the subscription, as far as counted
}

// take calls use for each of at most maxBatch values that wait.
func take[T any](from *hub.Subscription[T], use func(T)) {
	values, _ := from.TakeSome(nil, maxBatch) // no error: this policy never disconnects
	for _, v := range values {
		use(v)
	}
}

func (w *worker) run(ctx context.Context, panicked <-chan error) error {
	for {
		var lost <-chan error
		var incoming <-chan incoming
		if w.link != nil {
			lost, incoming = w.link.Lost, w.link.incoming
		}
		select {
		case <-ctx.Done():
			w.stop(ctx)
			return nil
		case err := <-panicked:
			w.stop(ctx)
			return err
		case <-w.statuses.Ready():
			w.takeStatuses(ctx)
		case <-w.readings.Ready():
			w.takeStatuses(ctx) // a reading must not overtake the news that the meter is back
			w.takeReadings(ctx)
		case <-w.samples.Ready():
			take(w.samples, func(sample *meter.Solar) { w.send(ctx, w.session.sampled(time.Now(), sample)) })
		case l := <-w.connector.links:
			w.connected(ctx, l)
		case err := <-lost:
			w.lose(err)
		case m := <-incoming:
			w.send(ctx, w.session.received(time.Now(), m))
		case <-w.timer.C:
			w.send(ctx, w.session.tick(time.Now()))
		}
		w.schedule()
		w.remember()
		w.report()
	}
}

// file is where is kept what the next run must know.
func (w *worker) file() string { return "mqtt_" + w.options.Meters[0].Slot }

// remember keeps what the next run must know, which hardly ever changes.
func (w *worker) remember() {
	if w.options.Store != nil && w.session.unsaved() {
		w.options.Store.Save(w.file(), w.session.memory())
	}
}

// report counts whether this program publishes, when that changes.
func (w *worker) report() {
	role := w.session.claims.role
	if w.link == nil || w.role == role {
		return
	}
	w.role = role
	switch role {
	case publishing: // from here on no reading is missed
		w.options.Counter.Works(time.Now())
	case standingBy:
		w.options.Counter.Failed(errStandsBy)
	}
}

func (w *worker) takeStatuses(ctx context.Context) {
	take(w.statuses, func(st meter.Status) { w.send(ctx, w.session.status(time.Now(), st)) })
}

// takeReadings publishes what waits. Without a link the session only learns
// from the readings; the newest is published once there is one again.
func (w *worker) takeReadings(ctx context.Context) {
	take(w.readings, func(u *meter.Update) {
		w.send(ctx, w.session.update(time.Now(), u))
		if w.link == nil || !w.session.online {
			w.options.Counter.Dropped(1)
		} else {
			w.options.Counter.Sent(1, time.Now())
		}
	})
	missed := w.readings.Dropped()
	w.options.Counter.Dropped(missed - w.missed)
	w.missed = missed
}

func (w *worker) connected(ctx context.Context, l *link) {
	w.link = l
	if err := l.subscribe(ctx, w.session.subscriptions()); err != nil {
		w.lose(err)
		return
	}
	w.role = asking
	w.send(ctx, w.session.connected(time.Now()))
}

// send publishes the messages of one step. One that does not go out means
// that the connection is dead, whatever the client says.
func (w *worker) send(ctx context.Context, messages []message) {
	if w.link == nil || len(messages) == 0 {
		return
	}
	err := w.link.publish(ctx, messages)
	if err == nil {
		return
	}
	w.session.abandon()
	if ctx.Err() == nil {
		w.lose(err)
	}
}

func (w *worker) lose(err error) {
	w.session.lost()
	w.link.Close(0)
	w.link = nil
	w.connector.lost <- err
}

func (w *worker) schedule() {
	if at := w.session.next(); !at.IsZero() {
		w.timer.Reset(time.Until(at))
		return
	}
	w.timer.Stop()
}

// stop publishes the last messages. A clean stop keeps the broker from sending
// the will.
func (w *worker) stop(ctx context.Context) {
	if w.link == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := w.link.publish(ctx, w.session.stop(time.Now())); err != nil {
		w.options.Log.Debug("the MQTT broker could not be told that the app stops", "error", err)
	}
	w.link.Close(stopTimeout / 4)
}
