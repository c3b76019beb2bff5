package listen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

const (
	// farewell is how long a client that gets no slot may take to ask and to
	// hear that.
	farewell = time.Second
	// mostRefused is how many such clients are told so at once; the others wait
	// to be accepted.
	mostRefused = 64
)

// sendBuffer is that of a connection, in bytes. The system's own may grow to
// megabytes, and a stream that nobody reads would be noticed hours later.
const sendBuffer = 64 << 10

// Bounds are those of an HTTP server.
type Bounds struct {
	Most    int           // connections at once; more wait to be accepted
	Slots   *Slots        // a connection without a slot is refused
	Silent  bool          // and closed without a word; else it is answered with status 503
	Goodbye time.Duration // for answers under way at the end
}

// ServeHTTP serves until ctx ends, then closes the listener.
func ServeHTTP(ctx context.Context, l net.Listener, server *http.Server, b Bounds, log *slog.Logger) error {
	server.ErrorLog = errorLog(log)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		defer retry.Guard(log)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.Goodbye)
		defer cancel()
		if server.Shutdown(late) != nil {
			_ = server.Close()
		}
	})
	refusing := make(chan struct{}, mostRefused)
	defer func() { // until all were told
		for range mostRefused {
			refusing <- struct{}{}
		}
	}()
	err := server.Serve(netutil.LimitListener(&slotted{l, b, log, refusing}, b.Most))
	if !stop() {
		<-closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	_ = server.Close()
	return err
}

// slotted is a listener whose connections have a slot each.
type slotted struct {
	net.Listener
	bounds Bounds
	log    *slog.Logger

	refusing chan struct{} // holds a token for each client that is refused
}

// Accept waits for the next connection that gets a slot.
func (s *slotted) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := s.bounds.Slots.Take(conn.RemoteAddr()); err != nil {
			s.log.Warn("a request is refused: there are too many connections", "client", conn.RemoteAddr().String(), "cause", err)
			if s.bounds.Silent {
				_ = conn.Close()
				continue
			}
			s.refusing <- struct{}{}
			go func() {
				defer retry.Guard(s.log)
				s.refuse(conn)
			}()
			continue
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(sendBuffer) // a client that is gone is noticed by the first write
		}
		return &slottedConn{Conn: conn, free: sync.OnceFunc(func() { s.bounds.Slots.Free(conn.RemoteAddr()) })}, nil
	}
}

// refuse answers a request without serving it. Closing with bytes unread would
// reset the connection, and the answer might be lost with it.
func (s *slotted) refuse(conn net.Conn) {
	defer func() { <-s.refusing }()
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(farewell)) != nil {
		return
	}
	in := io.LimitReader(conn, 64<<10)
	if _, err := http.ReadRequest(bufio.NewReader(in)); err != nil {
		return
	}
	const body = `{"err":"there are too many connections; close some, or ask again later"}`
	_, _ = io.WriteString(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 60\r\nConnection: close\r\n"+
		"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, in)
	}
}

type slottedConn struct {
	net.Conn
	free func()
}

// Close closes the connection and gives its slot back.
func (c *slottedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}

// errorLog returns what net/http reports through: a fault of this program, a
// listener that is out of descriptors, or else what a client did wrong, which
// may be a thousand lines.
func errorLog(to *slog.Logger) *log.Logger { return log.New(errorWriter{to}, "", 0) }

type errorWriter struct{ log *slog.Logger }

// Write takes one message.
func (e errorWriter) Write(text []byte) (int, error) {
	message := string(bytes.TrimSpace(text))
	switch {
	case bytes.Contains(text, []byte("panic serving")):
		e.log.Error(message)
	case bytes.Contains(text, []byte("Accept error")):
		e.log.Warn("connections cannot be accepted; trying again until it works", "cause", message)
	default:
		e.log.Debug(message)
	}
	return len(text), nil
}
