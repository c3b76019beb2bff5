package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/net/proxy"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

const (
	connectTimeout = 10 * time.Second
	publishTimeout = 5 * time.Second

	// writeTimeout bounds what a stalled broker can hold up inside the client.
	writeTimeout = 3 * time.Second

	keepAlive   = 30 * time.Second
	pingTimeout = 10 * time.Second

	// maxIncoming is how many messages wait that others sent: birth messages,
	// claims and, at a login, what the broker kept of four meters. What does not
	// fit is dropped, because the client's handler must not block.
	maxIncoming = 200

	// subscribeRefused is the return code of a SUBACK for a filter that the
	// broker does not allow (MQTT 3.1.1, 3.9.3).
	subscribeRefused = 0x80
)

// errTimeout is returned when the broker does not answer in time.
var errTimeout = errors.New("the broker does not answer")

// message is one that the session wants published.
type message struct {
	topic   string
	payload []byte
	qos     byte
	retain  bool
}

// incoming is a message that somebody else published.
type incoming struct {
	topic    string
	payload  []byte
	retained bool // was kept by the broker, not sent now
}

// link is one connection to the broker. A client is never used for a second
// one: paho's own reconnecting claims to be connected while it is not, loses
// messages in silence, and cannot ask for new credentials.
type link struct {
	client   paho.Client
	conn     *packetConn
	log      *slog.Logger
	lost     chan error    // receives once the connection is gone
	incoming chan incoming // what was subscribed to
	tokens   []paho.Token  // reused
}

// login connects and logs in. The address has no login of its own.
func (c *connector) login(ctx context.Context, address *url.URL, b Broker) (*link, error) {
	secure := c.tls.Clone()
	if secure.ServerName == "" { // paho leaves it empty when it goes through a proxy
		secure.ServerName, _, _ = strings.Cut(address.Hostname(), "%") // no certificate has an IPv6 zone
	}
	l := &link{log: c.Log, lost: make(chan error, 1), incoming: make(chan incoming, maxIncoming)}
	options := paho.NewClientOptions().
		AddBroker(address.String()).
		SetClientID("smartmeter-"+c.Meters[0].Slot+"-"+c.instance). // 22 bytes with the usual slot: some brokers take 23
		SetUsername(b.Username).
		SetPassword(string(b.Password)).
		SetProtocolVersion(4). // 3.1.1, and no second try with 3.1 after a refused login
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetConnectTimeout(connectTimeout).
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
		SetWill(c.Topic+"/connected", "0", 1, true).
		SetConnectionLostHandler(func(_ paho.Client, err error) { l.lost <- err }) // called once at most: never blocks
	l.client = paho.NewClient(options)
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout+publishTimeout, errTimeout)
	defer cancel()
	if err := wait(ctx, l.client.Connect()); err != nil {
		l.client.Disconnect(0) // ends an attempt that still runs
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
	conn, err := proxy.FromEnvironmentUsing(&net.Dialer{Timeout: connectTimeout}).Dial("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	switch address.Scheme {
	case "mqtts", "ssl", "tls":
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
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

// publish sends the messages one after the other and returns once the broker
// has acknowledged them, or for QoS 0 once they are written; the payloads may
// be reused then. It does not wait for one before it sends the next: a distant
// broker would make every step take seconds.
func (l *link) publish(ctx context.Context, messages []message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, publishTimeout, errTimeout)
	defer cancel()
	l.tokens = l.tokens[:0]
	for i := range messages {
		m := &messages[i]
		l.tokens = append(l.tokens, l.client.Publish(m.topic, m.qos, m.retain, m.payload))
	}
	for i, token := range l.tokens {
		if err := wait(ctx, token); err != nil {
			return fmt.Errorf("publishing %s: %w", messages[i].topic, err)
		}
	}
	clear(l.tokens)
	return nil
}

// subscribe asks for the topics with QoS 0. A broker that does not allow one
// is worth a warning, not more: readings can be published all the same.
func (l *link) subscribe(ctx context.Context, filters []string) error {
	wanted := make(map[string]byte)
	for _, f := range filters {
		wanted[f] = 0
	}
	l.conn.filters.Store(int32(len(wanted)))
	token := l.client.SubscribeMultiple(wanted, func(_ paho.Client, m paho.Message) {
		if isCut(m.Topic(), m.Payload()) {
			l.log.Warn("somebody else published a message on a topic of this app that is too long to be meant; it is ignored. "+
				"If it is retained, remove it from the broker", "topic", m.Topic())
			return
		}
		select {
		case l.incoming <- incoming{m.Topic(), m.Payload(), m.Retained()}:
		default:
		}
	})
	ctx, cancel := context.WithTimeoutCause(ctx, publishTimeout, errTimeout)
	defer cancel()
	if err := wait(ctx, token); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	for f, code := range token.(*paho.SubscribeToken).Result() {
		if code == subscribeRefused {
			l.log.Warn("the MQTT broker does not let this app read a topic, so restarts of Home Assistant and other apps "+
				"with the same names may go unnoticed: allow it in the broker's access list", "topic", f)
		}
	}
	return nil
}

// close disconnects; what is under way may take that long.
func (l *link) close(patience time.Duration) { l.client.Disconnect(uint(patience / time.Millisecond)) }

// wait waits for the token until the context ends, which must have a limit:
// some tokens never complete when the connection breaks at the wrong moment.
func wait(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// schemes are the transports and the ports that they use where the address
// names none.
var schemes = map[string]string{
	"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883", "tls": "8883", "ws": "80", "wss": "443",
}

// resolve takes the login out of the broker's URL, where it would show up in
// errors and logs, and adds the port.
func (b Broker) resolve() (*url.URL, Broker, error) {
	u, err := url.Parse(b.URL)
	if err != nil {
		// The error would quote the password.
		return nil, b, errors.New("mqtt.url is not a URL: write it like mqtt://host:1883")
	}
	port, ok := schemes[u.Scheme]
	if !ok || u.Hostname() == "" {
		return nil, b, fmt.Errorf("mqtt.url %q has no host or an unknown scheme: write it like mqtt://host:1883",
			u.Redacted())
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	if b.Username == "" && u.User != nil {
		b.Username = u.User.Username()
		password, _ := u.User.Password()
		b.Password = config.Secret(password)
	}
	u.User = nil
	return u, b, nil
}
