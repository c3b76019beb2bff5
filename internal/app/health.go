package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	healthTime    = 5 * time.Second // for a request, an answer, and between two
	healthClients = 20              // at once: one asks every minute
)

// healthServer serves /healthz for "smartmeter healthcheck", /status for its -v,
// and /capture, what the line sent in the last minutes, for "smartmeter capture
// -last". The program also runs when its port is taken, which is logged once.
func healthServer(addr string, health func() error, board *status.Board, meters []*pipeline, out wires) func(context.Context) error {
	return func(ctx context.Context) error {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err != nil {
			if ctx.Err() == nil {
				out.log.Warn("the health check is off: its address cannot be used. "+
					"Choose another with SMARTMETER_HEALTH, or 0 to switch it off", "address", addr, "cause", err)
			}
			<-ctx.Done()
			return nil
		}
		out.opened(listener.Addr())
		mux := http.NewServeMux()
		mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
			if err := health(); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			_, _ = io.WriteString(w, "alive\n") // the client may be gone
		})
		mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(board.Snapshot(time.Now()))
		})
		mux.HandleFunc("GET /capture", func(w http.ResponseWriter, r *http.Request) {
			p, ok := find(meters, r.URL.Query().Get("meter"))
			if !ok {
				http.Error(w, "there is no such meter", http.StatusNotFound)
				return
			}
			c, err := p.lastMinutes(r.URL.Query().Get("redact") != "no")
			if err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_ = c.Write(w)
		})
		host, _, _ := net.SplitHostPort(addr) // it listens there, so it is an address
		server := &http.Server{
			Handler: ownHostOnly(host, mux), MaxHeaderBytes: 8 << 10,
			ReadHeaderTimeout: healthTime, WriteTimeout: healthTime, IdleTimeout: healthTime,
		}
		bounds := listen.Bounds{Most: healthClients, Slots: listen.NewSlots(healthClients, nil), Silent: true}
		if err := listen.ServeHTTP(ctx, listener, server, bounds, out.log); err != nil {
			return fmt.Errorf("serving the health check on %s: %w", addr, err)
		}
		return nil
	}
}

// find returns the meter in that slot; the first where none is named.
func find(meters []*pipeline, slot string) (*pipeline, bool) {
	for _, p := range meters {
		if slot == "" || p.meter.Slot == slot {
			return p, true
		}
	}
	return nil, false
}

// health returns nil while the main loops of all meters are alive.
func health(meters []*pipeline) func() error {
	return func() error {
		for _, p := range meters {
			if err := p.vitals.health(); err != nil {
				return fmt.Errorf("%s: %w", p.meter.Slot, err)
			}
		}
		return nil
	}
}

// ownHostOnly refuses requests of a browser for a web site whose name was made
// to point to this machine: a capture is private.
func ownHostOnly(own string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !listen.OwnHost(r, []string{own}) {
			http.Error(w, "ask by an IP address or a local name", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
