// Package influxdb writes readings to InfluxDB, or to another database that
// takes its line protocol. Each point has the meter's own time. What the
// database cannot take is kept on disk and sent when it can, so that an outage
// leaves no gap; a point that is sent twice is the same point.
package influxdb

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// maxReadings is how many readings wait while this output is busy with the
	// disk: a network reader delivers a thousand at once after a stall.
	maxReadings = 1024

	// mostPause bounds how long a database that takes nothing is left alone.
	mostPause = 5 * time.Minute

	// farewell is how long the last readings may take when the program stops;
	// after that they go to disk.
	farewell = time.Second
)

// Options is what an Output needs.
type Options struct {
	config.Influx
	Dir     string         // folder for what the database has not taken yet
	Zone    *time.Location // of the meter's clock
	Log     *slog.Logger
	Counter *status.Counter // may be nil
}

// rhythm is how often things are done.
type rhythm struct {
	flush time.Duration // readings are sent together
	spill time.Duration // while the database is away, they are written to disk together
	pause time.Duration // before another try, the first time; it doubles up to mostPause
}

var usual = rhythm{flush: 10 * time.Second, spill: time.Minute, pause: 5 * time.Second}

// Output writes the readings of all meters. It must be made by New.
type Output struct {
	rhythm  rhythm
	options Options
	updates []*hub.Hub[*meter.Update]
	samples *hub.Hub[*meter.Solar]
}

// New returns an Output for what is published on the hubs, one of updates for
// each meter.
func New(o Options, updates []*hub.Hub[*meter.Update], samples *hub.Hub[*meter.Solar]) *Output {
	return &Output{rhythm: usual, options: o, updates: updates, samples: samples}
}

// Run writes until ctx ends, then sends or keeps the rest and returns nil.
// Nothing that goes wrong with the database ends it.
func (o *Output) Run(ctx context.Context) error {
	q, err := openQueue(o.options.Dir, int64(o.options.BufferMB)<<20)
	if err != nil {
		o.options.Log.Warn("starting without the readings that were not sent in the last run. Does the data folder belong to this program?", "cause", err)
	}
	w := writer{
		options:  &o.options,
		rhythm:   o.rhythm,
		log:      o.options.Log,
		client:   newClient(o.options.Influx),
		encoder:  newEncoder(o.options.Zone, len(o.updates) > 1),
		queue:    q,
		readings: hub.SubscribeAll(o.updates, maxReadings, hub.DropOldest, nil),
		samples:  o.samples.Subscribe(maxReadings, hub.DropOldest),
		sent:     make(chan error, 1),
		retry:    time.NewTimer(0),
		pause:    retry.Backoff{First: o.rhythm.pause, Last: mostPause},
	}
	defer w.readings.Close()
	defer w.samples.Close()
	defer w.retry.Stop()
	// A request that is under way when the program stops may still succeed: to
	// break it off would leave in doubt whether its points were taken.
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	w.requests, w.cancel = requests, cancel
	w.run(ctx)
	return nil
}

// writer is the goroutine that owns all state. Requests run beside it.
type writer struct {
	options  *Options
	rhythm   rhythm
	log      *slog.Logger
	client   *client
	encoder  *encoder
	queue    *queue
	readings *hub.Subscription[*meter.Update]
	samples  *hub.Subscription[*meter.Solar]

	requests context.Context // ends a while after the program's
	cancel   func()

	sending bool  // a request is under way
	batch   batch // that it carries
	sent    chan error
	retry   *time.Timer
	resting bool // until retry
	pause   retry.Backoff
	failing time.Time // since when the database takes nothing; zero: it does
	told    string    // what the log says is wrong
	diskBad bool      // the disk takes nothing, which was said
	lost    int       // lines, since the database was away

	updates []*meter.Update // reused
	suns    []*meter.Solar  // reused
}

func (w *writer) run(ctx context.Context) {
	flush, spill := time.NewTicker(w.rhythm.flush), time.NewTicker(w.rhythm.spill)
	defer flush.Stop()
	defer spill.Stop()
	for {
		select {
		case <-ctx.Done():
			w.stop()
			return
		case <-w.readings.Ready():
			w.take()
		case <-w.samples.Ready():
			w.take()
		case <-flush.C:
			w.flush()
			w.send()
		case <-spill.C:
			if !w.failing.IsZero() {
				w.spill()
			}
		case err := <-w.sent:
			w.answered(err)
		case <-w.retry.C:
			w.resting = false
			w.send()
		}
	}
}

// take makes lines of what was read. Totals that are doubted are not written:
// a database never forgets.
func (w *writer) take() {
	w.updates, _ = w.readings.Take(w.updates[:0]) // no error: this policy never disconnects
	for _, u := range w.updates {
		w.encoder.reading(u.Slot, u.Entities())
	}
	w.suns, _ = w.samples.Take(w.suns[:0])
	for _, s := range w.suns {
		w.encoder.solar(s)
	}
	clear(w.updates)
	clear(w.suns)
	if len(w.encoder.lines.Bytes()) >= batchSize/2 {
		w.flush()
	}
}

// flush puts the lines into the queue.
func (w *writer) flush() {
	if lines, count := w.encoder.take(); count > 0 {
		w.lose(w.queue.push(lines, count))
	}
}

// send starts a request with the oldest lines, unless one is under way or the
// database wants to be left alone.
func (w *writer) send() {
	if w.sending || w.resting {
		return
	}
	b, lost, ok := w.queue.next()
	w.lose(lost)
	if !ok {
		return
	}
	w.sending, w.batch = true, b
	go func() {
		w.sent <- retry.Recovered(func() error { return w.client.write(w.requests, pack(b.lines)) })
	}()
}

// answered takes what became of the request.
func (w *writer) answered(err error) {
	w.sending = false
	now := time.Now()
	refused, isRefusal := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		w.queue.done(w.batch)
		w.options.Counter.Sent(uint64(w.batch.count), now)
		w.recovered(now)
		w.pause.Reset()
		w.send()
		return
	case w.requests.Err() != nil: // the farewell is over
		w.queue.back(w.batch)
		return
	case isRefusal && refused.useless():
		w.queue.done(w.batch)
		w.options.Counter.Dropped(uint64(w.batch.count))
		w.options.Counter.Failed(err)
		w.tell(err)
	default:
		w.queue.back(w.batch)
		w.options.Counter.Failed(err)
		w.tell(err)
		if w.failing.IsZero() {
			w.failing = now
		}
	}
	pause := w.pause.Next()
	if isRefusal && refused.after > 0 {
		pause = refused.after
	}
	w.resting = true
	w.retry.Reset(pause)
}

// tell says what is wrong, once.
func (w *writer) tell(err error) {
	text := help(err)
	if text == w.told {
		w.log.Debug("the database still does not accept readings", "cause", err)
		return
	}
	w.told = text
	w.log.Warn(text, "database", w.client.URL, "cause", err)
}

// recovered logs that the database accepts readings, where that is news.
func (w *writer) recovered(now time.Time) {
	if w.told == "" {
		return
	}
	attrs := []any{"database", w.client.URL}
	if !w.failing.IsZero() {
		attrs = append(attrs, "away", now.Sub(w.failing).Round(time.Second), "waiting", w.queue.waiting())
	}
	if w.lost > 0 {
		attrs = append(attrs, "lost", w.lost)
	}
	w.log.Info("the database accepts readings again", attrs...)
	w.told, w.failing, w.lost = "", time.Time{}, 0
}

// spill puts what waits in memory on disk.
func (w *writer) spill() {
	if len(w.queue.memory) == 0 {
		return
	}
	lost, err := w.queue.spill()
	w.lose(lost)
	switch {
	case err != nil && !w.diskBad:
		w.log.Warn("readings that were not sent yet are kept in memory only: make the data folder writable (SMARTMETER_DATA)", "folder", w.options.Dir, "cause", err)
	case err == nil && w.diskBad:
		w.log.Info("readings that were not sent yet are kept on disk again")
	}
	w.diskBad = err != nil
}

// lose counts lines that there was no room for.
func (w *writer) lose(n int) {
	if n == 0 {
		return
	}
	if w.lost == 0 {
		w.log.Warn("the database has been away for longer than readings can be kept: the oldest are lost. Raise influxdb.buffer_mb to keep more", "megabytes", w.options.BufferMB)
	}
	w.lost += n
	w.options.Counter.Dropped(uint64(n))
}

// stop sends the rest, or keeps it for the next run.
func (w *writer) stop() {
	w.take()
	w.flush()
	timer := time.AfterFunc(farewell, w.cancel)
	defer timer.Stop()
	w.send()
	for w.sending { // each answer but a failure sends the next
		w.answered(<-w.sent)
	}
	w.spill()
}
