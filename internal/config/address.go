package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// address returns what to write instead of an address that is not host:port.
// It returns "" for a valid one, as all checks do, and for an empty one.
// The example has a host and the usual port.
func address(s, example string) string {
	form := "write host:port, such as " + example
	_, usual, _ := net.SplitHostPort(example)
	if s == "" {
		return ""
	}
	if scheme, _, ok := strings.Cut(s, "://"); ok {
		return fmt.Sprintf("leave %s out and %s", quoted(scheme+"://"), form)
	}
	name, port, err := net.SplitHostPort(s)
	switch {
	case err != nil && host(s):
		return fmt.Sprintf("add the port, such as %s", net.JoinHostPort(s, usual))
	case err != nil || !host(name):
		return form + " (an IPv6 address in brackets: " + net.JoinHostPort("fe80::1", usual) + ")"
	case !portNumber(port, 1):
		return "write a port from 1 to 65535 after the colon"
	}
	return ""
}

// hostOrAddress checks a host with or without a port. The example has both.
func hostOrAddress(s, example string) string {
	usual, _, _ := net.SplitHostPort(example)
	switch {
	case s == "" || host(s):
		return ""
	case strings.Contains(s, "://"), strings.Count(s, ":") == 1, strings.HasPrefix(s, "["):
		return address(s, example)
	}
	return "write the host, such as " + usual + ", with a colon and the port if it is not the usual one"
}

// listen checks an address for net.Listen.
func listen(l Listen) string {
	if l == "" {
		return ""
	}
	name, port, err := net.SplitHostPort(string(l))
	if err != nil || name != "" && !host(name) || !portNumber(port, 0) {
		return "write a port, host:port (an IPv6 address in brackets), or 0 for off"
	}
	return ""
}

// ownPort checks an address for net.Listen that is not switched off.
func ownPort(p OwnPort) string {
	switch {
	case listen(Listen(p)) != "":
		return "write a port, or host:port (an IPv6 address in brackets)"
	case p == ":0":
		return "write a port from 1 to 65535, or leave it empty for the usual one; to switch it off, remove the whole entry"
	}
	return ""
}

// apart checks that two servers do not listen on the same port of all
// addresses. Only the system knows what else may clash.
func apart(l Listen, what string, other Listen) string {
	if l == "" || l != other || strings.HasSuffix(string(l), ":0") {
		return ""
	}
	return what + " has this port already; write another one, or 0 for off"
}

// server is something that listens.
type server struct {
	what    string
	address Listen
}

// taken checks that none of the servers has the port already.
func taken(l Listen, servers []server) string {
	for _, s := range servers {
		if mend := apart(l, s.what, s.address); mend != "" {
			return mend
		}
	}
	return ""
}

// sockets returns those of all meters.
func (c *Config) sockets() (list []server) {
	for _, m := range c.Meters() {
		list = append(list, server{"the JSON socket of " + m.Slot, m.JSONSocket})
		list = append(list, server{"the raw socket of " + m.Slot, m.RawSocket})
	}
	return list
}

// brokerPorts are the schemes of a broker's URL, each with its usual port.
var brokerPorts = map[string]string{
	"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883", "tls": "8883", "ws": "80", "wss": "443",
}

// brokerScheme returns the scheme's name in the rest of the program.
func brokerScheme(scheme string) string {
	if scheme == "ssl" || scheme == "tls" {
		return "mqtts"
	}
	return scheme
}

// hasPath reports whether the path of a broker's URL means something: that of
// a web socket does.
func hasPath(u *url.URL) bool { return u.Scheme == "ws" || u.Scheme == "wss" }

// brokerURL checks a URL for the MQTT client.
func brokerURL(s string) string {
	const escape = "give user and password in their own options, because special characters in a URL need % codes"
	if s == "" {
		return ""
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		meant := "mqtt://" + strings.TrimSuffix(s, "/")
		if u, err := url.Parse(meant); err == nil && brokerURL(meant) == "" {
			return "write " + mask(withPort(u).String())
		}
		return "write a URL such as mqtt://192.168.1.10:1883"
	}
	if _, ok := brokerPorts[strings.ToLower(scheme)]; !ok {
		return "write mqtt://, mqtts://, ws:// or wss:// before the host"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.Contains(rest, "@"), err == nil && strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"):
		return escape
	case err != nil:
		return "write a host and a port from 1 to 65535, such as mqtt://192.168.1.10:1883"
	case u.Hostname() == "":
		return fmt.Sprintf("write the broker's host after %s://", u.Scheme)
	case !host(u.Hostname()):
		return "write the broker's host as a name or an IP address (IPv6 in brackets)"
	case u.Port() != "" && !portNumber(u.Port(), 1) || strings.HasSuffix(u.Host, ":"):
		return "write a port from 1 to 65535 after the host, or none"
	}
	return ""
}

// webURL checks a web address.
func webURL(address WebURL, example string) string {
	s := string(address)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case !strings.Contains(s, "://"):
		if meant := WebURL("http://" + s); webURL(meant, example) == "" {
			return "write " + meant.String() + ", or https:// if the server requires it"
		}
		return "write a URL such as " + example
	case err != nil:
		return "write a URL such as " + example
	case u.Scheme != "http" && u.Scheme != "https":
		return "write http:// or https:// before the host"
	case u.Host == "" || !host(u.Hostname()):
		return "write the host as a name or an IP address (IPv6 in brackets)"
	case u.Port() != "" && !portNumber(u.Port(), 1) || strings.HasSuffix(u.Host, ":"):
		return "write a port from 1 to 65535 after the host, or none"
	}
	return ""
}

// withPort returns a broker's URL with its port, the scheme's usual one where
// it has none.
func withPort(u *url.URL) *url.URL {
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), brokerPorts[u.Scheme])
	}
	return u
}

// host reports whether s is a name or an IP address, without brackets.
func host(s string) bool {
	if strings.Contains(s, ":") {
		_, err := netip.ParseAddr(s)
		return err == nil && !strings.ContainsFunc(s, control)
	}
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

func portNumber(s string, least uint64) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n >= least
}

func control(r rune) bool { return r < ' ' || r == 0x7f }
