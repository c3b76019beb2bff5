package shelly

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// mostWaiting is how many clients wait for a reading at once. A household has a
// few batteries.
const mostWaiting = 64

// waiting are the clients that wait for a reading, with the request that is to be
// answered: the last one.
type waiting struct {
	server *Server
	conn   net.PacketConn

	mu       sync.Mutex
	requests map[string]*asked
}

// asked is a request and who is to be answered.
type asked struct {
	request
	from net.Addr
}

// answerDatagrams answers requests until ctx ends or the socket fails. A request
// that is none gets no answer, and neither does one without a fresh reading:
// a battery that hears nothing goes to its own safe mode.
func (s *Server) answerDatagrams(ctx context.Context, conn net.PacketConn) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	w := waiting{server: s, conn: conn, requests: make(map[string]*asked)}
	packet := make([]byte, mostDatagram+1) // one more, to know what is too long
	for {
		n, from, err := conn.ReadFrom(packet)
		if err != nil {
			return err
		}
		r, ok := parseDatagram(packet[:n])
		if !ok {
			s.log.Debug("a datagram is no request of a battery", "client", from.String(), "bytes", n)
			continue
		}
		client := clientName(from, r.source())
		isNew, ok := w.add(client, &asked{r, from})
		if !ok {
			s.log.Warn("too many clients wait for a reading; some get no answer", "most", mostWaiting)
		}
		if isNew {
			wg.Go(func() {
				defer retry.Guard(s.log)
				w.answer(ctx, client)
			})
		}
	}
}

// add makes the request the one of its client that is answered. It reports
// whether the client did not wait yet, and whether there is room for it.
func (w *waiting) add(client string, r *asked) (isNew, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, isWaiting := w.requests[client]
	if !isWaiting && len(w.requests) >= mostWaiting {
		return false, false
	}
	w.requests[client] = r
	return !isWaiting, true
}

// last returns the client's last request.
func (w *waiting) last(client string) *asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests[client]
}

// take returns the client's last request, which ends its waiting where that has
// had its time, or the client is answered.
func (w *waiting) take(client string, had *asked, isAnswered bool) (r *asked, isOver bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r = w.requests[client]
	if isAnswered || r == had {
		delete(w.requests, client)
		return r, true
	}
	return r, false
}

// answer waits for a reading that the client has not got yet, and sends it.
func (w *waiting) answer(ctx context.Context, client string) {
	s := w.server
	for {
		had := w.last(client)
		view, ok := s.meter.Next(ctx, client)
		r, isOver := w.take(client, had, ok)
		if !isOver && ctx.Err() == nil {
			continue // it has asked again in the meantime
		}
		if ok {
			w.send(client, r, view)
		} else if _, isFresh := s.meter.Newest(time.Now()); !isFresh && ctx.Err() == nil {
			s.meter.Refused(client, r.Method, errUnavailable.Message)
		}
		return
	}
}

func (w *waiting) send(client string, r *asked, view *emulate.View) {
	s := w.server
	if _, err := w.conn.WriteTo(appendDatagram(nil, s.device, &r.request, view), r.from); err != nil {
		if !errors.Is(err, net.ErrClosed) {
			s.log.Debug("a battery was not answered", "client", r.from.String(), "cause", err)
		}
		return
	}
	s.meter.Answered(client, r.Method, view)
}
