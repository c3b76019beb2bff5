package source

import (
	"context"
	"errors"
	"os"
	"time"
)

// probing returns the line of a serial device whose mode the prober finds.
func probing(p *prober, open func(device string, mode Mode) (tunable, error)) Port {
	var last os.FileInfo
	return Port{
		Name:   p.name(),
		prober: p,
		Open: func(context.Context) (Conn, error) {
			conn, err := open(p.device, modes[p.mode])
			if err != nil {
				if errors.Is(err, ErrNotSerial) {
					p.refused()
				}
				return nil, err
			}
			// Another file may be another device, or the same one plugged in
			// again; listening tells.
			info, _ := os.Stat(p.device)
			p.opened(time.Now(), os.SameFile(last, info))
			last = info
			return &probingConn{tunable: conn, prober: p}, nil
		},
		Help: func(err error) string { return serialHelp(err, automatic, Ports) },

		Cause: serialCause,
	}
}

// tunable is a line whose mode can be changed while it is open.
type tunable interface {
	Conn
	setMode(Mode) error
}

// probingConn shows the line's bytes to the prober and does what it says. The
// mode is changed on the open port: closing it would lower the lines that ask
// the meter for data, and may make it begin anew.
type probingConn struct {
	tunable
	prober   *prober
	deadline time.Time // of Read; zero: none
}

// modeChanged is the error of a Read that found the mode wrong. The line is
// open in another one.
type modeChanged struct {
	mode Mode
	why  string
}

func (c *modeChanged) Error() string { return "the serial mode is now " + c.mode.name + ": " + c.why }

func (c *probingConn) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

func (c *probingConn) Read(b []byte) (int, error) {
	for {
		now := time.Now()
		if why := c.prober.judge(now); why != "" {
			return 0, c.change(why)
		}
		deadline := c.deadline
		if wake := c.prober.wake(now); !wake.IsZero() && (deadline.IsZero() || wake.Before(deadline)) {
			deadline = wake
		}
		if err := c.tunable.SetReadDeadline(deadline); err != nil {
			return 0, err
		}
		n, err := c.tunable.Read(b)
		now = time.Now()
		if n > 0 {
			c.prober.heard(b[:n], now)
			return n, err
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if !c.deadline.IsZero() && !now.Before(c.deadline) {
			c.prober.silent()
			return n, err
		}
	}
}

func (c *probingConn) change(why string) error {
	err := c.setMode(modes[c.prober.mode])
	if err != nil && c.prober.refused() {
		err = c.setMode(modes[c.prober.mode])
	}
	if err != nil {
		return err
	}
	return &modeChanged{modes[c.prober.mode], why}
}
