package config

import (
	"net"
	"net/url"
	"strings"
)

// ways are the schemes of a network address before a host: the port where none
// is named, and whether a user, a path and a query may stand around the host.
var ways = map[string]struct {
	port    string // empty: one must be named
	example string
	isWeb   bool
}{
	"tcp":        {"", "tcp://192.168.1.20:23", false},
	"homewizard": {"80", "homewizard://192.168.1.20", false},
	"ws":         {"80", "ws://192.168.1.20/telegrams", true},
	"wss":        {"443", "wss://meter.example.org/telegrams", true},
}

// topicScheme begins the address of a meter whose telegrams come over MQTT. The
// broker is the one that readings are published to.
const topicScheme = "mqtt"

// URL returns the address as a URL with one of the schemes tcp, homewizard, ws,
// wss, which always has a port, or mqtt, whose Opaque is the topic. The address
// must be a valid one.
func (n Network) URL() (*url.URL, error) {
	u, mend := networkURL(n.Address)
	if mend != "" {
		return nil, &Error{Option: "network.address", Value: n.Shown(), Mend: mend}
	}
	return u, nil
}

// Shown returns the address as logs and the page may show it.
func (n Network) Shown() string { return mask(n.Address) }

// networkAddress wants where a meter is read over the network, or nothing.
func networkAddress(s string) string {
	if s == "" {
		return ""
	}
	_, mend := networkURL(s)
	return mend
}

// networkURL returns the address as a URL, or what to write instead.
func networkURL(s string) (u *url.URL, mend string) {
	if before, rest, ok := strings.Cut(s, ":"); ok && strings.EqualFold(before, topicScheme) && !portNumber(rest, 1) {
		return &url.URL{Scheme: topicScheme, Opaque: rest}, subscription(rest)
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		before, port, _ := strings.Cut(s, ":")
		if way, isScheme := ways[strings.ToLower(before)]; isScheme && strings.Contains(s, ":") && !portNumber(port, 1) {
			return nil, "write // after " + before + ":, such as " + way.example
		}
		return &url.URL{Scheme: "tcp", Host: s}, address(s, "192.168.1.20:23")
	}
	way, ok := ways[strings.ToLower(scheme)]
	if !ok {
		return nil, quoted(scheme+"://") + " does not lead to a meter; write host:port, " +
			"or one of tcp://, homewizard://, ws://, wss:// before the host, or mqtt: and a topic"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.Contains(rest, "@"), err == nil && strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"):
		return nil, "write special characters in user and password as % codes, such as %40 for @"
	case err != nil || !host(u.Hostname()):
		return nil, "write the host as a name or an IP address (IPv6 in brackets), such as " + way.example
	case !way.isWeb && (u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != ""):
		return nil, "write no more than the host and its port, such as " + way.example
	case u.Port() == "" && way.port == "":
		return nil, "add the port, such as " + u.Scheme + "://" + net.JoinHostPort(u.Hostname(), "23")
	case u.Port() != "" && !portNumber(u.Port(), 1) || strings.HasSuffix(u.Host, ":"):
		return nil, "write a port from 1 to 65535 after the host"
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), way.port)
	}
	if !way.isWeb {
		u.Path = ""
	}
	return u, ""
}

// subscription wants the topic that a reader publishes its telegrams on.
func subscription(topic string) string {
	const example = ", such as mqtt:p1/telegram"
	switch {
	case strings.HasPrefix(topic, "//"):
		return "write mqtt: and the topic" + example + "; the broker is the one that this app uses (mqtt.url)"
	case strings.Trim(topic, "/ ") == "":
		return "write the topic after mqtt:" + example
	case strings.ContainsAny(topic, "+#"):
		return "write one topic, without + and #, which are wildcards" + example
	}
	return lacksText(topic)
}
