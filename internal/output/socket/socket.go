// Package socket serves what is published on a hub to any number of TCP
// clients: readings as lines of JSON, and the meter's own bytes. Both are the
// same server. Its clients cannot hurt the meter, each other or the program:
// each has a bounded queue, and what a client sends is thrown away.
package socket

import (
	"log/slog"
	"net"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// Line is a reading for the JSON socket.
type Line struct {
	Received time.Time // when its telegram was whole, by our clock
	Data     []byte    // a JSON object and "\r\n"; shared, never changed
}

// Chunk is a piece of the meter's bytes for the raw socket.
type Chunk struct {
	Data  []byte // shared, never changed
	Start bool   // begins a message
}

// queueLimit is what may wait for one client, in bytes with overhead: readings
// of thirteen minutes, one each second. With what is being written and what
// the garbage collector has not collected yet, a client that never reads costs
// a megabyte at most.
const queueLimit = 768 << 10

// overhead of a queued value, so that a million chunks of one byte do not
// count as a million bytes.
const overhead = 64

// welcomeAge is how old the reading may be that a new client gets at once.
const welcomeAge = time.Minute

// NewLines returns a hub for NewJSON.
func NewLines() *hub.Hub[Line] {
	return &hub.Hub[Line]{Cost: func(l Line) int { return len(l.Data) + overhead }}
}

// NewChunks returns a hub for NewRaw.
func NewChunks() *hub.Hub[Chunk] {
	return &hub.Hub[Chunk]{Cost: func(c Chunk) int { return len(c.Data) + overhead }}
}

// Options are what both sockets need.
type Options struct {
	Address  string          // host:port to listen at
	Clients  int             // at most, 1 or more
	Slots    *listen.Slots   // of the program's clients; may be nil
	Log      *slog.Logger    // hears of the socket and its clients
	OnListen func(net.Addr)  // called each time the socket is open; may be nil
	Counter  *status.Counter // counts values, summed over clients; may be nil
}

// NewJSON returns the server of the JSON socket, fed from lines. A new client
// at once gets the last line, if it is younger than a minute; one that does
// not keep up misses its oldest lines.
func NewJSON(lines *hub.Hub[Line], o Options) *Server[Line] {
	return &Server[Line]{
		options: o,
		slots:   listen.NewSlots(o.Clients, o.Slots),
		what:    "JSON socket",
		setting: "SMARTMETER_TCP_SERVER",
		hub:     lines,
		policy:  hub.DropOldest,
		welcome: func(l Line) bool { return time.Since(l.Received) < welcomeAge },
		starts:  func(Line) bool { return true },
		data:    func(l Line) []byte { return l.Data },
	}
}

// NewRaw returns the server of the raw socket, fed from chunks. A new client
// is started at the next telegram; one that does not keep up is disconnected.
func NewRaw(chunks *hub.Hub[Chunk], o Options) *Server[Chunk] {
	return &Server[Chunk]{
		options: o,
		slots:   listen.NewSlots(o.Clients, o.Slots),
		what:    "raw socket",
		setting: "SMARTMETER_RAW_TCP_SERVER",
		hub:     chunks,
		policy:  hub.Disconnect,
		starts:  func(c Chunk) bool { return c.Start },
		data:    func(c Chunk) []byte { return c.Data },
	}
}
