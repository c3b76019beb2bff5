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
	}{
		{&fs.PathError{Op: "open", Err: syscall.ENOENT}, some, []string{"plugged in", "/dev/ttyUSB0, /dev/ttyUSB1"}},
		{syscall.ENODEV, none, []string{"plugged in", "no serial device was found"}},
		{syscall.EACCES, some, []string{"dialout", "container"}},
		{syscall.EPERM, some, []string{"dialout", "container"}},
		{serialError(&serial.PortError{}), some, []string{"stop the other program", "raw socket"}},
		{ErrNotSerial, some, []string{"another device", "/dev/ttyUSB0"}},
		{ErrGone, some, []string{"pulled", "opened again"}},
		{syscall.EIO, some, []string{"pulled"}},
		{silence(15 * time.Second), some, []string{"P1 port is open", "115200 8N1 is set", "auto"}},
		{syscall.ECONNREFUSED, nil, []string{"check the port"}},
		{&net.DNSError{Err: "no such host", Name: "p1.lan", IsNotFound: true}, nil, []string{"spelling"}},
		{&net.DNSError{Err: "server misbehaving", Name: "p1.lan", IsTemporary: true}, nil, []string{"name server"}},
		{&net.AddrError{Err: "missing port in address", Addr: "p1.lan"}, nil, []string{"host:port"}},
		{syscall.EHOSTUNREACH, nil, []string{"no way leads"}},
		{os.ErrDeadlineExceeded, nil, []string{"no answer", "switched on"}},
		{syscall.ETIMEDOUT, nil, []string{"no answer"}},
		{silence(15 * time.Second), nil, []string{"sends nothing", "P1 port"}},
		{io.EOF, nil, []string{"hung up", "one program at a time"}},
		{syscall.ECONNRESET, nil, []string{"hung up"}},
	}
	for _, test := range tests {
		wrapped := fmt.Errorf("opening it: %w", test.err)
		got := networkHelp(wrapped)
		if test.ports != nil {
			got = serialHelp(wrapped, mode, test.ports)
		}
		for _, want := range test.mention {
			if !strings.Contains(got, want) {
				t.Errorf("%v: help %q does not mention %q", test.err, got, want)
			}
		}
	}
	if got := serialHelp(silence(15*time.Second), automatic, none); !strings.Contains(got, "P1 port is open") || strings.Contains(got, "mode") {
		t.Errorf("help for a silent line in automatic mode: %q", got)
	}
	if got := serialHelp(io.ErrNoProgress, mode, some) + networkHelp(io.ErrNoProgress); got != "" {
		t.Errorf("help for an error nobody knows: %q", got)
	}
}
