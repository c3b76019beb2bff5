package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// cable is a serial cable in the meter: a pseudo-terminal, and the link by
// which the program knows it.
type cable struct {
	t           *testing.T
	link        string
	meter, port *os.File // the two ends
}

func newCable(t *testing.T) *cable {
	t.Helper()
	c := &cable{t: t, link: filepath.Join(openDir(t), "usb-P1_converter-if00-port0")}
	t.Cleanup(c.pull)
	c.plug()
	return c
}

// plug plugs the cable in. Each time the system gives it another name.
func (c *cable) plug() {
	c.t.Helper()
	var err error
	if c.meter, c.port, err = pty.Open(); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Symlink(c.port.Name(), c.link); err != nil {
		c.t.Fatal(err)
	}
}

// pull pulls it out: the system hangs up, and its link goes.
func (c *cable) pull() {
	_ = os.Remove(c.link)
	c.meter.Close()
	c.port.Close()
}

// TestFaultCable: the cable is pulled, and comes back under another name.
func TestFaultCable(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]string{"automatic mode": "auto", "a mode is set": "115200 8N1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, b := newCable(t), newBroker(t, testkit.Addr(t))
			p := start(t, "PORT="+c.link, "SERIAL_MODE="+mode, b.variable())
			waitFor(t, "the open port", func() bool { return p.log.Count("line to the meter is open") == 1 })
			w := attend(p, c.meter, b)
			w.reading()
			b.wait("smartmeter/connected", "2")
			before := c.port.Name()
			kept := c.port // so that the system cannot give the same name again
			other, otherPort, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			defer otherPort.Close()
			mark := p.mark()
			_ = os.Remove(c.link)
			c.meter.Close()
			b.wait("smartmeter/connected", "1")
			waitFor(t, "attempts", func() bool { return p.log.Count("still no data from the meter") >= 2 })
			c.meter, c.port = other, otherPort
			if c.port.Name() == before {
				t.Fatalf("the cable came back as %s again", before)
			}
			if err := os.Symlink(c.port.Name(), c.link); err != nil {
				t.Fatal(err)
			}
			kept.Close()
			waitFor(t, "the open port", func() bool { return strings.Contains(p.log.String()[mark:], "line to the meter is open") })
			w.line = c.meter
			w.reading()
			b.wait("smartmeter/connected", "2")
			w.reading()
			p.lossAndReturn(mark, lineLost, lineBack)
		})
	}
}
