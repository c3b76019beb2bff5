//go:build apparmor

package apparmor_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sync/errgroup"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// Everybody outside of the app lives at one address, under the names that only
// the resolver knows.
const (
	address  = "172.30.33.2"
	resolver = "172.30.32.3:53"
)

// authority signs the certificates of the broker and of its clients.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of the test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pem returns the authority's own certificate.
func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// issue returns a certificate and its key, both PEM.
func (a *authority) issue(t *testing.T, name string) (cert, private string) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

// house is what stands around the app.
type house struct {
	authority *authority

	mu       sync.Mutex
	messages map[string][]string // by topic, in order
	points   strings.Builder     // what InfluxDB was given
	asked    map[string]int      // names, by the resolver
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{authority: newAuthority(t), messages: make(map[string][]string), asked: make(map[string]int)}
	h.resolve(t)
	h.broker(t)
	return h
}

// resolve answers every name that ends in .house over UDP: with the one
// address, and with one of IPv6 that leads nowhere.
func (h *house) resolve(t *testing.T) {
	t.Helper()
	conn, err := net.ListenPacket("udp", resolver)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			var query dnsmessage.Message
			if query.Unpack(packet[:n]) != nil || len(query.Questions) != 1 {
				continue
			}
			question := query.Questions[0]
			h.mu.Lock()
			h.asked[question.Name.String()]++
			h.mu.Unlock()
			answer := dnsmessage.Message{
				Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true},
				Questions: query.Questions,
			}
			head := dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: dnsmessage.ClassINET, TTL: 1}
			switch {
			case !strings.HasSuffix(question.Name.String(), ".house."):
				answer.RCode = dnsmessage.RCodeNameError
			case question.Type == dnsmessage.TypeA:
				answer.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())}}}
			case question.Type == dnsmessage.TypeAAAA: // there is no way to it
				answer.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(net.ParseIP("fd00::2"))}}}
			}
			if packed, err := answer.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
}

// broker starts mosquitto with TLS, for clients with a certificate only, and
// watches everything on it.
func (h *house) broker(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	cert, key := h.authority.issue(t, "broker.house")
	for name, text := range map[string]string{
		"ca.crt": h.authority.pem(), "broker.crt": cert, "broker.key": key,
		"mosquitto.conf": fmt.Sprintf("user root\nlistener 8883 %[1]s\nallow_anonymous true\nrequire_certificate true\n"+
			"cafile %[2]s/ca.crt\ncertfile %[2]s/broker.crt\nkeyfile %[2]s/broker.key\n", address, dir),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("mosquitto", "-c", filepath.Join(dir, "mosquitto.conf"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})

	pair, private := h.authority.issue(t, "observer.house")
	client, err := tls.X509KeyPair([]byte(pair), []byte(private))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(h.authority.cert)
	options := mqtt.NewClientOptions().AddBroker("mqtts://" + address + ":8883").SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).
		SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "broker.house", Certificates: []tls.Certificate{client}})
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.messages[m.Topic()] = append(h.messages[m.Topic()], string(m.Payload()))
	})
	observer := mqtt.NewClient(options)
	if token := observer.Connect(); !token.WaitTimeout(deadline) || token.Error() != nil {
		t.Fatal("the observer cannot connect: ", token.Error())
	}
	if token := observer.Subscribe("#", 0, nil); !token.WaitTimeout(deadline) || token.Error() != nil {
		t.Fatal("the observer cannot subscribe: ", token.Error())
	}
	t.Cleanup(func() { observer.Disconnect(0) })
}

// forget drops the messages seen so far, so that await waits for new ones.
func (h *house) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.messages)
}

// await waits for a message on the topic that has the text.
func (h *house) await(t *testing.T, topic, text string) {
	t.Helper()
	wait(t, fmt.Sprintf("%q on %s", text, topic), func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, m := range h.messages[topic] {
			if strings.Contains(m, text) {
				return true
			}
		}
		return false
	})
}

// wasAsked reports whether somebody has asked the resolver for the name.
func (h *house) wasAsked(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[name+"."] > 0
}

// influxdb is a database that takes every point.
func (h *house) influxdb(t *testing.T) {
	t.Helper()
	listen(t, address+":8086", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		packed, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if _, err := io.Copy(&h.points, packed); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
}

// postbox is a web address with a certificate of the house's authority; it
// counts what is posted.
func (h *house) postbox(t *testing.T) (posted func() int) {
	t.Helper()
	cert, key := h.authority.issue(t, "post.house")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", address+":443", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	serve(t, listener, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if r.FormValue("powerTs") != "" {
			count++
		}
	}))
	return func() int { h.mu.Lock(); defer h.mu.Unlock(); return count }
}

// supervisor is Home Assistant's, as far as it is asked where the home network
// reaches the app.
func supervisor(t *testing.T) (asked func(path string) bool) {
	t.Helper()
	var mu sync.Mutex
	paths := make(map[string]bool)
	listen(t, "172.30.32.2:80", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		paths[r.URL.Path] = true
		_, _ = io.WriteString(w, `{"result": "ok", "data": {"hostname": "homeassistant", "network": {"8082/tcp": 8082, "2220/udp": 2220}}}`)
	}))
	return func(path string) bool { mu.Lock(); defer mu.Unlock(); return paths[path] }
}

// battery asks the emulated meter by UDP, until it is answered.
func battery(t *testing.T) string {
	t.Helper()
	conn, err := net.Dial("udp", address+":2220")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet := make([]byte, 1500)
	var n int
	wait(t, "answer to a battery", func() bool {
		_, _ = io.WriteString(conn, `{"id":1,"method":"EM.GetStatus","params":{"id":0}}`)
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		n, err = conn.Read(packet)
		return err == nil
	})
	return string(packet[:n])
}

func listen(t *testing.T, addr string, handler http.Handler) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener, handler)
}

func serve(t *testing.T, listener net.Listener, handler http.Handler) {
	server := &http.Server{ReadHeaderTimeout: deadline, Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// cable plays the meter at the far end of the USB cable, outside of the emulated
// machine: socket is where that machine has the end, and closes it when it stops.
func cable(socket string) error {
	conn, err := net.Dial("unix", socket)
	for err != nil {
		time.Sleep(50 * time.Millisecond) // the machine is not there yet
		conn, err = net.Dial("unix", socket)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, conn) // a terminal echoes until it is set up
	}()
	_ = simulate.New(simulate.Options{Seed: 1}).Run(ctx, conn, 500*time.Millisecond, time.Now)
	return conn.Close()
}

// reader is a P1 reader in the network.
func reader(t *testing.T) {
	t.Helper()
	server, err := simulate.Listen(address + ":23")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group errgroup.Group
	group.Go(func() error { return server.Run(ctx) })
	group.Go(func() error {
		return simulate.New(simulate.Options{Seed: 1}).Run(ctx, server, 500*time.Millisecond, time.Now)
	})
	t.Cleanup(func() {
		cancel()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// row reads what a socket of the app sends first.
func row(t *testing.T, port string) string {
	t.Helper()
	var conn net.Conn
	wait(t, "open port "+port, func() bool {
		var err error
		conn, err = net.DialTimeout("tcp", net.JoinHostPort(address, port), deadline)
		return err == nil
	})
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	buffer := make([]byte, 4096)
	for !bytes.Contains(text.Bytes(), []byte("\n")) {
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatalf("port %s: %v", port, err)
		}
		text.Write(buffer[:n])
	}
	return text.String()
}

// get returns what the app answers to a request for the path.
func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := (&http.Client{Timeout: deadline}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, answer.Status, err, body)
	}
	return string(body)
}
