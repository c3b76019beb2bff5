package mqtt_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func TestUntrustedBroker(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // it tells of the refusal
	server.StartTLS()
	defer server.Close()
	a := run(t, at("mqtts://"+server.Listener.Addr().String()))
	waitLog(t, a, "certificate")
}

func TestBrokerRestarts(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "", nil)
	a := run(t, at("mqtt://"+b.address))
	b.wait(t, whole...)
	b.close()
	waitLog(t, a, "is lost")
	for watts := range int64(600) { // more than are kept
		a.reading(watts)
	}
	again := startBroker(t, b.address, "", nil)
	got := again.wait(t, whole...)
	var energy []string
	for _, line := range got {
		if strings.HasPrefix(line, "smartmeter/status/") {
			energy = append(energy, line)
		}
	}
	if diff := cmp.Diff([]string{`smartmeter/status/energy {"calculatedUsage":599}`}, energy); diff != "" {
		t.Errorf("readings from the time without a broker (-want +got):\n%s", diff)
	}
	a.reading(7)
	again.wait(t, `smartmeter/status/energy {"calculatedUsage":7}`)
	waitLog(t, a, "is lost", "connected to")
	if got := strings.Count(a.log.String(), "level=WARN"); got != 1 {
		t.Errorf("%d warnings, want 1:\n%s", got, a.log.String())
	}
}

func TestBrokerComesLater(t *testing.T) {
	t.Parallel()
	address := testkit.FreeAddr(t)
	a := run(t, at("mqtt://"+address))
	waitLog(t, a, "cannot be reached")
	b := startBroker(t, address, "", nil)
	b.wait(t, whole...)
	waitLog(t, a, "cannot be reached", "connected to")
	if got := strings.Count(a.log.String(), "\n"); got != 2 {
		t.Errorf("%d lines in the log, want 2:\n%s", got, a.log.String())
	}
}

func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	b := startBroker(t, testkit.Addr(t), "changed", nil)
	var asked []bool
	a := run(t, func(o *mqtt.Options) {
		o.Broker = func(_ context.Context, refused bool) (mqtt.Broker, error) {
			asked = append(asked, refused)
			if refused {
				return mqtt.Broker{URL: "mqtt://" + b.address, Username: "addons", Password: "changed"}, nil
			}
			return mqtt.Broker{URL: "mqtt://addons:s3cret@" + b.address}, nil
		}
	})
	b.wait(t, whole...)
	a.stop()
	if diff := cmp.Diff([]bool{false, true}, asked); diff != "" {
		t.Errorf("the broker was asked for (-want +got):\n%s", diff)
	}
	if text := a.log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "addons") ||
		!strings.Contains(text, "mqtt.password") || strings.Contains(text, "s3cret") {
		t.Errorf("the log does not say once who was refused and what to do, or it says too much:\n%s", text)
	}
}

func TestNoBrokerKnown(t *testing.T) {
	t.Parallel()
	a := run(t, func(o *mqtt.Options) {
		o.Broker = func(context.Context, bool) (mqtt.Broker, error) {
			return mqtt.Broker{}, errors.New("service not enabled: install the Mosquitto broker app")
		}
	})
	waitLog(t, a, "service not enabled")
}

func TestWrongURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "host:1883", "http://host", "mqtt://", "mqtt://me:s3cret@ho st:1883", "mqtt://me:s3cret@host:port"} {
		a := run(t, at(url))
		waitLog(t, a, "mqtt://host:1883")
		a.stop()
		if strings.Contains(a.log.String(), "s3cret") {
			t.Errorf("%s: the password is in the log:\n%s", url, a.log.String())
		}
	}
}

// TestMuteBroker accepts connections and says nothing.
func TestMuteBroker(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"to the login":         "",
		"after the login":      "\x20\x02\x00\x00",
		"with a wrong answer":  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"with a strange code":  "\x20\x02\x00\x80",
		"with a refusal":       "\x20\x02\x00\x03",
		"with an old protocol": "\x20\x02\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", testkit.Addr(t))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			accepted := make(chan struct{})
			go func() {
				defer close(accepted)
				c, err := l.Accept()
				if err != nil {
					return
				}
				t.Cleanup(func() { c.Close() })
				c.Write([]byte(answer))
			}()
			a := run(t, at("mqtt://"+l.Addr().String()))
			<-accepted
			a.reading(1)
			a.stop() // fails when it takes too long
		})
	}
}

// waitLog waits until the log has the words, in this order.
func waitLog(t *testing.T, a *app, words ...string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		rest, found := a.log.String(), true
		for _, w := range words {
			if _, rest, found = strings.Cut(rest, w); !found {
				break
			}
		}
		if found {
			return
		}
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatalf("the log lacks %q:\n%s", words, a.log.String())
		}
	}
}
