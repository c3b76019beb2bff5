//go:build ways

// Package ways_test reads meters by every way, with the binary as it is shipped:
// telegrams that Python's websockets sends, and those of the program's own
// emulated HomeWizard. It needs the library, hence the build tag; see run.
package ways_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// deadline is how long a test waits; it is no measure of speed.
const deadline = 60 * time.Second

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "smartmeter")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/smartmeter-addon/smartmeter-addon/cmd/smartmeter").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return binary
}

// command is the binary without anything else listening.
func command(t *testing.T, binary string, arguments []string, variables ...string) *exec.Cmd {
	cmd := exec.Command(binary, arguments...)
	cmd.Env = append(os.Environ(), "SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_HEALTH=0", "SMARTMETER_DATA="+t.TempDir())
	cmd.Env = append(cmd.Env, variables...)
	return cmd
}

// background runs a command until the test ends.
func background(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var log testkit.Log
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("log of %s:\n%s", filepath.Base(cmd.Path), log.String())
		}
	})
}

// meter is a simulated network reader that sends a telegram each second.
func meter(t *testing.T) string {
	t.Helper()
	line, err := simulate.Listen(testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- line.Run(ctx) }()
	go func() { ended <- simulate.New(simulate.Options{Seed: 1}).Run(ctx, line, time.Second, time.Now) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
	return line.Addr()
}

// webSocket starts the Python server, which cuts telegrams so, and returns its
// port. It speaks TLS where it is given a certificate and its key.
func webSocket(t *testing.T, how string, certificate ...string) string {
	t.Helper()
	cmd := exec.Command(os.Getenv("PYTHON"), append([]string{"server.py", meter(t), how}, certificate...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	background(t, cmd)
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(port)
}

// wantCheck runs a check of the line, which must end with the code and say what is wanted.
func wantCheck(t *testing.T, binary, address string, code int, want ...string) {
	t.Helper()
	wantCheckWith(t, binary, "", address, code, want...)
}

// wantCheckWith is wantCheck where one authority is trusted.
func wantCheckWith(t *testing.T, binary, authority, address string, code int, want ...string) {
	t.Helper()
	cmd := command(t, binary, []string{"check", "-for", "30s", "-network", address})
	if authority != "" {
		cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+authority, "SSL_CERT_DIR=/nonexistent")
	}
	out, _ := cmd.CombinedOutput() // its code is looked at
	text := string(out)
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("check ended with %d, want %d", got, code)
	}
	for _, w := range append(want, address[:strings.Index(address, "://")]) {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in\n%s", w, text)
		}
	}
	if strings.Contains(text, "p%40ss") || strings.Contains(text, "p@ss") {
		t.Errorf("the password is shown:\n%s", text)
	}
}

func TestWebSocket(t *testing.T) {
	binary := build(t)
	for _, how := range []string{"whole", "rows", "chunks"} {
		t.Run(how, func(t *testing.T) {
			wantCheck(t, binary, "ws://me:p%40ss@127.0.0.1:"+webSocket(t, how)+"/telegrams", 0, "3 good telegrams, 0 bad", "Verdict: readings arrive")
		})
	}
	port := webSocket(t, "whole")
	wantCheck(t, binary, "ws://me:p%40sst@127.0.0.1:"+port+"/telegrams", 1, "wants a user and a password")
	wantCheck(t, binary, "ws://me:p%40ss@127.0.0.1:"+port+"/elsewhere", 1, "404 Not Found", "has no WebSocket at that address")
	wantCheck(t, binary, "wss://127.0.0.1:"+port+"/telegrams", 1, "has no WebSocket at that address")
	wantCheck(t, binary, "homewizard://127.0.0.1:"+port, 1, "is not a HomeWizard P1 Meter")
}

// newCertificate writes a certificate for a name, which is its own authority, and
// its key, and returns the files.
func newCertificate(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(file, kind string, data []byte) string {
		file = filepath.Join(t.TempDir(), file)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("certificate", "CERTIFICATE", der), write("key", "PRIVATE KEY", secret)
}

// TestTLS: a certificate counts where it is trusted and names the host.
func TestTLS(t *testing.T) {
	binary := build(t)
	certificate, key := newCertificate(t, "localhost")
	port := webSocket(t, "whole", certificate, key)
	at := func(host string) string { return "wss://me:p%40ss@" + net.JoinHostPort(host, port) + "/telegrams" }
	wantCheckWith(t, binary, certificate, at("localhost"), 0, "3 good telegrams, 0 bad", "Verdict: readings arrive")
	wantCheckWith(t, binary, certificate, at("127.0.0.1"), 1, "certificate cannot be trusted", "It must be for the host in the address")
	wantCheck(t, binary, at("localhost"), 1, "certificate cannot be trusted", "unknown authority")
}

// readings returns the lines of a JSON socket, once it listens.
func readings(t *testing.T, address string) *bufio.Reader {
	t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			_ = conn.SetReadDeadline(time.Now().Add(deadline))
			return bufio.NewReader(conn)
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// TestEmulatedHomeWizard: one program shows its meter as a HomeWizard, another
// one reads it, and tells the same.
func TestEmulatedHomeWizard(t *testing.T) {
	binary, device, first, second := build(t), testkit.FreeAddr(t), testkit.FreeAddr(t), testkit.FreeAddr(t)
	background(t, command(t, binary, nil, "SMARTMETER_SOCKET="+meter(t), "SMARTMETER_TCP_SERVER="+first,
		"SMARTMETER_EMULATE_0_KIND=homewizard", "SMARTMETER_EMULATE_0_PORT="+device))
	one := readings(t, first)
	if _, err := one.ReadString('\n'); err != nil { // the device answers from now on
		t.Fatal(err)
	}
	wantCheck(t, binary, "homewizard://"+device, 0, "3 good telegrams, 0 bad", "Verdict: readings arrive")

	background(t, command(t, binary, nil, "SMARTMETER_SOCKET=homewizard://"+device, "SMARTMETER_TCP_SERVER="+second))
	two := readings(t, second)
	var copied []string
	for range 5 {
		line, err := two.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		copied = append(copied, line)
	}
	said := make(map[string]bool)
	for !said[copied[4]] {
		line, err := one.ReadString('\n')
		if err != nil {
			t.Fatal(fmt.Errorf("the first program never said %s: %w", copied[4], err))
		}
		said[line] = true
	}
	for i, line := range copied {
		if !said[line] && i > 0 {
			t.Errorf("only the second program said %s", line)
		}
		if i > 0 && line == copied[i-1] {
			t.Errorf("it was said twice: %s", line)
		}
	}
}
