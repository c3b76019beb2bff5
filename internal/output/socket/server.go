package socket

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Server hands the values of a hub to TCP clients.
type Server[T any] struct {
	options Options
	slots   *listen.Slots
	what    string // name of the socket in the log
	setting string // option of the address
	hub     *hub.Hub[T]
	policy  hub.Policy
	welcome func(T) bool // whether a new client gets the latest value, if that is it; nil: never
	starts  func(T) bool // whether a new client can be started with it
	data    func(T) []byte

	waiting atomic.Int64 // clients that have no slot
}

const (
	firstPause = 250 * time.Millisecond // before accepting again; doubles
	lastPause  = 10 * time.Second
	// A program that connects anew may be here before we have seen that its
	// old connection is closed, so a client too many waits for a slot.
	slotPatience = 500 * time.Millisecond
	mostWaiting  = 64 // clients without a slot; more are closed without a word
	farewell     = 2 * time.Second
	tooMany      = "Too many connections\r\n"
)

// Run listens and serves until ctx ends, then closes all and returns nil. A
// port that cannot be had is tried again for ever.
func (s *Server[T]) Run(ctx context.Context) error {
	o := s.options
	o.Counter.Clients(s.slots.Used)
	return listen.Run(ctx, listen.Options{
		Address: o.Address, What: s.what, Setting: s.setting, Log: o.Log, OnListen: o.OnListen, Counter: o.Counter,
	}, s.serve)
}

// serve accepts clients until the listener fails or ctx ends, then closes
// them and waits for their goroutines.
func (s *Server[T]) serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	pause, told := retry.Backoff{First: firstPause, Last: lastPause}, false
	for {
		conn, err := l.Accept()
		if err == nil {
			if told {
				s.options.Log.Info("clients are accepted again")
			}
			pause.Reset()
			told = false
			wg.Go(func() { s.admit(ctx, conn) })
			continue
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return err
		}
		s.options.Counter.Failed(err)
		// Most likely too many open files: the clients there are go on.
		if !told {
			s.options.Log.Error("cannot accept clients; trying again until it works", "cause", err)
			told = true
		}
		pause.Wait(ctx)
	}
}

// admit serves the client if there is a slot for it.
func (s *Server[T]) admit(ctx context.Context, conn net.Conn) {
	defer retry.Guard(s.options.Log)
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	log := s.options.Log.With("client", conn.RemoteAddr().String())
	if err := s.slot(ctx, conn.RemoteAddr()); err != nil {
		s.refuse(ctx, conn, err, log)
		return
	}
	defer s.slots.Free(conn.RemoteAddr())
	c := client[T]{server: s, conn: conn, log: log}
	c.run(ctx)
}

// slot takes a slot, or waits a moment for one.
func (s *Server[T]) slot(ctx context.Context, remote net.Addr) error {
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > mostWaiting {
		return s.slots.Take(remote)
	}
	return s.slots.Wait(ctx, remote, slotPatience)
}

// refuse writes to a client why it is closed. Closing with bytes unread would
// reset the connection, and the line might be lost with it: so it reads on
// until the client has closed its side, or has had its time.
func (s *Server[T]) refuse(ctx context.Context, conn net.Conn, cause error, log *slog.Logger) {
	s.options.Counter.Failed(cause)
	if errors.Is(cause, listen.ErrPeer) {
		log.Warn("too many clients from one address: the others need room too. Does a program there keep connecting?")
	} else {
		log.Warn("too many clients: disconnect one or allow more with SMARTMETER_SOCKET_CLIENTS", "most", s.options.Clients)
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > mostWaiting || conn.SetDeadline(time.Now().Add(farewell)) != nil {
		return
	}
	if _, err := conn.Write([]byte(tooMany)); err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		discard(ctx, conn)
	}
}
