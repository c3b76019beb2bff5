package simulate

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Run writes one telegram at once and one more every period, each in a single
// Write, until the context ends: that is nil. With every 0 it writes as fast
// as w takes them; then now decides how fast the world moves. The error is
// w's.
//
// A w with a write deadline (a connection, a pseudo-terminal) has it set when
// the context ends, so that a reader that hangs cannot hold Run.
func (m *Meter) Run(ctx context.Context, w io.Writer, every time.Duration, now func() time.Time) error {
	return run(ctx, w, every, now, m.AppendTelegram)
}

// Run is Meter.Run of a meter that pushes.
func (m *PushMeter) Run(ctx context.Context, w io.Writer, every time.Duration, now func() time.Time) error {
	return run(ctx, w, every, now, m.AppendMessage)
}

func run(ctx context.Context, w io.Writer, every time.Duration, now func() time.Time, add func([]byte, time.Time) []byte) error {
	if d, ok := w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		stop := context.AfterFunc(ctx, func() { _ = d.SetWriteDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	var due <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		due = ticker.C
	}
	var telegram []byte
	for ctx.Err() == nil {
		telegram = add(telegram[:0], now())
		if _, err := w.Write(telegram); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("writing a telegram: %w", err)
		}
		if due == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-due:
		}
	}
	return nil
}
