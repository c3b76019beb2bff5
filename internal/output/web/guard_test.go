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
			r.RemoteAddr = remote
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

// What net/http has to say of clients is no news; a fault of ours is.
func TestErrorLog(t *testing.T) {
	var text strings.Builder
	log := errorLog{slog.New(slog.NewTextHandler(&text, nil))}
	for _, line := range []string{"http: URL query contains semicolon\n", "http: panic serving 127.0.0.1:1: x\n"} {
		if n, err := log.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%q: %d, %v", line, n, err)
		}
	}
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "panic serving") {
		t.Errorf("log: %s", got)
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
