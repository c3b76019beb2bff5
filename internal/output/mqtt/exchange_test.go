package mqtt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// exchange is a broker in memory where several sessions meet. It has no
// goroutine and no clock: the test says what happens when. Messages wait in
// queues, as on a network, until settle delivers them.
type exchange struct {
	now     time.Time
	random  *rand.Rand        // nil: first come, first served
	kept    map[string][]byte // retained
	clients []*client
	see     func(from *client, m message) // what arrives at the broker; may be nil
}

// client is a program that may be connected.
type client struct {
	name   string
	s      *session
	up     bool
	listen []string
	out    []message  // on their way to the broker
	in     []incoming // on their way to the session
	spoke  string     // a topic on which it published without being the publisher
}

func newExchange(random *rand.Rand) *exchange {
	return &exchange{now: start, random: random, kept: make(map[string][]byte)}
}

// start runs a program whose meter is alive and has just sent u. A run that
// continues an earlier one takes its memory.
func (x *exchange) start(o *Options, u *meter.Update, before *memory) *client {
	c := &client{name: o.instance, s: newSession(o)}
	if before != nil {
		c.s.restore(*before)
	}
	c.s.status(x.now, meter.Status{Alive: true, Verdict: "good", Started: x.now})
	c.s.update(x.now, u)
	x.clients = append(x.clients, c)
	x.connect(c)
	return c
}

// connect connects, subscribes, and does the session's first step.
func (x *exchange) connect(c *client) {
	c.up, c.listen = true, c.s.subscriptions()
	for topic, payload := range x.kept {
		if c.wants(topic) {
			c.in = append(c.in, incoming{topic, payload, true})
		}
	}
	slices.SortFunc(c.in, func(a, b incoming) int { return strings.Compare(a.topic, b.topic) })
	c.post(c.s.connected(x.now))
}

// update lets the program's meter send a reading.
func (x *exchange) update(c *client, u *meter.Update) { c.post(c.s.update(x.now, u)) }

// stop ends the program in order.
func (x *exchange) stop(c *client) {
	if c.up {
		c.post(c.s.stop(x.now))
	}
	for len(c.out) > 0 {
		x.arrive(c)
	}
	x.drop(c, false)
	x.clients = slices.DeleteFunc(x.clients, func(o *client) bool { return o == c })
}

// crash ends the program in the middle of what it does.
func (x *exchange) crash(c *client) {
	x.drop(c, true)
	x.clients = slices.DeleteFunc(x.clients, func(o *client) bool { return o == c })
}

// drop breaks the connection; what is under way is lost. The broker notices
// and publishes the will, or is told of it before.
func (x *exchange) drop(c *client, will bool) {
	if !c.up {
		return
	}
	c.up, c.in, c.out = false, nil, nil
	c.s.lost()
	if will {
		x.publish(nil, message{c.s.meters[0].announcer.ConnectedTopic, []byte{'0'}, 1, true})
	}
}

// restart ends the broker and starts it again; it forgets what it kept unless
// it is durable.
func (x *exchange) restart(durable bool) {
	for _, c := range x.clients {
		x.drop(c, false)
	}
	if !durable {
		clear(x.kept)
	}
}

func (c *client) post(messages []message) {
	if !c.up {
		return
	}
	for _, m := range keep(messages) {
		if !c.s.online && !strings.HasSuffix(m.topic, "/claim") {
			c.spoke = m.topic
		}
		c.out = append(c.out, m)
	}
}

func (c *client) wants(topic string) bool {
	return slices.ContainsFunc(c.listen, func(filter string) bool {
		before, after, wild := strings.Cut(filter, "+")
		between, ok := cutAround(topic, before, after)
		return filter == topic || wild && ok && !strings.Contains(between, "/")
	})
}

// publish is what the broker does with a message.
func (x *exchange) publish(from *client, m message) {
	if x.see != nil {
		x.see(from, m)
	}
	if m.retain {
		x.kept[m.topic] = m.payload
		if len(m.payload) == 0 {
			delete(x.kept, m.topic)
		}
	}
	for _, c := range x.clients {
		if c.up && c.wants(m.topic) {
			c.in = append(c.in, incoming{m.topic, m.payload, false})
		}
	}
}

// arrive takes the client's next message at the broker.
func (x *exchange) arrive(c *client) {
	m := c.out[0]
	c.out = c.out[1:]
	x.publish(c, m)
}

// settle delivers until nothing is under way.
func (x *exchange) settle(t *testing.T) {
	t.Helper()
	for n := 0; ; n++ {
		if n > 100_000 {
			t.Fatal("the programs answer each other for ever")
		}
		var able []func()
		for _, c := range x.clients {
			if len(c.out) > 0 {
				able = append(able, func() { x.arrive(c) })
			}
			if len(c.in) > 0 {
				able = append(able, func() {
					m := c.in[0]
					c.in = c.in[1:]
					c.post(c.s.received(x.now, m))
				})
			}
		}
		if len(able) == 0 {
			return
		}
		next := 0
		if x.random != nil {
			next = x.random.IntN(len(able))
		}
		able[next]()
	}
}

// pass lets time pass, and the programs do what is due.
func (x *exchange) pass(t *testing.T, d time.Duration) {
	t.Helper()
	for end := x.now.Add(d); ; {
		x.settle(t)
		at := end
		for _, c := range x.clients {
			if next := c.s.next(); c.up && !next.IsZero() && next.Before(at) {
				at = next
			}
		}
		if at.Equal(end) {
			x.now = end
			return
		}
		x.now = at
		for _, c := range x.clients {
			if c.up && due(c.s.next(), x.now) {
				c.post(c.s.tick(x.now))
			}
		}
	}
}

// publishers lists the programs that publish the slot.
func (x *exchange) publishers() (list []string) {
	for _, c := range x.clients {
		if c.up && c.s.online {
			list = append(list, c.name)
		}
	}
	return list
}

// named is the options of a program of that name.
func named(name string) *Options {
	o := options()
	o.instance = name
	return o
}

// TestTwins runs two programs of one slot with different meters through what
// happens to such a house.
func TestTwins(t *testing.T) {
	for _, durable := range []bool{true, false} {
		t.Run(fmt.Sprintf("durable broker %t", durable), func(t *testing.T) {
			x := newExchange(nil)
			publishers := func(what, want string) {
				t.Helper()
				if got := strings.Join(x.publishers(), " "); got != want {
					t.Errorf("%s: %q publishes, want %q", what, got, want)
				}
			}
			first := x.start(named("first"), dutch(), nil)
			x.settle(t)
			publishers("alone", "first")
			second := x.start(named("second"), belgian(), nil)
			x.settle(t)
			publishers("the second starts", "first")
			if st := first.s.lines(nil)[0].Status; !st.Problem || st.Verdict != "same_names" {
				t.Errorf("the first one shows %+v, want a problem", st)
			}
			x.pass(t, time.Hour)
			publishers("an hour later", "first")

			remembered := first.s.memory()
			x.stop(first)
			x.pass(t, 5*time.Minute)
			publishers("the first one is updated", "")
			first = x.start(named("first's next run"), dutch(), &remembered)
			x.pass(t, time.Minute)
			publishers("and is back", "first's next run")

			x.restart(durable)
			x.pass(t, time.Second)
			for _, c := range []*client{second, first} {
				x.connect(c)
				x.pass(t, time.Second)
			}
			publishers("the broker was restarted, the second one came first", "first's next run")

			before := []memory{first.s.memory(), second.s.memory()}
			x.crash(first)
			x.crash(second)
			second = x.start(named("second's next run"), belgian(), &before[1])
			x.pass(t, time.Minute)
			publishers("the machine was switched off, and the second one starts first", "")
			first = x.start(named("first's third run"), dutch(), &before[0])
			x.pass(t, 5*time.Second)
			publishers("then the first one", "first's third run")

			x.drop(first, false) // its line is dead, which it notices late
			x.pass(t, 15*time.Minute)
			publishers("the first one cannot be reached", "second's next run")
			x.connect(first)
			x.pass(t, time.Hour)
			publishers("and comes back", "second's next run")
			x.stop(second)
			x.pass(t, goneAfter-time.Second)
			publishers("the second one is stopped", "")
			x.pass(t, answerWithin+2*time.Second)
			publishers("for good", "first's third run")
			if st := first.s.lines(nil)[0].Status; st.Verdict == "same_names" {
				t.Errorf("the first one is alone and shows %+v", st)
			}
		})
	}
}

// TestTwinsAtOnce: two programs that start in the same moment agree, however
// their messages mix.
func TestTwinsAtOnce(t *testing.T) {
	for seed := range uint64(2000) {
		x := newExchange(rand.New(rand.NewPCG(seed, 7)))
		published := map[string]bool{}
		x.see = func(from *client, m message) {
			if strings.HasSuffix(m.topic, "/p1/state") {
				published[from.name] = true
			}
		}
		a, b := x.start(named("a"), dutch(), nil), x.start(named("b"), belgian(), nil)
		x.pass(t, time.Minute)
		if len(x.publishers()) != 1 || len(published) != 1 || a.s.claims.role+b.s.claims.role != publishing+standingBy {
			t.Fatalf("seed %d: %q publish in the end, %v on the way", seed, x.publishers(), published)
		}
	}
}

// TestTwinStories tells stories of three programs of one slot by chance. In
// each, whatever happened: at most one publishes; one that publishes is never
// driven out; one that stands by is silent; the broker keeps what the one that
// publishes wants; and somebody publishes in the end.
func TestTwinStories(t *testing.T) {
	stories := uint64(300)
	if testing.Short() {
		stories = 30
	}
	for seed := range stories {
		random := rand.New(rand.NewPCG(seed, 3))
		x := newExchange(random)
		meters := []*meter.Update{dutch(), belgian(), dutch()}
		memories := make([]*memory, len(meters))
		running := make([]*client, len(meters))
		run := 0
		remember := func(i int) {
			if random.IntN(4) > 0 { // else its folder is lost
				m := running[i].s.memory()
				memories[i] = &m
			} else {
				memories[i] = nil
			}
		}
		for range 40 {
			before := x.publishers()
			i := random.IntN(len(meters))
			c := running[i]
			touched := ""
			if c != nil {
				touched = c.name
			}
			switch action := random.IntN(10); {
			case action == 0:
				x.restart(random.IntN(2) == 0)
				before = nil
			case c == nil:
				run++
				o := named(fmt.Sprintf("%d.%d", i, run))
				if i == 2 {
					o.Topic = "garage"
				}
				running[i] = x.start(o, later(meters[i], x.now.Sub(start), nil), memories[i])
			case action == 1:
				remember(i)
				x.stop(c)
				running[i] = nil
			case action == 2:
				remember(i)
				x.crash(c)
				running[i] = nil
			case action == 3:
				x.drop(c, true)
			case !c.up:
				x.connect(c)
			default:
				x.update(c, later(meters[i], x.now.Sub(start), nil))
				touched = ""
			}
			x.pass(t, time.Duration(random.IntN(60))*time.Second)
			if random.IntN(5) == 0 {
				x.pass(t, time.Duration(random.IntN(20))*time.Minute)
			}
			for _, c := range x.clients {
				if c.spoke != "" {
					t.Fatalf("seed %d: %s stands by and publishes %s", seed, c.name, c.spoke)
				}
			}
			after := x.publishers()
			if len(after) > 1 {
				t.Fatalf("seed %d: %q publish", seed, after)
			}
			if len(before) == 1 && before[0] != touched && !slices.Equal(before, after) {
				t.Fatalf("seed %d: %q published, now %q", seed, before, after)
			}
		}
		anybody := false
		for _, c := range running {
			if c != nil {
				anybody = true
				if !c.up {
					x.connect(c)
				}
			}
		}
		x.pass(t, goneAfter+time.Minute)
		if got := x.publishers(); anybody != (len(got) == 1) {
			t.Fatalf("seed %d: in the end %q publish", seed, got)
		}
		for _, c := range x.clients {
			if !c.s.online {
				continue
			}
			for topic, k := range c.s.kept.topics {
				if got := x.kept[topic]; string(got) != string(k.payload) {
					t.Fatalf("seed %d: the broker keeps %s of %s, want %s", seed, topic, got, k.payload)
				}
			}
		}
	}
}
