package source_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// cable is a pseudo-terminal: what is written to meter comes out of the
// serial device.
func cable(t *testing.T) (meter *os.File, device string) {
	t.Helper()
	meter, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { meter.Close() })
	defer tty.Close()
	return meter, tty.Name()
}

func mode(t *testing.T, name string) source.Mode {
	t.Helper()
	m, err := source.ParseMode(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// plug makes link lead to device, as udev does.
func plug(t *testing.T, device, link string) {
	t.Helper()
	next := link + ".next"
	if err := os.Symlink(device, next); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, link); err != nil {
		t.Fatal(err)
	}
}

func TestSerialComesBackUnderAnotherName(t *testing.T) {
	link := filepath.Join(t.TempDir(), "usb-P1_Cable-if00-port0")
	s := record(source.Serial(link, mode(t, "115200 8N1")))
	if got, want := s.Name(), link+" (115200 8N1)"; got != want {
		t.Errorf("Name() = %q, want %q", got, want)
	}
	s.start(t)
	lost := s.awaitState(t, 1, source.Lost)
	if !errors.Is(lost.Err, fs.ErrNotExist) || !strings.Contains(lost.Err.Error(), link) || !strings.Contains(lost.Help, "plugged in") {
		t.Errorf("lost because of %v; %s", lost.Err, lost.Help)
	}

	meter, device := cable(t)
	plug(t, device, link)
	s.awaitState(t, 2, source.Opened)
	for _, b := range []byte("one\r\n") { // byte by byte
		send(t, meter, string(b))
	}
	s.awaitLine(t, "one")
	send(t, meter, "\x00\xfftwo\r\n")
	s.awaitLine(t, "\x00\xfftwo")

	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	meter.Close() // the cable is pulled
	lost = s.awaitState(t, 4, source.Lost)
	if !strings.Contains(lost.Help, "unplugged") {
		t.Errorf("lost because of %v; %s", lost.Err, lost.Help)
	}
	lost = s.awaitState(t, 5, source.Lost)
	if !errors.Is(lost.Err, fs.ErrNotExist) {
		t.Errorf("then lost because of %v, want that there is no device", lost.Err)
	}

	meter, device = cable(t)
	plug(t, device, link)
	s.awaitState(t, 6, source.Opened)
	send(t, meter, "three\r\n")
	s.awaitLine(t, "three")
	want := []string{"lost", "opened", "alive", "lost", "lost", "opened", "alive"}
	if diff := cmp.Diff(want, s.states()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{saidLost, saidAgain, saidLost, saidAgain}, s.logged()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// What the port is asked for. A pseudo-terminal keeps the speed and whether
// parity is checked; it always has 8 data bits, so those are in TestModes.
func TestSerialSettings(t *testing.T) {
	tests := []struct {
		mode   string
		speed  uint32
		parity bool
	}{
		{"115200 8N1", unix.B115200, false},
		{"9600 7E1", unix.B9600, true},
		{"115200 7E1", unix.B115200, true},
		{"115200 8E1", unix.B115200, true},
		{" 9600 7e1", unix.B9600, true},
	}
	for _, test := range tests {
		t.Run(test.mode, func(t *testing.T) {
			meter, device := cable(t)
			port := source.Serial(device, mode(t, test.mode))
			conn, err := port.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			tty, err := unix.IoctlGetTermios(int(meter.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			if got := tty.Cflag & unix.CBAUD; got != test.speed {
				t.Errorf("speed %#o, want %#o", got, test.speed)
			}
			if got := tty.Iflag&unix.INPCK != 0; got != test.parity {
				t.Errorf("parity checked: %v, want %v", got, test.parity)
			}
			if got := tty.Iflag & (unix.ICRNL | unix.ISTRIP | unix.IXON | unix.IXOFF | unix.INLCR | unix.IGNCR); got != 0 {
				t.Errorf("input is changed: %#o", got)
			}
			if got := tty.Lflag & (unix.ICANON | unix.ECHO | unix.ISIG); got != 0 {
				t.Errorf("lines are cooked: %#o", got)
			}
			if got := tty.Cflag & unix.CRTSCTS; got != 0 {
				t.Error("flow control is on")
			}
		})
	}
}

// Every byte passes as it is, control characters and high bits too.
func TestSerialPassesBytesOn(t *testing.T) {
	meter, device := cable(t)
	port := source.Serial(device, mode(t, "115200 8N1"))
	conn, err := port.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var want []byte
	for i := range 20_000 { // more than the terminal holds
		want = append(want, byte(i), byte(i>>8))
	}
	written := make(chan error)
	go func() {
		_, err := meter.Write(want)
		written <- err
	}()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the bytes read are not the bytes written")
	}
}

func TestModeThatIsNone(t *testing.T) {
	for _, name := range []string{"", "9600", "9600 8N2", "115200,8N1"} {
		got, err := source.ParseMode(name)
		if err == nil {
			t.Errorf("ParseMode(%q) = %v", name, got)
		} else if !strings.Contains(err.Error(), "115200 8N1, 9600 7E1") {
			t.Errorf("ParseMode(%q): %q does not say what there is", name, err)
		}
	}
}

func TestSerialDeadline(t *testing.T) {
	meter, device := cable(t)
	port := source.Serial(device, mode(t, "115200 8N1"))
	conn, err := port.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := make([]byte, 10)
	for _, in := range []time.Duration{-time.Second, 10 * time.Millisecond, 300 * time.Millisecond} {
		deadline := time.Now().Add(in)
		if err := conn.SetReadDeadline(deadline); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(p); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read = %d, %v, want a passed deadline", n, err)
		}
		if time.Now().Before(deadline) {
			t.Errorf("Read returned before its deadline in %v", in)
		}
	}
	if n, err := conn.Read(nil); n != 0 || err != nil {
		t.Errorf("Read of nothing = %d, %v", n, err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	send(t, meter, "x")
	if n, err := conn.Read(p); n != 1 || err != nil {
		t.Errorf("Read = %d, %v, want 1 byte", n, err)
	}
}

func TestSerialCloseEndsRead(t *testing.T) {
	_, device := cable(t)
	port := source.Serial(device, mode(t, "115200 8N1"))
	conn, err := port.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		_, err := io.ReadAll(conn)
		read <- err
	}()
	for range 2 {
		if err := conn.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := <-read; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v, want that the port is closed", err)
	}
}

func TestSerialDeviceThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		device string
		want   string
	}{
		{file, "Choose another device"},
		{filepath.Dir(file), "Choose another device"},
		{file + ".missing", "plugged in"},
	}
	for _, test := range tests {
		port := source.Serial(test.device, mode(t, "9600 7E1"))
		conn, err := port.Open(t.Context())
		if err == nil {
			conn.Close()
			t.Errorf("%s: opened", test.device)
			continue
		}
		if help := port.Help(err); !strings.Contains(err.Error(), test.device) || !strings.Contains(help, test.want) {
			t.Errorf("%s: %v; %s", test.device, err, help)
		}
	}
}
