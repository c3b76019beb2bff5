// Package shelly looks like a Shelly Pro 3EM of the second generation: over UDP,
// where Marstek's batteries ask, and over HTTP and web sockets, where Hoymiles',
// Growatt's, evcc and Home Assistant do. All of them call methods by JSON-RPC:
//
//	{"id":1,"src":"battery","method":"EM.GetStatus","params":{"id":0}}
//	{"id":1,"src":"shellypro3em-…","dst":"battery","result":{"a_act_power":375.5,…}}
//
// A real one takes settings, updates itself and has a cloud; this one does not.
package shelly

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
)

// Options is what a Server needs.
type Options struct {
	HTTP emulate.HTTP // the ports of UDP are open on the same host
	// BatteryPorts are those of UDP, for tests. Empty: where batteries ask.
	BatteryPorts []int
}

// Server answers in place of the device. It must be made by New.
type Server struct {
	options Options
	log     *slog.Logger
	meter   *emulate.Meter
	device  *device

	following sync.WaitGroup // web sockets
}

// New returns the server of an emulated meter.
func New(o Options, m *emulate.Meter) *Server {
	if len(o.BatteryPorts) == 0 {
		o.BatteryPorts = batteryPorts[:]
	}
	return &Server{options: o, log: o.HTTP.Log, meter: m, device: newDevice(m.MAC(), time.Now())}
}

// Run follows the real meter and answers until ctx ends, then returns nil.
func (s *Server) Run(ctx context.Context) error {
	servers := []func(context.Context) error{s.serveHTTP}
	for _, port := range s.options.BatteryPorts {
		servers = append(servers, func(ctx context.Context) error { return s.serveUDP(ctx, port) })
	}
	return s.meter.Run(ctx, servers...)
}

func (s *Server) serveUDP(ctx context.Context, port int) error {
	o := &s.options.HTTP
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return err
	}
	return listen.RunPackets(ctx, listen.Options{
		Address: net.JoinHostPort(host, strconv.Itoa(port)), What: "emulated meter's port for batteries", Log: s.log, Counter: o.Counter,
	}, s.answerDatagrams)
}

// found is how the device is found.
func (s *Server) found() emulate.Device {
	name := s.device.id()
	return emulate.Device{Name: name, Services: func(netip.Addr) []mdns.Service {
		return []mdns.Service{
			{Instance: name, Type: "_shelly._tcp", Text: []string{"gen=2", "app=" + app, "ver=" + version}},
			{Instance: name, Type: "_http._tcp", Text: []string{"gen=2", "app=" + app}},
		}
	}}
}

// call returns that of a method with a view of now. The view is nil while there
// is nothing fresh.
func (s *Server) call(r *request) *call {
	now := time.Now()
	view, _ := s.meter.Newest(now)
	return &call{device: s.device, view: view, now: now, params: r.Params}
}

// note writes into the book of clients what one asked and what it was told.
func (s *Server) note(client, method string, c *call, err *rpcError) {
	switch {
	case err != nil:
		s.meter.Refused(client, method, err.Message)
	case methods[method].isAlive:
		s.meter.Answered(client, method, c.view)
	default:
		s.meter.Answered(client, method, nil)
	}
}

// clientName tells clients apart: by their address without its port, which many
// change each time, and by what they call themselves. Behind the bridge of a
// container all may have one address.
func clientName(remote net.Addr, source string) string {
	host, _, err := net.SplitHostPort(remote.String())
	if err != nil {
		host = remote.String()
	}
	if source == "" {
		return host
	}
	return host + " (" + source + ")"
}
