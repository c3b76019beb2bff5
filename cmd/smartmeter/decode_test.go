package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// TestPartMissing: of a message that came in part it is said that its frames were
// whole, by decode and by replay.
func TestPartMissing(t *testing.T) {
	frames := frame.AppendHDLC(nil, append([]byte{0x0F}, slices.Repeat([]byte{1}, 1500)...))
	end := len(frames) - 1 // the second frame's last octet
	for end > 0 && frames[end-1] != 0x7E {
		end--
	}
	first := string(frames[:end-1])
	for _, command := range []string{"decode", "replay"} {
		code, _, stderr := call(t, first, nil, command, "-")
		if code != exitBad || !strings.Contains(stderr, "1 whole frame came, but a part of the message is missing") {
			t.Errorf("%s: exit %d, %s", command, code, stderr)
		}
	}
}
