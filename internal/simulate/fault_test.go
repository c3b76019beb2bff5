package simulate_test

import (
	"bytes"
	"math/bits"
	"slices"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func TestFaults(t *testing.T) {
	const p = "/ABC!"
	for _, test := range []struct {
		name string
		do   func(p []byte) []byte
		want string
	}{
		{"flip bit 0", func(p []byte) []byte { return simulate.FlipBit(p, 0) }, ".ABC!"},
		{"flip bit 6 of byte 1", func(p []byte) []byte { return simulate.FlipBit(p, 14) }, "/\x01BC!"},
		{"flip past the end", func(p []byte) []byte { return simulate.FlipBit(p, 40+14) }, "/\x01BC!"},
		{"cut", func(p []byte) []byte { return simulate.Cut(p, 1, 2) }, "/C!"},
		{"cut past the end", func(p []byte) []byte { return simulate.Cut(p, 8, 99) }, "/AB"},
		{"insert", func(p []byte) []byte { return simulate.Insert(p, 2, []byte("??")) }, "/A??BC!"},
		{"insert behind", func(p []byte) []byte { return simulate.Insert(p, 5, []byte("?")) }, "/ABC!?"},
		{"restart", func(p []byte) []byte { return simulate.Restart(p, 3) }, "/AB/ABC!"},
		{"even parity", simulate.EvenParity, "\xafAB\xc3!"},
	} {
		in := []byte(p)
		if got := string(test.do(in)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if string(in) != p {
			t.Errorf("%s changed its argument to %q", test.name, in)
		}
		test.do(nil) // must not panic
	}
}

func TestEvenParity(t *testing.T) {
	all := make([]byte, 128)
	for i := range all {
		all[i] = byte(i)
	}
	for i, b := range simulate.EvenParity(all) {
		if bits.OnesCount8(b)%2 != 0 || b&0x7F != byte(i) {
			t.Errorf("%02X becomes %02X", i, b)
		}
	}
}

func TestNoise(t *testing.T) {
	a, b := simulate.Noise(1, 4096), simulate.Noise(1, 4096)
	if !bytes.Equal(a, b) || bytes.Equal(a, simulate.Noise(2, 4096)) {
		t.Error("noise does not follow from its seed")
	}
	slices.Sort(a)
	if values := len(slices.Compact(a)); values < 250 {
		t.Errorf("4096 bytes of noise hold %d values only", values)
	}
}

// Damage leaves no telegram whose checksum fits, and always does the same.
func TestDamage(t *testing.T) {
	telegram := simulate.New(simulate.Options{}).Telegram(noon(t))
	end := bytes.LastIndexByte(telegram, '!')
	whole := telegram[end+1:]
	for seed := range uint64(2000) {
		got := simulate.Damage(telegram, seed)
		if !bytes.Equal(got, simulate.Damage(telegram, seed)) {
			t.Fatalf("seed %d damages in two ways", seed)
		}
		if got[0] != '/' || !bytes.HasSuffix(got, whole) || got[len(got)-len(whole)-1] != '!' {
			t.Fatalf("seed %d: the frame is damaged: %q", seed, got)
		}
		if crcByTable(got[:len(got)-len(whole)]) == crcByTable(telegram[:end+1]) {
			t.Errorf("seed %d: the checksum still fits", seed)
		}
	}
	for _, p := range []string{"", "!", "/!", "no telegram"} {
		if got := string(simulate.Damage([]byte(p), 1)); got != p {
			t.Errorf("%q became %q", p, got)
		}
	}
}
