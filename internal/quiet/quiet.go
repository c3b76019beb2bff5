// Package quiet keeps floods out of the log. Who fails, comes and goes every
// second - a flapping reader, a broker that throws us out, a client that
// resets - writes one line in a quarter of an hour, with a count.
package quiet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Period is how long a kind of line is told once only.
const Period = 15 * time.Minute

// most is how many kinds are remembered. There are a few dozen, unless
// somebody else's words stand in the text.
const most = 256

// telling are the attributes that make two lines with the same text two kinds:
// what they tell of. All others are how it was this time.
var telling = map[string]bool{"part": true, "slot": true, "device": true, "total": true, "meter": true, "topic": true, "verdict": true}

// Handler passes the first line of a kind at once. Those that follow within
// the Period are held back, and at its end the last of them is passed, with
// again, how many there were, and last, when that one was. With level debug
// set they are passed at once too, but as debug lines. A kind is a level, a
// text and what it tells of.
type Handler struct {
	next  slog.Handler
	about string // the telling attributes so far
	*memory
}

// memory is shared by all handlers of one log.
type memory struct {
	mu     sync.Mutex
	kinds  map[string]*kind
	closed bool
}

type kind struct {
	told  time.Time // the last line of it that was passed
	again int       // held back since
	last  slog.Record
	next  slog.Handler // of last
	timer *time.Timer  // passes last; nil while there is none
}

// New returns a Handler before next.
func New(next slog.Handler) *Handler {
	return &Handler{next: next, memory: &memory{kinds: make(map[string]*kind)}}
}

// Enabled reports whether next logs the level.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithAttrs returns a handler that adds attributes to every line.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	about := h.about
	for _, a := range attrs {
		about += tells(a)
	}
	return &Handler{h.next.WithAttrs(attrs), about, h.memory}
}

// WithGroup returns a handler that puts the group before attributes' names.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.about, h.memory}
}

func tells(a slog.Attr) string {
	if !telling[a.Key] {
		return ""
	}
	return a.Value.String() + "\x00"
}

// Handle passes the line, or keeps it for later.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo || h.first(r) {
		return h.next.Handle(ctx, r)
	}
	if !h.next.Enabled(ctx, slog.LevelDebug) {
		return nil
	}
	r = r.Clone()
	r.Level = slog.LevelDebug
	return h.next.Handle(ctx, r)
}

// first reports whether the line is to be passed now.
func (h *Handler) first(r slog.Record) bool {
	name := h.about + r.Level.String() + "\x00"
	r.Attrs(func(a slog.Attr) bool {
		name += tells(a)
		return true
	})
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.find(name, r.Message, now)
	if k.timer == nil && (k.told.IsZero() || now.Sub(k.told) >= Period) {
		k.told = now
		return true
	}
	k.again++
	k.last, k.next = r.Clone(), h.next
	if k.timer == nil && !h.closed {
		k.timer = time.AfterFunc(Period-now.Sub(k.told), func() {
			defer retry.Guard(slog.New(h.next))
			h.tell(k)
		})
	}
	return false
}

// find returns the kind. Where there are too many, one without a text stands
// for those that are new.
func (m *memory) find(name, text string, now time.Time) *kind {
	if k := m.kinds[name+text]; k != nil {
		return k
	}
	if len(m.kinds) >= most {
		for name, k := range m.kinds {
			if k.timer == nil && now.Sub(k.told) >= Period {
				delete(m.kinds, name)
			}
		}
	}
	if len(m.kinds) >= most {
		if name = "others"; m.kinds[name] != nil {
			return m.kinds[name]
		}
		text = ""
	}
	k := new(kind)
	m.kinds[name+text] = k
	return k
}

// tell passes the last line that was held back.
func (m *memory) tell(k *kind) {
	m.mu.Lock()
	k.timer = nil
	if m.closed {
		m.mu.Unlock()
		return
	}
	r, next := k.last, k.next
	now := time.Now()
	r.AddAttrs(slog.Int("again", k.again), slog.String("last", r.Time.Format(time.TimeOnly)))
	r.Time = now
	k.told, k.again, k.last, k.next = now, 0, slog.Record{}, nil
	m.mu.Unlock()
	_ = next.Handle(context.Background(), r) // there is nobody to tell that there is no log
}

// Close forgets the lines that are held back. Nothing is passed by itself any
// more.
func (m *memory) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, k := range m.kinds {
		if k.timer != nil {
			k.timer.Stop()
		}
	}
}
