package config

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is an option that cannot work. Its text is one line and shows no
// secret. A program that meets it ends: only the user can mend it.
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

// shown is the length, in bytes, to which a user's text is cut in a message.
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

// printable is s on one line, without quotes unless it is empty.
func printable(s string) string {
	q := quoted(s)
	if s == "" {
		return q
	}
	return q[1 : len(q)-1]
}

var (
	userinfo = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*://)?([^:]*):.*@`)
	portless = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*://[^:]*):.*`)
)

// mask hides the password in a URL, also in one that does not parse: then all
// that could be a password goes. The key of a web hook is often a password.
func mask(s string) string {
	if before, _, ok := strings.Cut(s, "?"); ok && strings.Contains(before, "://") && !strings.Contains(s, "@") {
		return mask(before) + "?***"
	}
	if at := strings.LastIndex(s, "@"); at >= 0 {
		rest := s[at+1:]
		if i := strings.IndexAny(rest, "?&"); i >= 0 && strings.Contains(s[:at], "://") {
			s = s[:at+1] + rest[:i+1] + "***"
		}
		return userinfo.ReplaceAllString(s, "$1$2:***@")
	}
	if _, err := url.Parse(s); err != nil {
		return portless.ReplaceAllString(s, "$1:***")
	}
	return s
}
