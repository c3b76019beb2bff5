package mqtt

import (
	"encoding/json"
	"time"
)

// A slot is published by one program at a time, because Home Assistant books
// the difference between the totals of two meters as use. All programs of a
// slot talk on the claim topics. One that connects asks there; one that
// publishes answers, and the other stands by until no answer has come for
// goneAfter. Every question comes back to who asked it, and behind all that the
// broker keeps of the topic, so that a program that nobody contradicts begins
// one round trip after it has connected.
//
// What the broker keeps on a claim topic is the last publisher, which may have
// ended without a word. Only then is there a wait for its answer.
const (
	// goneAfter is how long nothing must have been heard of the program that
	// publishes a slot before the next one takes over: longer than its machine
	// takes to start again.
	goneAfter = 10 * time.Minute

	// restartWithin takes the place of goneAfter where the broker knows of no
	// other program that publishes: two that start again together come back
	// within it, and a person who stopped the other one waits no longer.
	restartWithin = 2 * time.Minute

	// askEvery is how often a program that stands by asks whether the other is
	// still there, and goneRival how long after such a question it counts as
	// standing by.
	askEvery  = 30 * time.Second
	goneRival = 100 * time.Second

	// answerWithin is how long an answer is waited for. A program that finds
	// its own earlier run as the last publisher waits ownAnswerWithin only, so
	// that of two that start together the one that published before does again.
	answerWithin    = 6 * time.Second
	ownAnswerWithin = 3 * time.Second
)

// role is what this program does with its slot.
type role uint8

const (
	asking     role = iota // whether another program publishes it
	publishing             // it
	standingBy             // while another program publishes it
)

// claim is a message on a claim topic.
type claim struct {
	Instance string `json:"instance"` // of the program's run
	State    string `json:"state"`    // asks, publishes (retained), stopped (retained)
	Since    int64  `json:"since,omitempty"`
}

// The states of a claim.
const (
	claimAsks      = "asks"
	claimPublishes = "publishes"
	claimStopped   = "stopped"
)

// claims decides whether this program publishes its slot. Its methods are
// steps of the session.
type claims struct {
	topics   []string // below mqtt.topic, and where the slot's entities are announced
	instance string   // of this run
	last     string   // the last run of this program that published; empty: not known
	emit     func(topic string, payload []byte, qos byte, retain bool)

	role    role
	since   int64           // when this run began to publish, Unix milliseconds; 0: it does not
	unheard map[string]bool // topics on which the own question has not come back
	wait    time.Duration   // for the answer of whoever published last or asked first, on this connection
	until   time.Time       // when to publish if nothing more is heard; zero: there is no connection
	askAt   time.Time       // when to ask again while standing by
	heard   string          // topic on which another program was heard last
	rival   time.Time       // until when another program counts as standing by; zero: there is none
	unsaved bool            // there is something new to remember
}

// connected asks whether another program publishes the slot.
func (c *claims) connected(now time.Time) {
	for _, topic := range c.topics {
		c.unheard[topic] = true
	}
	c.wait, c.rival = 0, time.Time{}
	c.until = now.Add(answerWithin)
	if c.role == standingBy {
		c.until = now.Add(goneAfter)
	} else {
		c.role = asking
	}
	c.ask(now)
}

// lost ends a connection.
func (c *claims) lost() { c.until, c.askAt = time.Time{}, time.Time{} }

func (c *claims) ask(now time.Time) {
	for _, topic := range c.topics {
		c.send(topic, claim{Instance: c.instance, State: claimAsks}, false)
	}
	c.askAt = now.Add(askEvery)
}

// publish says that this program publishes the slot.
func (c *claims) publish(topics ...string) {
	for _, topic := range topics {
		c.send(topic, claim{c.instance, claimPublishes, c.since}, true)
	}
}

func (c *claims) send(topic string, m claim, retain bool) {
	payload, err := json.Marshal(m)
	if err != nil {
		panic("a claim holds strings and a number only: " + err.Error())
	}
	c.emit(topic, payload, 1, retain)
}

// begin makes this program the publisher.
func (c *claims) begin(now time.Time) {
	if c.role == publishing {
		return
	}
	c.role, c.last, c.unsaved = publishing, c.instance, true
	if c.since == 0 {
		c.since = now.UnixMilli()
	}
	c.publish(c.topics...)
}

// standBy leaves the slot to another program that was heard now, and lets it
// know.
func (c *claims) standBy(now time.Time) {
	if c.role != standingBy {
		c.role, c.since, c.rival, c.unsaved = standingBy, 0, time.Time{}, true
		c.ask(now) // the other did not publish yet, perhaps, when it heard the first one
	}
	c.until = now.Add(goneAfter)
}

// received takes a message on a claim topic.
func (c *claims) received(now time.Time, in incoming) {
	var m claim
	if json.Unmarshal(in.payload, &m) != nil || m.Instance == "" {
		return
	}
	if m.Instance == c.instance {
		if m.State == claimAsks && !in.retained {
			c.heardMyself(now, in.topic)
		}
		return
	}
	switch {
	case in.retained:
		c.found(m)
	case m.State == claimAsks:
		c.asked(now, in.topic, m.Instance)
	case c.role == publishing && (m.State == claimStopped || c.before(m)):
		c.publish(in.topic)
	case m.State == claimPublishes || c.role == standingBy:
		c.heard = in.topic
		c.standBy(now)
	}
}

// heardMyself takes the own question, which came back on a topic. All that the
// broker keeps there came before it.
func (c *claims) heardMyself(now time.Time, topic string) {
	if !c.unheard[topic] {
		return // a later one
	}
	if delete(c.unheard, topic); len(c.unheard) > 0 {
		return
	}
	switch {
	case c.role == asking && c.wait == 0:
		c.begin(now)
	case c.role == asking:
		c.until = now.Add(c.wait)
	case c.role == standingBy && c.wait == 0:
		c.until = now.Add(restartWithin)
	}
}

// found takes what the broker kept: who published last.
func (c *claims) found(m claim) {
	switch {
	case m.State != claimPublishes:
	case c.role == publishing: // some brokers are late with what they keep
		c.publish(c.topics...)
	case m.Instance == c.last:
		c.wait = max(c.wait, ownAnswerWithin)
	default:
		c.wait = max(c.wait, answerWithin)
	}
}

// asked takes the question of another program.
func (c *claims) asked(now time.Time, topic, instance string) {
	switch {
	case c.role == publishing:
		c.publish(topic)
		c.rival, c.heard = now.Add(goneRival), topic
	case c.role == asking && c.unheard[topic] && c.instance < instance:
		c.wait = max(c.wait, answerWithin) // it asked first
	case c.role == asking && c.unheard[topic]:
		c.wait = max(c.wait, answerWithin+ownAnswerWithin) // if each asked first, on one topic, they must not begin together
	}
}

// before reports whether this program's claim goes before another's when both
// publish, which happens where each could not hear the other. Both programs
// compare the same values, so that exactly one gives way.
func (c *claims) before(m claim) bool {
	if c.since != m.Since {
		return c.since < m.Since
	}
	return c.instance < m.Instance
}

// next is when tick is due, zero for never.
func (c *claims) next() time.Time {
	switch {
	case c.until.IsZero():
		return time.Time{}
	case c.role == publishing:
		return c.rival
	case c.role == standingBy:
		return earlier(c.until, c.askAt)
	}
	return c.until
}

// tick does what is due.
func (c *claims) tick(now time.Time) {
	switch {
	case !due(c.next(), now):
	case c.role == publishing:
		c.rival = time.Time{}
	case c.role == asking:
		c.begin(now)
	case due(c.until, now): // the other is gone; several programs may have noticed
		c.role = asking
		c.connected(now)
	default:
		c.ask(now)
	}
}

// stop ends publishing in order.
func (c *claims) stop() {
	for _, topic := range c.topics {
		c.send(topic, claim{Instance: c.instance, State: claimStopped}, true)
	}
}
