package web

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// The chart of the last hour has a mean every ten seconds: finer than a screen
// shows, and of fixed size.
const (
	step  = 10 // seconds
	steps = 3600 / step
)

// curves are what the chart shows, in W.
var curves = [...]struct {
	name     string
	quantity meter.Quantity
}{{"net", meter.PowerNet}, {"solar", meter.SolarPower}, {"house", meter.HouseUse}}

// past is the last hour and the day, as far as it was seen.
type past struct {
	mu    sync.Mutex
	hour  [steps]moment
	seen  [len(curves)]int64 // the moment of a curve's last value
	today *today
}

// moment is the sum of the values of a step.
type moment struct {
	at    int64 // steps since 1970; what stands here may be of an earlier hour
	sum   [len(curves)]meter.Value
	count [len(curves)]int64
}

func newPast(s *store.Store, name string, zone *time.Location) *past {
	p := &past{today: newToday(s, name, zone)}
	for i := range p.seen {
		p.seen[i] = math.MinInt64
	}
	return p
}

// add remembers a reading.
func (p *past) add(u *meter.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := u.Reading.Received.Unix() / step
	m := p.at(at)
	if m.at != at {
		*m = moment{at: at}
	}
	for i, c := range curves {
		if v, ok := u.Reading.Values.Get(c.quantity); ok {
			m.sum[i] = m.sum[i].Add(v)
			m.count[i]++
			p.seen[i] = at
		}
	}
	p.today.add(u.Entities())
}

// at returns where the step is remembered. The hour before 1970 has steps below
// zero: a machine without a battery for its clock begins there.
func (p *past) at(step int64) *moment { return &p.hour[(step%steps+steps)%steps] }

// sun remembers what the inverter says. Its power is part of the readings.
func (p *past) sun(s *meter.Solar) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.today.sun(s)
}

// AppendJSON writes the hour before now and the day. A curve has a mean every
// step, the oldest first, and null where there was nothing; one without any
// value is left out.
func (p *past) AppendJSON(dst []byte, now time.Time) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := now.Unix() / step
	first := last - steps + 1
	dst = append(dst, `{"start":`...)
	dst = strconv.AppendInt(dst, first*step, 10)
	dst = append(dst, `,"step":`...)
	dst = strconv.AppendInt(dst, step, 10)
	for i, c := range curves {
		if p.seen[i] < first {
			continue
		}
		dst = append(dst, `,"`...)
		dst = append(dst, c.name...)
		dst = append(dst, `":[`...)
		for at := first; at <= last; at++ {
			if at > first {
				dst = append(dst, ',')
			}
			dst = p.at(at).appendMean(dst, at, i)
		}
		dst = append(dst, ']')
	}
	dst = p.today.appendJSON(dst)
	return append(dst, '}')
}

// appendMean writes a whole number of watts, or null.
func (m *moment) appendMean(dst []byte, at int64, curve int) []byte {
	if m.at != at || m.count[curve] == 0 {
		return append(dst, "null"...)
	}
	mean, ok := m.sum[curve].MulDiv(1, m.count[curve], 0)
	if !ok {
		return append(dst, "null"...)
	}
	return mean.Append(dst)
}
