//go:build homeassistant

package homeassistant_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// api is Core's API, as the owner uses it: REST and WebSocket.
type api struct {
	base  string
	token string // empty: before there is an owner
}

// try sends a REST request. What is nil is not sent and not read.
func (a *api) try(method, path string, in, out any) error {
	var body io.Reader
	kind := "application/json"
	switch in := in.(type) {
	case nil:
	case url.Values:
		body, kind = strings.NewReader(in.Encode()), "application/x-www-form-urlencoded"
	default:
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	request, err := http.NewRequest(method, a.base+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	client := http.Client{Timeout: deadline}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (a *api) rest(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := a.try(method, path, in, out); err != nil {
		t.Fatal(err)
	}
}

// fields are a command's or a form's.
type fields map[string]any

// call sends a WebSocket command and waits for its result. Each has
// a connection of its own: Core closes those that are idle.
func (a *api) call(t *testing.T, command string, in fields, out any) {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(a.base, "http")+"/api/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(deadline))
	type answer struct {
		Type    string          `json:"type"`
		Success bool            `json:"success"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
	}
	var got answer
	receive := func(want string) {
		t.Helper()
		got = answer{}
		if err := conn.ReadJSON(&got); err != nil || got.Type != want {
			t.Fatalf("%s: got %q, %v, want %q", command, got.Type, err, want)
		}
	}
	send := func(message fields) {
		t.Helper()
		if err := conn.WriteJSON(message); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	receive("auth_required")
	send(fields{"type": "auth", "access_token": a.token})
	receive("auth_ok")
	message := fields{"id": 1, "type": command}
	maps.Copy(message, in)
	send(message)
	receive("result")
	if !got.Success {
		t.Fatalf("%s: %s", command, got.Error)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(got.Result, out); err != nil {
		t.Fatalf("%s: %v: %s", command, err, got.Result)
	}
}

// onboard makes the owner, and a token that lives as long as the test.
func (a *api) onboard(t *testing.T) {
	t.Helper()
	client := a.base + "/"
	var user struct {
		Code string `json:"auth_code"`
	}
	a.rest(t, "POST", "/api/onboarding/users", fields{
		"client_id": client, "name": "Owner", "username": "owner", "password": rand.Text(), "language": "en"}, &user)
	var login struct {
		Token string `json:"access_token"`
	}
	a.rest(t, "POST", "/auth/token", url.Values{"grant_type": {"authorization_code"}, "code": {user.Code}, "client_id": {client}}, &login)
	a.token = login.Token
	var token string
	a.call(t, "auth/long_lived_access_token", fields{"client_name": "test", "lifespan": 1}, &token)
	for _, step := range []string{"core_config", "analytics"} {
		a.rest(t, "POST", "/api/onboarding/"+step, nil, nil)
	}
	a.rest(t, "POST", "/api/onboarding/integration", fields{"client_id": client, "redirect_uri": client}, nil)
	a.token = token
}

// setUp sets up an integration by its form, as a user does on the page
// "Devices & services", and returns the id of its entry.
func (a *api) setUp(t *testing.T, integration string, form fields) string {
	t.Helper()
	type answer struct {
		Flow   string          `json:"flow_id"`
		Type   string          `json:"type"`
		Errors json.RawMessage `json:"errors"`
		Result struct {
			Entry string `json:"entry_id"`
		} `json:"result"`
	}
	const flows = "/api/config/config_entries/flow"
	var begun, done answer
	a.rest(t, "POST", flows, fields{"handler": integration}, &begun)
	a.rest(t, "POST", flows+"/"+begun.Flow, form, &done)
	if done.Type != "create_entry" {
		t.Fatalf("setting up %s: got %q, %s, want create_entry", integration, done.Type, done.Errors)
	}
	return done.Result.Entry
}

// state is the state of an entity.
type state struct {
	ID         string    `json:"entity_id"`
	State      string    `json:"state"`
	Updated    time.Time `json:"last_updated"`
	Attributes struct {
		Name    string   `json:"friendly_name"`
		Unit    string   `json:"unit_of_measurement"`
		Class   string   `json:"device_class"`
		State   string   `json:"state_class"`
		Options []string `json:"options"`
		Icon    string   `json:"icon"`
	} `json:"attributes"`
}

// good tells whether the state is a value.
func (s state) good() bool {
	return s.State != "" && s.State != "unknown" && s.State != "unavailable"
}

// state returns the state of an entity; the zero state if there is none.
func (a *api) state(id string) (s state) {
	_ = a.try("GET", "/api/states/"+id, nil, &s)
	return s
}

// states returns the states of all entities.
func (a *api) states(t *testing.T) map[string]state {
	t.Helper()
	var list []state
	a.rest(t, "GET", "/api/states", nil, &list)
	states := make(map[string]state, len(list))
	for _, s := range list {
		states[s.ID] = s
	}
	return states
}
