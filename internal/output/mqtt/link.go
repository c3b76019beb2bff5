package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
)

const (
	publishTimeout = 5 * time.Second

	// maxIncoming is how many messages wait that others sent: birth messages,
	// claims and, at a login, what the broker kept of four meters. What does not
	// fit is dropped, because the client's handler must not block.
	maxIncoming = 200
)

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

// link is one connection to the broker.
type link struct {
	*broker.Link
	log      *slog.Logger
	incoming chan incoming // what was subscribed to
	tokens   []paho.Token  // reused
}

// login connects and logs in. The address has no login of its own.
func (c *connector) login(ctx context.Context, address *url.URL, as Broker) (*link, error) {
	l, err := broker.Connect(ctx, address, as, broker.Options{
		ClientID: "smartmeter-" + c.Meters[0].Slot + "-" + c.instance, // 22 bytes with the usual slot: some brokers take 23
		Will:     c.Topic + "/connected",
		TLS:      c.tls,
	})
	if err != nil {
		return nil, err
	}
	return &link{Link: l, log: c.Log, incoming: make(chan incoming, maxIncoming)}, nil
}

// publish sends the messages one after the other and returns once the broker
// has acknowledged them, or for QoS 0 once they are written; the payloads may
// be reused then. It does not wait for one before it sends the next: a distant
// broker would make every step take seconds.
func (l *link) publish(ctx context.Context, messages []message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, publishTimeout, broker.ErrTimeout)
	defer cancel()
	l.tokens = l.tokens[:0]
	for i := range messages {
		m := &messages[i]
		l.tokens = append(l.tokens, l.Client.Publish(m.topic, m.qos, m.retain, m.payload))
	}
	for i, token := range l.tokens {
		if err := broker.Wait(ctx, token); err != nil {
			return fmt.Errorf("publishing %s: %w", messages[i].topic, err)
		}
	}
	clear(l.tokens)
	return nil
}

// subscribe asks for the topics. A broker that does not allow one
// is worth a warning, not more: readings can be published all the same.
func (l *link) subscribe(ctx context.Context, filters []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, publishTimeout, broker.ErrTimeout)
	defer cancel()
	refused, err := l.Subscribe(ctx, filters, func(m broker.Message) {
		if m.Cut {
			l.log.Warn("somebody else published a message on a topic of this app that is far too long; it is ignored. "+
				"If it is retained, remove it from the broker", "topic", m.Topic)
			return
		}
		select {
		case l.incoming <- incoming{m.Topic, m.Payload, m.Retained}:
		default:
		}
	})
	for _, f := range refused {
		l.log.Warn("the MQTT broker does not let this app read a topic, so restarts of Home Assistant and other apps "+
			"with the same names may go unnoticed: allow it in the broker's access list", "topic", f)
	}
	return err
}
