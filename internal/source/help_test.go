package source

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.bug.st/serial"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
)

func TestHelp(t *testing.T) {
	mode, err := ParseMode("115200 8N1")
	if err != nil {
		t.Fatal(err)
	}
	some := func() []string { return []string{"/dev/ttyUSB0", "/dev/ttyUSB1"} }
	none := func() []string { return nil }
	tests := []struct {
		err     error
		ports   func() []string // nil: an error of the network
		mention []string
		cause   diagnosis.Cause
	}{
		{&fs.PathError{Op: "open", Err: syscall.ENOENT}, some, []string{"plugged in", "/dev/ttyUSB0, /dev/ttyUSB1"}, diagnosis.Missing},
		{syscall.ENODEV, none, []string{"plugged in", "No serial device was found"}, diagnosis.Missing},
		{syscall.EACCES, some, []string{"dialout", "container"}, diagnosis.Permission},
		{syscall.EPERM, some, []string{"dialout", "container"}, diagnosis.Permission},
		{serialError(&serial.PortError{}), some, []string{"Stop the other program", "raw socket"}, diagnosis.Busy},
		{ErrNotSerial, some, []string{"another device", "/dev/ttyUSB0"}, diagnosis.NotSerial},
		{ErrGone, some, []string{"unplugged", "continues"}, diagnosis.Gone},
		{syscall.EIO, some, []string{"unplugged"}, diagnosis.Gone},
		{silence(15 * time.Second), some, []string{"P1 port enabled", "Is 115200 8N1 the meter's mode?", "auto"}, diagnosis.Silence},
		{syscall.ECONNREFUSED, nil, []string{"check the port"}, diagnosis.Refused},
		{&net.DNSError{Err: "no such host", Name: "p1.lan", IsNotFound: true}, nil, []string{"spelling"}, diagnosis.Name},
		{&net.DNSError{Err: "server misbehaving", Name: "p1.lan", IsTemporary: true}, nil, []string{"IP address"}, diagnosis.NameServer},
		{&net.AddrError{Err: "missing port in address", Addr: "p1.lan"}, nil, []string{"host:port"}, diagnosis.Address},
		{syscall.EHOSTUNREACH, nil, []string{"no route"}, diagnosis.Unreachable},
		{os.ErrDeadlineExceeded, nil, []string{"Check the address", "switched on"}, diagnosis.NoAnswer},
		{syscall.ETIMEDOUT, nil, []string{"switched on"}, diagnosis.NoAnswer},
		{silence(15 * time.Second), nil, []string{"sends nothing", "P1 port"}, diagnosis.Mute},
		{io.EOF, nil, []string{"one program at a time"}, diagnosis.HungUp},
		{syscall.ECONNRESET, nil, []string{"one program at a time"}, diagnosis.HungUp},
	}
	for _, test := range tests {
		wrapped := fmt.Errorf("opening it: %w", test.err)
		got := networkHelp(wrapped, "23")
		if test.ports != nil {
			got = serialHelp(wrapped, mode, test.ports)
		}
		cause := networkCause(wrapped)
		if test.ports != nil {
			cause = serialCause(wrapped)
		}
		if cause != test.cause {
			t.Errorf("%v: cause %s, want %s", test.err, cause, test.cause)
		}
		for _, want := range test.mention {
			if !strings.Contains(got, want) {
				t.Errorf("%v: help %q does not mention %q", test.err, got, want)
			}
		}
	}
	if got := serialHelp(silence(15*time.Second), automatic, none); !strings.Contains(got, "P1 port enabled") || strings.Contains(got, "mode") {
		t.Errorf("help for a silent line in automatic mode: %q", got)
	}
	for port, want := range map[string]bool{"80": true, "502": true, "23": false, "": false} {
		if got := networkHelp(silence(15*time.Second), port); strings.Contains(got, "Port "+port) != want {
			t.Errorf("help for a mute port %s: %q", port, got)
		}
	}
	if got := serialHelp(io.ErrNoProgress, mode, some) + networkHelp(io.ErrNoProgress, "23"); got != "" {
		t.Errorf("help for an error nobody knows: %q", got)
	}
}
