package source

import (
	"fmt"
	"strings"

	"go.bug.st/serial"
)

// Mode is a serial line's speed, data bits, parity and stop bits, as ParseMode
// makes it, or automatic.
type Mode struct {
	name string
	line serial.Mode
}

// The modes that meters are known to have, as indices of modes.
const (
	mode115200N8 = iota // DSMR 4 and later, e-MUCS, and most others
	mode9600E7          // DSMR 2 and 3, Q3D
	mode115200E7        // Slovenia
	mode115200E8        // Denmark: NES
	mode2400E8          // M-Bus: Norway, Austria, Switzerland
	mode2400N8          // Kamstrup's modules
	mode9600N8          // optical heads in Germany, RS-485 in Czechia
	mode38400N8         // Slovenia
	mode9600E8
)

// modes is their table. The port's request line (pin 2 of the P1 port) hangs
// on RTS or DTR in most cables, so InitialStatusBits stays nil: the driver
// raises both when it opens the port, and nothing lowers them again.
var modes = [...]Mode{
	mode115200N8: {"115200 8N1", serial.Mode{BaudRate: 115200, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit}},
	mode9600E7:   {"9600 7E1", serial.Mode{BaudRate: 9600, DataBits: 7, Parity: serial.EvenParity, StopBits: serial.OneStopBit}},
	mode115200E7: {"115200 7E1", serial.Mode{BaudRate: 115200, DataBits: 7, Parity: serial.EvenParity, StopBits: serial.OneStopBit}},
	mode115200E8: {"115200 8E1", serial.Mode{BaudRate: 115200, DataBits: 8, Parity: serial.EvenParity, StopBits: serial.OneStopBit}},
	mode2400E8:   {"2400 8E1", serial.Mode{BaudRate: 2400, DataBits: 8, Parity: serial.EvenParity, StopBits: serial.OneStopBit}},
	mode2400N8:   {"2400 8N1", serial.Mode{BaudRate: 2400, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit}},
	mode9600N8:   {"9600 8N1", serial.Mode{BaudRate: 9600, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit}},
	mode38400N8:  {"38400 8N1", serial.Mode{BaudRate: 38400, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit}},
	mode9600E8:   {"9600 8E1", serial.Mode{BaudRate: 9600, DataBits: 8, Parity: serial.EvenParity, StopBits: serial.OneStopBit}},
}

// automatic is the mode that is found by listening.
var automatic = Mode{name: "auto"}

// Modes lists what ParseMode knows: auto, and the modes that meters have.
func Modes() []string {
	names := []string{automatic.name}
	for _, m := range modes {
		names = append(names, m.name)
	}
	return names
}

// ParseMode returns the mode called s, one of Modes. The error lists them.
func ParseMode(s string) (Mode, error) {
	for _, m := range append(modes[:], automatic) {
		if strings.EqualFold(m.name, strings.TrimSpace(s)) {
			return m, nil
		}
	}
	return Mode{}, fmt.Errorf("serial mode %q is not known: use one of %s", s, strings.Join(Modes(), ", "))
}

// String is the mode's name: "115200 8N1", or "auto".
func (m Mode) String() string { return m.name }
