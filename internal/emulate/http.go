package emulate

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// mostConnections is of one emulated meter: a household has a few clients,
	// and some of them open a connection for each question.
	mostConnections = 32

	headerTime  = 5 * time.Second // to send a question
	answerTime  = 5 * time.Second // to take an answer
	idleTime    = 2 * time.Minute // between questions: some clients want to keep their connection
	headerBytes = 8 << 10
	goodbye     = time.Second // for answers under way at the end

	// mostBody bounds, in bytes, what a client may send with a question.
	mostBody = 16 << 10
)

// HTTP is the web server of an emulated meter.
type HTTP struct {
	Address  string        // host:port to listen at
	What     string        // the server's name in the log
	Setting  string        // that tells the address, for the log
	Hosts    []string      // names by which this machine may be asked, beside IP addresses and local names
	Slots    *listen.Slots // of the program's clients; may be nil
	Log      *slog.Logger
	OnListen func(net.Addr) // called each time the server listens; may be nil
	Counter  *status.Counter
	Outside  Outside // nil: the server stands in no container
}

// Serve answers with the handler, and announces the device, until ctx ends; then
// it returns nil.
func (o HTTP) Serve(ctx context.Context, handler http.Handler, d Device) error {
	announcer := newAnnouncer(d, o.Outside, o.Log)
	opened := func(addr net.Addr) {
		announcer.open(addr)
		if o.OnListen != nil {
			o.OnListen(addr)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{announcer.run, func(ctx context.Context) error { return o.serve(ctx, handler, opened) }} {
		group.Go(func() error { return retry.Recovered(func() error { return run(ctx) }) })
	}
	return group.Wait()
}

func (o HTTP) serve(ctx context.Context, handler http.Handler, opened func(net.Addr)) error {
	slots := listen.NewSlots(mostConnections, o.Slots)
	o.Counter.Clients(slots.Used)
	server := &http.Server{
		Handler:           o.guard(handler),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
	}
	return listen.Run(ctx, listen.Options{
		Address: o.Address, What: o.What, Setting: o.Setting, Log: o.Log, OnListen: opened, Counter: o.Counter,
	}, func(ctx context.Context, l net.Listener) error {
		server.BaseContext = func(net.Listener) context.Context { return ctx }
		return listen.ServeHTTP(ctx, l, server, listen.Bounds{Most: mostConnections, Slots: slots, Goodbye: goodbye}, o.Log)
	})
}

// guard keeps scripts of other web sites out, and bounds what is sent.
func (o HTTP) guard(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case !listen.OwnHost(r, o.Hosts):
			Fail(w, http.StatusForbidden, "this name is not known to be this machine's: ask by the IP address or a local name")
		case r.Header.Get("Sec-Fetch-Site") == "cross-site":
			Fail(w, http.StatusForbidden, "another web site asks for this, which is not allowed")
		default:
			r.Body = http.MaxBytesReader(w, r.Body, mostBody)
			handler.ServeHTTP(w, r)
		}
	})
}

// Fail answers with an error.
func Fail(w http.ResponseWriter, code int, text string) {
	body, err := json.Marshal(map[string]string{"error": text})
	if err != nil {
		return // a string is always JSON
	}
	Send(w, code, body)
}

// Send answers with JSON.
func Send(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // who asked and left needs no answer
}

// ClientOf returns what the book calls who asks by HTTP: its address, and the
// name of its program where it says one.
func ClientOf(r *http.Request) string {
	name := r.RemoteAddr
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		name = from.Addr().Unmap().String()
	}
	if agent := r.UserAgent(); agent != "" {
		name += " (" + agent + ")"
	}
	return name
}

// View returns what is told to who asks by HTTP. Where there is nothing fresh it
// answers with status 503, so that the client does not go on with an old value;
// nil: it did.
func (m *Meter) View(w http.ResponseWriter, r *http.Request) *View {
	v, ok := m.Newest(time.Now())
	if ok {
		return v
	}
	const why = "there is no fresh reading of the meter"
	m.Refused(ClientOf(r), r.URL.Path, "503: "+why)
	Fail(w, http.StatusServiceUnavailable, why)
	return nil
}
