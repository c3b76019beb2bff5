package supervisor_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/supervisor"
)

// answering returns a client of a Supervisor that gives one answer, at one path.
func answering(t *testing.T, path string, status int, body string) *supervisor.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.Method+" "+r.URL.Path, "GET "+path; got != want {
			t.Errorf("request %s, want %s", got, want)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return supervisor.New(server.URL, token, nil)
}

func TestHostname(t *testing.T) {
	for _, tt := range []struct {
		status     int
		body, want string
		err        string // begins so; empty: none
	}{
		{200, `{"result":"ok","data":{"supervisor":"2026.11.0","hostname":"homeassistant","timezone":"Europe/Amsterdam"}}`, "homeassistant", ""},
		{200, `{"result":"ok","data":{"hostname":null}}`, "", "asking for the machine's name: the Supervisor names none"},
		{401, `401: Unauthorized`, "", "asking for the machine's name: the Supervisor answers 401 Unauthorized"},
	} {
		got, err := answering(t, "/info", tt.status, tt.body).Hostname(t.Context())
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v", tt.body, got, err)
		}
	}
}

func TestOpenPort(t *testing.T) {
	const network = `{"result":"ok","data":{"slug":"a0d7b954_smartmeter","network":{"3010/tcp":3010,"8081/tcp":80,"8082/tcp":null,"1010/udp":1010}}}`
	for _, tt := range []struct {
		status       int
		body, inside string
		want         int
		err          string // begins so; empty: none
	}{
		{200, network, "8081/tcp", 80, ""},
		{200, network, "8082/tcp", 0, ""},
		{200, network, "1010/udp", 1010, ""},
		{200, network, "1010/tcp", 0, ""},
		{200, `{"result":"ok","data":{"network":null}}`, "8081/tcp", 0, ""},
		{200, `{"result":"ok","data":{"network":{"8081/tcp":99999}}}`, "8081/tcp", 0, "asking for the app's ports: the Supervisor's answer is not understood"},
		{500, ``, "8081/tcp", 0, "asking for the app's ports: the Supervisor answers 500"},
	} {
		got, err := answering(t, "/addons/self/info", tt.status, tt.body).OpenPort(t.Context(), tt.inside)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%s of %s: %d, %v", tt.inside, tt.body, got, err)
		}
	}
}
