package socket_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Small writes leave at once, dead clients are probed for, and the system
// keeps no hours of readings for a slow one.
func TestSocketOptions(t *testing.T) {
	s := serveRaw(t, 1)
	p := s.join(t)
	fd := -1 // the server's end: the descriptor whose peer is the client
	for i := range 1024 {
		if sa, err := unix.Getpeername(i); err == nil {
			if in, ok := sa.(*unix.SockaddrInet4); ok && in.Port == p.LocalAddr().(*net.TCPAddr).Port {
				fd = i
			}
		}
	}
	if fd < 0 {
		t.Fatal("the server's end was not found")
	}
	tests := []struct {
		name       string
		level, opt int
		least      int
		most       int
	}{
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1, 1},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, 1},
		{"TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 1, 60},
		{"SO_SNDBUF", unix.SOL_SOCKET, unix.SO_SNDBUF, 32 << 10, 256 << 10},
	}
	for _, test := range tests {
		got, err := unix.GetsockoptInt(fd, test.level, test.opt)
		if err != nil || got < test.least || got > test.most {
			t.Errorf("%s = %d, %v, want %d to %d", test.name, got, err, test.least, test.most)
		}
	}
}
