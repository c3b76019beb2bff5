package config

import (
	"context"
	"log/slog"
)

// Handler returns a handler that puts the user's names of options into messages
// and into attributes that are texts or errors.
func (n Names) Handler(next slog.Handler) slog.Handler { return namingHandler{next, n} }

type namingHandler struct {
	slog.Handler
	names Names
}

// Handle passes the record on with the user's names in it.
func (h namingHandler) Handle(ctx context.Context, r slog.Record) error {
	renamed := slog.NewRecord(r.Time, r.Level, h.names.In(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		renamed.AddAttrs(h.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, renamed)
}

func (h namingHandler) attr(a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		return slog.String(a.Key, h.names.In(v))
	case error:
		if text := v.Error(); h.names.In(text) != text {
			return slog.String(a.Key, h.names.In(text))
		}
	}
	return a
}

// WithAttrs returns a handler that adds attributes to every record.
func (h namingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	named := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		named[i] = h.attr(a)
	}
	return namingHandler{h.Handler.WithAttrs(named), h.names}
}

// WithGroup returns a handler that puts the group before attributes' names.
func (h namingHandler) WithGroup(name string) slog.Handler {
	return namingHandler{h.Handler.WithGroup(name), h.names}
}
