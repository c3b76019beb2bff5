// Package web serves the page and the HTTP API: what the meter says now, how
// the program stands, and the same as metrics. It reads only; nothing that a
// browser sends changes anything. Every address in it is relative, so that it
// works below any prefix, as under Home Assistant's ingress.
package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// World is what there is to show. All of it may be asked by any goroutine.
type World struct {
	Meters   []Meter                              // the first is shown to who names none
	Samples  *hub.Hub[*meter.Solar]               // what the inverter says
	Solar    func(time.Time) (*meter.Solar, bool) // what it said last, unless that is too old; nil: there is no inverter
	Status   func(now time.Time) status.Snapshot  // how the program stands
	Health   func() error                         // nil: the main loop is alive
	Settings []config.Setting                     // in effect, secrets hidden
	Names    config.Names                         // of options, in advice
}

// Meter is what there is to show of one meter.
type Meter struct {
	Slot     string
	Updates  *hub.Hub[*meter.Update]
	Line     *hub.Hub[meter.Status]                               // how its line stands
	Telegram func() (text []byte, found bool)                     // the last telegram, as the meter sent it
	Explain  func(l meter.Language) (telegram []byte, found bool) // the same with meanings, as JSON
	Capture  func() ([]byte, error)                               // what the line sent in the last minutes, without what tells whose meter it is; nil: not kept
	HasSolar bool                                                 // what the inverter gives is part of its readings
	IsSum    bool                                                 // it is all the others together, and has no line; Telegram, Explain and Capture are nil then
}

// Options are what one server needs.
type Options struct {
	Address  string         // host:port to listen at
	What     string         // the server's name in the log: "page"
	Setting  string         // that tells the address, for the log
	Hosts    []string       // names by which this machine may be asked, beside IP addresses and local names
	Slots    *listen.Slots  // of the program's clients; may be nil
	Page     bool           // serve the page and what only the page shows, beside the API
	Ingress  bool           // serve Home Assistant's Supervisor and this machine only
	Log      *slog.Logger   // hears of the server
	OnListen func(net.Addr) // called each time the server listens; may be nil
	Counter  *status.Counter
}

const (
	// Everybody's browsers and programs; what is more waits to be accepted.
	mostConnections = 80
	// What is left of the connections is for everybody else.
	mostStreams = 50

	headerTime  = 10 * time.Second // to send a request
	answerTime  = 30 * time.Second // to take an answer
	idleTime    = 60 * time.Second // between requests
	headerBytes = 32 << 10         // Home Assistant's cookies included
	goodbye     = time.Second      // for answers under way at the end
)

// Server is one port.
type Server struct {
	site    *Site
	options Options
	handler http.Handler
	streams atomic.Int64 // event streams open now
}

// Server returns a server of the site.
func (s *Site) Server(o Options) *Server {
	server := &Server{site: s, options: o}
	server.handler = server.routes()
	return server
}

// Run listens and serves until ctx ends, then closes all and returns nil. A
// port that cannot be had is tried again for ever.
func (s *Server) Run(ctx context.Context) error {
	o := s.options
	o.Counter.Clients(func() int { return int(s.streams.Load()) })
	return listen.Run(ctx, listen.Options{
		Address: o.Address, What: o.What, Setting: o.Setting, Log: o.Log, OnListen: o.OnListen, Counter: o.Counter,
	}, s.serve)
}

func (s *Server) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s.handler,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
	}
	slots := listen.NewSlots(mostConnections, s.options.Slots)
	if s.options.Ingress {
		slots.Exempt = supervisor
	}
	return listen.ServeHTTP(ctx, l, server, listen.Bounds{Most: mostConnections, Slots: slots, Goodbye: goodbye}, s.options.Log)
}
