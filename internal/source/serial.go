package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.bug.st/serial"
)

// Errors of serial ports, besides those of the operating system.
var (
	ErrBusy      = errors.New("another program has the port open")
	ErrNotSerial = errors.New("not a working serial device")
	ErrGone      = errors.New("the device is gone")
)

// Serial returns the line of a serial device. A path below /dev/serial/by-id
// is followed at each opening, so a cable that comes back under another name
// is found. Nothing is ever written to the device. With the automatic mode the
// mode is found by listening, and changed while the device stays open.
func Serial(device string, mode Mode) Port {
	if mode == automatic {
		return probing(newProber(device, mode115200N8, usualPace), openTunable)
	}
	return Port{
		Name: device + " (" + mode.String() + ")",
		mode: mode.String(),
		Open: func(context.Context) (Conn, error) { return openSerial(device, mode) },
		Help: func(err error) string { return serialHelp(err, mode, Ports) },

		Cause: serialCause,
	}
}

func openTunable(device string, mode Mode) (tunable, error) { return openSerial(device, mode) }

func openSerial(device string, mode Mode) (*serialConn, error) {
	port, err := serial.Open(device, &mode.line)
	if err != nil {
		return nil, fmt.Errorf("opening serial device %s: %w", device, serialError(err))
	}
	return &serialConn{port: port}, nil
}

// serialError makes the library's errors such that errors.Is knows them.
func serialError(err error) error {
	if e, ok := errors.AsType[*serial.PortError](err); ok {
		switch e.Code() {
		case serial.PortBusy:
			return ErrBusy
		case serial.PortNotFound:
			return fs.ErrNotExist
		case serial.PermissionDenied:
			return fs.ErrPermission
		case serial.InvalidSerialPort:
			return ErrNotSerial
		case serial.PortClosed: // the library says so when a read finds the line hung up
			return ErrGone
		}
	}
	return err
}

// readSlice is how long one read of the port may take. The library's Close
// does end a pending Read, but closes the descriptor first: for a moment the
// Read could meet another file under that number. So Close waits for the end
// of the slice instead.
const readSlice = 200 * time.Millisecond

// serialConn makes a Conn of the library's port, whose read time-out is no
// error but (0, nil).
type serialConn struct {
	deadline time.Time // of Read; zero: none
	closed   atomic.Bool

	mu   sync.Mutex // held while port is used
	port serial.Port
}

func (c *serialConn) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

func (c *serialConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		slice := readSlice
		if !c.deadline.IsZero() {
			slice = min(slice, max(0, time.Until(c.deadline)))
		}
		n, err := c.read(p, slice)
		if n > 0 || err != nil {
			return n, err
		}
		if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (c *serialConn) read(p []byte, timeout time.Duration) (int, error) {
	if c.closed.Load() { // before the lock, so that Close gets it
		return 0, os.ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return 0, os.ErrClosed
	}
	if err := c.port.SetReadTimeout(timeout); err != nil {
		return 0, err
	}
	n, err := c.port.Read(p)
	if err != nil {
		err = fmt.Errorf("reading: %w", serialError(err))
	}
	return n, err
}

// setMode changes the mode while the port stays open. The driver takes all of
// it in one step, so RTS and DTR stay as they are, and what has been received
// stays to be read.
func (c *serialConn) setMode(m Mode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return os.ErrClosed
	}
	if err := c.port.SetMode(&m.line); err != nil {
		return fmt.Errorf("setting serial mode %s: %w", m, serialError(err))
	}
	return nil
}

// Close returns when the port is closed and no Read uses it any more.
func (c *serialConn) Close() error {
	already := c.closed.Swap(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if already {
		return nil
	}
	return c.port.Close()
}
