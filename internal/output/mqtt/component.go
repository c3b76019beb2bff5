package mqtt

import (
	"strconv"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Platforms of Home Assistant.
const (
	platformSensor       = "sensor"
	platformBinarySensor = "binary_sensor"
	platformButton       = "button"
)

// component is one entity of a device: how it is announced, and how its value
// is written.
type component struct {
	meter.Entity
	id         string // in ids, after the device's slot; empty: the key
	platform   string // empty: sensor
	diagnostic bool   // where Rare does not say it

	// value appends what the entity shows, as JSON. False means that it was
	// not reported, and what was appended is void; what was reported but says
	// nothing (a limit of 999.9 kW is no limit) is null.
	// A button has no value: nil.
	value func(dst []byte, v *view) ([]byte, bool)

	// attributes appends a JSON object of what is no state, on a topic of its
	// own that hardly ever changes; nil: there is none.
	attributes func(dst []byte, r *meter.Reading) []byte

	// details appends the entity's attributes as a JSON object that stands in
	// the state, so that both change at once; nil: it has none.
	details func(dst []byte, v *view) []byte
}

// view is what values are written from.
type view struct {
	zone    *time.Location
	reading *meter.Reading
	channel *meter.Channel // of an M-Bus device
	solar   *meter.Solar   // of the inverter
	status  *meter.Status  // of the bridge
	shown   time.Time      // the last telegram as the bridge shows it
	scratch [512]byte      // for values that are only looked at
}

// text, number and timestamp write the kinds of values.
func text(dst []byte, s string) ([]byte, bool) {
	if s == "" {
		return dst, false
	}
	// Home Assistant refuses states of more than 255 characters; a byte of the
	// meter is one character.
	return meter.AppendText(dst, s[:min(len(s), 255)]), true
}

func number(dst []byte, v meter.Value, ok bool) ([]byte, bool) {
	if !ok {
		return dst, false
	}
	return v.Append(dst), true
}

func timestamp(dst []byte, t meter.Timestamp, v *view) ([]byte, bool) {
	if t.IsZero() {
		return dst, false
	}
	return instant(dst, t.Time(v.zone, v.reading.Received)), true
}

func instant(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339)
	return append(dst, '"')
}

func null(dst []byte) []byte { return append(dst, "null"...) }

// option writes the option of that number.
func option(dst []byte, options []string, n int64) []byte {
	if n < 0 || n >= int64(len(options)) {
		return null(dst)
	}
	return meter.AppendText(dst, options[n])
}

// electricity lists the entities that an electricity meter can have: the
// table of quantities, and what is no number.
var electricity = func() (list []component) {
	for q := range meter.NumQuantities {
		if e := meter.Quantities[q].Entity; e.Key != "" {
			list = append(list, component{Entity: e, value: quantity(q, e)})
		}
	}
	return append(list, extras...)
}()

// quantity returns how the quantity's value is written.
func quantity(q meter.Quantity, e meter.Entity) func(dst []byte, v *view) ([]byte, bool) {
	switch info := &meter.Quantities[q]; {
	case q == meter.Tariff:
		return func(dst []byte, v *view) ([]byte, bool) {
			n, ok := v.reading.Values.Get(q)
			return tariff(dst, n.Int(), v.reading.Tariffs), ok
		}
	case info.Traits.Limit:
		return func(dst []byte, v *view) ([]byte, bool) {
			limit, ok := v.reading.Values.Get(q)
			if info.Unlimited(limit) {
				return null(dst), ok
			}
			return number(dst, limit.Shift(e.Shift), ok)
		}
	}
	if len(e.Options) > 0 {
		return func(dst []byte, v *view) ([]byte, bool) {
			n, ok := v.reading.Values.Get(q)
			return option(dst, e.Options, n.Int()), ok
		}
	}
	return func(dst []byte, v *view) ([]byte, bool) {
		n, ok := v.reading.Values.Get(q)
		return number(dst, n.Shift(e.Shift), ok)
	}
}

// tariff names the tariff where its number means something: in the Dutch and
// the Belgian way 1 and 2 are swapped.
func tariff(dst []byte, n int64, names meter.Tariffs) []byte {
	options := meter.Quantities[meter.Tariff].Entity.Options // low, normal, then the numbers from 1
	switch {
	case n < 1:
		return null(dst)
	case n <= 2 && names == meter.TariffsLowFirst:
		return option(dst, options, n-1)
	case n <= 2 && names == meter.TariffsNormalFirst:
		return option(dst, options, 2-n)
	}
	return option(dst, options, n+1)
}

// mbus lists the entities that an M-Bus meter can have. Unit and class of the
// total follow the unit that the meter prints: gas may come in kWh, heat in
// GJ or m³.
func mbus(m meter.Medium, unit meter.Unit) []component {
	info := &meter.Media[m]
	total := meter.Entity{Key: info.Key, Name: info.Name, Unit: unit.Symbol(), State: "total_increasing", Precision: 3}
	switch unit {
	case meter.CubicMetre:
		total.Class = info.Class
	case meter.KilowattHour, meter.Gigajoule:
		total.Class = "energy"
	}
	if total.Name == "" && total.Class == "" {
		total.Name = "Total" // without a class nothing else names it
	}
	// The device's slot names the medium already: p1_gas_total.
	id := func(key string) string { return strings.TrimPrefix(key, info.Slot+"_") }
	list := []component{{Entity: total, id: id(total.Key), value: func(dst []byte, v *view) ([]byte, bool) {
		return number(dst, v.channel.Value, v.channel.Unit != meter.UnitNone)
	}}}
	if info.FlowKey != "" {
		flow := meter.Entity{Key: info.FlowKey, Name: "Gas flow", Unit: meter.CubicMetrePerHour.Symbol(), Class: "volume_flow_rate", State: "measurement", Precision: 3}
		list = append(list, component{Entity: flow, id: id(flow.Key), value: quantity(meter.GasFlow, flow)})
	}
	valve := meter.Entity{Key: "valve", Name: "Valve", Class: "enum", Options: []string{"closed", "open", "ready"}, Rare: true}
	return append(list,
		component{Entity: meter.Entity{Key: "last_reading", Name: "Last reading", Class: "timestamp", Rare: true},
			value: func(dst []byte, v *view) ([]byte, bool) { return timestamp(dst, v.channel.Time, v) }},
		component{Entity: valve, value: func(dst []byte, v *view) ([]byte, bool) {
			return option(dst, valve.Options, int64(v.channel.Valve)-1), v.channel.Valve > 0
		}})
}

// appendVerdict writes the verdict on the meter's line, with what to do about
// it.
func appendVerdict(dst []byte, v *view) []byte {
	dst = meter.AppendText(append(dst, `{"verdict":`...), v.status.Verdict)
	dst = meter.AppendText(append(dst, `,"text":`...), v.status.Text)
	dst = meter.AppendText(append(dst, `,"next_step":`...), v.status.Next)
	dst = strconv.AppendInt(append(dst, `,"damaged_percent":`...), int64(v.status.Share), 10)
	return append(dst, '}')
}

// bridge lists the entities of this program. They are there from the start;
// what is not known yet is null.
func bridge(slot string) []component {
	moment := func(dst []byte, t time.Time, v *view) []byte {
		if t.IsZero() {
			return null(dst)
		}
		return instant(dst, t.In(v.zone))
	}
	return []component{
		{Entity: meter.Entity{Key: "connection_" + slot, Name: "Connection", Class: "connectivity"}, platform: platformBinarySensor, diagnostic: true,
			value: func(dst []byte, v *view) ([]byte, bool) {
				if v.status.Alive {
					return append(dst, `"ON"`...), true
				}
				return append(dst, `"OFF"`...), true
			}},
		{Entity: meter.Entity{Key: "problem_" + slot, Name: "Problem", Class: "problem"}, platform: platformBinarySensor, diagnostic: true,
			value: func(dst []byte, v *view) ([]byte, bool) {
				if v.status.Problem {
					return append(dst, `"ON"`...), true
				}
				return append(dst, `"OFF"`...), true
			},
			details: appendVerdict},
		{Entity: meter.Entity{Key: "diagnosis_" + slot, Name: "Diagnosis", Icon: "mdi:stethoscope"}, diagnostic: true,
			value: func(dst []byte, v *view) ([]byte, bool) {
				if v.status.Text == "" {
					return null(dst), true
				}
				return text(dst, v.status.Text)
			}},
		{Entity: meter.Entity{Key: "telegram_errors_" + slot, Name: "Telegram errors", State: "total_increasing", Icon: "mdi:alert-circle-outline", Rare: true},
			value: func(dst []byte, v *view) ([]byte, bool) {
				return number(dst, meter.NewValue(int64(v.status.Errors), 0), true)
			}},
		{Entity: meter.Entity{Key: "held_values_" + slot, Name: "Held values", State: "total_increasing", Icon: "mdi:shield-alert-outline"}, diagnostic: true,
			value: func(dst []byte, v *view) ([]byte, bool) {
				return number(dst, meter.NewValue(int64(v.status.Held), 0), true)
			}},
		{Entity: meter.Entity{Key: "telegram_interval_" + slot, Name: "Telegram interval", Unit: "s", Class: "duration", State: "measurement", Precision: 1, Rare: true},
			value: func(dst []byte, v *view) ([]byte, bool) {
				if v.status.Interval <= 0 {
					return null(dst), true
				}
				return number(dst, meter.NewValue(v.status.Interval.Milliseconds(), 3), true)
			}},
		{Entity: meter.Entity{Key: "last_telegram_" + slot, Name: "Last telegram", Class: "timestamp", Rare: true},
			value: func(dst []byte, v *view) ([]byte, bool) { return moment(dst, v.shown, v), true }},
		{Entity: meter.Entity{Key: "started", Name: "Started", Class: "timestamp", Rare: true},
			value: func(dst []byte, v *view) ([]byte, bool) { return moment(dst, v.status.Started, v), true }},
		{Entity: meter.Entity{Key: reannounceKey, Name: "Republish discovery", Icon: "mdi:bullhorn-outline"}, platform: platformButton},
		{Entity: meter.Entity{Key: removeFormerKey, Name: "Remove smartmeter2mqtt's entities", Icon: "mdi:broom"}, platform: platformButton},
	}
}
