package mqtt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// storyProgram is one run of the app after another: from the bytes of the line
// to the messages, by the rooms that the app uses, without its goroutines.
type storyProgram struct {
	home      *storyHome
	zone      *time.Location
	reader    *decode.Reader
	household household.Household
	guard     guard.Guard
	deriver   derive.Deriver
	session   *session
	line      meter.Status

	isUp, isConnected bool
	isBegun           bool // there was a reading in this run
	subscribed        []string
	disk              storyDisk
	savedAt           time.Time
}

// storyDisk is the data folder.
type storyDisk struct{ meters, memory []byte }

// storyMeters is how the app keeps what it knows of the meters.
type storyMeters struct {
	Household household.State
	Guard     guard.State
}

const (
	storyPatience = 90 * time.Second // of silence, before the line counts as dead
	storySave     = 15 * time.Minute
)

// start begins a run with what is on the disk.
func (p *storyProgram) start(instance string) {
	now := p.home.now()
	o := options()
	o.instance, o.Zone = instance, p.zone
	p.session = newSession(o)
	p.reader = decode.NewReader(decode.Options{Now: p.home.now})
	p.household = household.Household{Zone: p.zone}
	p.guard = guard.Guard{}
	p.deriver = derive.Deriver{Zone: p.zone}
	var kept storyMeters
	if json.Unmarshal(p.disk.meters, &kept) == nil {
		p.household.Restore(kept.Household)
		p.guard.Restore(kept.Guard)
	}
	var m memory
	if json.Unmarshal(p.disk.memory, &m) == nil {
		p.session.restore(m)
	}
	p.line = meter.Status{Started: now}
	p.isUp, p.isBegun, p.savedAt = true, false, now
	p.subscribed = p.session.subscriptions()
	p.home.publish(p.session.status(now, p.line))
	p.home.connect(p)
}

// listens reports whether the program has subscribed to the topic.
func (p *storyProgram) listens(topic string) bool {
	return slices.ContainsFunc(p.subscribed, func(filter string) bool {
		before, after, isPattern := strings.Cut(filter, "+")
		if !isPattern {
			return filter == topic
		}
		level, ok := strings.CutPrefix(topic, before)
		level, isEnd := strings.CutSuffix(level, after)
		return ok && isEnd && !strings.Contains(level, "/")
	})
}

// stop ends the run in order.
func (p *storyProgram) stop() {
	p.home.publish(p.session.stop(p.home.now()))
	p.home.disconnect(p, true)
	if p.isBegun {
		p.save(true)
	}
	p.isUp = false
}

// kill ends it as a power cut does.
func (p *storyProgram) kill() {
	p.home.disconnect(p, false)
	p.isUp = false
}

func (p *storyProgram) save(isLast bool) {
	state := storyMeters{p.household.State(), p.guard.State()}
	state.Guard.Complete = isLast
	p.disk.meters, _ = json.Marshal(state)
	p.savedAt = p.home.now()
}

// take reads what comes on the line.
func (p *storyProgram) take(telegram []byte) {
	if !p.isUp {
		return
	}
	p.reader.Reset(bytes.NewReader(telegram))
	for {
		m, more := p.reader.Next()
		if !more {
			return
		}
		if m.Err == nil && m.Reading != nil {
			p.reading(m.Reading)
		}
	}
}

// reading is what the app does with a reading, and in which order.
func (p *storyProgram) reading(r *meter.Reading) {
	now, firsts := p.home.now(), p.guard.Firsts()
	isDue := len(p.household.Identify(r)) > 0 || !p.isBegun
	p.isBegun = true
	p.line.Telegrams++
	p.line.Last = r.Received
	p.lives(true)
	for _, e := range p.guard.Judge(r) {
		p.home.log("guard: %s %s -> %s, kind %d", e.Subject.Key(), e.From, e.To, e.Kind)
		isDue = isDue || e.Kind == guard.Confirmed || e.Kind == guard.Replaced
	}
	changes := p.deriver.Apply(r)
	u := &meter.Update{Reading: *r, JSON: []byte("{}"), Usage: changes.Usage, GasUsage: changes.GasUsage}
	u.Guarded = p.guard.Show(&u.Reading)
	if isDue || p.guard.Firsts() != firsts || now.Sub(p.savedAt) >= storySave {
		p.save(false)
	}
	p.home.publish(p.session.update(now, u))
	p.remember()
}

// lives publishes that the line is alive, or not, when that changes.
func (p *storyProgram) lives(isAlive bool) {
	if p.line.Alive != isAlive {
		p.line.Alive = isAlive
		p.home.publish(p.session.status(p.home.now(), p.line))
	}
}

func (p *storyProgram) remember() {
	if p.session.unsaved() {
		p.disk.memory, _ = json.Marshal(p.session.memory())
	}
}

// next is when something is due; zero for never.
func (p *storyProgram) next() time.Time {
	if !p.isUp {
		return time.Time{}
	}
	at := p.session.next()
	if p.line.Alive {
		at = earlier(at, p.line.Last.Add(storyPatience))
	}
	return at
}

// tick does what is due.
func (p *storyProgram) tick() {
	now := p.home.now()
	if p.line.Alive && !now.Before(p.line.Last.Add(storyPatience)) {
		p.lives(false)
	}
	if due(p.session.next(), now) {
		p.home.publish(p.session.tick(now))
	}
	p.remember()
}
