package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxHandshake bounds what a server may send before the web socket is open, in
// bytes: certificates and an HTTP answer. The library reads headers of any
// length into memory.
const maxHandshake = 256 << 10

// openWebSocket connects to a broker that speaks MQTT over a web socket (MQTT
// 3.1.1, section 6), through the proxy that the environment names. secure is
// used for wss only.
func openWebSocket(ctx context.Context, address *url.URL, secure *tls.Config) (net.Conn, error) {
	var raw *handshakeConn
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: connectTimeout,
		TLSClientConfig:  secure,
		Subprotocols:     []string{"mqtt"},
		NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			raw = &handshakeConn{Conn: conn, left: maxHandshake}
			return raw, nil
		},
	}
	conn, answer, err := dialer.DialContext(ctx, address.String(), nil)
	if err != nil {
		if answer != nil {
			answer.Body.Close()
		}
		return nil, err
	}
	raw.isOpen = true
	return &webSocket{Conn: conn}, nil
}

// handshakeConn is a connection that fails when the other side sends too much
// before the web socket is open.
type handshakeConn struct {
	net.Conn
	left   int  // bytes that may still be read
	isOpen bool // the web socket is, so that there is no limit any more
}

func (c *handshakeConn) Read(p []byte) (int, error) {
	if c.isOpen {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, errors.New("the answer to the web socket's request is too long")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
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
