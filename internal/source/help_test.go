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
		trouble Trouble
	}{
		{&fs.PathError{Op: "open", Err: syscall.ENOENT}, some, []string{"plugged in", "/dev/ttyUSB0, /dev/ttyUSB1"}, TroubleMissing},
		{syscall.ENODEV, none, []string{"plugged in", "No serial device was found"}, TroubleMissing},
		{syscall.EACCES, some, []string{"dialout", "container"}, TroublePermission},
		{syscall.EPERM, some, []string{"dialout", "container"}, TroublePermission},
		{serialError(&serial.PortError{}), some, []string{"stop the other program", "raw socket"}, TroubleBusy},
		{ErrNotSerial, some, []string{"another device", "/dev/ttyUSB0"}, TroubleNotSerial},
		{ErrGone, some, []string{"pulled", "opened again"}, TroubleGone},
		{syscall.EIO, some, []string{"pulled"}, TroubleGone},
		{silence(15 * time.Second), some, []string{"P1 port open", "115200 8N1 is set", "auto"}, TroubleSilence},
		{syscall.ECONNREFUSED, nil, []string{"check the port"}, TroubleRefused},
		{&net.DNSError{Err: "no such host", Name: "p1.lan", IsNotFound: true}, nil, []string{"spelling"}, TroubleName},
		{&net.DNSError{Err: "server misbehaving", Name: "p1.lan", IsTemporary: true}, nil, []string{"name server"}, TroubleNameServer},
		{&net.AddrError{Err: "missing port in address", Addr: "p1.lan"}, nil, []string{"host:port"}, TroubleAddress},
		{syscall.EHOSTUNREACH, nil, []string{"no way leads"}, TroubleUnreachable},
		{os.ErrDeadlineExceeded, nil, []string{"no answer", "switched on"}, TroubleNoAnswer},
		{syscall.ETIMEDOUT, nil, []string{"no answer"}, TroubleNoAnswer},
		{silence(15 * time.Second), nil, []string{"sends nothing", "P1 port"}, TroubleMute},
		{io.EOF, nil, []string{"hung up", "one program at a time"}, TroubleHungUp},
		{syscall.ECONNRESET, nil, []string{"hung up"}, TroubleHungUp},
	}
	for _, test := range tests {
		wrapped := fmt.Errorf("opening it: %w", test.err)
		got := networkHelp(wrapped, "23")
		if test.ports != nil {
			got = serialHelp(wrapped, mode, test.ports)
		}
		trouble := networkTrouble(wrapped)
		if test.ports != nil {
			trouble = serialTrouble(wrapped)
		}
		if trouble != test.trouble {
			t.Errorf("%v: trouble %d, want %d", test.err, trouble, test.trouble)
		}
		for _, want := range test.mention {
			if !strings.Contains(got, want) {
				t.Errorf("%v: help %q does not mention %q", test.err, got, want)
			}
		}
	}
	if got := serialHelp(silence(15*time.Second), automatic, none); !strings.Contains(got, "P1 port open") || strings.Contains(got, "mode") {
		t.Errorf("help for a silent line in automatic mode: %q", got)
	}
	for port, want := range map[string]bool{"80": true, "502": true, "23": false, "": false} {
		if got := networkHelp(silence(15*time.Second), port); strings.Contains(got, "and the port: "+port) != want {
			t.Errorf("help for a mute port %s: %q", port, got)
		}
	}
	for trouble := range NumTroubles {
		if (trouble.Help() == "") != (trouble == TroubleUnknown) {
			t.Errorf("trouble %d: help %q", trouble, trouble.Help())
		}
	}
	if got := serialHelp(io.ErrNoProgress, mode, some) + networkHelp(io.ErrNoProgress, "23"); got != "" {
		t.Errorf("help for an error nobody knows: %q", got)
	}
}
