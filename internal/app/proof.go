package app

import (
	"context"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// noteEvery is how often the meter's frame counter is recorded: after a restart
// frames older than it are refused.
const noteEvery = time.Minute

// proofs keeps from one run to the next that the key has verified the meter's
// telegrams, so that plain ones are not accepted after a restart either.
type proofs struct {
	store *store.Store
	file  string
	noted time.Time     // by the meter's goroutine
	first chan struct{} // there is a first proof, which is saved at once

	mu    sync.Mutex
	proof cipher.Proof
	fresh bool // there is something to save
}

func newProofs(slot string, s *store.Store, r *decode.Reader) *proofs {
	p := &proofs{store: s, file: "decryption_" + slot, first: make(chan struct{}, 1)}
	var kept cipher.Proof
	if s.Load(p.file, &kept) {
		r.Restore(kept)
	}
	return p
}

// note records the proof every noteEvery. The meter's goroutine calls it, as it
// does take.
func (p *proofs) note(r *decode.Reader, now time.Time) {
	if !p.noted.IsZero() && now.Sub(p.noted) < noteEvery || !p.take(r) {
		return
	}
	if p.noted.IsZero() {
		p.first <- struct{}{} // the channel has room for one
	}
	p.noted = now
}

// take records the proof as it is now; false: there is none.
func (p *proofs) take(r *decode.Reader) bool {
	proof, ok := r.Proof()
	if ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.proof, p.fresh = proof, true
	}
	return ok
}

// run saves the first proof at once, later ones as often as totals.
func (p *proofs) run(ctx context.Context) error {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.first:
		case <-ticker.C:
		}
		p.save()
	}
}

func (p *proofs) save() {
	p.mu.Lock()
	proof, fresh := p.proof, p.fresh
	p.fresh = false
	p.mu.Unlock()
	if fresh {
		p.store.Save(p.file, proof)
	}
}
