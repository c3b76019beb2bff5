package config

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is an option that cannot work. Its text is one line and shows no
// secret. The program ends, because only the user can correct it.
type Error struct {
	Option string // as the user wrote it: dotted path, variable, or the options file itself
	Value  string // as the user wrote it, secrets hidden; empty if there is none to show
	Mend   string // what to do about it
	Err    error  // what went wrong underneath, or nil
}

// Error returns `option = "value": mend`.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(printable(e.Option))
	if e.Value != "" {
		b.WriteString(" = ")
		b.WriteString(quoted(e.Value))
	}
	b.WriteString(": ")
	b.WriteString(e.Mend)
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// shown is the length in bytes to which a user's text is cut in a message.
const shown = 100

func quoted(s string) string {
	if len(s) > shown {
		cut := shown
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return strconv.Quote(s)
}

// printable returns s on one line, without quotes unless it is empty.
func printable(s string) string {
	q := quoted(s)
	if s == "" {
		return q
	}
	return q[1 : len(q)-1]
}

var (
	userinfo = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*://)?([^:]*):.*@`)
	// The URLs of brokers that have no path.
	pathless = regexp.MustCompile(`(?i)^(mqtts?|tcp|ssl|tls)$`)
	portless = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*://[^:]*):.*`)
)

// mask hides what could be a secret in a URL, even in one that does not parse:
// the password in a broker's, and all but scheme and host in a web address,
// because the path of a webhook is its password.
func mask(s string) string {
	scheme, rest, hasScheme := strings.Cut(s, "://")
	hasQuery := strings.Contains(rest, "?") && !strings.Contains(rest, "@")
	if hasScheme && (!pathless.MatchString(scheme) || hasQuery) {
		return maskWeb(scheme+"://", rest)
	}
	if strings.Contains(s, "@") {
		return userinfo.ReplaceAllString(s, "$1$2:***@")
	}
	if _, err := url.Parse(s); err != nil {
		return portless.ReplaceAllString(s, "$1:***")
	}
	return s
}

// maskWeb returns the scheme and host of a web address, with /*** for the rest.
func maskWeb(scheme, rest string) string {
	u, err := url.Parse("http://" + rest)
	if err != nil || strings.Contains(u.RequestURI()+u.Fragment, "@") { // a password with / or ?, perhaps
		return scheme + "***"
	}
	if u.Host == rest {
		return scheme + rest
	}
	return scheme + u.Host + "/***"
}
