package source

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
)

const (
	// maxWaiting is how many messages wait to be read: a few telegrams, each
	// published row by row. What does not fit is dropped, because the MQTT
	// client's handler must not block.
	maxWaiting = 256

	// findTimeout is how long to wait for the Supervisor to name the broker, and
	// subscribeTimeout for a broker to answer.
	findTimeout      = 10 * time.Second
	subscribeTimeout = 5 * time.Second

	// retainedAge is how old a telegram may be that the broker has kept.
	retainedAge = 2 * time.Minute
)

// Errors of a topic.
var (
	errOld   = errors.New("the broker holds an old telegram, and no new one comes")
	errOther = errors.New("a web page or JSON arrives, which is no telegram")
	errMixed = errors.New("pieces of two telegrams arrive mixed up")
)

// topic returns the line of telegrams that a reader publishes to a broker.
func topic(w Way) Port {
	t := &subscription{way: w}
	return Port{Name: w.Shown, Open: t.open, Help: topicHelp, Cause: topicCause, Hint: t.hint}
}

// subscription is a topic, over all connections to the broker.
type subscription struct {
	way     Way
	refused bool // the last login was

	mu         sync.Mutex // guards what follows
	publishers publishers
}

// brokerError is why there is no connection to the broker.
type brokerError struct {
	broker.Complaint
	err error
}

func (e *brokerError) Error() string { return e.err.Error() }

func (e *brokerError) Unwrap() error { return e.err }

// open logs in and subscribes.
func (t *subscription) open(ctx context.Context) (Conn, error) {
	address, login, err := t.find(ctx)
	if err != nil {
		return nil, &brokerError{broker.Complaint{Trouble: broker.Away}, fmt.Errorf("no MQTT broker: %w", err)}
	}
	var id [5]byte
	rand.Read(id[:]) // never fails
	options := broker.Options{ClientID: "smartmeter-" + hex.EncodeToString(id[:]), TLS: t.way.Security}
	link, err := broker.Connect(ctx, address, login, options)
	if err != nil {
		complaint := broker.ComplaintOf(err, address, login, t.way.Security)
		t.refused = complaint.Trouble == broker.Refused
		err = fmt.Errorf("connecting to the MQTT broker %s: %w", address.Host, broker.Network(err))
		return nil, &brokerError{complaint, err}
	}
	t.refused = false
	c := &topicConn{topic: t, link: link, waiting: make(chan broker.Message, maxWaiting), closed: make(chan struct{})}
	ctx, cancel := context.WithTimeoutCause(ctx, subscribeTimeout, broker.ErrTimeout)
	defer cancel()
	refused, err := link.Subscribe(ctx, []string{t.way.URL.Opaque}, c.received)
	if err == nil && len(refused) > 0 {
		err = errors.New("the broker does not let this app read the topic")
	}
	if err != nil {
		link.Close(0)
		return nil, &brokerError{broker.Complaint{Trouble: broker.Rejected}, err}
	}
	return &messages{receive: c.receive, closing: sync.OnceValue(c.close)}, nil
}

// find asks where the broker is.
func (t *subscription) find(ctx context.Context) (*url.URL, broker.Login, error) {
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	login, err := t.way.Broker(ctx, t.refused)
	if err != nil {
		return nil, login, err
	}
	return login.Resolve()
}

// takes reports whether a message is to be read.
func (t *subscription) takes(message []byte, now time.Time) (takes, isMixed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	takes = t.publishers.takes(message, now)
	isMixed = t.publishers.areMixed(now)
	return takes && !isMixed, isMixed
}

// hint says what could be better while readings arrive.
func (t *subscription) hint() diagnosis.Cause {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.publishers.areTwo(time.Now()) {
		return diagnosis.OtherPublisher
	}
	return diagnosis.Waiting
}

// topicConn is one connection to the broker.
type topicConn struct {
	topic   *subscription
	link    *broker.Link
	waiting chan broker.Message
	closed  chan struct{}
	excuse  error // why what came was not read; nil: nothing came
}

func (c *topicConn) received(m broker.Message) {
	select {
	case c.waiting <- m:
	default:
	}
}

func (c *topicConn) close() error {
	close(c.closed)
	c.link.Close(0)
	return nil
}

// receive returns the next message that is to be read.
func (c *topicConn) receive(deadline time.Time) ([]byte, error) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for {
		select {
		case m := <-c.waiting:
			if c.isWelcome(m, time.Now()) {
				c.excuse = nil
				return m.Payload, nil
			}
		case err := <-c.link.Lost:
			err = fmt.Errorf("the connection to the MQTT broker is lost: %w", err)
			return nil, &brokerError{broker.Complaint{Trouble: broker.Away}, err}
		case <-c.closed:
			return nil, os.ErrClosed
		case <-timer.C:
			if c.excuse != nil {
				return nil, c.excuse
			}
			return nil, os.ErrDeadlineExceeded
		}
	}
}

// isWelcome reports whether a message is to be read.
func (c *topicConn) isWelcome(m broker.Message, now time.Time) bool {
	if m.Cut || len(m.Payload) > maxMessage {
		c.excuse = errTooLong
		return false
	}
	if isWebText(m.Payload) && utf8.Valid(m.Payload) { // a piece of a binary message may begin like one
		c.excuse = errOther
		return false
	}
	if m.Retained && !isRecent(m.Payload, now) {
		c.excuse = errOld
		return false
	}
	takes, isMixed := c.topic.takes(m.Payload, now)
	if isMixed {
		c.excuse = errMixed
	}
	return takes
}

// isRecent reports whether a telegram that the broker has kept was sent not long
// ago, by its own time. One without a time may be of any age, and so may a piece.
func isRecent(telegram []byte, now time.Time) bool {
	at := timeOf(telegram)
	return isWhole(telegram) && !at.IsZero() && now.Sub(at.Time(time.Local, now)).Abs() < retainedAge
}
