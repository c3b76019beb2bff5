package shelly

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

const (
	// patience is how long a client may take to take what it is sent.
	patience = 10 * time.Second
	// goodbye is how long the last word may take.
	goodbye = time.Second
	// pingEvery is how often a client must show that it is there, and silence how
	// long it may be unheard: two pings may be lost.
	pingEvery = 25 * time.Second
	silence   = 3 * pingEvery
	// staleEvery is how often it is looked whether the reading that was sent is
	// fresh still.
	staleEvery = time.Second
)

// upgrader opens web sockets for pages of this very host and for programs, which name none.
var upgrader = websocket.Upgrader{HandshakeTimeout: patience, ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10}

// follower is a client with a web socket: it calls methods, and from its first
// call on it is told each reading.
type follower struct {
	server *Server
	conn   *websocket.Conn
	name   string // in the book of clients

	mu     sync.Mutex // of writing, and
	source string     // what it calls itself

	// asked has the view of the first call: what the client is told from then on
	// is newer.
	asked chan *emulate.View
}

// follow serves a web socket until the server ends, the client leaves, or is unheard for
// too long.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the client was told why
	}
	f := &follower{server: s, conn: conn, name: emulate.ClientOf(r), asked: make(chan *emulate.View, 1)}
	ctx, cancel := context.WithCancel(r.Context())
	var pushing sync.WaitGroup
	defer pushing.Wait()
	defer conn.Close()
	defer cancel()
	pushing.Go(func() {
		defer retry.Guard(s.log)
		defer conn.Close() // so that reading ends
		f.push(ctx)
	})
	f.read()
}

// read answers calls until the client leaves.
func (f *follower) read() {
	f.conn.SetReadLimit(mostBody)
	heard := func() error { return f.conn.SetReadDeadline(time.Now().Add(silence)) }
	f.conn.SetPongHandler(func(string) error { return heard() })
	answerPing := f.conn.PingHandler()
	f.conn.SetPingHandler(func(data string) error {
		if err := heard(); err != nil {
			return err
		}
		return answerPing(data)
	})
	for heard() == nil {
		_, frame, err := f.conn.ReadMessage()
		if err != nil {
			return
		}
		if f.answer(frame) != nil {
			return
		}
	}
}

// answer answers one call. A frame without id wants no answer.
func (f *follower) answer(frame []byte) error {
	s := f.server
	asked, err := parse(frame)
	if err != nil {
		s.meter.Refused(f.name, "web socket", err.Error())
		return f.write(response{Source: s.device.id(), Error: &rpcError{codeInvalidArgument, err.Error()}})
	}
	c := s.call(&asked)
	c.isFollowing = true
	answer := s.respond(&asked, c, f.name)
	if asked.ID != nil {
		if err := f.write(answer); err != nil {
			return err
		}
	}
	if source := asked.source(); source != "" {
		f.mu.Lock()
		f.source = source
		f.mu.Unlock()
		select {
		case f.asked <- c.view:
		default:
		}
	}
	return nil
}

// push tells the client each reading, and that there is none any more.
func (f *follower) push(ctx context.Context) {
	var told *emulate.View
	select {
	case <-ctx.Done():
		return
	case told = <-f.asked:
	}
	stale, ping := time.NewTicker(staleEvery), time.NewTicker(pingEvery)
	defer stale.Stop()
	defer ping.Stop()
	for {
		changed := f.server.meter.Changed()
		now := time.Now()
		view, _ := f.server.meter.Newest(now)
		if view != told && f.tell(told, view, now) != nil {
			return
		}
		told = view
		select {
		case <-ctx.Done():
			_ = f.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(goodbye))
			return
		case <-changed:
		case <-stale.C:
		case <-ping.C:
			if f.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience)) != nil {
				return
			}
		}
	}
}

// tell sends what changed from one view to the next.
func (f *follower) tell(told, view *emulate.View, now time.Time) error {
	f.mu.Lock()
	source := f.source
	f.mu.Unlock()
	if err := f.write(notification(f.server.device, source, told, view, now)); err != nil {
		return err
	}
	if view != nil {
		f.server.meter.Answered(f.name, "NotifyStatus", view)
	}
	return nil
}

func (f *follower) write(frame any) error {
	text, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return f.conn.WriteMessage(websocket.TextMessage, text)
}
