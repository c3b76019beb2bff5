// Package supervisor makes the few calls of Home Assistant's Supervisor that
// the app needs. Every app may make them with the token that it is started
// with; its API rests on the envelope {"result": "ok", "data": {...}}.
package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

const (
	// DefaultURL is where an app reaches the Supervisor.
	DefaultURL = "http://supervisor"

	// timeout bounds one call. The Supervisor is on the same machine.
	timeout = 10 * time.Second

	// maxBody bounds an answer, in bytes. Real ones have a few hundred.
	maxBody = 64 << 10
)

// ErrNotEnabled means that no app offers the service. While Home Assistant
// starts this is normal: the broker announces itself once it listens.
var ErrNotEnabled = errors.New("no MQTT broker has announced itself to Home Assistant: install and start the Mosquitto broker app, or set mqtt.url")

// ErrDenied means that the Supervisor does not let this app ask. Waiting does
// not help.
var ErrDenied = errors.New("the Supervisor does not allow this app to ask for the MQTT broker: reinstall the app, or set mqtt.url")

// Client asks the Supervisor. It may be used from many goroutines.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New returns a Client for the Supervisor at baseURL; empty means DefaultURL.
// A nil client means one that goes through no proxy, so that the token stays
// on this machine.
func New(baseURL, token string, client *http.Client) *Client {
	if baseURL == "" {
		baseURL = DefaultURL
	}
	if client == nil {
		client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // calls are rare
	}
	return &Client{base: strings.TrimRight(baseURL, "/"), token: token, http: client}
}

// FromEnv returns a Client for the Supervisor that started this program, or
// nil when none did. Getenv is os.Getenv or the like.
func FromEnv(getenv func(name string) string) *Client {
	token := getenv("SUPERVISOR_TOKEN")
	if token == "" {
		return nil
	}
	return New(getenv(config.SupervisorVariable), token, nil)
}

// String names the Supervisor and leaves the token out: fmt would show it.
func (c *Client) String() string { return "Supervisor at " + c.base }

// get asks for path and decodes the envelope's data into data. A refusal is
// an *apiError.
func (c *Client) get(ctx context.Context, path string, data any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("the Supervisor cannot be reached, perhaps because it is restarting: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return fmt.Errorf("the Supervisor's answer broke off: %w", err)
	}
	if len(body) > maxBody {
		return fmt.Errorf("the Supervisor's answer is longer than %d bytes", maxBody)
	}
	var envelope struct {
		Result  string          `json:"result"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	err = json.Unmarshal(body, &envelope)
	if response.StatusCode != http.StatusOK || err == nil && envelope.Result != "ok" {
		// What stands between may send an error without envelope.
		return &apiError{response.StatusCode, envelope.Message}
	}
	if err != nil {
		return fmt.Errorf("the Supervisor's answer is not understood: %w", err)
	}
	if err := json.Unmarshal(envelope.Data, data); err != nil {
		return fmt.Errorf("the Supervisor's answer is not understood: %w", err)
	}
	return nil
}

// apiError is an error that the Supervisor answers with.
type apiError struct {
	status  int
	message string // may be empty
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("the Supervisor answers %d", e.status)
	if name := http.StatusText(e.status); name != "" {
		text += " " + name
	}
	if e.message != "" {
		text += fmt.Sprintf(": %.200q", e.message)
	}
	return text
}
