package mqtt

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
)

// deaf is a client that only disconnects.
type deaf struct{ paho.Client }

func (deaf) Disconnect(uint) {}

// attempts runs a connector whose login attempts end as dial says, and
// returns when they were made and what was asked and logged. Links that it
// makes are lost after life.
func attempts(t *testing.T, last time.Duration, life func(n int) time.Duration, ask func(refused bool) (Broker, error), dial func(n int) error) (at []string, log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), last)
		defer cancel()
		begin := time.Now()
		var text bytes.Buffer
		o := options()
		o.Log = slog.New(slog.NewTextHandler(&text, nil))
		o.Broker = func(_ context.Context, refused bool) (Broker, error) {
			at = append(at, fmt.Sprintf("%s asked %t", time.Since(begin), refused))
			return ask(refused)
		}
		c := newConnector(o)
		n := 0
		c.dial = func(context.Context, *url.URL, Broker) (*link, error) {
			at = append(at, time.Since(begin).String())
			n++
			if err := dial(n); err != nil {
				return nil, err
			}
			return &link{Link: &broker.Link{Client: deaf{}}}, nil
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.run(ctx)
		}()
		for ctx.Err() == nil {
			select {
			case <-c.links:
				select {
				case <-time.After(life(n)):
					c.lost <- errors.New("EOF")
				case <-ctx.Done():
				}
			case <-ctx.Done():
			}
		}
		<-ended
		log = text.String()
	})
	return at, log
}

func known(bool) (Broker, error) {
	return Broker{URL: "mqtt://core-mosquitto", Username: "addons", Password: "secret"}, nil
}

func forever(int) time.Duration { return 24 * time.Hour }

var errAway = fmt.Errorf("%w : %w", packets.ErrorNetworkError, syscall.ECONNREFUSED)

func TestAway(t *testing.T) {
	at, log := attempts(t, 61*time.Second-1, forever, known, func(int) error { return errAway })
	want := []string{"0s asked false"}
	for d := time.Duration(0); d < 61*time.Second; d += 500 * time.Millisecond {
		if d == time.Minute {
			want = append(want, "1m0s asked false") // the broker may have moved
		}
		want = append(want, d.String())
	}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, `error="connection refused"`) || !strings.Contains(log, "mqtt://core-mosquitto:1883") {
		t.Errorf("the trouble is not told once:\n%s", log)
	}
}

func TestRefused(t *testing.T) {
	at, log := attempts(t, 16*time.Minute, forever, known, func(int) error { return packets.ErrorRefusedNotAuthorised })
	var want []string
	for _, d := range []string{"0s", "5s", "15s", "35s", "1m15s", "2m35s", "5m15s", "10m15s", "15m15s"} {
		want = append(want, fmt.Sprintf("%s asked %t", d, d != "0s"), d)
	}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "addons") || strings.Contains(log, "secret") {
		t.Errorf("the trouble is not told once:\n%s", log)
	}
}

func TestRefusedWithoutLogin(t *testing.T) {
	_, log := attempts(t, time.Second, forever, func(bool) (Broker, error) { return Broker{URL: "mqtt://host"}, nil },
		func(int) error { return packets.ErrorRefusedBadUsernameOrPassword })
	if !strings.Contains(log, "set mqtt.username") {
		t.Errorf("the log does not tell what to do:\n%s", log)
	}
}

// TestTroubles goes from one trouble to the next: each is told once.
func TestTroubles(t *testing.T) {
	_, log := attempts(t, time.Hour, forever, known, func(n int) error {
		switch {
		case n <= 3:
			return errAway
		case n <= 6:
			return packets.ErrorRefusedIDRejected
		case n <= 9:
			return packets.ErrorRefusedBadUsernameOrPassword
		}
		return nil
	})
	var got []string
	for line := range strings.Lines(log) {
		_, text, _ := strings.Cut(line, "msg=")
		got = append(got, text[:min(len(text), 30)])
	}
	want := []string{
		`"the MQTT broker cannot be rea`,
		`"the MQTT broker refuses the c`,
		`"the MQTT broker refuses user `,
		`"connected to the MQTT broker"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestNobodyKnowsTheBroker is what happens while Home Assistant starts.
func TestNobodyKnowsTheBroker(t *testing.T) {
	asked := 0
	at, log := attempts(t, time.Minute, forever, func(bool) (Broker, error) {
		if asked++; asked < 4 {
			return Broker{}, errors.New("service not enabled")
		}
		return known(false)
	}, func(int) error { return nil })
	want := []string{"0s asked false", "5s asked false", "10s asked false", "15s asked false", "15s"}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if strings.Count(log, "level=WARN") != 1 {
		t.Errorf("the trouble is not told once:\n%s", log)
	}
}

// TestLoss lets the broker come back at once, and then hang up on every login.
func TestLoss(t *testing.T) {
	at, _ := attempts(t, 15*time.Second, func(n int) time.Duration {
		if n == 1 {
			return 5 * time.Second
		}
		return 0
	}, known, func(int) error { return nil })
	want := []string{"0s asked false", "0s", "5s", "5.5s", "6.5s", "8.5s", "12.5s"}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

// TestLongLoss tells of a loss at once, and why it lasts after a minute; a
// trouble that no waiting mends is told at once.
func TestLongLoss(t *testing.T) {
	_, log := attempts(t, 5*time.Minute, func(int) time.Duration { return 10 * time.Second }, known, func(n int) error {
		switch {
		case n == 1:
			return nil
		case n < 200 && n%2 == 0:
			return errAway
		case n < 200:
			return fmt.Errorf("%w : %w", packets.ErrorNetworkError, io.EOF)
		case n < 203:
			return fmt.Errorf("%w : %w", packets.ErrorNetworkError, x509.UnknownAuthorityError{})
		}
		return nil
	})
	var got []string
	for line := range strings.Lines(log) {
		_, text, _ := strings.Cut(line, "msg=")
		got = append(got, text[:min(len(text), 36)])
	}
	want := []string{
		`"connected to the MQTT broker" broke`,
		`"the connection to the MQTT broker i`,
		`"the MQTT broker cannot be reached: `,
		`"the MQTT broker closes the connecti`,
		`"the MQTT broker's certificate is fr`,
		`"connected to the MQTT broker again"`,
	}
	if diff := cmp.Diff(want, got[:min(len(got), len(want))]); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestForgetfulSupervisor fails once the broker is known: what was known
// stays good.
func TestForgetfulSupervisor(t *testing.T) {
	asked := 0
	at, log := attempts(t, 6*time.Second, forever, func(bool) (Broker, error) {
		if asked++; asked > 1 {
			return Broker{}, errors.New("service not enabled")
		}
		return known(false)
	}, func(n int) error {
		if n == 1 {
			return packets.ErrorRefusedNotAuthorised
		}
		return nil
	})
	want := []string{"0s asked false", "0s", "5s asked true", "5s"}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if strings.Contains(log, "service not enabled") {
		t.Errorf("the log tells what does not matter:\n%s", log)
	}
}

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		b        Broker
		url      string
		username string
		password string
	}{
		{Broker{URL: "mqtt://host"}, "mqtt://host:1883", "", ""},
		{Broker{URL: "mqtts://host"}, "mqtts://host:8883", "", ""},
		{Broker{URL: "tcp://[fd00::1]"}, "tcp://[fd00::1]:1883", "", ""},
		{Broker{URL: "ws://host/mqtt"}, "ws://host:80/mqtt", "", ""},
		{Broker{URL: "wss://host:9001"}, "wss://host:9001", "", ""},
		{Broker{URL: "mqtt://me:p%40ss@host:1884"}, "mqtt://host:1884", "me", "p@ss"},
		{Broker{URL: "mqtt://me:pass@host", Username: "you", Password: "other"}, "mqtt://host:1883", "you", "other"},
	} {
		u, b, err := tt.b.Resolve()
		if err != nil {
			t.Errorf("%s: %v", tt.b.URL, err)
			continue
		}
		if u.String() != tt.url || b.Username != tt.username || string(b.Password) != tt.password {
			t.Errorf("%s: got %s as %q with %q, want %s as %q with %q", tt.b.URL, u, b.Username, string(b.Password), tt.url, tt.username, tt.password)
		}
	}
}
