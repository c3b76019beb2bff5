package shelly

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// values are those of a reading, as text.
type values map[meter.Quantity]string

func (v values) reading(t testing.TB) meter.Reading {
	t.Helper()
	r := meter.Reading{Received: time.Now()}
	for q, text := range v {
		value, err := meter.ParseValue(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Values.Set(q, value)
	}
	return r
}

// house is a real meter, and what is made of it.
type house struct {
	*Server
	hub   *hub.Hub[*meter.Update]
	log   *testkit.Log
	board *status.Board
	addr  string // of HTTP, once that is open
}

// newHouse returns a house whose server does not run yet.
func newHouse(t testing.TB, o Options) *house {
	t.Helper()
	h := &house{hub: new(hub.Hub[*meter.Update]), log: new(testkit.Log), board: new(status.Board)}
	o.HTTP.Log = slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.HTTP.Counter = h.board.Output("shelly")
	m := emulate.New(emulate.Options{
		Name: "shelly_pro_3em_p1", Kind: "shelly_pro_3em", Slot: "p1", Updates: h.hub, Store: store.Open(t.TempDir(), o.HTTP.Log),
	})
	m.Count(o.HTTP.Counter)
	h.Server = New(o, m)
	h.device.mac = emulate.MAC{0x02, 0xab, 0xcd, 0xef, 0x01, 0x23}
	return h
}

// clients returns how many connections there are.
func (h *house) clients() int {
	if n := h.board.Snapshot(time.Now()).Outputs[0].Clients; n != nil {
		return *n
	}
	return 0
}

// start runs what is to run until the test ends.
func (h *house) start(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// tell publishes a reading and waits until it can be asked for.
func (h *house) tell(t testing.TB, v values) {
	t.Helper()
	changed := h.meter.Changed()
	h.hub.Publish(&meter.Update{Slot: "p1", HasPower: true, Reading: v.reading(t)})
	select {
	case <-changed:
	case <-time.After(20 * time.Second):
		t.Fatal("the reading was not taken")
	}
}

// view returns what is told of a reading.
func view(t *testing.T, offset int, v values) (told *emulate.View) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := h.meter.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		if err := h.meter.SetOffset(offset); err != nil {
			t.Error(err)
		}
		h.tell(t, v)
		told, _ = h.meter.Newest(time.Now())
		cancel()
		wg.Wait()
	})
	if told == nil {
		t.Fatal("nothing is told")
	}
	return told
}

// text returns what is sent.
func text(t *testing.T, v any) string {
	t.Helper()
	written, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
