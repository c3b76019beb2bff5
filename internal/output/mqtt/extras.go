package mqtt

import (
	"slices"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// extras are the entities of an electricity meter that no quantity holds.
var extras = []component{
	{Entity: meter.Entity{Key: "demand_peak_month", Name: "Peak demand this month", Unit: "kW", Class: "power", State: "measurement", Precision: 3},
		value: func(dst []byte, v *view) ([]byte, bool) {
			return number(dst, v.reading.PeakMonth.Demand, v.reading.PeakMonth.Valid)
		}},
	{Entity: meter.Entity{Key: "demand_peak_month_time", Name: "Peak demand time", Class: "timestamp", Off: true},
		value: func(dst []byte, v *view) ([]byte, bool) {
			return timestamp(dst, v.reading.PeakMonth.Time, v)
		}},
	{Entity: meter.Entity{Key: "demand_peak_last_month", Name: "Peak demand last month", Unit: "kW", Class: "power", State: "measurement", Precision: 3, Off: true},
		value: func(dst []byte, v *view) ([]byte, bool) {
			last := lastPeak(v.reading.PeakHistory)
			return number(dst, last.Demand, last.Valid)
		},
		attributes: func(dst []byte, r *meter.Reading) []byte {
			return append(meter.AppendPeaks(append(dst, `{"history":`...), r.PeakHistory), '}')
		}},
	{Entity: meter.Entity{Key: "power_failure_last_end", Name: "Last long power failure", Class: "timestamp", Rare: true},
		value: func(dst []byte, v *view) ([]byte, bool) {
			return timestamp(dst, lastFailure(v.reading.Failures).End, v)
		},
		attributes: func(dst []byte, r *meter.Reading) []byte {
			dst = strconv.AppendInt(append(dst, `{"duration":`...), lastFailure(r.Failures).Seconds, 10)
			return append(meter.AppendFailures(append(dst, `,"log":`...), r.Failures), '}')
		}},
	{Entity: meter.Entity{Key: "text_message", Name: "Text message", Icon: "mdi:message-text", Rare: true},
		value: func(dst []byte, v *view) ([]byte, bool) { return text(dst, v.reading.Messages[0]) }},
	{Entity: meter.Entity{Key: "meter_time", Name: "Meter time", Class: "timestamp", Rare: true},
		value: func(dst []byte, v *view) ([]byte, bool) { return timestamp(dst, v.reading.Time, v) }},
	{Entity: meter.Entity{Key: "protocol_version", Name: "Protocol version", Icon: "mdi:file-document-outline"}, diagnostic: true,
		value: func(dst []byte, v *view) ([]byte, bool) {
			if v.reading.Standard != "" {
				return text(dst, v.reading.Standard)
			}
			return text(dst, v.reading.Version)
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

// lists are the attributes' source, as far as published.
type lists struct {
	peaks    []meter.Peak
	failures []meter.Failure
}

// attributes sends the attributes of the electricity meter's entities that
// changed since they were published; with all, every one.
func (s *session) attributes(all bool) {
	if !s.discovery || s.newest == nil {
		return
	}
	r := s.newest.Entities()
	if !all && slices.Equal(s.lists.peaks, r.PeakHistory) && slices.Equal(s.lists.failures, r.Failures) {
		return
	}
	s.lists = lists{r.PeakHistory, r.Failures}
	for i := range s.electricity.components {
		c := &s.electricity.components[i]
		if c.attributes == nil || !s.electricity.seen[i] {
			continue
		}
		start := len(s.buf)
		s.buf = c.attributes(s.buf, r)
		s.emit(s.electricity.attributesTopic(c), s.buf[start:len(s.buf):len(s.buf)], 0, false)
	}
}

func (d *device) attributesTopic(c *component) string {
	return strings.TrimSuffix(d.stateTopic, "state") + c.Key + "/attributes"
}
