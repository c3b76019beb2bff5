package web

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
)

// supervisor is whom an app lets in at its ingress port (Home Assistant's
// developer documentation, "Presenting your app").
var supervisor = netip.MustParseAddr("172.30.32.2")

// policy lets the page load nothing but what this server sends, and be framed
// by its own origin only: under ingress that is Home Assistant.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// api is the addresses of the API. docs/openapi.yaml describes them.
func (s *Server) api() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/api/reading":  s.reading,
		"/api/solar":    s.solar,
		"/api/status":   s.status,
		"/api/telegram": s.telegram,
		"/api/history":  s.history,
		"/api/events":   s.events,
		"/api/capture":  s.capture,
		"/metrics":      s.metrics,
		"/healthz":      s.healthz,
	}
}

// routes answers all requests to one port. Addresses are exact: a server mux
// would send redirects, which leave the prefix.
func (s *Server) routes() http.Handler {
	routes := s.api()
	if s.options.Page {
		for name, f := range pages {
			routes[name] = f.ServeHTTP
		}
		routes["/causes.js"] = causes(s.site.world.Names).ServeHTTP
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		route := routes[r.URL.Path]
		switch {
		case s.options.Ingress && !fromSupervisor(r.RemoteAddr):
			fail(w, http.StatusForbidden, "this port is for Home Assistant's sidebar only: open the page there, or use the port of the API")
		case !s.options.Ingress && !listen.OwnHost(r, s.options.Hosts):
			fail(w, http.StatusForbidden, "this name is not known to be this machine's: ask by the IP address or a local name, or list the name in the option api_hosts (SMARTMETER_API_HOSTS)")
		case foreign(r):
			fail(w, http.StatusForbidden, "another web site asks for this, which is not allowed")
		case route == nil:
			fail(w, http.StatusNotFound, "there is nothing at this address")
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "this address can only be read, with GET")
		default:
			route(w, r)
		}
	})
}

func fromSupervisor(remote string) bool {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := from.Addr().Unmap()
	return addr.IsLoopback() || addr == supervisor
}

// foreign reports whether a script or a picture of another web site made the
// request, as every browser says since 2023. A link from there does not count.
func foreign(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// fail answers with an error as the API does.
func fail(w http.ResponseWriter, code int, text string) {
	answer(w, code, must(json.Marshal(map[string]string{"err": text})))
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(err) // a string is always JSON
	}
	return text
}

// answer sends JSON that no cache keeps.
func answer(w http.ResponseWriter, code int, body []byte) {
	send(w, code, "application/json", body)
}

func send(w http.ResponseWriter, code int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) // who asked and left needs no answer
}

// behindIngress reports whether Home Assistant passes the request on. It takes off
// every compression, and compresses on its own account.
func behindIngress(r *http.Request) bool { return r.Header.Get("X-Ingress-Path") != "" }

// accepts reports whether the other side takes gzip, and asked for it itself.
func accepts(r *http.Request) bool {
	return !behindIngress(r) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}
