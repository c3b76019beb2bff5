package supervisor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/supervisor"
)

const token = "t0ken"

// ask runs MQTT against a Supervisor that gives one answer.
func ask(t *testing.T, status int, body string) (supervisor.Service, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.Method+" "+r.URL.Path, "GET /services/mqtt"; got != want {
			t.Errorf("request %s, want %s", got, want)
		}
		if got, want := r.Header.Get("Authorization"), "Bearer "+token; got != want {
			t.Errorf("Authorization %q, want %q", got, want)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return supervisor.New(server.URL+"/", token, nil).MQTT(t.Context())
}

func TestMQTT(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       supervisor.Service
		url        string
	}{
		{
			"as the Mosquitto app announces itself",
			`{"result":"ok","data":{"host":"core-mosquitto","port":1883,"ssl":false,"protocol":"3.1.1","username":"addons","password":"geheim","addon":"core_mosquitto"}}`,
			supervisor.Service{Host: "core-mosquitto", Port: 1883, Username: "addons", Password: "geheim"},
			"mqtt://core-mosquitto:1883",
		},
		{
			"port as text, TLS, no login",
			`{"result":"ok","data":{"host":"fd00::2","port":"8883","ssl":true}}`,
			supervisor.Service{Host: "fd00::2", Port: 8883, SSL: true},
			"mqtts://[fd00::2]:8883",
		},
		{
			"nothing for a login",
			`{"result":"ok","data":{"host":"h","port":1,"username":null,"password":null}}`,
			supervisor.Service{Host: "h", Port: 1},
			"mqtt://h:1",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ask(t, http.StatusOK, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := got.URL(); got != tt.url {
				t.Errorf("URL %s, want %s", got, tt.url)
			}
			if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, "geheim") {
				t.Errorf("shows the password: %s", text)
			}
		})
	}
}

func TestMQTTFails(t *testing.T) {
	const (
		notEnabled = "asking for the MQTT broker: no MQTT broker has announced itself to Home Assistant: install and start the Mosquitto broker app, or set mqtt.url"
		denied     = "asking for the MQTT broker: the Supervisor does not allow this app to ask for the MQTT broker: reinstall the app, or set mqtt.url (the Supervisor answers "
		muddled    = "asking for the MQTT broker: the Supervisor's answer is not understood: "
	)
	for _, tt := range []struct {
		name   string
		status int
		body   string
		is     error // may be nil
		want   string
	}{
		{"no broker", 400, `{"result":"error","message":"Service not enabled"}`, supervisor.ErrNotEnabled, notEnabled},
		{"no broker, as another version says it", 404, `{"result":"error","message":"service is NOT enabled.","error_key":"x"}`, supervisor.ErrNotEnabled, notEnabled},
		{"no broker, said with 200", 200, `{"result":"error","message":"Service not enabled"}`, supervisor.ErrNotEnabled, notEnabled},
		{"no token", 401, `401: Unauthorized`, supervisor.ErrDenied, denied + "401 Unauthorized)"},
		{"no right", 403, `{"result":"error","message":"No access to mqtt service!"}`, supervisor.ErrDenied, denied + `403 Forbidden: "No access to mqtt service!")`},
		{"starting", 400, `{"result":"error","message":"System is not ready with state: setup"}`, nil, `asking for the MQTT broker: the Supervisor answers 400 Bad Request: "System is not ready with state: setup"`},
		{"broken", 502, `<html>`, nil, "asking for the MQTT broker: the Supervisor answers 502 Bad Gateway"},
		{"empty", 200, ``, nil, muddled + "unexpected end of JSON input"},
		{"no data", 200, `{"result":"ok"}`, nil, muddled + "unexpected end of JSON input"},
		{"no host", 200, `{"result":"ok","data":{"port":1883}}`, nil, "asking for the MQTT broker: the Supervisor names no host and port"},
		{"no port", 200, `{"result":"ok","data":{"host":"h"}}`, nil, "asking for the MQTT broker: the Supervisor names no host and port"},
		{"odd port", 200, `{"result":"ok","data":{"host":"h","port":"99999"}}`, nil, muddled + `"99999" is not a port from 1 to 65535`},
		{"endless", 200, `{"result":"ok","data":"` + strings.Repeat("x", 1<<17), nil, "asking for the MQTT broker: the Supervisor's answer is longer than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ask(t, tt.status, tt.body)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
			if tt.is == nil && (errors.Is(err, supervisor.ErrNotEnabled) || errors.Is(err, supervisor.ErrDenied)) {
				t.Errorf("%v is taken for a sentinel", err)
			}
			if got != (supervisor.Service{}) {
				t.Errorf("got %+v beside the error", got)
			}
		})
	}
}

func TestMQTTUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := supervisor.New(server.URL, token, nil).MQTT(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the Supervisor cannot be reached, perhaps because it is restarting: ") {
		t.Errorf("got %v", err)
	}
	if err != nil && strings.Contains(err.Error(), token) {
		t.Errorf("shows the token: %v", err)
	}
}

func TestFromEnv(t *testing.T) {
	if got := supervisor.FromEnv(func(string) string { return "" }); got != nil {
		t.Errorf("got %v without a token, want nil", got)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"result":"ok","data":{"host":"h","port":1}}`)
	}))
	t.Cleanup(server.Close)
	env := map[string]string{"SUPERVISOR_TOKEN": token, config.SupervisorVariable: server.URL}
	client := supervisor.FromEnv(func(name string) string { return env[name] })
	if text := fmt.Sprintf("%v %+v", client, client); strings.Contains(text, token) {
		t.Errorf("shows the token: %s", text)
	}
	if got, err := client.MQTT(t.Context()); err != nil || got.Host != "h" {
		t.Errorf("got %v, %v", got, err)
	}
}

// answers is a Supervisor without a network, so that time can be false.
type answers func(r *http.Request) (status int, body string)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

const (
	notEnabled = `{"result":"error","message":"Service not enabled"}`
	enabled    = `{"result":"ok","data":{"host":"core-mosquitto","port":1883}}`
)

// waitAgainst runs WaitMQTT against a Supervisor that has a broker once that
// many seconds have passed, and answers missing before. It returns the seconds
// of each question and the log.
func waitAgainst(t *testing.T, after time.Duration, status int, missing string) (asked []int, log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client := supervisor.New("", token, &http.Client{Transport: answers(func(r *http.Request) (int, string) {
			if got, want := r.URL.String(), "http://supervisor/services/mqtt"; got != want {
				t.Errorf("asks %s, want %s", got, want)
			}
			asked = append(asked, int(time.Since(start).Seconds()))
			if time.Since(start) < after {
				return status, missing
			}
			return http.StatusOK, enabled
		})})
		var lines bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				a.Value = slog.StringValue(time.Since(start).String())
			}
			return a
		}}))
		got, err := client.WaitMQTT(t.Context(), logger)
		if err != nil || got.URL() != "mqtt://core-mosquitto:1883" {
			t.Errorf("got %+v, %v", got, err)
		}
		log = lines.String()
	})
	return asked, log
}

func TestWaitMQTT(t *testing.T) {
	const (
		none  = `err="asking for the MQTT broker: no MQTT broker has announced itself to Home Assistant: install and start the Mosquitto broker app, or set mqtt.url"`
		found = `level=INFO msg="Home Assistant now names its MQTT broker" broker=mqtt://core-mosquitto:1883` + "\n"
		wait  = `time=0s level=INFO msg="waiting for Home Assistant to name its MQTT broker" `
		warn  = `level=WARN msg="still no MQTT broker; the rest of the app keeps running, and Home Assistant is asked again" `
	)
	for _, tt := range []struct {
		name    string
		after   time.Duration
		status  int
		missing string
		asked   []int
		log     string
	}{
		{"there at once", 0, 400, notEnabled, []int{0}, ""},
		{"there after half a minute", 30 * time.Second, 400, notEnabled, []int{0, 2, 6, 14, 30}, wait + none + "\ntime=30s " + found},
		{
			"there after five minutes", 5 * time.Minute, 400, notEnabled,
			[]int{0, 2, 6, 14, 30, 62, 122, 182, 242, 302},
			wait + none + "\ntime=2m2s " + warn + none + "\ntime=5m2s " + found,
		},
		{
			"refused, as while the Supervisor restarts", 10 * time.Second, 0, "", []int{0, 2, 6, 14},
			wait + `err="asking for the MQTT broker: the Supervisor cannot be reached, perhaps because it is restarting: Get \"http://supervisor/services/mqtt\": connection refused"` + "\ntime=14s " + found,
		},
		{
			"denied", 5 * time.Second, 403, "{}", []int{0, 2, 6},
			"time=0s " + warn + `err="asking for the MQTT broker: the Supervisor does not allow this app to ask for the MQTT broker: reinstall the app, or set mqtt.url (the Supervisor answers 403 Forbidden)"` + "\ntime=6s " + found,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked, log := waitAgainst(t, tt.after, tt.status, tt.missing)
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Errorf("seconds of the questions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.log, log); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWaitMQTTEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := supervisor.New("", token, &http.Client{Transport: answers(func(*http.Request) (int, string) { return http.StatusBadRequest, notEnabled })})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := client.WaitMQTT(ctx, slog.New(slog.DiscardHandler)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// A Supervisor that accepts and never answers holds up no more than one call.
func TestMQTTGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := supervisor.New("", token, &http.Client{Transport: answers(func(r *http.Request) (int, string) {
			<-r.Context().Done()
			return 0, ""
		})})
		start := time.Now()
		if _, err := client.MQTT(t.Context()); err == nil {
			t.Error("no error")
		}
		if got, want := time.Since(start), 10*time.Second; got != want {
			t.Errorf("gave up after %v, want %v", got, want)
		}
	})
}
