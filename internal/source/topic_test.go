package source_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// startBroker starts a broker that knows the user meter, who may not read the
// topic secret.
func startBroker(t *testing.T, address string) (b *mochi.Server, end func()) {
	t.Helper()
	b = mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	rules := &auth.Ledger{
		Auth: auth.AuthRules{{Username: "meter", Password: "geheim", Allow: true}},
		ACL:  auth.ACLRules{{Username: "meter", Filters: auth.Filters{"p1": auth.ReadOnly, "secret": auth.Deny}}},
	}
	if err := errors.Join(b.AddHook(new(auth.Hook), &auth.Options{Ledger: rules}), b.AddListener(listeners.NewTCP(listeners.Config{ID: "t", Address: address})), b.Serve()); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() { _ = simulate.CloseBroker(b) })
	t.Cleanup(end)
	return b, end
}

// publish publishes a message as another client does.
func publish(t *testing.T, b *mochi.Server, topic, payload string, retain bool) {
	t.Helper()
	if err := b.Publish(topic, []byte(payload), retain, 0); err != nil {
		t.Fatal(err)
	}
}

// topic returns the line of a topic.
func topic(topic string, find broker.Finder) source.Port {
	return source.Way{
		URL: &url.URL{Scheme: "mqtt", Opaque: topic}, Shown: "mqtt:" + topic, Broker: find, Security: &tls.Config{MinVersion: tls.VersionTLS12},
	}.Port()
}

func brokerAt(address string) broker.Finder { return brokerAs(address, "geheim") }

func brokerAs(address, password string) broker.Finder {
	return func(context.Context, bool) (broker.Login, error) {
		return broker.Login{URL: "mqtt://" + address, Username: "meter", Password: config.Secret(password)}, nil
	}
}

// telegram is a telegram of the meter with an identifier, of a time.
func telegram(id string, at time.Time) string {
	return fmt.Sprintf("/ISK5\\2M550T-1012\r\n\r\n0-0:1.0.0(%sW)\r\n0-0:96.1.1(%s)\r\n1-0:1.7.0(01.193*kW)\r\n!1A2B\r\n", at.Format("060102150405"), id)
}

// TestTopic: telegrams are read whole, row by row, and again when the broker
// comes back; an old one that it has kept is not.
func TestTopic(t *testing.T) {
	now := time.Now().UTC()
	address := testkit.FreeAddr(t)
	b, end := startBroker(t, address)
	publish(t, b, "p1", strings.Replace(telegram("41", now.AddDate(0, 0, -1)), "!1A2B", "!0LD", 1), true)
	s := record(topic("p1", brokerAt(address)))
	s.start(t)
	s.awaitState(t, 1, source.Opened)
	subscribed(t, b, 1)
	publish(t, b, "p1", telegram("41", now), false)
	s.awaitLine(t, "!1A2B")
	for row := range strings.SplitSeq(strings.TrimSpace(telegram("41", now.Add(time.Second))), "\r\n") {
		publish(t, b, "p1", strings.Replace(row, "!1A2B", "!R0W5", 1), false)
	}
	s.awaitLine(t, "!R0W5")
	if all := s.read(); strings.Contains(all, "!0LD") || strings.Count(all, "/ISK5") != 2 {
		t.Errorf("read:\n%s", all)
	}

	end()
	if e := s.awaitState(t, 3, source.Lost); e.Cause != diagnosis.BrokerAway {
		t.Errorf("lost because of %v, %s", e.Err, e.Cause)
	}
	again, _ := startBroker(t, address)
	subscribed(t, again, 1)
	publish(t, again, "p1", strings.Replace(telegram("41", now.Add(time.Minute)), "!1A2B", "!BACK", 1), true)
	s.awaitLine(t, "!BACK")
}

// read returns all lines.
func (r *recorder) read() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// subscribed waits until so many clients have subscribed.
func subscribed(t *testing.T, b *mochi.Server, clients int) {
	t.Helper()
	for begin := time.Now(); len(b.Topics.Subscribers("p1").Subscriptions) < clients; {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("nobody subscribes")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestTopicOfTwo: of two meters on one topic the first is read, and that there
// is another one is said.
func TestTopicOfTwo(t *testing.T) {
	now := time.Now().UTC()
	address := testkit.FreeAddr(t)
	b, _ := startBroker(t, address)
	s := record(topic("p1", brokerAt(address)))
	s.start(t)
	s.awaitState(t, 1, source.Opened)
	subscribed(t, b, 1)
	if got := s.Hint(); got != diagnosis.Waiting {
		t.Errorf("at the start: %s", got)
	}
	for i := range 4 {
		at := now.Add(time.Duration(i) * time.Second)
		publish(t, b, "p1", telegram("41", at), false)
		publish(t, b, "p1", telegram("42", at), false)
	}
	publish(t, b, "p1", strings.Replace(telegram("41", now.Add(time.Minute)), "!1A2B", "!LAST", 1), false)
	s.awaitLine(t, "!LAST")
	if all := s.read(); strings.Contains(all, "(42)") || strings.Count(all, "(41)") != 5 {
		t.Errorf("read:\n%s", all)
	}
	if got := s.Hint(); got != diagnosis.OtherPublisher {
		t.Errorf("with two meters: %s", got)
	}
}

// TestTopicGivesNothing: what nothing comes of is said at the silence's end.
func TestTopicGivesNothing(t *testing.T) {
	now := time.Now().UTC()
	var mixed []string
	for i := range 4 {
		left, right := telegram("41", now.Add(time.Duration(i)*time.Second)), telegram("42", now)
		for j, row := range strings.Split(strings.TrimSpace(left), "\r\n") {
			mixed = append(mixed, row, strings.Split(strings.TrimSpace(right), "\r\n")[j])
		}
	}
	for name, tt := range map[string]struct {
		retained string
		sent     []string
		cause    diagnosis.Cause
		help     string
	}{
		"nothing":                  {"", nil, diagnosis.TopicSilent, "capitals count"},
		"an old telegram":          {telegram("41", now.Add(-time.Hour)), nil, diagnosis.OldTelegram, "still runs"},
		"one without a time":       {"/ISk5\\2ME382-1003\r\n\r\n1-0:1.8.1(1*kWh)\r\n!\r\n", nil, diagnosis.OldTelegram, "still runs"},
		"an old row":               {"!1A2B", nil, diagnosis.OldTelegram, "still runs"},
		"JSON":                     {"", []string{`{"power": 123}`}, diagnosis.TopicOther, "publish them unchanged"},
		"a web page":               {"", []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}, diagnosis.TopicOther, "publish them unchanged"},
		"a message that is long":   {"", []string{strings.Repeat("x", 70<<10)}, diagnosis.TooLong, "Check the address"},
		"one that the broker cuts": {strings.Repeat("x", 3<<20), nil, diagnosis.TooLong, "Check the address"},
		"two readers' rows":        {"", mixed, diagnosis.MixedTelegrams, "topic of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := testkit.FreeAddr(t)
			b, _ := startBroker(t, address)
			if tt.retained != "" {
				publish(t, b, "p1", tt.retained, true)
			}
			port := topic("p1", brokerAt(address))
			conn, err := port.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, m := range tt.sent {
				publish(t, b, "p1", m, false)
			}
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			for err == nil {
				_, err = conn.Read(make([]byte, 1<<20))
			}
			if got := port.Cause(err); got != tt.cause || !strings.Contains(port.Help(err), tt.help) {
				t.Errorf("got %s, %v, %q", got, err, port.Help(err))
			}
		})
	}
}

// TestTopicRefused: no broker, another login, a topic that may not be read.
func TestTopicRefused(t *testing.T) {
	address := testkit.FreeAddr(t)
	startBroker(t, address)
	closed := testkit.FreeAddr(t)
	for name, tt := range map[string]struct {
		port  source.Port
		cause diagnosis.Cause
		help  string
	}{
		"nobody there":                 {topic("p1", brokerAt(closed)), diagnosis.BrokerAway, "nothing listens there"},
		"another login":                {topic("p1", brokerAs(address, "geheimx")), diagnosis.BrokerRefuses, "check mqtt.username"},
		"a topic that may not be read": {topic("secret", brokerAt(address)), diagnosis.BrokerRefuses, "read the topic"},
		"no broker is known": {topic("p1", func(context.Context, bool) (broker.Login, error) {
			return broker.Login{}, errors.New("install the Mosquitto broker")
		}),
			diagnosis.BrokerAway, "broker runs"},
		"an address that is none": {topic("p1", func(context.Context, bool) (broker.Login, error) { return broker.Login{URL: "http://h"}, nil }),
			diagnosis.BrokerAway, "broker runs"},
	} {
		conn, err := tt.port.Open(t.Context())
		if err == nil {
			conn.Close()
			t.Errorf("%s: the line is open", name)
			continue
		}
		if got := tt.port.Cause(err); got != tt.cause || !strings.Contains(tt.port.Help(err), tt.help) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got %s, %v, %q", name, got, err, tt.port.Help(err))
		}
	}
}
