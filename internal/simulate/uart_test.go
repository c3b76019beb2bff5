package simulate_test

import (
	"bytes"
	"math/bits"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

var serialModes = []string{"115200 8N1", "9600 7E1", "115200 7E1", "115200 8E1"}

// What a UART makes of single bytes, worked out by hand.
func TestHearBytes(t *testing.T) {
	const rest = "\xff" // all ones: the line looks as if it rested
	tests := []struct {
		name              string
		uart              simulate.UART
		text, sent, heard string
		want              string
	}{
		{"parity in bit 7", simulate.UART{}, "13(", "115200 7E1", "115200 8N1", "\xb13("},
		{"the missing parity bit is an error for every odd byte", simulate.UART{}, "0123", "115200 8N1", "115200 7E1", "0\x00\x003"},
		{"an error spoils the packet", simulate.UART{Packet: 3}, "003333", "115200 8N1", "115200 7E1", "003333"},
		{"an error spoils the packet", simulate.UART{Packet: 3}, "013333", "115200 8N1", "115200 7E1", "\x00\x00\x00333"},
		{"bytes with an error are kept back", simulate.UART{Drops: true}, "0123", "115200 8N1", "115200 7E1", "03"},
		{"or not noticed", simulate.UART{Blind: true}, "0123", "115200 8N1", "115200 7E1", "0123"},
		{"a bit too many does not matter to who waits", simulate.UART{}, "0123", "115200 8E1", "115200 8N1", "0123"},
		{"each run of zeros at a twelfth of the speed is one break", simulate.UART{}, "1", "9600 7E1", "115200 8N1", "\x00\x00\x00"},
		{"and kept back where it is an error", simulate.UART{Drops: true}, "1", "9600 7E1", "115200 8N1", ""},
		{"inverted rest is a break without end", simulate.UART{Inverted: true}, rest, "115200 8N1", "115200 8N1", "\x00"},
	}
	for _, test := range tests {
		if got := string(test.uart.Hear([]byte(test.text), test.sent, test.heard)); got != test.want {
			t.Errorf("%s: %q sent as %s and heard as %s is %q, want %q", test.name, test.text, test.sent, test.heard, got, test.want)
		}
	}
}

func TestHearTelegrams(t *testing.T) {
	telegram := simulate.New(simulate.Options{}).Telegram(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))
	binary := simulate.Noise(1, 2000)
	uarts := []simulate.UART{{}, {Resync: true}, {Packet: 62}, {Drops: true}, {Blind: true}, {Blind: true, Resync: true}}
	for _, uart := range uarts {
		for _, sent := range serialModes {
			if diff := cmp.Diff(telegram, uart.Hear(telegram, sent, sent)); diff != "" {
				t.Errorf("%+v, %s: changed in the right mode:\n%s", uart, sent, diff)
			}
			for _, heard := range serialModes {
				if got := uart.Hear(nil, sent, heard); len(got) != 0 {
					t.Errorf("%+v: %x heard where nothing was sent", uart, got)
				}
			}
		}
		for _, mode := range []string{"115200 8N1", "115200 8E1"} {
			if !bytes.Equal(binary, uart.Hear(binary, mode, mode)) {
				t.Errorf("%+v, %s: bytes changed in the right mode", uart, mode)
			}
		}
		if diff := cmp.Diff(simulate.EvenParity(telegram), uart.Hear(telegram, "115200 7E1", "115200 8N1")); diff != "" {
			t.Errorf("%+v: 7E1 read as 8N1:\n%s", uart, diff)
		}
		for _, b := range uart.Hear(telegram, "9600 7E1", "115200 8N1") {
			if bits.OnesCount8((b^b>>1)&0x7F) > 1 {
				t.Errorf("%+v: %#x has more edges than a slow line", uart, b)
			}
		}
		inverted := uart
		inverted.Inverted = true
		if got := inverted.Hear(telegram, "115200 8N1", "115200 8N1"); bytes.Contains(got, []byte("1-0:")) {
			t.Errorf("%+v: text comes out of the inverted line", uart)
		}
	}
}

func TestHearRefuses(t *testing.T) {
	for _, mode := range []string{"", "auto", "115200", "0 8N1", "115200 8N2", "115200 8O1"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("mode %q is accepted", mode)
				}
			}()
			simulate.UART{}.Hear([]byte("x"), mode, "115200 8N1")
		}()
	}
}
