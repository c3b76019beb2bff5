package homeassistant

import (
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Electricity lists the entities that an electricity meter can have: the
// table of quantities, and what is no number.
var Electricity = func() (list []Entity) {
	for q := range meter.NumQuantities {
		if e := meter.Quantities[q].Entity; e.Key != "" {
			list = append(list, Entity{Entity: e, Value: quantity(q, e), IsHidden: hidden(q, e.Hidden)})
		}
	}
	return append(list, extras...)
}()

// hidden returns when the quantity's entity is hidden.
func hidden(q meter.Quantity, h meter.Hidden) func(*Groups) bool {
	switch h {
	case meter.HiddenAlways:
		return func(*Groups) bool { return true }
	case meter.HiddenWithoutExport:
		return func(g *Groups) bool { return !g.has(meter.GroupExport) }
	case meter.HiddenWhileZero:
		return func(g *Groups) bool { return !g.counted[q] }
	}
	return nil
}

// quantity returns how the quantity's value is written.
func quantity(q meter.Quantity, e meter.Entity) func(dst []byte, v *View) ([]byte, bool) {
	switch info := &meter.Quantities[q]; {
	case q == meter.Tariff:
		return func(dst []byte, v *View) ([]byte, bool) {
			n, ok := v.Reading.Values.Get(q)
			return tariff(dst, n.Int(), v.Reading.Tariffs), ok
		}
	case info.Traits.Limit:
		return func(dst []byte, v *View) ([]byte, bool) {
			limit, ok := v.Reading.Values.Get(q)
			if info.Unlimited(limit) {
				return null(dst), ok
			}
			return number(dst, limit.Shift(e.Shift), ok)
		}
	}
	if len(e.Options) > 0 {
		return func(dst []byte, v *View) ([]byte, bool) {
			n, ok := v.Reading.Values.Get(q)
			return option(dst, e.Options, n.Int()), ok
		}
	}
	return func(dst []byte, v *View) ([]byte, bool) {
		n, ok := v.Reading.Values.Get(q)
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

// extras are the entities of an electricity meter that no quantity holds.
var extras = []Entity{
	{Entity: meter.Entity{Key: "demand_peak_month", Name: "Peak demand this month", Unit: "kW", Class: "power", State: "measurement", Precision: 3},
		Value: func(dst []byte, v *View) ([]byte, bool) {
			return number(dst, v.Reading.PeakMonth.Demand, v.Reading.PeakMonth.Valid)
		}},
	{Entity: meter.Entity{Key: "demand_peak_month_time", Name: "Peak demand time", Class: "timestamp", Off: true},
		Value: func(dst []byte, v *View) ([]byte, bool) {
			return timestamp(dst, v.Reading.PeakMonth.Time, v)
		}},
	{Entity: meter.Entity{Key: "demand_peak_last_month", Name: "Peak demand last month", Unit: "kW", Class: "power", State: "measurement", Precision: 3, Off: true},
		Value: func(dst []byte, v *View) ([]byte, bool) {
			last := lastPeak(v.Reading.PeakHistory)
			return number(dst, last.Demand, last.Valid)
		},
		Attributes: func(dst []byte, r *meter.Reading) []byte {
			return append(meter.AppendPeaks(append(dst, `{"history":`...), r.PeakHistory), '}')
		}},
	{Entity: meter.Entity{Key: "power_failure_last_end", Name: "Last long power failure", Class: "timestamp", Rare: true},
		Value: func(dst []byte, v *View) ([]byte, bool) {
			return timestamp(dst, lastFailure(v.Reading.Failures).End, v)
		},
		Attributes: func(dst []byte, r *meter.Reading) []byte {
			dst = strconv.AppendInt(append(dst, `{"duration":`...), lastFailure(r.Failures).Seconds, 10)
			return append(meter.AppendFailures(append(dst, `,"log":`...), r.Failures), '}')
		}},
	{Entity: meter.Entity{Key: "text_message", Name: "Text message", Icon: "mdi:message-text", Rare: true},
		Value: func(dst []byte, v *View) ([]byte, bool) { return text(dst, v.Reading.Messages[0]) }},
	{Entity: meter.Entity{Key: "meter_time", Name: "Meter time", Class: "timestamp", Rare: true},
		Value: func(dst []byte, v *View) ([]byte, bool) { return timestamp(dst, v.Reading.Time, v) }},
	{Entity: meter.Entity{Key: "protocol_version", Name: "Protocol version", Icon: "mdi:file-document-outline"}, Diagnostic: true,
		Value: func(dst []byte, v *View) ([]byte, bool) {
			if v.Reading.Standard != "" {
				return text(dst, v.Reading.Standard)
			}
			return text(dst, v.Reading.Version)
		}},
}

// lastPeak finds the newest month: meters have an order of their own.
func lastPeak(history []meter.Peak) (last meter.Peak) {
	for _, p := range history {
		if p.Valid && p.Month.Compare(last.Month) > 0 {
			last = p
		}
	}
	return last
}

// lastFailure finds the newest entry: some meters write it first, some last.
func lastFailure(failures []meter.Failure) (last meter.Failure) {
	for _, f := range failures {
		if f.End.Compare(last.End) > 0 {
			last = f
		}
	}
	return last
}
