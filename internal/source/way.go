package source

import (
	"crypto/tls"
	"net/url"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// Way is where a meter is read over the network, and what it takes.
type Way struct {
	URL   *url.URL // its scheme is one of ways; of mqtt the topic is Opaque, the others have a port
	Shown string   // the address as logs may show it

	// Of mqtt.
	Broker   broker.Finder // where the topic is
	Security *tls.Config   // for a broker with TLS; not nil
}

// ways is the table of the schemes: how the line behind each is opened.
var ways = map[string]func(Way) Port{
	"tcp":        func(w Way) Port { return Network(w.URL.Host) },
	"homewizard": homeWizard,
	"ws":         webSocket,
	"wss":        webSocket,
	"mqtt":       topic,
}

// Port returns the line.
func (w Way) Port() Port { return ways[w.URL.Scheme](w) }

// NeedsBroker reports whether the line is a topic of a broker.
func (w Way) NeedsBroker() bool { return w.URL.Scheme == "mqtt" }

// maxMessage bounds one answer, one message: longer than any telegram, in
// whatever it is wrapped.
const maxMessage = 4 * frame.MaxTelegram
