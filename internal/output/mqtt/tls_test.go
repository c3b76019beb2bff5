package mqtt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.certificate)
	return a
}

// issue makes a certificate for this machine, or what change makes of it.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// certificates counts the addresses that certified has given away.
var certificates atomic.Uint32

// certified returns a free address at 127.0.0.1, which certificates are for:
// with a port below those that the system hands out to anybody else.
func certified(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := 10_000 + (uint32(os.Getpid())*64+certificates.Add(1))%20_000
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// secured starts a broker with TLS.
func secured(t *testing.T, scheme string, config *tls.Config) *broker {
	t.Helper()
	if scheme == "wss" {
		return startBroker(t, certified(t), "", func(c listeners.Config) listeners.Listener {
			c.TLSConfig = config.Clone() // a server adds to its own
			return listeners.NewWebsocket(c)
		})
	}
	return startBroker(t, "127.0.0.1:0", "", func(c listeners.Config) listeners.Listener {
		c.TLSConfig = config.Clone() // a server adds to its own
		return listeners.NewTCP(c)
	})
}

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	own := newAuthority(t, "own")
	for _, scheme := range []string{"mqtts", "wss"} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(scheme+" "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				b := secured(t, scheme, &tls.Config{
					Certificates: []tls.Certificate{own.issue(t, nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: own.pool,
					MinVersion: version, MaxVersion: version,
				})
				_, port, err := net.SplitHostPort(b.address)
				if err != nil {
					t.Fatal(err)
				}
				for _, host := range []string{"127.0.0.1", "localhost"} {
					b.forget()
					a := run(t, func(o *mqtt.Options) {
						at(scheme + "://" + net.JoinHostPort(host, port))(o)
						o.TLS = &tls.Config{RootCAs: own.pool, Certificates: []tls.Certificate{own.issue(t, nil)}}
					})
					b.wait(t, whole...)
					a.stop()
				}
			})
		}
	}
}

// answer accepts connections, answers what it gets, and hangs up.
func answer(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			// All is read, or the answer would be lost with what was not.
			c.SetDeadline(time.Now().Add(patience))
			c.Read(make([]byte, 4096))
			io.WriteString(c, text)
			c.Close()
		}
	}()
	return l.Addr().String()
}

// TestTLSFailures meets real listeners with all that can be wrong with them,
// and holds the line that a user reads.
func TestTLSFailures(t *testing.T) {
	t.Parallel()
	own, foreign := newAuthority(t, "own"), newAuthority(t, "foreign")
	serve := func(change func(*x509.Certificate)) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{own.issue(t, change)}}
	}
	mutual := func(version uint16) *tls.Config {
		c := serve(nil)
		c.ClientAuth, c.ClientCAs, c.MinVersion, c.MaxVersion = tls.RequireAndVerifyClientCert, own.pool, version, version
		return c
	}
	overTLS := func(config *tls.Config) func(t *testing.T, scheme string) string {
		return func(t *testing.T, scheme string) string { return secured(t, scheme, config).address }
	}
	plain := func(text string) func(t *testing.T, scheme string) string {
		return func(t *testing.T, _ string) string { return answer(t, text) }
	}
	trusting := &tls.Config{RootCAs: own.pool}
	const (
		plainHangUp = "the MQTT broker closes the connection before it answers, or is not an MQTT broker: check the port in mqtt.url, and write mqtts:// if it is the port for TLS; trying again"
		tlsHangUp   = "the MQTT broker closes the connection before it answers, or is not an MQTT broker: check the port in mqtt.url, and write mqtt:// if it is the port without TLS; if it wants a client certificate, set mqtt.cert_file and mqtt.key_file; trying again"
		wants       = "the MQTT broker wants a client certificate: set mqtt.cert_file and mqtt.key_file"
		refuses     = "the MQTT broker refuses the client certificate: set mqtt.cert_file and mqtt.key_file to one of an authority that the broker trusts"
		wsNothing   = "no MQTT broker answers on this web socket: check port and path in mqtt.url (the path is often /mqtt), and write wss:// if it is the port for TLS; trying again"
	)
	for _, tt := range []struct {
		name    string
		schemes string
		server  func(t *testing.T, scheme string) string
		client  *tls.Config
		want    string // {plain}: the scheme without TLS, {port}: the usual port
		detail  string // of the error behind it
	}{
		{"unknown authority", "mqtts wss", overTLS(serve(nil)), nil,
			"the MQTT broker's certificate is from an authority that is not trusted: set mqtt.ca_file to the certificate of the authority that signed it", "certificate signed by unknown authority"},
		{"another authority", "mqtts wss", overTLS(serve(nil)), &tls.Config{RootCAs: foreign.pool},
			"the MQTT broker's certificate is not from the authority in mqtt.ca_file: set mqtt.ca_file to the certificate of the authority that signed it", "certificate signed by unknown authority"},
		{"expired", "mqtts wss", overTLS(serve(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), trusting,
			"the MQTT broker's certificate or its authority's has expired or is not valid yet: renew it at the broker, or set the clock of this machine right", "is after"},
		{"not valid yet", "mqtts wss", overTLS(serve(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })), trusting,
			"the MQTT broker's certificate or its authority's has expired or is not valid yet: renew it at the broker, or set the clock of this machine right", "is before"},
		{"another name", "mqtts wss", overTLS(serve(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"broker.example"} })), trusting,
			"the MQTT broker's certificate is for another name than the host in mqtt.url: write a name there that the certificate has, or make a certificate for this one", "127.0.0.1"},
		{"not for servers", "mqtts wss", overTLS(serve(func(c *x509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[1:] })), trusting,
			"the MQTT broker's certificate cannot be accepted: make a new one for the broker", "incompatible key usage"},
		{"client certificate wanted", "mqtts wss", overTLS(mutual(tls.VersionTLS12)), trusting, wants, "handshake failure"},
		{"client certificate required", "mqtts wss", overTLS(mutual(tls.VersionTLS13)), trusting, wants, "certificate required"},
		{"foreign client certificate", "mqtts wss", overTLS(mutual(tls.VersionTLS12)),
			&tls.Config{RootCAs: own.pool, Certificates: []tls.Certificate{foreign.issue(t, nil)}}, refuses, "handshake failure"},
		{"client certificate for servers", "mqtts wss", overTLS(mutual(tls.VersionTLS13)),
			&tls.Config{RootCAs: own.pool, Certificates: []tls.Certificate{own.issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[:1] })}}, refuses, "bad certificate"},
		{"expired client certificate", "mqtts wss", overTLS(mutual(tls.VersionTLS13)),
			&tls.Config{RootCAs: own.pool, Certificates: []tls.Certificate{own.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}},
			"the MQTT broker no longer accepts the client certificate: renew mqtt.cert_file and mqtt.key_file, and start the app again", "expired certificate"},
		{"old TLS", "mqtts wss", overTLS(&tls.Config{Certificates: []tls.Certificate{own.issue(t, nil)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), trusting,
			"the MQTT broker has no TLS 1.2 or later: bring it up to date, or allow that in its configuration", "protocol version not supported"},
		{"no TLS at this port", "mqtts wss", plain("220 mail.example ESMTP\r\n"), nil,
			"the MQTT broker does not speak TLS at this port: write the port for TLS in mqtt.url (usually {port}), or {plain}:// for a connection without TLS", "first record does not look like a TLS handshake"},
		{"hangs up on TLS", "mqtts", func(t *testing.T, _ string) string { return startBroker(t, testkit.Addr(t), "", nil).address }, nil, tlsHangUp, ""},
		{"plain to TLS", "mqtt tcp", overTLS(serve(nil)), nil, plainHangUp, ""},
		{"an alert for an answer", "mqtt", plain("\x15\x03\x01\x00\x02\x02\x46"), nil, plainHangUp, ""},
		{"no MQTT", "mqtt", plain("HTTP/1.1 400 Bad Request\r\n\r\n"), nil, plainHangUp, ""},
		{"web socket without TLS to TLS", "ws", overTLS(serve(nil)), nil, wsNothing, ""},
		{"web socket to plain MQTT", "ws", plain("\x20\x02\x00\x00"), nil, wsNothing, ""},
		{"a web server", "ws", plain("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), nil, wsNothing, "bad handshake"},
		{"a web server with TLS", "wss", func(t *testing.T, _ string) string {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.TLS = serve(nil)
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.StartTLS()
			t.Cleanup(server.Close)
			return server.Listener.Addr().String()
		}, trusting, "no MQTT broker answers on this web socket: check port and path in mqtt.url (the path is often /mqtt); if it wants a client certificate, set mqtt.cert_file and mqtt.key_file; trying again", "bad handshake"},
		{"nothing listens", "mqtt mqtts ws wss", func(t *testing.T, _ string) string { return testkit.FreeAddr(t) }, nil,
			"the MQTT broker cannot be reached: nothing listens there; check that it runs, and host and port in mqtt.url; trying again", "connection refused"},
		{"protocol refused", "mqtt", plain("\x20\x02\x00\x01"), nil, "the MQTT broker refuses the connection: look into its log; it must speak MQTT 3.1.1", "protocol version"},
		{"client id refused", "mqtt", plain("\x20\x02\x00\x02"), nil, "the MQTT broker refuses the connection: look into its log; it must speak MQTT 3.1.1", "identifier rejected"},
		{"unavailable", "mqtt", plain("\x20\x02\x00\x03"), nil, "the MQTT broker says that it is not available: look into its log; trying again", "server Unavailable"},
		{"no login", "mqtt", plain("\x20\x02\x00\x04"), nil, "the MQTT broker wants a login: set mqtt.username and mqtt.password", "bad user name"},
		{"not allowed", "mqtt", plain("\x20\x02\x00\x05"), nil, "the MQTT broker wants a login: set mqtt.username and mqtt.password", "not Authorized"},
	} {
		for scheme := range strings.FieldsSeq(tt.schemes) {
			t.Run(tt.name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				listen := scheme
				if scheme == "ws" {
					listen = "wss" // what there is of it is a web socket with TLS
				}
				address := tt.server(t, listen)
				a := run(t, func(o *mqtt.Options) {
					at(scheme + "://" + address)(o)
					o.TLS = tt.client
				})
				want := strings.NewReplacer("{plain}", map[string]string{"mqtts": "mqtt", "wss": "ws"}[scheme], "{port}", map[string]string{"mqtts": "8883", "wss": "443"}[scheme]).Replace(tt.want)
				waitLog(t, a, `msg="`+want+`" broker=`+scheme+"://"+address, tt.detail)
				a.stop()
				if strings.Count(a.log.String(), want) > 1 {
					t.Errorf("told more than once:\n%s", a.log.String())
				}
			})
		}
	}
}
