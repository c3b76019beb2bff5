package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Web is a reader that gives telegrams over HTTP: the newest one as a HomeWizard
// P1 Meter's local API v1 does, and each one as a message of a web socket at
// /telegrams. Like a Server it is the writer for a Meter's Run.
type Web struct {
	listener net.Listener

	mu      sync.Mutex
	newest  []byte
	changed chan struct{} // closed and replaced when newest changes
}

// ListenWeb opens a reader on a TCP address; port 0 takes a free one. Run must
// be called to serve and close it.
func ListenWeb(addr string) (*Web, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for HTTP clients on %s: %w", addr, err)
	}
	return &Web{listener: listener, changed: make(chan struct{})}, nil
}

// Addr returns where the reader listens, host:port.
func (w *Web) Addr() string { return w.listener.Addr().String() }

// Write takes one telegram.
func (w *Web) Write(telegram []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest = bytes.Clone(telegram)
	close(w.changed)
	w.changed = make(chan struct{})
	return len(telegram), nil
}

func (w *Web) latest() (telegram []byte, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest, w.changed
}

// Run serves clients until the context ends, then closes everything and returns
// nil.
func (w *Web) Run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api", func(to http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(to, `{"product_type":"HWE-P1","product_name":"P1 Meter","serial":"5c2fafabcdef",`+
			`"firmware_version":"6.00","api_version":"v1"}`)
	})
	mux.HandleFunc("GET /api/v1/telegram", func(to http.ResponseWriter, _ *http.Request) {
		telegram, _ := w.latest()
		if telegram == nil {
			http.Error(to, "no telegram yet", http.StatusServiceUnavailable)
			return
		}
		to.Header().Set("Content-Type", "text/plain")
		_, _ = to.Write(telegram)
	})
	mux.HandleFunc("GET /telegrams", func(to http.ResponseWriter, r *http.Request) { w.push(ctx, to, r) })
	server := http.Server{Handler: mux, ReadHeaderTimeout: patience}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving telegrams over HTTP: %w", err)
	}
	return nil
}

// push sends each telegram to a client until it leaves.
func (w *Web) push(ctx context.Context, to http.ResponseWriter, r *http.Request) {
	conn, err := new(websocket.Upgrader).Upgrade(to, r, nil)
	if err != nil {
		return // the answer has said it
	}
	defer conn.Close()
	left := make(chan struct{})
	go func() {
		defer close(left)
		for {
			if _, _, err := conn.NextReader(); err != nil {
				return
			}
		}
	}()
	for {
		_, changed := w.latest()
		select {
		case <-changed:
		case <-left:
			return
		case <-ctx.Done():
			return
		}
		telegram, _ := w.latest()
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		if conn.WriteMessage(websocket.BinaryMessage, telegram) != nil {
			return
		}
	}
}
