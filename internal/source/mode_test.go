package source

import (
	"fmt"
	"testing"

	"go.bug.st/serial"
)

// The settings say what the names promise, and leave the request line alone.
func TestModes(t *testing.T) {
	for _, m := range modes {
		letter := map[serial.Parity]string{serial.NoParity: "N", serial.EvenParity: "E", serial.OddParity: "O"}[m.line.Parity]
		stop := map[serial.StopBits]string{serial.OneStopBit: "1", serial.TwoStopBits: "2"}[m.line.StopBits]
		if got, want := fmt.Sprintf("%d %d%s%s", m.line.BaudRate, m.line.DataBits, letter, stop), m.String(); got != want {
			t.Errorf("mode %s sets %s", want, got)
		}
		if m.line.InitialStatusBits != nil {
			t.Errorf("mode %s changes RTS and DTR", m)
		}
	}
}
