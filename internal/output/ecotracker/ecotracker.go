// Package ecotracker looks like an everHome EcoTracker, a reading head for
// meters that batteries of many makers ask:
//
//	GET /v1/json   power in W, import positive; totals in Wh
//
// Some clients ask over one connection for hours, which stays open.
package ecotracker

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Prefix is what the MAC addresses of EcoTrackers begin with: clients know them
// by it.
var Prefix = []byte{0xb4, 0x3a, 0x45}

// address is all that the device answers at.
const address = "/v1/json"

// Server is one emulated EcoTracker.
type Server struct {
	http  emulate.HTTP
	meter *emulate.Meter

	mu   sync.Mutex
	mean mean
}

// New returns a server that tells what the meter says.
func New(o emulate.HTTP, m *emulate.Meter) *Server { return &Server{http: o, meter: m} }

// Run serves until ctx ends and returns nil then.
func (s *Server) Run(ctx context.Context) error {
	return s.meter.Run(ctx, s.average, func(ctx context.Context) error { return s.http.Serve(ctx, s, s.device()) })
}

// device is how it is found. Batteries of EcoFlow find it in no other way.
func (s *Server) device() emulate.Device {
	name := "ecotracker-" + s.meter.MAC().Hex()
	return emulate.Device{Name: name, Services: func(address netip.Addr) []mdns.Service {
		text := []string{"serial=" + s.meter.MAC().Hex(), "productid=1137"}
		if address.IsValid() {
			text = append(text, "ip="+address.String())
		}
		return []mdns.Service{{Instance: name, Type: "_everhome._tcp", Text: text}}
	}}
}

// average remembers the powers that the mean is made of.
func (s *Server) average(ctx context.Context) error {
	for {
		changed := s.meter.Changed()
		if v, ok := s.meter.Newest(time.Now()); ok {
			s.mu.Lock()
			s.mean.add(v)
			s.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != address:
		s.refuse(w, r, http.StatusNotFound, "there is nothing at this address but "+address)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		s.refuse(w, r, http.StatusMethodNotAllowed, "this address can only be read, with GET")
		return
	}
	v := s.meter.View(w, r)
	if v == nil {
		return
	}
	s.mu.Lock()
	s.mean.add(v)
	average := s.mean.of(v)
	s.mu.Unlock()
	s.meter.Answered(emulate.ClientOf(r), r.URL.Path, v)
	emulate.Send(w, http.StatusOK, body(v, average, time.Now()))
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, code int, why string) {
	s.meter.Refused(emulate.ClientOf(r), r.Method+" "+r.URL.Path, why)
	emulate.Fail(w, code, why)
}

// body writes what the device says. What the meter does not report is left out.
func body(v *emulate.View, average meter.Value, now time.Time) []byte {
	var o emulate.Object
	o.Value("power", whole(v.Power))
	for i, p := range v.Phases {
		if p.Power.Valid {
			o.Value(fmt.Sprintf("powerPhase%d", i+1), whole(p.Power.Value))
		}
	}
	o.Value("powerAvg", whole(average))
	o.Int("agePower", v.Age(now).Milliseconds())
	wattHours(&o, "energyCounterIn", v.Import)
	for i, q := range [...]meter.Quantity{meter.EnergyImportT1, meter.EnergyImportT2} {
		total, ok := v.Reading.Values.Get(q)
		wattHours(&o, fmt.Sprintf("energyCounterInT%d", i+1), emulate.Optional{Value: total, Valid: ok})
	}
	wattHours(&o, "energyCounterOut", v.Export)
	return o.Bytes()
}

func wattHours(o *emulate.Object, name string, total emulate.Optional) {
	if total.Valid {
		o.Value(name, total.Shift(3))
	}
}

// whole rounds to a whole number.
func whole(v meter.Value) meter.Value {
	if rounded, ok := v.MulDiv(1, 1, 0); ok {
		return rounded
	}
	return v
}
