package web

import (
	"net/http"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// metrics answers with what the meter says and how the program stands, for
// Prometheus. What the meter said is there while it says it: an old value is
// no measurement of now.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	e := newExposition()
	snapshot := s.site.world.Status(now)
	e.family("smartmeter_build_info", gauge, "The program; always 1.").count(1, "version", snapshot.Version)
	e.family("smartmeter_start_timestamp_seconds", gauge, "When the program started.").time(snapshot.Started)
	each := snapshot.Each()
	for i := range each {
		e.of(&each[i], len(each) > 1)
		line(e, &each[i])
	}
	e.common = nil
	outputs(e, snapshot.Outputs)
	emulated(e, snapshot.Emulated)
	for _, m := range s.site.meters {
		u, ok := m.Updates.Latest()
		if !ok || m.IsSum { // Prometheus adds up itself
			continue
		}
		l, _ := snapshot.Find(m.Slot)
		e.of(&l, len(each) > 1)
		e.family("smartmeter_last_reading_timestamp_seconds", gauge, "When the last reading came in.").time(u.Reading.Received)
		if l.Source.State == status.Alive {
			reading(e, u.Entities(), &l, s.site.zone)
		}
	}
	e.common = nil
	if sample, ok := s.site.sun(now); ok {
		inverter(e, sample)
	}
	send(w, http.StatusOK, expositionType, e.bytes())
}

func line(e *exposition, s *status.Line) {
	e.family("smartmeter_verdict_info", gauge, "State of the meter's line: good, or its problem; always 1.").count(1, "verdict", s.Verdict.Name)
	e.family("smartmeter_up", gauge, "Whether telegrams arrive: 1 yes, 0 no.")
	if s.Source.State == status.Alive {
		e.count(1)
	} else {
		e.count(0)
	}
	e.family("smartmeter_source_info", gauge, "The line to the meter; always 1.").count(1, "kind", s.Source.Kind, "mode", s.Source.Mode)
	c := &s.Counters
	e.family("smartmeter_line_bytes_total", counter, "Bytes that the meter's line sent.").count(c.Bytes)
	e.family("smartmeter_line_skipped_bytes_total", counter, "Bytes outside telegrams.").count(c.Skipped)
	e.family("smartmeter_line_reconnects_total", counter, "How often the line was opened again.").count(s.Source.Reconnects)
	e.family("smartmeter_telegrams_total", counter, "Telegrams that gave a reading.").count(c.Telegrams)
	e.family("smartmeter_bad_telegrams_total", counter, "Telegrams and encrypted frames that gave no reading, by cause.")
	for _, cause := range diagnosis.Counted() {
		e.count(c.Rejected[cause], "cause", cause.Metric())
	}
	e.family("smartmeter_held_values_total", counter, "How often a total was held back because it cannot be right.").count(c.Held)
	e.family("smartmeter_telegram_interval_seconds", gauge, "Time between the last two readings.").float(c.Interval)
}

func outputs(e *exposition, outputs []status.Output) {
	for _, f := range [...]struct {
		name, kind, help string
		write            func(*status.Output)
	}{
		{"smartmeter_output_sent_total", counter, "Values that an output sent.", func(o *status.Output) { e.count(o.Sent, "output", o.Name) }},
		{"smartmeter_output_dropped_total", counter, "Values that an output lost, because the other side was slow or away.", func(o *status.Output) { e.count(o.Dropped, "output", o.Name) }},
		{"smartmeter_output_errors_total", counter, "Failures of an output.", func(o *status.Output) { e.count(o.Errors, "output", o.Name) }},
		{"smartmeter_output_clients", gauge, "Clients that are connected to an output.", func(o *status.Output) {
			if o.Clients != nil {
				e.count(uint64(*o.Clients), "output", o.Name)
			}
		}},
		{"smartmeter_output_last_success_timestamp_seconds", gauge, "When an output worked last.", func(o *status.Output) {
			if o.LastSuccess != nil {
				e.time(*o.LastSuccess, "output", o.Name)
			}
		}},
	} {
		e.family(f.name, f.kind, f.help)
		for i := range outputs {
			f.write(&outputs[i])
		}
	}
}

// emulated writes how the emulated meters stand. Their clients come and go, so
// that none has a series of its own.
func emulated(e *exposition, meters []status.Emulated) {
	for _, f := range [...]struct {
		name, kind, help string
		write            func(m *status.Emulated, labels ...string)
	}{
		{"smartmeter_emulated_fresh", gauge, "Whether an emulated meter has a reading to tell: 1 yes, 0 no.", func(m *status.Emulated, labels ...string) {
			if m.Fresh {
				e.count(1, labels...)
			} else {
				e.count(0, labels...)
			}
		}},
		{"smartmeter_emulated_offset_watts", gauge, "What is added to the power that an emulated meter tells.", func(m *status.Emulated, labels ...string) {
			e.sample(meter.NewValue(int64(m.Offset), 0), labels...)
		}},
		{"smartmeter_emulated_clients", gauge, "Clients that asked an emulated meter since the start, as far as they are remembered.", func(m *status.Emulated, labels ...string) {
			e.count(uint64(len(m.Clients)), labels...)
		}},
		{"smartmeter_emulated_last_question_timestamp_seconds", gauge, "When an emulated meter was asked last.", func(m *status.Emulated, labels ...string) {
			if len(m.Clients) > 0 {
				e.time(m.Clients[0].Last, labels...)
			}
		}},
		{"smartmeter_emulated_told_age_seconds", gauge, "How old the power was that the last client was told.", func(m *status.Emulated, labels ...string) {
			if len(m.Clients) > 0 && m.Clients[0].Power != nil {
				e.float(m.Clients[0].Age, labels...)
			}
		}},
	} {
		if len(meters) > 0 {
			e.family(f.name, f.kind, f.help)
		}
		for i := range meters {
			f.write(&meters[i], "name", meters[i].Name, "kind", meters[i].Kind)
		}
	}
}

func reading(e *exposition, r *meter.Reading, s *status.Line, zone *time.Location) {
	serial := ""
	if s.Meter != nil {
		serial = s.Meter.Serial
	}
	e.family("smartmeter_meter_info", gauge, "The meter, with the last digits of its equipment identifier; always 1.").
		count(1, "header", r.Header, "standard", r.Standard, "version", r.Version, "serial", serial)
	if !r.Time.IsZero() {
		e.family("smartmeter_meter_timestamp_seconds", gauge, "The meter's own time.").time(r.Time.Time(zone, r.Received))
	}
	for _, f := range families {
		f.write(e, r.Values.Get)
	}
	if r.PeakMonth.Valid {
		e.family("smartmeter_demand_peak_month_watts", gauge, "Highest average power imported in a quarter of an hour of this month.").
			sample(measures[meter.Kilowatt].value(r.PeakMonth.Demand))
	}
	for m := range meter.NumMedia {
		c, ok := r.Member(m, 1)
		if !ok || c.Unit == meter.UnitNone {
			continue
		}
		info := &meter.Media[m]
		unit := &measures[c.Unit]
		name := "smartmeter_" + info.Metric
		e.family(name+unit.suffix+"_total", counter, info.Device+": total.").sample(unit.value(c.Value))
		if !c.Time.IsZero() {
			e.family(name+"_timestamp_seconds", gauge, info.Device+": when its total was read.").time(c.Time.Time(zone, r.Received))
		}
	}
}

func inverter(e *exposition, s *meter.Solar) {
	e.family("smartmeter_solar_info", gauge, "The inverter; always 1.").count(1, "manufacturer", s.Manufacturer, "model", s.Model, "version", s.Version)
	for _, f := range solarFamilies {
		f.write(e, s.Get)
	}
}
