package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestDemo follows the printed guide for every standard: the addresses work,
// the JSON socket sends readings and the raw socket telegrams.
func TestDemo(t *testing.T) {
	for _, s := range simulate.Standards {
		t.Run(s.Name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			guide, out := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				ended <- run(ctx, []string{"-standard", s.Name, "-every", "50ms"}, out, io.Discard)
				out.Close()
			}()
			addresses := printed(t, guide)
			if got := firstLine(t, addresses[0], "{"); !strings.Contains(got, `"header":`) {
				t.Errorf("JSON socket: got %q", got)
			}
			if got := firstLine(t, addresses[1], "/"); !strings.Contains(got, "SIMULATED") {
				t.Errorf("raw socket: got %q", got)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the demo ended with %v", err)
			}
		})
	}
}

func printed(t *testing.T, guide io.Reader) []string {
	t.Helper()
	telnet := regexp.MustCompile(`telnet (\S+) (\d+)`)
	var addresses []string
	lines := bufio.NewScanner(guide)
	for lines.Scan() {
		if m := telnet.FindStringSubmatch(lines.Text()); m != nil {
			addresses = append(addresses, net.JoinHostPort(m[1], m[2]))
		}
		if strings.Contains(lines.Text(), "Ctrl-C") {
			break
		}
	}
	if len(addresses) != 2 {
		t.Fatalf("the guide names the sockets %q", addresses)
	}
	return addresses
}

func firstLine(t *testing.T, addr, begins string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, begins) {
		t.Fatalf("%s: got %q, %v", addr, line, err)
	}
	return line
}

// TestHousehold: the household lives at the wanted time, and a fault keeps its
// readings away.
func TestHousehold(t *testing.T) {
	clock, err := clockFrom("2026-06-21T13:00")
	if err != nil {
		t.Fatal(err)
	}
	if now := clock(); now.Format("2006-01-02T15:04") != "2026-06-21T13:00" {
		t.Errorf("the clock shows %s", now)
	}
	for _, args := range [][]string{{"-at", "noon"}, {"-fault", "fire"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), args[0]+" "+args[1]) {
			t.Errorf("%v: got %v", args, err)
		}
	}
	for _, standard := range simulate.Standards {
		var line bytes.Buffer
		w, err := spoil(&line, "wrong-speed", standard)
		if err != nil {
			t.Fatal(err)
		}
		telegram := []byte("/ISK5\\2M550T-1012\r\n\r\n1-0:1.7.0(00.000*kW)\r\n!0000\r\n")
		if n, err := w.Write(telegram); n != len(telegram) || err != nil {
			t.Errorf("%s: got %d, %v", standard.Name, n, err)
		}
		if line.Len() == 0 || bytes.Contains(line.Bytes(), []byte("1-0:1.7.0")) {
			t.Errorf("%s: the line carries %q", standard.Name, &line)
		}
	}
}

func TestWrongStandard(t *testing.T) {
	err := run(t.Context(), []string{"-standard", "dsmr9"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "dsmr50") {
		t.Errorf("got %v, want an error that lists the standards", err)
	}
}
