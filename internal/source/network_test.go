package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func TestNetworkComesBack(t *testing.T) {
	for _, loopback := range []string{"127.0.0.1", "[::1]"} {
		t.Run(loopback, func(t *testing.T) {
			l := listen(t, loopback+":0")
			address := l.Addr().String()
			s := record(source.Network(address))
			if got := s.Name(); got != address {
				t.Errorf("Name() = %q, want %q", got, address)
			}
			s.start(t)

			first := accept(t, l)
			send(t, first, "one\nhalf a tele")
			s.awaitLine(t, "one")
			first.Close() // in the middle of a line
			s.awaitLine(t, "half a tele")
			if got := s.awaitState(t, 3, source.Lost); !errors.Is(got.Err, io.EOF) || got.Cause != diagnosis.HungUp {
				t.Errorf("lost because of %v, %q, want a hang-up", got.Err, got.Help)
			}

			second := accept(t, l)
			send(t, second, "two\n")
			s.awaitLine(t, "two")
			l.Close() // the reader restarts: refused for a while, then back
			if err := second.(*net.TCPConn).SetLinger(0); err != nil {
				t.Fatal(err)
			}
			second.Close()
			if got := s.awaitState(t, 6, source.Lost); !errors.Is(got.Err, syscall.ECONNRESET) {
				t.Errorf("lost because of %v, want a reset", got.Err)
			}
			if got := s.awaitState(t, 7, source.Lost); !errors.Is(got.Err, syscall.ECONNREFUSED) || !strings.Contains(got.Err.Error(), address) {
				t.Errorf("lost because of %v, want that %s refused", got.Err, address)
			}
			third := accept(t, listen(t, address))
			send(t, third, "three\n")
			s.awaitLine(t, "three")

			want := []string{"opened", "alive", "lost", "opened", "alive", "lost", "lost", "opened", "alive"}
			if diff := cmp.Diff(want, s.states()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			said := []string{saidOpen, saidAlive, saidLost, saidAgain, saidLost, saidAgain}
			if diff := cmp.Diff(said, s.logged()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

// What the meter sends arrives as it was sent, and before the line is closed.
func TestNetworkPassesBytesOn(t *testing.T) {
	l := listen(t, testkit.Addr(t))
	var want bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&want, "1-0:1.8.%d(%06d*kWh)\r\n\x00\xff", i, i)
	}
	got := make(chan []byte)
	s := record(source.Network(l.Addr().String()))
	go func() {
		_ = s.Run(t.Context(), func(r io.Reader) error {
			first := make([]byte, 1)
			if _, err := io.ReadFull(r, first); err != nil {
				return err
			}
			got <- first
			rest, err := io.ReadAll(r)
			got <- rest
			return err
		})
	}()
	conn := accept(t, l)
	send(t, conn, want.String()[:1])
	first := <-got // with the line open, and nothing after it
	send(t, conn, want.String()[1:])
	conn.Close()
	if diff := cmp.Diff(want.Bytes(), append(first, <-got...)); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
}

func TestNetworkAddressThatIsNone(t *testing.T) {
	tests := []struct {
		address string
		want    string // mentioned in what a person can do
	}{
		{"localhost", "host:port"},
		{"::1:2001", "host:port"},
		{"127.0.0.1:1", "check the port"},
	}
	for _, test := range tests {
		port := source.Network(test.address)
		conn, err := port.Open(t.Context())
		if err == nil {
			conn.Close()
			t.Errorf("%s: opened", test.address)
			continue
		}
		if help := port.Help(err); !strings.Contains(err.Error(), test.address) || !strings.Contains(help, test.want) {
			t.Errorf("%s: %v; %s", test.address, err, help)
		}
	}
}
