package outgoing

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

// maxHandshake bounds what a server may send before the web socket is open, in
// bytes: certificates and an HTTP answer. The library reads headers of any
// length into memory.
const maxHandshake = 256 << 10

// handshakeTimeout bounds the way to an open web socket.
const handshakeTimeout = 10 * time.Second

// DialWebSocket opens a web socket, through the proxy that the environment
// names. A user and password in the address are sent (RFC 7617). security is
// used for wss only; nil trusts the system's authorities. With an error that
// comes from an answer of the server its status is returned, else 0.
func DialWebSocket(ctx context.Context, address *url.URL, security *tls.Config, protocols ...string) (*websocket.Conn, int, error) {
	var raw *handshakeConn
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: handshakeTimeout,
		TLSClientConfig:  security,
		Subprotocols:     protocols,
		NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			raw = &handshakeConn{Conn: conn, left: maxHandshake}
			return raw, nil
		},
	}
	header := make(http.Header)
	to := *address
	if user := to.User; user != nil {
		password, _ := user.Password()
		r := http.Request{Header: header}
		r.SetBasicAuth(user.Username(), password)
		to.User = nil
	}
	conn, answer, err := dialer.DialContext(ctx, to.String(), header)
	if err != nil {
		if answer == nil {
			return nil, 0, err
		}
		answer.Body.Close()
		return nil, answer.StatusCode, err
	}
	raw.isOpen = true
	return conn, 0, nil
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
