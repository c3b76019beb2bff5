package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
)

// newLogger returns a logger that writes "[15:04:05] LEVEL: text" under the
// Supervisor, whose log page shows no time, and slog's text format elsewhere.
func newLogger(w io.Writer, level config.LogLevel, environ []string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if config.Supervised(environ) {
		return slog.New(&plain{w: w, mu: new(sync.Mutex), level: options.Level})
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// plain is the slog.Handler for the Supervisor's log page: one event per line,
// attributes after the text.
type plain struct {
	w     io.Writer
	mu    *sync.Mutex
	level slog.Leveler
	attrs string
	group string
}

// Enabled reports whether the level is logged.
func (h *plain) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle writes one line.
func (h *plain) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Time.Format("[15:04:05] "))
	name := r.Level.String()
	if r.Level == slog.LevelWarn {
		name = "WARNING"
	}
	b.WriteString(name + ": " + oneLine(r.Message) + h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(h.format(a))
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

// format returns an attribute as text; the part is clear from the message.
func (h *plain) format(a slog.Attr) string {
	if a.Key == "part" || a.Equal(slog.Attr{}) {
		return ""
	}
	return " " + h.group + a.Key + "=" + oneLine(a.Value.Resolve().String())
}

// oneLine keeps texts of other programs from looking like a line of the log.
// slog's text handler quotes them itself.
func oneLine(text string) string { return quiet.Printable(strings.ReplaceAll(text, "\n", " ")) }

// WithAttrs returns a handler that adds attributes to every line.
func (h *plain) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.attrs += h.format(a)
	}
	return &c
}

// WithGroup returns a handler that puts the group before attributes' names.
func (h *plain) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.group += name + "."
	}
	return &c
}
