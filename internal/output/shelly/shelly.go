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
	"strconv"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// Kind is what the option calls it.
const Kind = "shelly_pro_3em"

// Options is what a Server needs.
type Options struct {
	Address  string        // host:port of HTTP; the ports of UDP are open on the same host
	Setting  string        // that tells the address, for the log
	Hosts    []string      // names by which HTTP may be asked beside the home network's own
	Slots    *listen.Slots // of the program
	Log      *slog.Logger
	OnListen func(net.Addr)  // called each time HTTP is open; may be nil
	Counter  *status.Counter // may be nil

	// BatteryPorts are those of UDP, for tests. Empty: where batteries ask.
	BatteryPorts []int
}

// Server answers in place of the device. It must be made by New.
type Server struct {
	options Options
	meter   *emulate.Meter
	device  *device
	slots   *listen.Slots

	following sync.WaitGroup // web sockets
}

// New returns the server of an emulated meter.
func New(o Options, m *emulate.Meter) *Server {
	if len(o.BatteryPorts) == 0 {
		o.BatteryPorts = batteryPorts[:]
	}
	return &Server{options: o, meter: m, device: newDevice(m.MAC(), time.Now()), slots: listen.NewSlots(mostConnections, o.Slots)}
}

// Run follows the real meter and answers until ctx ends, then returns nil.
func (s *Server) Run(ctx context.Context) error {
	servers := []func(context.Context) error{s.serveHTTP}
	for _, port := range s.options.BatteryPorts {
		servers = append(servers, func(ctx context.Context) error { return s.serveUDP(ctx, port) })
	}
	return s.meter.Run(ctx, servers...)
}

// Name returns the name that the device has in the network.
func (s *Server) Name() string { return s.device.id() }

func (s *Server) serveUDP(ctx context.Context, port int) error {
	host, _, err := net.SplitHostPort(s.options.Address)
	if err != nil {
		return err
	}
	return listen.RunPackets(ctx, listen.Options{
		Address: net.JoinHostPort(host, strconv.Itoa(port)), What: "UDP port of the emulated Shelly", Log: s.options.Log, Counter: s.options.Counter,
	}, s.answerDatagrams)
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
	return host + " " + source
}
