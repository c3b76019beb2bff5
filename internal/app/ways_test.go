package app_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// causesOfWays are the verdicts of lines that are neither a cable nor a raw port.
var causesOfWays = []diagnosis.Cause{
	diagnosis.APIOff, diagnosis.NotHomeWizard, diagnosis.NoWebSocket, diagnosis.LoginRefused, diagnosis.Certificate,
	diagnosis.TooLong, diagnosis.TopicSilent, diagnosis.TopicOther, diagnosis.OldTelegram, diagnosis.MixedTelegrams,
	diagnosis.OtherPublisher,
}

// topicOfTests is where telegrams are published.
const topicOfTests = "p1/telegram"

// served is a web server as the line of a scheme.
func served(scheme string, handler http.HandlerFunc) func(*testing.T, *broker) []string {
	return func(t *testing.T, _ *broker) []string {
		server := httptest.NewUnstartedServer(handler)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		if scheme == "wss" {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.CloseClientConnections) // else Close waits for web sockets
		t.Cleanup(server.Close)
		return []string{"SOCKET=" + scheme + "://" + server.Listener.Addr().String()}
	}
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// published is a topic on which each round publishes messages made of the
// telegrams of two meters, one round after the other as long as the program
// listens.
func published(round func(left, right string) []string) func(*testing.T, *broker) []string {
	return func(t *testing.T, b *broker) []string {
		meters, ended := twoMeters(), make(chan struct{})
		t.Cleanup(func() { <-ended })
		go func() {
			defer close(ended)
			for n := 0; t.Context().Err() == nil; time.Sleep(100 * time.Millisecond) {
				if len(b.server.Topics.Subscribers(topicOfTests).Subscriptions) == 0 {
					continue
				}
				for _, m := range round(meters(n)) {
					_ = b.server.Publish(topicOfTests, []byte(m), false, 0)
				}
				n++
			}
		}()
		return []string{"SOCKET=mqtt:" + topicOfTests}
	}
}

// twoMeters are the telegrams of two meters, second by second.
func twoMeters() func(n int) (left, right string) {
	start := time.Now()
	a := simulate.New(simulate.Options{Standard: simulate.DSMR50, Seed: 1, Start: start})
	b := simulate.New(simulate.Options{Standard: simulate.DSMR50, Seed: 2, Start: start})
	return func(n int) (string, string) {
		at := start.Add(time.Duration(n) * time.Second)
		return string(a.AppendTelegram(nil, at)), string(b.AppendTelegram(nil, at))
	}
}

func rowsOf(telegram string) []string { return strings.Split(strings.TrimSpace(telegram), "\r\n") }

// TestVerdictOfWays is the corpus of what can be wrong with a HomeWizard, a web
// socket and a topic.
func TestVerdictOfWays(t *testing.T) {
	t.Parallel()
	dutch := string(sample(t, "nl-50-sagemcom-de4a.txt"))
	for _, test := range []struct {
		name   string
		setup  func(*testing.T, *broker) []string
		want   diagnosis.Cause
		passes []diagnosis.Cause
	}{
		{"a HomeWizard", served("homewizard", answers(200, dutch)), diagnosis.Good, nil},
		{"a web socket", served("ws", func(w http.ResponseWriter, r *http.Request) {
			if conn, err := new(websocket.Upgrader).Upgrade(w, r, nil); err == nil {
				_ = conn.WriteMessage(websocket.TextMessage, []byte(dutch))
				<-r.Context().Done()
			}
		}), diagnosis.Good, nil},
		{"a topic", published(func(left, _ string) []string { return []string{left} }), diagnosis.Good, nil},
		{"a topic, row by row", published(func(left, _ string) []string { return rowsOf(left) }), diagnosis.Good, nil},

		{"the local API is off", served("homewizard", answers(403, "")), diagnosis.APIOff, nil},
		{"another web server", served("homewizard", answers(404, "")), diagnosis.NotHomeWizard, nil},
		{"too much", served("homewizard", answers(200, strings.Repeat(dutch, 100))), diagnosis.TooLong, nil},
		{"no web socket", served("ws", answers(404, "")), diagnosis.NoWebSocket, nil},
		{"a login is wanted", served("ws", answers(401, "")), diagnosis.LoginRefused, nil},
		{"a certificate of its own", served("wss", answers(404, "")), diagnosis.Certificate, nil},
		{"JSON over a web socket", served("ws", func(w http.ResponseWriter, r *http.Request) {
			if conn, err := new(websocket.Upgrader).Upgrade(w, r, nil); err == nil {
				_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"power": 123, "energy": 4567.8}`))
				<-r.Context().Done()
			}
		}), diagnosis.JSON, nil},
		{"nothing on the topic", published(func(string, string) []string { return nil }), diagnosis.TopicSilent, nil},
		{"JSON on the topic", published(func(string, string) []string { return []string{`{"power": 123}`} }), diagnosis.TopicOther, nil},
		{"an old telegram", func(t *testing.T, b *broker) []string {
			if err := b.server.Publish(topicOfTests, []byte(dutch), true, 0); err != nil {
				t.Fatal(err)
			}
			return []string{"SOCKET=mqtt:" + topicOfTests}
		}, diagnosis.OldTelegram, nil},
		{"two meters on a topic", published(func(left, right string) []string { return []string{left, right} }),
			diagnosis.OtherPublisher, []diagnosis.Cause{diagnosis.Good}},
		{"two meters row by row", published(func(left, right string) (rows []string) {
			other := rowsOf(right)
			for i, row := range rowsOf(left) {
				rows = append(rows, row, other[i])
			}
			return rows
		}), diagnosis.MixedTelegrams, []diagnosis.Cause{diagnosis.Checksums, diagnosis.Cut, diagnosis.Damaged, diagnosis.NoChecksum}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBroker(t, testkit.Addr(t))
			verdictOf(t, b, test.setup(t, b), test.want, "", test.passes...)
		})
		if test.want != diagnosis.Good && test.want != diagnosis.JSON && !slices.Contains(causesOfWays, test.want) {
			t.Errorf("%s is no cause of a way", test.want)
		}
	}
}

// TestReadersFound: without a source the log names the HomeWizards that have
// telegrams, as the option takes them.
func TestReadersFound(t *testing.T) {
	t.Parallel()
	p1, socket := []string{"api_enabled=1", "product_type=HWE-P1"}, []string{"product_type=HWE-SKT"}
	p := startAs(t, manner{find: func(_ context.Context, kind string) []mdns.Found {
		if kind != "_hwenergy._tcp" {
			t.Errorf("asked for %s", kind)
		}
		return []mdns.Found{
			{Instance: "p1meter-A", Host: "a.local.", Address: netip.MustParseAddr("192.168.1.20"), Port: 80, Text: p1},
			{Instance: "p1meter-B", Host: "b.local.", Address: netip.MustParseAddr("fd00::20"), Port: 80, Text: p1},
			{Instance: "p1meter-C", Host: "c.local.", Port: 8080, Text: p1},
			{Instance: "energysocket-D", Host: "d.local.", Port: 80, Text: socket},
		}
	}})
	for _, want := range []string{
		"set SMARTMETER_SOCKET to homewizard://192.168.1.20\" part=meter name=p1meter-A",
		"set SMARTMETER_SOCKET to homewizard://[fd00::20]\" part=meter name=p1meter-B",
		"set SMARTMETER_SOCKET to homewizard://c.local:8080\" part=meter name=p1meter-C",
	} {
		waitFor(t, want, func() bool { return p.log.Count(want) == 1 })
	}
	if p.log.Count("energysocket") > 0 {
		t.Error("a product without telegrams is named")
	}
}

// TestTopicUnderSupervisor: the Supervisor names the broker of the telegrams too,
// and is asked again when the login that it gave is refused.
func TestTopicUnderSupervisor(t *testing.T) {
	t.Parallel()
	l := &login{accepted: "new", known: "old"}
	b := newLoginBroker(t, l)
	round := published(func(left, _ string) []string { return []string{left} })(t, b)
	p := supervised(t, l, b, round[0])
	waitFor(t, "the refusal", func() bool { return p.status().Verdict.Name == diagnosis.BrokerRefuses.String() })
	if next := p.status().Verdict.Next; !strings.Contains(next, "the MQTT broker refuses user name \"addons\"") {
		t.Errorf("next step: %s", next)
	}
	l.set(func(l *login) { l.known = "new" })
	b.wait("smartmeter/p1_bridge/state", `"verdict":"good"`)
	b.wait("smartmeter/p1/availability", "online")
}
