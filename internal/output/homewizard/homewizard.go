// Package homewizard looks like a HomeWizard P1 Meter (HWE-P1) with the local
// API v1 (https://api-documentation.homewizard.com/docs/v1/):
//
//	GET  /api               what the device is
//	GET  /api/v1/data       what the meter says
//	GET  /api/v1/telegram   the telegram as it was sent
//	GET  /api/v1/system     {"cloud_enabled": false}, and PUT, which changes nothing
//	PUT  /api/v1/identify   {"identify": "ok"}, a line in the log in place of a lamp
//
// API v2 cannot be served: its clients want a certificate of HomeWizard's own
// authority.
package homewizard

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
)

// What the device says of itself. Clients know the type; evcc wants v1.
const (
	productType = "HWE-P1"
	productName = "P1 Meter"
	firmware    = "4.19"
	apiVersion  = "v1"
)

// Options is what a Server needs.
type Options struct {
	HTTP     emulate.HTTP
	Zone     *time.Location                    // of the clock where the meter has none
	Telegram func() (telegram []byte, ok bool) // the last whole telegram; false: the meter sends none
	Log      *slog.Logger
}

// Server is one emulated P1 Meter.
type Server struct {
	options Options
	meter   *emulate.Meter
	routes  map[string]route
}

// route is an address and what answers there.
type route struct {
	methods string // that are allowed, with commas between them
	serve   http.HandlerFunc
}

// New returns a server that tells what the meter says.
func New(o Options, m *emulate.Meter) *Server {
	s := &Server{options: o, meter: m}
	s.routes = map[string]route{
		"/api":             {"GET, HEAD", s.device},
		"/api/v1/data":     {"GET, HEAD", s.data},
		"/api/v1/telegram": {"GET, HEAD", s.telegram},
		"/api/v1/system":   {"GET, HEAD, PUT", s.system},
		"/api/v1/identify": {"PUT", s.identify},
	}
	return s
}

// Run serves until ctx ends and returns nil then.
func (s *Server) Run(ctx context.Context) error {
	return s.meter.Run(ctx, func(ctx context.Context) error { return s.options.HTTP.Serve(ctx, s, s.found()) })
}

// found is how it is found. Home Assistant wants all of the text.
func (s *Server) found() emulate.Device {
	mac := s.meter.MAC()
	name := "p1meter-" + mac.Upper()[6:]
	return emulate.Device{Name: name, Services: func(netip.Addr) []mdns.Service {
		return []mdns.Service{{Instance: name, Type: "_hwenergy._tcp", Text: []string{
			"api_enabled=1", "path=/api/v1", "serial=" + mac.Hex(), "product_name=" + productName, "product_type=" + productType,
		}}}
	}}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, found := s.routes[strings.TrimSuffix(r.URL.Path, "/")]
	switch {
	case !found:
		s.refuse(w, r, http.StatusNotFound, "there is nothing at this address")
	case !strings.Contains(to.methods, r.Method):
		w.Header().Set("Allow", to.methods)
		s.refuse(w, r, http.StatusMethodNotAllowed, "this address takes "+to.methods)
	default:
		to.serve(w, r)
	}
}

// refuse answers with an error, which the book notes: a client that asks for
// something else is the first thing to know about one that does not work.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, code int, why string) {
	s.meter.Refused(emulate.ClientOf(r), r.Method+" "+r.URL.Path, why)
	emulate.Fail(w, code, why)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, v *emulate.View, body []byte) {
	s.meter.Answered(emulate.ClientOf(r), r.URL.Path, v)
	emulate.Send(w, http.StatusOK, body)
}

func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	var o emulate.Object
	o.Text("product_type", productType)
	o.Text("product_name", productName)
	o.Text("serial", s.meter.MAC().Hex())
	o.Text("firmware_version", firmware)
	o.Text("api_version", apiVersion)
	s.answer(w, r, nil, o.Bytes())
}

func (s *Server) data(w http.ResponseWriter, r *http.Request) {
	if v := s.meter.View(w, r); v != nil {
		s.answer(w, r, v, data(v, s.meter.MAC().Hex(), s.options.Zone))
	}
}

// telegram answers with the meter's own words, to which no offset is added.
func (s *Server) telegram(w http.ResponseWriter, r *http.Request) {
	v := s.meter.View(w, r)
	if v == nil {
		return
	}
	text, ok := s.options.Telegram()
	if !ok {
		s.refuse(w, r, http.StatusServiceUnavailable, "the meter sends no P1 telegrams")
		return
	}
	s.meter.Answered(emulate.ClientOf(r), r.URL.Path, v)
	w.Header().Set("Content-Type", "text/plain; charset=iso-8859-1")
	_, _ = w.Write(text) // who asked and left needs no answer
}

// system answers that nothing goes to a cloud, whatever is asked for.
func (s *Server) system(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, nil, []byte(`{"cloud_enabled":false}`))
}

func (s *Server) identify(w http.ResponseWriter, r *http.Request) {
	s.options.Log.Info("somebody wants to know which device this is: it is this emulated HomeWizard P1 Meter",
		"client", emulate.ClientOf(r), "serial", s.meter.MAC().Hex())
	s.answer(w, r, nil, []byte(`{"identify":"ok"}`))
}
