package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/net/proxy"
)

const (
	// ConnectTimeout bounds each step of the way to a broker.
	ConnectTimeout = 10 * time.Second

	// loginTimeout is how long the broker may think about a login.
	loginTimeout = 5 * time.Second

	// writeTimeout bounds what a stalled broker can hold up inside the client.
	writeTimeout = 3 * time.Second

	keepAlive   = 30 * time.Second
	pingTimeout = 10 * time.Second

	// subscribeRefused is the return code of a SUBACK for a filter that the
	// broker does not allow (MQTT 3.1.1, 3.9.3).
	subscribeRefused = 0x80
)

// ErrTimeout is returned when the broker does not answer in time.
var ErrTimeout = errors.New("the broker does not answer")

// Options are what a program says of itself when it logs in.
type Options struct {
	ClientID string
	Will     string      // topic on which the broker then publishes a retained 0 when this connection breaks; empty: none
	TLS      *tls.Config // not nil
}

// Link is one connection to the broker. A client is never used for a second
// one: paho's own reconnecting claims to be connected while it is not, loses
// messages in silence, and cannot ask for new credentials.
type Link struct {
	Client paho.Client
	Lost   chan error // receives once the connection is gone
	conn   *packetConn
}

// Connect connects and logs in. The address has no login of its own.
func Connect(ctx context.Context, address *url.URL, as Login, o Options) (*Link, error) {
	secure := o.TLS.Clone()
	if secure.ServerName == "" { // paho leaves it empty when it goes through a proxy
		secure.ServerName, _, _ = strings.Cut(address.Hostname(), "%") // no certificate has an IPv6 zone
	}
	l := &Link{Lost: make(chan error, 1)}
	options := paho.NewClientOptions().
		AddBroker(address.String()).
		SetClientID(o.ClientID).
		SetUsername(as.Username).
		SetPassword(string(as.Password)).
		SetProtocolVersion(4). // 3.1.1, and no second try with 3.1 after a refused login
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetConnectTimeout(ConnectTimeout).
		SetWriteTimeout(writeTimeout).
		SetKeepAlive(keepAlive).
		SetPingTimeout(pingTimeout).
		SetCustomOpenConnectionFn(func(address *url.URL, _ paho.ClientOptions) (net.Conn, error) {
			conn, err := open(ctx, address, secure)
			if err != nil {
				return nil, err
			}
			l.conn = newPacketConn(conn)
			return l.conn, nil
		}).
		SetConnectionLostHandler(func(_ paho.Client, err error) { l.Lost <- err }) // called once at most: never blocks
	if o.Will != "" {
		options.SetWill(o.Will, "0", 1, true)
	}
	l.Client = paho.NewClient(options)
	ctx, cancel := context.WithTimeoutCause(ctx, ConnectTimeout+loginTimeout, ErrTimeout)
	defer cancel()
	if err := Wait(ctx, l.Client.Connect()); err != nil {
		l.Client.Disconnect(0) // ends an attempt that still runs
		return nil, err
	}
	return l, nil
}

// open connects to the address, over TLS or a web socket where its scheme says
// so, and through the proxy that the environment names.
func open(ctx context.Context, address *url.URL, secure *tls.Config) (net.Conn, error) {
	switch address.Scheme {
	case "ws", "wss":
		return openWebSocket(ctx, address, secure)
	}
	conn, err := proxy.FromEnvironmentUsing(&net.Dialer{Timeout: ConnectTimeout}).Dial("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	switch address.Scheme {
	case "mqtts", "ssl", "tls":
		ctx, cancel := context.WithTimeout(ctx, ConnectTimeout)
		defer cancel()
		encrypted := tls.Client(conn, secure)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return encrypted, nil
	}
	return conn, nil
}

// Message is one that somebody published.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool // was kept by the broker, not sent now
	Cut      bool // was longer than any that is meant, and has lost its end
}

// Subscribe asks for the topics with QoS 0, within ctx, which must have a
// limit, and returns those that the broker does not allow. receive must not
// block.
func (l *Link) Subscribe(ctx context.Context, filters []string, receive func(Message)) (refused []string, err error) {
	wanted := make(map[string]byte)
	for _, f := range filters {
		wanted[f] = 0
	}
	l.conn.filters.Store(int32(len(wanted)))
	token := l.Client.SubscribeMultiple(wanted, func(_ paho.Client, m paho.Message) {
		receive(Message{m.Topic(), m.Payload(), m.Retained(), isCut(m.Topic(), m.Payload())})
	})
	if err := Wait(ctx, token); err != nil {
		return nil, fmt.Errorf("subscribing: %w", err)
	}
	for f, code := range token.(*paho.SubscribeToken).Result() {
		if code == subscribeRefused {
			refused = append(refused, f)
		}
	}
	return refused, nil
}

// Close disconnects; what is under way may take that long.
func (l *Link) Close(patience time.Duration) { l.Client.Disconnect(uint(patience / time.Millisecond)) }

// Wait waits for the token until the context ends, which must have a limit:
// some tokens never complete when the connection breaks at the wrong moment.
func Wait(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
