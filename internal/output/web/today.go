package web

import (
	"maps"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

const (
	// soon is how long before midnight a reading may be that serves as the
	// day's begin.
	soon = 15 * time.Minute

	// spare is how often a day's begin is written that changes all the time,
	// as with two gas meters of which now one and now the other reports.
	spare = 15 * time.Minute
)

// today counts what was used and produced since midnight, from totals. A
// program that was not there at midnight counts since its first reading, and
// says so; one that is started again goes on with the day.
type today struct {
	store *store.Store
	file  string
	zone  *time.Location

	asked bool // the store was
	begin begin
	other begin     // of the day that was counted before: the clock may be set back to it, or from it
	last  time.Time // when the last reading came in
	now   map[string]total
	fresh bool      // there is something to write
	saved time.Time // when that was done last
}

// begin is where the day began. It is kept from one run to the next.
type begin struct {
	Day    string           `json:"day"` // 2006-01-02
	Since  time.Time        `json:"since"`
	Totals map[string]total `json:"totals"`

	// Yesterday is what the day before brought, where the program saw its
	// midnights; the Meter is left out.
	Yesterday map[string]total `json:"yesterday,omitempty"`
}

// total is what a meter's total says.
type total struct {
	Meter string      `json:"meter,omitempty"` // equipment identifier
	Unit  string      `json:"unit"`
	Value meter.Value `json:"value"`
}

func newToday(s *store.Store, name string, zone *time.Location) *today {
	return &today{store: s, file: "today_" + name, zone: zone, now: make(map[string]total)}
}

// totals calls yield with every total that the day's account has, in order.
func totals(r *meter.Reading, yield func(name string, t total)) {
	for _, s := range meter.Sums {
		if v, ok := r.Values.Get(s.Total); ok {
			info := &meter.Quantities[s.Total]
			yield(info.Traits.Direction.String(), total{r.Identifier(), info.Unit.String(), v})
		}
	}
	for m := range meter.NumMedia {
		if c, ok := r.Member(m, 1); ok && c.Unit != meter.UnitNone {
			yield(meter.Media[m].JSON, total{c.Identifier(), c.Unit.String(), c.Value})
		}
	}
}

// add takes a reading whose totals can be believed.
func (t *today) add(r *meter.Reading) {
	if !t.asked {
		t.asked = true
		t.store.Load(t.file, &t.begin)
	}
	turned := t.turn(r.Received)
	totals(r, t.count)
	t.last = r.Received
	t.save(turned, r.Received)
}

// sun takes what the inverter says. A day begins with a reading of the meter.
func (t *today) sun(s *meter.Solar) {
	produced, ok := s.Get(meter.SolarLifetime)
	if !ok || t.last.IsZero() {
		return
	}
	turned := t.turn(s.Received)
	t.count("solar", total{s.Serial, meter.KilowattHour.String(), produced.Shift(-3)})
	t.save(turned, s.Received)
}

// count takes a total. What was used before another meter came, or the same one
// began anew, stays part of the day, as in Home Assistant's statistics.
func (t *today) count(name string, now total) {
	from, isBegun := t.begin.Totals[name]
	last, isSeen := t.now[name]
	t.now[name] = now
	next := from
	used := last.Value.Sub(from.Value)
	switch {
	case !isBegun, from.Unit != now.Unit, !isSeen && (from.isOther(&now) || now.Value.Cmp(from.Value) < 0):
		next = now
	case last.isOther(&now):
		next = total{now.Meter, now.Unit, now.Value.Sub(used)}
	case guard.IsReset(last.Value, now.Value):
		next = total{now.Meter, now.Unit, meter.Value{}.Sub(used)}
	case now.Meter != "":
		next.Meter = now.Meter
	}
	if next != from {
		t.begin.Totals[name] = next
		t.fresh = true
	}
}

// isOther reports whether both are of meters that are known to differ.
func (t *total) isOther(of *total) bool {
	return t.Meter != "" && of.Meter != "" && t.Meter != of.Meter
}

// save writes the day's begin where it has changed.
func (t *today) save(turned bool, now time.Time) {
	if turned || t.fresh && now.Sub(t.saved).Abs() >= spare {
		t.store.Save(t.file, t.begin)
		t.fresh, t.saved = false, now
	}
}

// turn begins a new day where there is one, and reports whether it did.
func (t *today) turn(now time.Time) bool {
	now = now.In(t.zone)
	day := now.Format(time.DateOnly)
	if t.begin.Day == day && t.begin.Totals != nil {
		return false
	}
	if t.other.Day == day {
		t.begin, t.other = t.other, t.begin
		return true
	}
	year, month, date := now.Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, t.zone)
	next := begin{Day: day, Since: now, Totals: make(map[string]total)}
	if night := midnight.Sub(t.last); night >= 0 && night < soon {
		next.Since = midnight
		maps.Copy(next.Totals, t.now)
		if t.begin.Since.Equal(midnight.AddDate(0, 0, -1)) {
			next.Yesterday = t.used()
		}
	} else {
		clear(t.now) // of a day that nobody knows the end of
	}
	t.begin, t.other = next, t.begin
	return true
}

// used returns what the day has brought so far.
func (t *today) used() map[string]total {
	used := make(map[string]total, len(t.now))
	for name, now := range t.now {
		used[name] = total{Unit: now.Unit, Value: now.Value.Sub(t.begin.Totals[name].Value)}
	}
	return used
}

// appendJSON writes the day and the one before as members of an object.
func (t *today) appendJSON(dst []byte) []byte {
	if t.last.IsZero() {
		return dst
	}
	dst = append(dst, `,"today":{"since":"`...)
	dst = t.begin.Since.AppendFormat(dst, time.RFC3339)
	dst = append(dst, '"', ',')
	dst = appendUsed(dst, t.used())
	if len(t.begin.Yesterday) > 0 {
		dst = append(dst, `,"yesterday":{`...)
		dst = appendUsed(dst, t.begin.Yesterday)
	}
	return dst
}

// appendUsed writes the members of a day, and the end of its object in the last
// comma's place.
func appendUsed(dst []byte, used map[string]total) []byte {
	names := []string{meter.Import.String(), meter.Export.String(), "solar"}
	for m := range meter.NumMedia {
		names = append(names, meter.Media[m].JSON)
	}
	for _, name := range names {
		now, ok := used[name]
		if !ok {
			continue
		}
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, `":{"value":`...)
		dst = now.Value.Append(dst)
		dst = append(dst, `,"unit":`...)
		dst = meter.AppendText(dst, now.Unit)
		dst = append(dst, '}', ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}
