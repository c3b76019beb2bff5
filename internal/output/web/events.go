package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// writeTime is how long a stream's client may take nothing until it is given
// up.
const writeTime = 10 * time.Second

// events is a stream of server-sent events (HTML standard, section 9.2):
// reading, solar and status, each the JSON of its own address. The latest of
// each comes at once. Who is slow gets the newest and misses those between;
// who reads nothing is disconnected. The readings are of all meters, those of
// the first called reading and those of another one reading/heat, or of the one
// that is asked for with ?meter=heat.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	site := s.site
	meters := site.meters
	if r.URL.Query().Has("meter") {
		m := s.meter(w, r)
		if m == nil {
			return
		}
		meters = []*shown{m}
	}
	defer site.streams.Add(-1)
	if site.streams.Add(1) > mostStreams {
		// Nothing is gained by keeping the connection.
		w.Header().Set("Connection", "close")
		w.Header().Set("Retry-After", "60")
		fail(w, http.StatusServiceUnavailable, "too many event streams are open; ask /api/reading now and then instead")
		return
	}
	s.streams.Add(1)
	defer s.streams.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := stream{w: w, control: http.NewResponseController(w)}
	_ = out.control.SetReadDeadline(time.Time{}) // else the end of the server's patience ends it

	readings := hub.SubscribeAll(updates(meters), len(meters), hub.DropOldest, func(*meter.Update) bool { return true })
	defer func() {
		s.options.Counter.Dropped(readings.Dropped())
		readings.Close()
	}()
	statuses := site.statuses.Subscribe(1, hub.DropOldest)
	defer statuses.Close()
	samples := site.samples.SubscribeLatest(1, hub.DropOldest, func([]byte) bool {
		_, fresh := site.sun(time.Now())
		return fresh
	})
	defer samples.Close()
	select {
	case site.wake <- struct{}{}: // a status
	default:
	}
	err := out.begin()
	var taken []*meter.Update
	var texts [][]byte
	var states []stated
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-readings.Ready():
			taken, _ = readings.Take(taken[:0])
			for _, u := range taken {
				name := "reading"
				if u.Slot != meters[0].Slot {
					name += "/" + u.Slot
				}
				err = out.event(name, u.Reading.Received, u.JSON)
			}
			if err == nil {
				s.options.Counter.Sent(uint64(len(taken)), time.Now())
			}
		case <-statuses.Ready():
			states, _ = statuses.Take(states[:0])
			for _, state := range states {
				text := state.public
				if s.trusts(r) {
					text = state.all
				}
				err = out.event("status", time.Time{}, text)
			}
		case <-samples.Ready():
			texts, _ = samples.Take(texts[:0])
			for _, text := range texts {
				err = out.event("solar", time.Time{}, text)
			}
		}
	}
}

// stream is an event stream's way out.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	head    []byte
}

// begin sets how long the browser waits before it connects again.
func (s *stream) begin() error {
	s.head = append(s.head[:0], "retry: 3000\n\n"...)
	return s.write(s.head)
}

// event writes one event. Its id is when it was, in milliseconds since 1970.
// The data has no line end.
func (s *stream) event(name string, at time.Time, data []byte) error {
	s.head = append(s.head[:0], "event: "...)
	s.head = append(s.head, name...)
	if !at.IsZero() {
		s.head = append(s.head, "\nid: "...)
		s.head = strconv.AppendInt(s.head, at.UnixMilli(), 10)
	}
	s.head = append(s.head, "\ndata: "...)
	return s.write(s.head, data, []byte("\n\n"))
}

func (s *stream) write(parts ...[]byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := s.w.Write(part); err != nil {
			return err
		}
	}
	return s.control.Flush()
}
