package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
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
	*Options
	tls   *tls.Config // not nil
	dial  func(ctx context.Context, address *url.URL, b Broker) (*link, error)
	links chan *link
	lost  chan error

	address *url.URL // of the broker; nil: not known yet
	as      Broker
	askedAt time.Time // when the address was asked for
	refused bool      // the last login was

	said     map[string]bool // troubles since the last connection
	lostAt   time.Time       // when the last connection was lost; zero: there was none
	flaps    retry.Backoff
	refusals retry.Backoff
}

func newConnector(o *Options) *connector {
	c := &connector{
		Options:  o,
		tls:      o.TLS,
		links:    make(chan *link),
		lost:     make(chan error, 1),
		said:     make(map[string]bool),
		flaps:    retry.Backoff{First: retryAway, Last: maxFlapping},
		refusals: retry.Backoff{First: retryRefused, Last: maxRefused},
	}
	if c.tls == nil {
		c.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c.dial = c.login
	return c
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
			l.Close(0)
			return
		}
		select {
		case err := <-c.lost:
			c.lostAt = time.Now()
			c.Counter.Failed(fmt.Errorf("the connection is lost: %w", err))
			c.report("the connection to the MQTT broker is lost; trying to get it back", "error", err)
		case <-ctx.Done():
			return
		}
		if time.Since(up) >= flapping {
			c.flaps.Reset()
			continue
		}
		c.flaps.Wait(ctx)
	}
}

// connect tries until it has a link, or returns nil when the context ends.
func (c *connector) connect(ctx context.Context) *link {
	for ctx.Err() == nil {
		l, err := c.try(ctx)
		if err == nil {
			clear(c.said)
			again := "" // another line than the first: it stands for a return
			if !c.lostAt.IsZero() {
				again = " again"
			}
			c.Log.Info("connected to the MQTT broker"+again, "broker", c.address.String())
			return l
		}
		if ctx.Err() == nil {
			retry.Sleep(ctx, c.failed(err))
		}
	}
	return nil
}

// try makes one attempt.
func (c *connector) try(ctx context.Context) (*link, error) {
	if err := c.find(ctx); err != nil {
		return nil, err
	}
	l, err := c.dial(ctx, c.address, c.as)
	if err == nil {
		c.refused = false
		c.refusals.Reset()
	}
	return l, err
}

// find asks for the broker's address where that is due. What is known stays
// good while nobody says anything else; an error means that nothing is known.
func (c *connector) find(ctx context.Context) error {
	isKnown := c.address != nil
	if isKnown && !c.refused && time.Since(c.askedAt) < askAgain {
		return nil
	}
	if isKnown {
		limit := retryAway // the broker may come back any moment
		if c.refused {
			limit = broker.ConnectTimeout
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	b, err := c.Broker(ctx, c.refused)
	c.askedAt = time.Now()
	var address *url.URL
	if err == nil {
		address, b, err = b.Resolve()
	}
	if err == nil {
		c.address, c.as = address, b
	}
	if isKnown {
		return nil
	}
	return err
}

// failed logs why an attempt failed and what the user can do about it, and
// returns how long to wait for the next one.
func (c *connector) failed(err error) time.Duration {
	if c.address == nil {
		c.Counter.Failed(err)
		c.report("there is no MQTT broker to publish to; trying again", "error", err)
		return retryRefused
	}
	complaint := broker.ComplaintOf(err, c.address, c.as, c.tls)
	c.Counter.Failed(errors.New(complaint.Text))
	c.refused = complaint.Trouble == broker.Refused
	isShort := complaint.Trouble == broker.Away && !c.lostAt.IsZero() && time.Since(c.lostAt) < askAgain
	if !isShort { // the loss is in the log, and most end soon
		c.report(complaint.Text, "broker", c.address.String(), "error", broker.Network(err))
	}
	switch complaint.Trouble {
	case broker.Refused:
		return c.refusals.Next()
	case broker.Rejected:
		return retryRefused
	}
	return retryAway
}

// report logs a trouble once until there is a connection again, also when
// several take turns.
func (c *connector) report(text string, args ...any) {
	if !c.said[text] {
		c.said[text] = true
		c.Log.Warn(text, args...)
	}
}
