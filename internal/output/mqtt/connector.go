package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// retryAway is the pause after a broker that could not be reached: short,
	// because readings must be back within a second of its return.
	retryAway = 500 * time.Millisecond

	// retryRefused is the first pause after a refused login; it doubles up to
	// maxRefused, because brokers and people take a flood of them for an attack.
	retryRefused = 5 * time.Second
	maxRefused   = 5 * time.Minute

	// A connection that breaks within flapping of its login makes the next
	// pause twice as long, up to maxFlapping: two clients of one name, or
	// a broker that dislikes what it gets, would else keep each other busy.
	flapping    = 2 * time.Second
	maxFlapping = time.Minute

	// askAgain is how long a broker may be away before its address is asked
	// for anew.
	askAgain = time.Minute
)

// connector hands out one link after the other: the next one after the last
// was reported lost.
type connector struct {
	log    *slog.Logger
	count  *status.Counter
	tls    *tls.Config
	dial   func(ctx context.Context, address *url.URL, b Broker) (*link, error)
	broker func(ctx context.Context, refused bool) (Broker, error)
	links  chan *link
	lost   chan error

	address *url.URL // where, as far as is known
	as      Broker
	asked   time.Time
	refused bool // the last login was

	told     map[string]bool // troubles since the last connection
	lostAt   time.Time       // the last connection; zero: there was none
	flaps    int
	refusals int
}

func newConnector(o *Options) *connector {
	config := o.TLS
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	login := login{
		// 22 bytes with the usual slot: some brokers take no more than 23.
		clientID:  "smartmeter-" + o.Slot + "-" + o.instance,
		willTopic: o.Topic + "/connected",
		tls:       config,
		log:       o.Log,
	}
	return &connector{
		log:    o.Log,
		count:  o.Counter,
		tls:    config,
		told:   make(map[string]bool),
		dial:   login.dial,
		broker: o.Broker,
		links:  make(chan *link),
		lost:   make(chan error, 1),
	}
}

func (c *connector) run(ctx context.Context) {
	for {
		l := c.connect(ctx)
		if l == nil {
			return
		}
		up := time.Now()
		select {
		case c.links <- l:
		case <-ctx.Done():
			l.close(0)
			return
		}
		select {
		case err := <-c.lost:
			c.lostAt = time.Now()
			c.count.Failed(fmt.Errorf("the connection is lost: %w", err))
			c.report("the connection to the MQTT broker is lost; trying to get it back", "error", err)
		case <-ctx.Done():
			return
		}
		if time.Since(up) >= flapping {
			c.flaps = 0
			continue
		}
		pause(ctx, min(retryAway<<min(c.flaps, 10), maxFlapping))
		c.flaps++
	}
}

// connect tries until it has a link, or returns nil when the context ends.
func (c *connector) connect(ctx context.Context) *link {
	for ctx.Err() == nil {
		if !c.ask(ctx) {
			pause(ctx, retryRefused)
			continue
		}
		l, err := c.dial(ctx, c.address, c.as)
		if err == nil {
			c.refusals, c.refused = 0, false
			clear(c.told)
			again := "" // another line than the first: it stands for a return
			if !c.lostAt.IsZero() {
				again = " again"
			}
			c.log.Info("connected to the MQTT broker"+again, "broker", c.address.String())
			return l
		}
		if ctx.Err() != nil {
			break
		}
		kind := c.failed(err)
		c.refused = kind == troubleLogin
		pause(ctx, c.patience(kind))
	}
	return nil
}

// ask finds out about the broker where that is due, and tells whether one is
// known. What is known stays good while nobody tells anything else.
func (c *connector) ask(ctx context.Context) bool {
	known := c.address != nil
	if known && !c.refused && time.Since(c.asked) < askAgain {
		return true
	}
	if known {
		limit := retryAway // the broker may come back any moment
		if c.refused {
			limit = connectTimeout
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	b, err := c.broker(ctx, c.refused)
	c.asked = time.Now()
	var address *url.URL
	if err == nil {
		address, b, err = b.resolve()
	}
	switch {
	case err == nil:
		c.address, c.as = address, b
		return true
	case !known && ctx.Err() == nil:
		c.count.Failed(err)
		c.report("no MQTT broker to publish to; asking again", "error", err)
	}
	return known
}

// patience is how long to wait after an attempt that failed.
func (c *connector) patience(kind trouble) time.Duration {
	switch kind {
	case troubleLogin:
		d := min(retryRefused<<min(c.refusals, 10), maxRefused)
		c.refusals++
		return d
	case troubleRejected:
		return retryRefused
	}
	return retryAway
}

// failed tells the user why an attempt failed and what to do about it.
func (c *connector) failed(err error) trouble {
	kind, text := explain(err, c.address, c.as, c.tls)
	c.count.Failed(errors.New(text))
	if kind == troubleAway && !c.lostAt.IsZero() && time.Since(c.lostAt) < askAgain {
		return kind // the loss was told, and most end soon
	}
	c.report(text, "broker", c.address.String(), "error", network(err))
	return kind
}

// report logs a trouble once until there is a connection again, also when
// several take turns.
func (c *connector) report(text string, args ...any) {
	if !c.told[text] {
		c.told[text] = true
		c.log.Warn(text, args...)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
