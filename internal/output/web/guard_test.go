package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhoIsServedUnderHomeAssistant(t *testing.T) {
	for remote, want := range map[string]int{
		"172.30.32.2:40000":          http.StatusOK,
		"[::ffff:172.30.32.2]:40000": http.StatusOK,
		"127.0.0.1:40000":            http.StatusOK,
		"[::1]:40000":                http.StatusOK,
		"172.30.32.1:40000":          http.StatusForbidden,
		"172.30.33.7:40000":          http.StatusForbidden, // another app
		"192.168.1.9:40000":          http.StatusForbidden,
		"[fe80::1%eth0]:40000":       http.StatusForbidden,
		"pipe":                       http.StatusForbidden,
	} {
		for _, ingress := range []bool{true, false} {
			s := (&Site{}).Server(Options{Page: true, Ingress: ingress, Log: slog.New(slog.DiscardHandler)})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Host = remote, "192.168.1.5:8080"
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if !ingress && w.Code != http.StatusOK || ingress && w.Code != want {
				t.Errorf("%s, ingress %v: %d %s", remote, ingress, w.Code, w.Body)
			}
			if w.Code == http.StatusForbidden && !strings.Contains(w.Body.String(), "sidebar") {
				t.Errorf("%s: %s", remote, w.Body)
			}
		}
	}
}

func TestLabel(t *testing.T) {
	for text, want := range map[string]string{
		"":                    `""`,
		`ISK5\2M550 "E"`:      `"ISK5\\2M550 \"E\""`,
		"a\nb":                `"a\nb"`,
		"\xe9":                `"é"`,
		"é":                   `"é"`,
		"a\x00{b=\"c\"} 1\n#": "\"a\x00{b=\\\"c\\\"} 1\\n#\"",
	} {
		if got := string(appendLabel(nil, text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
