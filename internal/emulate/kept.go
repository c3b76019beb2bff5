package emulate

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"time"
)

// The offset's limits, in W: a household's connection has no more.
const (
	LeastOffset = -20_000
	MostOffset  = 20_000
)

// saveAfter spares the SD cards that many of these machines run on: automations
// may set the offset every few seconds.
const saveAfter = time.Minute

// kept is what the data folder has of an emulated meter, as JSON.
type kept struct {
	MAC    string `json:"mac"` // 12 small hex digits
	Offset int    `json:"offset"`
}

// MAC is the emulated meter's hardware address, which its serial number is made
// of too. It never changes, because clients know the meter by it.
type MAC [6]byte

// Hex returns 12 small hex digits.
func (m MAC) Hex() string { return hex.EncodeToString(m[:]) }

// Upper returns 12 capital hex digits.
func (m MAC) Upper() string { return strings.ToUpper(m.Hex()) }

// String returns six pairs of small hex digits with colons between them.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// newMAC returns an address that begins with the prefix: that of a maker where
// clients insist on it, or else one of those that anybody may give out.
func newMAC(prefix []byte) (m MAC) {
	_, _ = rand.Read(m[:]) // it never fails
	m[0] = m[0]&^1 | 2     // of one device, and locally administered
	copy(m[:], prefix)
	return m
}

// parseMAC reads what Hex wrote, where it has the prefix.
func parseMAC(text string, prefix []byte) (m MAC, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(m) || string(b[:len(prefix)]) != string(prefix) {
		return MAC{}, false
	}
	return MAC(b), true
}

// checkOffset returns an error that tells the limits.
func checkOffset(watts int) error {
	if watts < LeastOffset || watts > MostOffset {
		return fmt.Errorf("an offset is from %d to %d W", LeastOffset, MostOffset)
	}
	return nil
}
