package frame_test

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestMBusDamagedShortFrame: a short frame whose sum does not fit is not taken
// for one with a wrapped length that ends where the next frame does, although the
// sum of that fits.
func TestMBusDamagedShortFrame(t *testing.T) {
	mbus := func(length int, fill byte) []byte {
		p := []byte{0x68, byte(length), byte(length), 0x68, 0x53, 0xFF, 0x00, 0x01, 0x67}
		for len(p) < 4+length {
			p = append(p, fill)
		}
		var sum byte
		for _, b := range p[4:] {
			sum += b
		}
		return append(p, sum, 0x16)
	}
	short, next := mbus(0x14, 0x33), mbus(250, 0x44)
	both := append(short, next...)
	for b := range 256 { // one of them makes the sum of all fit
		both[12] = byte(b)
		m := frame.MatchMBus(both, false)
		if want := b == 0x33; m.Size != 26 || (m.Checksum == meter.ChecksumValid) != want {
			t.Fatalf("octet %02X: %d octets, %s", b, m.Size, m.Checksum)
		}
	}
}
