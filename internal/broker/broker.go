// Package broker is the one way to an MQTT broker: where it is and as whom to
// log in, the transports, a connection that no broker can hurt the program by,
// and what a person can do where there is none.
package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// Login is where to connect, and as whom.
type Login struct {
	URL      string // mqtt, tcp, mqtts, ssl, tls, ws or wss; a login in it is used when Username is empty
	Username string // empty: without login
	Password config.Secret
}

// Finder returns the broker. It is called before the first login, after each
// refused one (refused is true: the credentials may have changed), and now
// and then while the broker cannot be reached. It may block until its
// context ends, or fail; then it is asked again.
type Finder func(ctx context.Context, refused bool) (Login, error)

// schemes are the transports and the ports that they use where the address
// names none.
var schemes = map[string]string{
	"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883", "tls": "8883", "ws": "80", "wss": "443",
}

// Resolve takes the login out of the broker's URL, where it would show up in
// errors and logs, and adds the port.
func (l Login) Resolve() (*url.URL, Login, error) {
	u, err := url.Parse(l.URL)
	if err != nil {
		// The error would quote the password.
		return nil, l, errors.New("mqtt.url is not a URL: write it like mqtt://host:1883")
	}
	port, ok := schemes[u.Scheme]
	if !ok || u.Hostname() == "" {
		return nil, l, fmt.Errorf("mqtt.url %q has no host or an unknown scheme: write it like mqtt://host:1883",
			u.Redacted())
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	if l.Username == "" && u.User != nil {
		l.Username = u.User.Username()
		password, _ := u.User.Password()
		l.Password = config.Secret(password)
	}
	u.User = nil
	return u, l, nil
}
