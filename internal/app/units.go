package app

import (
	"context"
	"log/slog"
	"sync"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// units keeps from one run to the next the unit of a meter's totals that was
// derived from its power, because its messages do not name it.
type units struct {
	log   *slog.Logger
	store *store.Store
	file  string
	due   chan struct{}     // there is something to save
	said  cosem.EnergyState // by the meter's goroutine

	mu    sync.Mutex
	state cosem.EnergyState
	fresh bool // there is something to save
}

func newUnits(slot string, s *store.Store, r *decode.Reader, log *slog.Logger) *units {
	u := &units{log: log, store: s, file: "unit_" + slot, due: make(chan struct{}, 1)}
	if s.Load(u.file, &u.said) {
		r.RestoreUnit(u.said)
	}
	return u
}

// note records the decision. The meter's goroutine calls it.
func (u *units) note(r *decode.Reader) {
	state := r.Unit()
	if state == u.said || state.WattHours == 0 {
		return
	}
	if u.said = state; state.WattHours == 1 {
		u.log.Info("the power shows that this meter counts its totals in Wh")
	} else {
		u.log.Info("the power shows that this meter counts its totals in 10 Wh")
	}
	u.mu.Lock()
	u.state, u.fresh = state, true
	u.mu.Unlock()
	select {
	case u.due <- struct{}{}:
	default:
	}
}

// run saves a decision at once: there is one in a meter's life.
func (u *units) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-u.due:
			u.save()
		}
	}
}

func (u *units) save() {
	u.mu.Lock()
	state, fresh := u.state, u.fresh
	u.fresh = false
	u.mu.Unlock()
	if fresh {
		u.store.Save(u.file, state)
	}
}
