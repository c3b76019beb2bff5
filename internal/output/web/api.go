package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// meter returns the meter that is asked for, with ?meter=heat, or else the first;
// nil: there is no such meter, which is answered.
func (s *Server) meter(w http.ResponseWriter, r *http.Request) *shown {
	query := r.URL.Query()
	if !query.Has("meter") {
		return s.site.meters[0]
	}
	m := s.site.find(query.Get("meter"))
	if m == nil {
		var slots []string
		for _, m := range s.site.meters {
			slots = append(slots, m.Slot)
		}
		fail(w, http.StatusNotFound, "there is no such meter; there is "+strings.Join(slots, ", "))
	}
	return m
}

// reading answers with the last reading, as the JSON socket sends it. How old
// it is stands in Last-Modified; who cannot look there names the age in seconds
// that it may have, ?max_age=30, and is refused an older one.
func (s *Server) reading(w http.ResponseWriter, r *http.Request) {
	var most time.Duration
	if text := r.URL.Query().Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil || seconds == 0 {
			fail(w, http.StatusBadRequest, "max_age is a number of seconds, 1 or more")
			return
		}
		most = time.Duration(seconds) * time.Second
	}
	m := s.meter(w, r)
	if m == nil {
		return
	}
	u, ok := m.Updates.Latest()
	if !ok {
		fail(w, http.StatusServiceUnavailable, "no reading yet; /api/status says why")
		return
	}
	if age := time.Since(u.Reading.Received); most > 0 && age > most {
		fail(w, http.StatusServiceUnavailable, fmt.Sprintf("the last reading is %v old; /api/status says why", age.Round(time.Second)))
		return
	}
	w.Header().Set("Last-Modified", u.Reading.Received.UTC().Format(http.TimeFormat))
	answer(w, http.StatusOK, u.JSON)
}

// solar answers with what the inverter said last.
func (s *Server) solar(w http.ResponseWriter, _ *http.Request) {
	if s.site.world.Solar == nil {
		fail(w, http.StatusServiceUnavailable, "no inverter is set up (option solar.address)")
		return
	}
	sample, ok := s.site.sun(time.Now())
	if !ok {
		fail(w, http.StatusServiceUnavailable, "the inverter does not answer, as it may at night; /api/status says more")
		return
	}
	answer(w, http.StatusOK, sample.AppendJSON(nil))
}

// state is how the program stands. Settings, addresses and what failed are for
// the page and for programs on this machine only: what is in the network is
// nobody else's business.
type state struct {
	status.Snapshot
	Settings []config.Setting `json:"settings,omitempty"`
	Capture  bool             `json:"capture"` // the page's port has one, at /api/capture
}

// state returns the state as JSON, with all or what everybody may see.
func (s *Site) state(all bool, settings []config.Setting) ([]byte, error) {
	snapshot := s.world.Status(time.Now())
	if !all {
		snapshot = snapshot.Public()
	}
	return json.Marshal(state{snapshot, settings, s.meters[0].Capture != nil})
}

// trusts reports whether who asks may see addresses.
func (s *Server) trusts(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return s.options.Page || err == nil && from.Addr().Unmap().IsLoopback()
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	var settings []config.Setting
	if s.options.Page {
		settings = s.site.world.Settings
	}
	text, err := s.site.state(s.trusts(r), settings)
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, http.StatusOK, text)
}

// telegram answers with the last telegram as the meter sent it, good or bad;
// with ?decoded with the meaning of every object, which ?language=nl says in
// Dutch.
func (s *Server) telegram(w http.ResponseWriter, r *http.Request) {
	m := s.meter(w, r)
	switch {
	case m == nil:
		return
	case m.IsSum:
		fail(w, http.StatusNotFound, "the sum has no telegram of its own")
		return
	}
	kind, get := "text/plain; charset=iso-8859-1", m.Telegram
	if r.URL.Query().Has("decoded") {
		l := cmp.Or(meter.Language(r.URL.Query().Get("language")), meter.English)
		if !slices.Contains(meter.Languages, l) {
			fail(w, http.StatusBadRequest, fmt.Sprintf("language is one of %s", meter.Languages))
			return
		}
		kind, get = "application/json", func() ([]byte, bool) { return m.Explain(l) }
	}
	text, ok := get()
	if !ok {
		fail(w, http.StatusServiceUnavailable, "no telegram yet; /api/status says why")
		return
	}
	send(w, http.StatusOK, kind, text)
}

func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	if m := s.meter(w, r); m != nil {
		answer(w, http.StatusOK, m.past.AppendJSON(nil, time.Now()))
	}
}

// healthz answers whether the program is alive, whatever the meter does.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if err := s.site.world.Health(); err != nil {
		send(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte(err.Error()+"\n"))
		return
	}
	send(w, http.StatusOK, "text/plain; charset=utf-8", []byte("alive\n"))
}
