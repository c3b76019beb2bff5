package decode_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// FuzzDecrypt: whatever the bytes are and however they are cut, the output is
// the same; without a frame's tag in them they pass unchanged; every frame is
// counted once; and a good frame behind them is never lost.
func FuzzDecrypt(f *testing.F) {
	files, err := filepath.Glob("../dsmr/testdata/encrypted/*.bin")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(7))
		f.Add(data[:len(data)-5], uint8(1))
	}
	for _, s := range streams(f) {
		f.Add([]byte(s.in), uint8(3))
	}
	f.Add(bytes.Repeat([]byte("\xDB\x08SAGgp\x00\x00\x01\x82\x40\x00\x30/XXX5\r\n"), 50), uint8(9))
	f.Fuzz(checkLine)
}

// TestDamagedLines does the same with lines of good and bad frames of all
// kinds.
func TestDamagedLines(t *testing.T) {
	for seed := range uint64(500) {
		dice := rand.New(rand.NewPCG(seed, 0))
		e, _ := line()
		var data []byte
		for n := range 1 + dice.IntN(8) {
			one := *e
			one.Control = []byte{0x30, 0x30, 0x30, 0x20, 0x10, 0}[dice.IntN(6)]
			one.NoAAD = dice.IntN(6) == 0
			one.AuthKey[0] ^= byte(dice.IntN(8) / 7)
			one.Key[0] ^= byte(dice.IntN(8) / 7)
			one.Title[7] ^= byte(dice.IntN(8) / 7)
			e.Counter += uint32(dice.IntN(4) - 1)
			p := []byte(numbered(n))
			if dice.IntN(4) > 0 {
				p = one.AppendFrame(nil, p)
			}
			switch at := dice.IntN(len(p)); dice.IntN(6) {
			case 0:
				p = simulate.FlipBit(p, at*8+dice.IntN(8))
			case 1:
				p = simulate.Cut(p, at, dice.IntN(40))
			case 2:
				p = simulate.Insert(p, at, simulate.Noise(seed, dice.IntN(30)))
			case 3:
				p = simulate.Insert(p, at, []byte("\xDB\x08SAGgp\x00\x00\x01\x82\x00\x60\x30"))
			}
			data = append(append(data, p...), simulate.Noise(seed, max(0, dice.IntN(30)-20))...)
		}
		checkLine(t, data, uint8(seed))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkLine looks at what a Decrypter makes of bytes with a good frame behind.
func checkLine(t *testing.T, data []byte, step uint8) {
	e, lineKeys := line()
	e.Title = [8]byte{'F', 'U', 'Z', 1, 2, 3, 4, 5}
	telegram := numbered(123)
	in := e.AppendFrame(bytes.Clone(data), []byte(telegram))
	for _, keys := range []cipher.Keys{lineKeys, {}} {
		want := decrypt(t, bytes.NewReader(in), keys)
		for how, r := range map[string]io.Reader{
			"byte by byte":        iotest.OneByteReader(bytes.NewReader(in)),
			"in steps":            &steps{in, int(step) + 1},
			"data with the error": iotest.DataErrReader(bytes.NewReader(in)),
		} {
			if diff := cmp.Diff(want, decrypt(t, r, keys)); diff != "" {
				t.Errorf("%s: (-at once +%s)\n%s", how, how, diff)
			}
		}
		s := want.Stats
		if s.Frames != s.Decrypted+s.NoKey+s.WrongKey+s.Damaged+s.Repeats {
			t.Errorf("the counters do not add up: %+v", s)
		}
		if len(keys.Key) == 0 {
			if s.WrongKey > 0 || s.NoKey == 0 {
				t.Errorf("without a key: %+v", s)
			}
			continue
		}
		plain, ok := strings.CutSuffix("\n"+want.Out, "\n"+telegram)
		if s.NoKey > 0 || !ok {
			t.Errorf("the good frame is lost: %+v %q", s, want.Out)
		}
		if bytes.IndexByte(data, 0xDB) < 0 && strings.Trim(plain, "\r\n") != strings.Trim(string(data), "\r\n") {
			t.Errorf("plain bytes were changed: %q, want %q", plain, data)
		}
	}
}
