package source

import (
	"fmt"
	"strings"

	"go.bug.st/serial"
)

// Mode is a serial line's speed, data bits, parity and stop bits, as ParseMode
// makes it.
type Mode struct {
	name string
	line serial.Mode
}

// modes is the table of lines that meters are known to have. The port's
// request line (pin 2 of the P1 port) hangs on RTS or DTR in most cables, so
// InitialStatusBits stays nil: the driver raises both when it opens the port,
// and nothing lowers them again.
var modes = []Mode{
	{"115200 8N1", serial.Mode{BaudRate: 115200, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit}},   // DSMR 4 and later, e-MUCS
	{"9600 7E1", serial.Mode{BaudRate: 9600, DataBits: 7, Parity: serial.EvenParity, StopBits: serial.OneStopBit}},     // DSMR 2 and 3, Q3D
	{"115200 7E1", serial.Mode{BaudRate: 115200, DataBits: 7, Parity: serial.EvenParity, StopBits: serial.OneStopBit}}, // Slovenia
	{"115200 8E1", serial.Mode{BaudRate: 115200, DataBits: 8, Parity: serial.EvenParity, StopBits: serial.OneStopBit}}, // Denmark, NES
}

// ParseMode returns the mode called s: "115200 8N1", "9600 7E1",
// "115200 7E1" or "115200 8E1". The error lists them.
func ParseMode(s string) (Mode, error) {
	names := make([]string, len(modes))
	for i, m := range modes {
		if strings.EqualFold(m.name, strings.TrimSpace(s)) {
			return m, nil
		}
		names[i] = m.name
	}
	return Mode{}, fmt.Errorf("serial mode %q is not known: use one of %s", s, strings.Join(names, ", "))
}

// String is the mode's name: "115200 8N1".
func (m Mode) String() string { return m.name }
