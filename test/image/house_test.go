//go:build image

package image_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// Where the parts of the house are, as in Home Assistant's own network.
const (
	supervisorAddress = "172.30.32.2:80"
	brokerAddress     = "172.30.33.2:1883"
	readerAddress     = "172.30.33.2:23"

	user, password = "addons", "secret:with@signs"
)

// house is what stands around the app: a Supervisor, a broker and an observer.
type house struct {
	away atomic.Bool // the broker is not known to the Supervisor

	mu   sync.Mutex
	seen map[string]message // by topic, the latest
}

type message struct {
	payload string
	at      time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{seen: make(map[string]message)}
	h.supervise(t)
	h.broker(t)
	return h
}

// supervise stands in for the Supervisor: the one call that the app makes.
func (h *house) supervise(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", supervisorAddress)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: deadline, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := func(status int, v map[string]any) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			if err := json.NewEncoder(w).Encode(v); err != nil {
				t.Error(err)
			}
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			answer(http.StatusUnauthorized, map[string]any{"result": "error", "message": "unauthorized"})
		case r.Method != http.MethodGet || r.URL.Path != "/services/mqtt":
			answer(http.StatusForbidden, map[string]any{"result": "error", "message": "forbidden"})
		case h.away.Load():
			answer(http.StatusBadRequest, map[string]any{"result": "error", "message": "Service not enabled"})
		default:
			answer(http.StatusOK, map[string]any{"result": "ok", "data": map[string]any{
				"host": "core-mosquitto", "port": 1883, "ssl": false, "protocol": "3.1.1", "username": user, "password": password, "addon": "core_mosquitto",
			}})
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// broker starts mosquitto with a password, and watches everything on it.
func (h *house) broker(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", passwords, user, password).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	conf := filepath.Join(dir, "mosquitto.conf")
	text := "user root\nlistener 1883 172.30.33.2\nallow_anonymous false\npassword_file " + passwords + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("mosquitto", "-c", conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	options := mqtt.NewClientOptions().AddBroker("mqtt://" + brokerAddress).SetUsername(user).SetPassword(password).SetConnectRetry(true).SetConnectRetryInterval(50 * time.Millisecond)
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.seen[m.Topic()] = message{string(m.Payload()), time.Now()}
	})
	client := mqtt.NewClient(options)
	if token := client.Connect(); !token.WaitTimeout(deadline) || token.Error() != nil {
		t.Fatal("the observer cannot connect: ", token.Error())
	}
	if token := client.Subscribe("#", 0, nil); !token.WaitTimeout(deadline) || token.Error() != nil {
		t.Fatal("the observer cannot subscribe: ", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(0) })
}

// await waits until the latest message on the topic has the text.
func (h *house) await(t *testing.T, topic, text string) (m message) {
	t.Helper()
	wait(t, fmt.Sprintf("%q on %s", text, topic), func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		var ok bool
		m, ok = h.seen[topic]
		return ok && strings.Contains(m.payload, text)
	})
	return m
}

// run writes a meter's telegrams until the test ends, four a second.
func run(t *testing.T, w io.Writer) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- simulate.New(simulate.Options{Seed: 1}).Run(ctx, w, 250*time.Millisecond, time.Now)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended // the line may be closed already
	})
}

// reader is a P1 reader in the network.
func reader(t *testing.T) {
	t.Helper()
	server, err := simulate.Listen(readerAddress)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	run(t, server)
}

// line reads one line that a socket of the app sends.
func line(t *testing.T, port string) string {
	t.Helper()
	var conn net.Conn
	wait(t, "open port "+port, func() bool {
		var err error
		conn, err = net.DialTimeout("tcp", net.JoinHostPort("172.30.33.2", port), deadline)
		return err == nil
	})
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	text, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("port %s: %v", port, err)
	}
	return text
}
