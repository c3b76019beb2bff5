package mqtt

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit/recorder"
)

// storyHome is the broker with Home Assistant on it, and the books that Home
// Assistant keeps of every entity that counts.
type storyHome struct {
	t        *testing.T
	now      func() time.Time
	log      func(format string, a ...any)
	programs []*storyProgram
	kept     map[string][]byte
	queue    []message
	busy     bool
	states   map[string][]byte // of devices, by topic
	books    []*storyBook
}

// storyBook is what Home Assistant shows and books of one total, and what is
// true.
type storyBook struct {
	topic  string // of its device's state
	name   string
	field  []byte // in the state, with its colon
	booked recorder.Statistics
	truths []*storyTruth // of the meters that had the slot, in their order
	shown  meter.Value
	isSeen bool
}

// storyTruth is what one meter counts.
type storyTruth struct {
	now         func() int64
	begin       int64 // the least that may be shown
	first, last meter.Value
	isSeen      bool
}

func (t *storyTruth) isUnseen() bool { return !t.isSeen }

func (h *storyHome) book(device, key string) *storyBook {
	topic := "smartmeter/" + device + "/state"
	for _, b := range h.books {
		if b.topic == topic && b.name == key {
			return b
		}
	}
	b := &storyBook{
		topic: topic, name: key, field: []byte(`"` + key + `":`),
		booked: recorder.Statistics{Class: recorder.TotalIncreasing},
	}
	h.books = append(h.books, b)
	return b
}

// current is the index of the meter whose count is shown; 0 also where none is.
func (b *storyBook) current() int {
	for i := len(b.truths) - 1; i > 0; i-- {
		if b.truths[i].isSeen {
			return i
		}
	}
	return 0
}

// follows makes another meter's count the truth from now on.
func (b *storyBook) follows(now func() int64) {
	b.truths = append(b.truths, &storyTruth{now: now, begin: now()})
}

// publish takes messages to the broker, and all that they cause.
func (h *storyHome) publish(messages []message) {
	h.queue = append(h.queue, keep(messages)...)
	if h.busy {
		return
	}
	h.busy = true
	for len(h.queue) > 0 {
		m := h.queue[0]
		h.queue = h.queue[1:]
		if m.retain {
			h.kept[m.topic] = m.payload
		}
		h.hear(m)
		for _, p := range h.programs {
			if p.isConnected && p.listens(m.topic) {
				h.queue = append(h.queue, keep(p.session.received(h.now(), incoming{m.topic, m.payload, false}))...)
			}
		}
	}
	h.busy = false
}

// hear lets Home Assistant take a message.
func (h *storyHome) hear(m message) {
	switch {
	case strings.HasSuffix(m.topic, "/state"):
		h.states[m.topic] = m.payload
		h.record(m.topic)
	case strings.HasSuffix(m.topic, "/availability"):
		h.record(strings.TrimSuffix(m.topic, "availability") + "state")
	case strings.HasSuffix(m.topic, "/connected"):
		for topic := range h.states {
			h.record(topic)
		}
	}
}

// record books the states of a device's entities, when it is available.
func (h *storyHome) record(topic string) {
	if string(h.kept["smartmeter/connected"]) == "0" ||
		string(h.kept[strings.TrimSuffix(topic, "state")+"availability"]) != online {
		return
	}
	state := h.states[topic]
	for _, b := range h.books {
		if b.topic != topic {
			continue
		}
		if _, after, ok := bytes.Cut(state, b.field); ok {
			h.show(b, string(after[:max(bytes.IndexAny(after, ",}"), 0)]))
		}
	}
}

// show takes a number that an entity shows: it must be one that the meter has
// counted since the last.
func (h *storyHome) show(b *storyBook, text string) {
	v, err := meter.ParseValue(text)
	if err != nil {
		return // null is unknown, which Home Assistant skips
	}
	if b.isSeen && v.Cmp(b.shown) == 0 {
		return
	}
	h.log("%s shows %s", b.name, text)
	for i := b.current(); i < len(b.truths); i++ {
		t := b.truths[i]
		least := t.last
		if !t.isSeen {
			least = meter.NewValue(t.begin, 3)
		}
		if v.Cmp(least) < 0 || v.Cmp(meter.NewValue(t.now(), 3)) > 0 {
			continue
		}
		if !t.isSeen {
			t.first, t.isSeen = v, true
			before := slices.Clip(b.truths[:i]) // of which those that were never shown go
			b.truths = append(slices.DeleteFunc(before, (*storyTruth).isUnseen), b.truths[i:]...)
		}
		t.last = v
		b.shown, b.isSeen = v, true
		b.booked.Record(text)
		return
	}
	h.t.Fatalf("%s shows %s, which no meter counted: the last was %s", b.name, text, b.shown)
}

// check compares what is shown and booked with what was used. All that the
// meter counted up to the last telegram must be there.
func (h *storyHome) check(b *storyBook) {
	if len(b.truths) == 0 {
		h.t.Fatalf("%s is shown, and no meter counts it", b.name)
	}
	truth := b.truths[len(b.truths)-1]
	if !b.isSeen && truth.now() == 0 {
		return // there is no entity for what nobody uses, such as export
	}
	if !truth.isSeen && b.isSeen && b.shown.Cmp(meter.NewValue(truth.now(), 3)) == 0 { // it shows what the meter before did
		truth.first, truth.last, truth.isSeen = b.shown, b.shown, true
	}
	if want := meter.NewValue(truth.now(), 3); !b.isSeen || !truth.isSeen || b.shown.Cmp(want) != 0 {
		h.t.Fatalf("%s shows %s, want %s", b.name, b.shown, want)
	}
	var want meter.Value
	for i, t := range b.truths {
		if i > 0 { // as Home Assistant sees another meter
			if before := b.truths[i-1].last; t.first.Float64() < 0.9*before.Float64() {
				want = want.Add(t.first)
			} else {
				want = want.Add(t.first.Sub(before))
			}
		}
		want = want.Add(t.last.Sub(t.first))
	}
	if sum, _, _ := b.booked.Sum(); sum.Cmp(want) != 0 {
		h.t.Fatalf("%s: %s is booked, and %s was used", b.name, sum, want)
	}
}

// connect gives a program a connection to the broker.
func (h *storyHome) connect(p *storyProgram) {
	messages := keep(p.session.connected(h.now()))
	p.isConnected = true
	for topic, payload := range h.kept {
		if p.listens(topic) {
			messages = append(messages, keep(p.session.received(h.now(), incoming{topic, payload, true}))...)
		}
	}
	h.publish(messages)
}

// disconnect ends a connection; without a goodbye the broker publishes the will.
func (h *storyHome) disconnect(p *storyProgram, isGoodbye bool) {
	if !p.isConnected {
		return
	}
	p.isConnected = false
	p.session.lost()
	if !isGoodbye {
		h.publish([]message{{topic: "smartmeter/connected", payload: []byte{'0'}, qos: 1, retain: true}})
	}
}
