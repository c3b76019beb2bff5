package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealthcheck: the exit code is that of /healthz alone.
func TestHealthcheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		health int
		status string
		args   []string
		code   int
		want   string
	}{
		{"alive", http.StatusOK, "", nil, exitGood, "alive\n"},
		{"dead", http.StatusServiceUnavailable, "", nil, exitBad, "it answers 503 Service Unavailable: stuck"},
		{"no data", http.StatusOK, `{"verdict":{"name":"wrong_key","problem":true,"text":"it does not fit","next":"Compare it"},"outputs":[{"name":"mqtt","sent":7}]}`,
			[]string{"-v"}, exitGood, "wrong_key: it does not fit"},
		{"no data, what next", http.StatusOK, `{"verdict":{"name":"wrong_key","next":"Compare it"}}`, []string{"-v"}, exitGood, "next step  Compare it"},
		{"dead, and how", http.StatusServiceUnavailable, `{"verdict":{"name":"good"}}`, []string{"-v"}, exitBad, "good"},
		{"an older app", http.StatusOK, "404", []string{"-v"}, exitGood, "is not a status"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.health)
				if test.health == http.StatusOK {
					fmt.Fprintln(w, "alive")
				} else {
					fmt.Fprintln(w, "stuck")
				}
			})
			mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, test.status) })
			server := httptest.NewServer(mux)
			defer server.Close()
			environ := []string{"SMARTMETER_HEALTH=" + strings.TrimPrefix(server.URL, "http://")}
			code, stdout, stderr := call(t, "", environ, append([]string{"healthcheck"}, test.args...)...)
			if code != test.code || !strings.Contains(stdout+stderr, test.want) {
				t.Errorf("got exit %d, %q %q, want %d and %q", code, stdout, stderr, test.code, test.want)
			}
		})
	}
}
