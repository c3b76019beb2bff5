package socket

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

const (
	// The system's own buffer may grow to megabytes: a slow client would get
	// hours of old readings, and a dead one be noticed as late.
	sendBuffer = 64 << 10
	batch      = 64 << 10               // bytes taken from the queue at once
	wastePause = 100 * time.Millisecond // between reads of what a client sends
	writeSlice = time.Second            // after which a write that waits looks up
	writeLimit = 60 * time.Second       // without a byte gone: the client is dead
)

var (
	errStuck  = errors.New("the client does not read")
	errClosed = errors.New("the client closed the connection")
)

// client is one connection.
type client[T any] struct {
	server  *Server[T]
	conn    net.Conn
	log     *slog.Logger
	sub     *hub.Subscription[T]
	gone    chan struct{} // closed when the client has closed its side
	started bool          // has met a value it could be started with
	missed  uint64        // values dropped, as far as counted
}

// run serves the client until it goes, is too slow or ctx ends. The caller
// closes the connection when ctx ends.
func (c *client[T]) run(ctx context.Context) {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		// TCP_NODELAY and keep-alive are on already. An error here means that
		// the client is gone, which the first write finds.
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	c.sub = c.server.hub.SubscribeLatest(queueLimit, c.server.policy, c.server.welcome)
	defer c.sub.Close()
	c.gone = make(chan struct{})
	ctx, end := context.WithCancel(ctx)
	go func() {
		defer close(c.gone)
		defer retry.Guard(c.log)
		discard(ctx, c.conn)
	}()
	defer func() {
		end()
		c.conn.Close()
		<-c.gone
	}()
	c.log.Debug("client connected")
	err := c.feed(ctx)
	c.count()
	if errors.Is(err, hub.ErrOverflow) || errors.Is(err, errStuck) {
		c.server.options.Counter.Failed(err)
		c.log.Warn("client disconnected: it cannot keep up with the meter", "cause", err)
	} else {
		c.log.Debug("client disconnected", "cause", err)
	}
}

// feed writes what the hub publishes, as much at once as there is.
func (c *client[T]) feed(ctx context.Context) error {
	var items []T
	var buffers net.Buffers
	for {
		var err error
		// A client that closes its side as it connects (nc </dev/null) is
		// still given what waits for it.
		if items, err = c.sub.TakeSome(items[:0], batch); err != nil {
			return err
		}
		if len(items) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-c.gone:
				return errClosed
			case <-c.sub.Ready():
			}
			continue
		}
		buffers = buffers[:0]
		for _, item := range items {
			c.started = c.started || c.server.starts(item)
			if c.started {
				buffers = append(buffers, c.server.data(item))
			}
		}
		clear(items)
		sent := len(buffers)
		if err := c.write(buffers); err != nil {
			return err
		}
		c.server.options.Counter.Sent(uint64(sent), time.Now())
		c.count()
	}
}

// write writes all of it, as long as the client takes something now and then
// and its queue does not overflow meanwhile.
func (c *client[T]) write(buffers net.Buffers) error {
	progress := time.Now()
	for len(buffers) > 0 {
		now := time.Now()
		if err := c.conn.SetWriteDeadline(now.Add(writeSlice)); err != nil {
			return err
		}
		n, err := buffers.WriteTo(c.conn) // leaves in buffers what it did not write
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case n > 0:
			progress = now
		case now.Sub(progress) > writeLimit:
			return errStuck
		}
		c.count()
		if err := c.sub.Err(); err != nil {
			return err
		}
		select {
		case <-c.gone:
			return errClosed
		default:
		}
	}
	return nil
}

// count adds what the client has missed since, and warns the first time.
func (c *client[T]) count() {
	missed := c.sub.Dropped()
	if missed > 0 && c.missed == 0 {
		c.log.Warn("client misses readings: it cannot keep up with the meter")
	}
	c.server.options.Counter.Dropped(missed - c.missed)
	c.missed = missed
}

// discard reads and forgets until the other side is closed, or ctx ends. It
// takes its time: a client that sends without end would have this program do
// nothing but read what nobody needs.
func discard(ctx context.Context, conn net.Conn) {
	var waste [4 << 10]byte
	for {
		if _, err := conn.Read(waste[:]); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wastePause):
		}
	}
}
