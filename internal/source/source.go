// Package source reads the line to the meter: a serial port or a reader on
// the network. It opens the line, hands its bytes on as they come, and when
// the line fails or falls silent closes and opens it again, for ever.
package source

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Conn is a line that is open. Close may be called beside Read, and ends it.
type Conn interface {
	io.ReadCloser
	// SetReadDeadline sets when Read gives up with os.ErrDeadlineExceeded.
	SetReadDeadline(t time.Time) error
}

// Port is a line that can be opened again and again.
type Port struct {
	Name string                                  // for people: device and mode, or host:port
	Open func(ctx context.Context) (Conn, error) // opens it once; errors say what was tried
	Help func(error) string                      // what a person can do about an error, or empty; may be nil

	Cause func(error) diagnosis.Cause // what kind of error it is; may be nil
	Hint  func() diagnosis.Cause      // what could be better while telegrams arrive, or Waiting; may be nil

	mode   string  // that is set; empty where none is
	prober *prober // finds the mode of a serial line; nil where there is none to find
}

// State is how the line stands.
type State uint8

// The states of a line.
const (
	Opened State = iota + 1 // open, no telegram yet
	Alive                   // telegrams arrive
	Lost                    // failed or silent; opened again before long
)

// String is opened, alive or lost.
func (s State) String() string {
	switch s {
	case Opened:
		return "opened"
	case Alive:
		return "alive"
	case Lost:
		return "lost"
	}
	return "new"
}

// Event is a change of the line.
type Event struct {
	State State
	Err   error           // of Lost: the cause. Silence is os.ErrDeadlineExceeded, a hang-up io.EOF
	Cause diagnosis.Cause // of Lost: what kind of cause that is
	Help  string          // of Lost: what a person can do about it; may be empty
	Said  bool            // of Lost: the log told it
}

// Report tells a judge of the change.
func (e Event) Report(j *diagnosis.Judge, now time.Time) {
	switch e.State {
	case Opened:
		j.Opened(now)
	case Lost:
		j.Lost(e.Cause, e.Help)
	}
}

// The pause before the line is opened again doubles from the first to the
// last of these.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 30 * time.Second
)

// Source keeps a line open. Its methods belong to one goroutine, save Name:
// Run calls use, and use calls the others.
type Source struct {
	port     Port
	log      *slog.Logger
	onChange func(Event)

	rhythm rhythm
	last   Event
	lost   time.Time // when the line was lost; zero while it is not
	good   time.Time // when the last telegram came; zero before the first
	heard  bool      // a telegram came since the line was opened
}

// New returns a source for port. It logs one line when the meter is lost and
// one when it is back. onChange, if it is not nil, is called from Run's
// goroutine at every change, and with Lost again when the cause changes.
func New(port Port, log *slog.Logger, onChange func(Event)) *Source {
	if onChange == nil {
		onChange = func(Event) {}
	}
	return &Source{port: port, log: log, onChange: onChange}
}

// Name names the line for people: device and mode, or host:port. With the
// automatic mode it tells the one that was found. Any goroutine may call it.
func (s *Source) Name() string {
	if s.port.prober != nil {
		return s.port.prober.name()
	}
	return s.port.Name
}

// Mode is the mode of a serial line, such as 115200 8N1; empty where there is
// none or it is not found yet. Any goroutine may call it.
func (s *Source) Mode() string {
	if s.port.prober != nil {
		if found := s.port.prober.found.Load(); found != nil {
			return *found
		}
	}
	return s.port.mode
}

// Hint returns what could be better about the line while telegrams arrive;
// Waiting: nothing.
func (s *Source) Hint() diagnosis.Cause {
	if s.port.Hint == nil {
		return diagnosis.Waiting
	}
	return s.port.Hint()
}

// Run opens the line and hands use a reader of its bytes, again and again
// until ctx ends, or what Replay plays; then it returns nil. The reader returns
// bytes as they come and fails when the line does, when it is silent for too
// long, when its mode is changed (what comes then is another stream) and when
// ctx ends; use must return then.
func (s *Source) Run(ctx context.Context, use func(io.Reader) error) error {
	pause := retry.Backoff{First: firstPause, Last: lastPause}
	for {
		r, err := s.once(ctx, use)
		if ctx.Err() != nil || errors.Is(err, ErrEnd) {
			return nil
		}
		// A reader that accepts, says that it is busy and hangs up must not
		// be called four times a second, so bytes alone are no success. Who
		// noticed silence has waited long enough.
		waited := r.conn != nil && time.Since(r.opened) >= leastSilence
		if s.heard || waited || r.bytes > 0 && time.Since(r.opened) > pause.Pause() {
			pause.Reset()
		}
		wait := pause.Next()
		s.lose(err, wait)
		if !retry.Sleep(ctx, wait+rand.N(wait/10)) {
			return nil
		}
	}
}

// once opens the line, has it used, and returns why that ended.
func (s *Source) once(ctx context.Context, use func(io.Reader) error) (reader, error) {
	s.heard = false
	conn, err := s.port.Open(ctx)
	if err != nil {
		return reader{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() {
		defer retry.Guard(s.log)
		conn.Close()
	})
	defer stop()
	s.open()
	r := reader{conn: conn, rhythm: &s.rhythm, opened: time.Now()}
	err = use(&r)
	for {
		changed, ok := errors.AsType[*modeChanged](r.err)
		if !ok {
			break
		}
		s.log.Debug("listening in another serial mode", "source", s.port.Name, "mode", changed.mode, "because", changed.why)
		r.err = nil
		err = use(&r)
	}
	// A scanner hides io.EOF, and whatever use says, it is the line's own
	// error that tells the cause.
	return r, cmp.Or(r.err, err, io.EOF)
}

// Telegram records that a good telegram came at t: the line is alive, and the
// time between telegrams shows how long a silence is normal.
func (s *Source) Telegram(t time.Time) {
	s.rhythm.beat(t)
	if p := s.port.prober; p != nil {
		if mode, isNew := p.telegram(); isNew {
			s.log.Info("the meter speaks "+mode, "source", s.port.Name)
		}
	}
	last := s.good
	s.good = t
	if s.heard {
		return
	}
	s.heard = true
	switch {
	case s.lost.IsZero():
		s.log.Info("telegrams arrive", "source", s.port.Name)
	case last.IsZero():
		s.log.Info("telegrams arrive again", "source", s.port.Name, "away", t.Sub(s.lost).Round(time.Second))
	default: // the line was silent before that was noticed
		s.log.Info("telegrams arrive again", "source", s.port.Name, "away", t.Sub(last).Round(time.Second))
	}
	s.lost = time.Time{}
	s.change(Event{State: Alive})
}

// Patience is how long the line may be silent before it is opened again: 15
// seconds, or five times the longest recent time between telegrams.
func (s *Source) Patience() time.Duration { return s.rhythm.limit() }

func (s *Source) open() {
	say := s.log.Debug
	if s.last.State == 0 {
		say = s.log.Info
	}
	attrs := []any{"source", s.port.Name}
	if p := s.port.prober; p != nil {
		attrs = append(attrs, "mode", modes[p.mode])
	}
	say("line to the meter is open", attrs...)
	s.change(Event{State: Opened})
}

// lose logs the first failure as a warning and retries at debug level.
func (s *Source) lose(err error, pause time.Duration) {
	e := Event{State: Lost, Err: err, Cause: diagnosis.Fails, Said: s.lost.IsZero()}
	if s.port.Help != nil {
		e.Help = s.port.Help(err)
	}
	if s.port.Cause != nil {
		e.Cause = s.port.Cause(err)
	}
	if e.Said {
		s.lost = time.Now()
		s.log.Warn("no data from the meter: trying again until it works",
			"source", s.port.Name, "cause", err, "help", e.Help)
	} else {
		s.log.Debug("still no data from the meter", "source", s.port.Name, "cause", err, "pause", pause)
	}
	s.change(e)
}

func (s *Source) change(e Event) {
	if e.State == s.last.State && (e.Err == nil || e.Err.Error() == s.last.Err.Error()) {
		return
	}
	s.last = e
	s.onChange(e)
}

// reader passes the line's bytes on and notices silence.
type reader struct {
	conn   Conn
	rhythm *rhythm
	opened time.Time
	bytes  int64
	err    error // the line's last
}

// Read returns bytes as they come, and never none without an error.
func (r *reader) Read(p []byte) (int, error) {
	limit := r.rhythm.limit()
	// Fails only on a line that is closed, and Read tells better why it is.
	_ = r.conn.SetReadDeadline(time.Now().Add(limit))
	n, err := r.conn.Read(p)
	for err == nil && n == 0 && len(p) > 0 {
		n, err = r.conn.Read(p)
	}
	r.bytes += int64(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r.rhythm.silence()
		err = silence(limit)
	}
	r.err = cmp.Or(err, r.err)
	return n, err
}

// silence is the error of a line that gave no byte for this long.
type silence time.Duration

func (s silence) Error() string {
	return "no data for " + time.Duration(s).Round(time.Second).String()
}

func (silence) Unwrap() error { return os.ErrDeadlineExceeded }
