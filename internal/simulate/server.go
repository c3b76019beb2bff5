package simulate

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// patience is how long a client may leave a telegram untaken before it is
// cut. A network reader has no memory to keep more.
const patience = 10 * time.Second

// Server is a P1-to-network reader: what is written to it goes to every
// client that is connected then, and a client gets nothing older than its
// connection. It is the writer for a Meter's Run:
//
//	server, err := simulate.Listen("127.0.0.1:0")
//	group.Go(func() error { return server.Run(ctx) })
//	group.Go(func() error { return meter.Run(ctx, server, time.Second, time.Now) })
type Server struct {
	listener net.Listener
	writing  sync.Mutex // one Write at a time, so that telegrams stay whole

	mu      sync.Mutex
	clients map[net.Conn]struct{}
	changed chan struct{} // closed and replaced when clients changes
	closed  bool
}

// Listen opens a server on a TCP address; port 0 takes a free one. The
// listener is open from here on; Run must be called to serve and close it.
func Listen(addr string) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for P1 clients on %s: %w", addr, err)
	}
	return &Server{
		listener: listener,
		clients:  make(map[net.Conn]struct{}),
		changed:  make(chan struct{}),
	}, nil
}

// Addr is where the server listens, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves clients until the context ends, then closes everything and
// returns nil. What clients send is ignored.
func (s *Server) Run(ctx context.Context) error {
	var clients sync.WaitGroup
	defer clients.Wait()
	defer s.close()
	defer context.AfterFunc(ctx, s.close)()
	for {
		conn, err := s.listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting a P1 client: %w", err)
		}
		s.add(conn)
		clients.Go(func() {
			_, _ = io.Copy(io.Discard, conn) // ends when either side closes
			s.drop(conn)
		})
	}
}

// Write sends p to every client, one after the other, and waits until each
// has taken it; a client that does not within ten seconds is cut. Without
// clients it returns at once. The only error is net.ErrClosed after Run.
func (s *Server) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	clients, closed := slices.Collect(maps.Keys(s.clients)), s.closed
	s.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	for _, conn := range clients {
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err := conn.Write(p); err != nil {
			s.drop(conn)
		}
	}
	return len(p), nil
}

// Cut closes the connection of every client, as a reader does that restarts.
// They may connect again.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.clients {
		_ = conn.Close()
		delete(s.clients, conn)
	}
	s.announce()
}

// Wait returns once so many clients are connected; the error is the
// context's.
func (s *Server) Wait(ctx context.Context, clients int) error {
	for {
		s.mu.Lock()
		n, changed := len(s.clients), s.changed
		s.mu.Unlock()
		if n == clients {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d P1 clients, there are %d: %w", clients, n, ctx.Err())
		case <-changed:
		}
	}
}

func (s *Server) add(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return
	}
	s.clients[conn] = struct{}{}
	s.announce()
}

func (s *Server) drop(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = conn.Close()
	delete(s.clients, conn)
	s.announce()
}

// announce wakes who waits for a change of clients. The caller holds mu.
func (s *Server) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	_ = s.listener.Close()
	for conn := range s.clients {
		_ = conn.Close()
	}
	clear(s.clients)
	s.announce()
}
