package listen

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// localDomains end the names that only a home's own network gives out: mDNS
// (RFC 6762), RFC 8375, ICANN's .internal, and what routers use.
var localDomains = []string{".local", ".localhost", ".lan", ".home", ".home.arpa", ".internal"}

// OwnHost reports whether a request is meant for this machine: its Host is an
// IP address, a name without a dot, one of a local domain, or one of those
// that are allowed. Any other could be a web site's, whose owner lets its name
// lead here (DNS rebinding) so that scripts of the site may read the answers.
func OwnHost(r *http.Request, allowed []string) bool {
	host := strings.TrimSuffix(strings.ToLower((&url.URL{Host: r.Host}).Hostname()), ".")
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc(localDomains, func(domain string) bool { return strings.HasSuffix(host, domain) }) ||
		slices.ContainsFunc(allowed, func(name string) bool { return strings.EqualFold(name, host) })
}
