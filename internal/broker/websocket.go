package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/outgoing"
)

// openWebSocket connects to a broker that speaks MQTT over a web socket (MQTT
// 3.1.1, section 6), through the proxy that the environment names. secure is
// used for wss only.
func openWebSocket(ctx context.Context, address *url.URL, secure *tls.Config) (net.Conn, error) {
	conn, _, err := outgoing.DialWebSocket(ctx, address, secure, "mqtt")
	if err != nil {
		return nil, err
	}
	return &webSocket{Conn: conn}, nil
}

// webSocket is a web socket as a stream of bytes: a message may hold several
// MQTT packets or part of one (MQTT-6.0.0-2).
type webSocket struct {
	*websocket.Conn
	message io.Reader  // that is being read; nil: none
	writing sync.Mutex // the MQTT client pings beside what it publishes
}

// Read reads the messages one after the other.
func (s *webSocket) Read(p []byte) (int, error) {
	for {
		if s.message == nil {
			_, message, err := s.NextReader()
			if err != nil {
				return 0, err
			}
			s.message = message
		}
		n, err := s.message.Read(p)
		if err == io.EOF {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write sends p as one message.
func (s *webSocket) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetDeadline sets when Read and Write give up.
func (s *webSocket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}
