package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
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
	log   *slog.Logger
	count *status.Counter
	tls   *tls.Config
	dial  func(ctx context.Context, address *url.URL, b Broker) (*link, error)
	where whereabouts
	links chan *link
	lost  chan error

	said     map[string]bool // troubles since the last connection
	lostAt   time.Time       // the last connection; zero: there was none
	flaps    retry.Backoff
	refusals retry.Backoff
}

// whereabouts are where the broker is, as far as is known.
type whereabouts struct {
	broker  func(ctx context.Context, refused bool) (Broker, error)
	address *url.URL // nil: not known yet
	as      Broker
	asked   time.Time
	refused bool // the last login was
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
		log:      o.Log,
		count:    o.Counter,
		tls:      config,
		dial:     login.dial,
		where:    whereabouts{broker: o.Broker},
		links:    make(chan *link),
		lost:     make(chan error, 1),
		said:     make(map[string]bool),
		flaps:    retry.Backoff{First: retryAway, Last: maxFlapping},
		refusals: retry.Backoff{First: retryRefused, Last: maxRefused},
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
			c.flaps.Reset()
			continue
		}
		c.flaps.Wait(ctx)
	}
}

// connect tries until it has a link, or returns nil when the context ends.
func (c *connector) connect(ctx context.Context) *link {
	for ctx.Err() == nil {
		if err := c.where.find(ctx); err != nil {
			if ctx.Err() == nil {
				c.count.Failed(err)
				c.report("no MQTT broker to publish to; asking again", "error", err)
			}
			retry.Sleep(ctx, retryRefused)
			continue
		}
		l, err := c.dial(ctx, c.where.address, c.where.as)
		if err == nil {
			c.where.refused = false
			c.refusals.Reset()
			clear(c.said)
			again := "" // another line than the first: it stands for a return
			if !c.lostAt.IsZero() {
				again = " again"
			}
			c.log.Info("connected to the MQTT broker"+again, "broker", c.where.address.String())
			return l
		}
		if ctx.Err() != nil {
			break
		}
		kind := c.failed(err)
		c.where.refused = kind == troubleLogin
		retry.Sleep(ctx, c.pause(kind))
	}
	return nil
}

// find finds out about the broker where that is due. What is known stays good
// while nobody says anything else; an error means that nothing is known.
func (w *whereabouts) find(ctx context.Context) error {
	isKnown := w.address != nil
	if isKnown && !w.refused && time.Since(w.asked) < askAgain {
		return nil
	}
	if isKnown {
		limit := retryAway // the broker may come back any moment
		if w.refused {
			limit = connectTimeout
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	b, err := w.broker(ctx, w.refused)
	w.asked = time.Now()
	var address *url.URL
	if err == nil {
		address, b, err = b.resolve()
	}
	switch {
	case err == nil:
		w.address, w.as = address, b
	case !isKnown:
		return err
	}
	return nil
}

// pause returns how long to wait after an attempt that failed.
func (c *connector) pause(kind trouble) time.Duration {
	switch kind {
	case troubleLogin:
		return c.refusals.Next()
	case troubleRejected:
		return retryRefused
	}
	return retryAway
}

// failed logs why an attempt failed, and what the user can do about it.
func (c *connector) failed(err error) trouble {
	complaint := complaintOf(err, c.where.address, c.where.as, c.tls)
	c.count.Failed(errors.New(complaint.text))
	if complaint.trouble == troubleAway && !c.lostAt.IsZero() && time.Since(c.lostAt) < askAgain {
		return troubleAway // the loss is in the log, and most end soon
	}
	c.report(complaint.text, "broker", c.where.address.String(), "error", network(err))
	return complaint.trouble
}

// report logs a trouble once until there is a connection again, also when
// several take turns.
func (c *connector) report(text string, args ...any) {
	if !c.said[text] {
		c.said[text] = true
		c.log.Warn(text, args...)
	}
}
