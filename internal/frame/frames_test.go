package frame_test

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

var start = time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC)

func message(p simulate.Push) []byte {
	return simulate.NewPush(p, simulate.Options{Seed: 5, Start: start}).Message(start)
}

func octets(t testing.TB, text string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// matches are the framings; bare messages need a walker each.
func matches() map[string]func([]byte, bool) frame.Match {
	return map[string]func([]byte, bool) frame.Match{
		"hdlc": frame.MatchHDLC, "mbus": frame.MatchMBus, "sml": frame.MatchSML, "bare": frame.BareMatcher(),
	}
}

func TestChecksums(t *testing.T) {
	check := []byte("123456789") // the catalogue's test vector
	if got := frame.X25(check); got != 0x906E {
		t.Errorf("X25 is %04X, want 906E", got)
	}
	if got := frame.Kermit(check); got != 0x2189 {
		t.Errorf("Kermit is %04X, want 2189", got)
	}
	slow := func(p []byte) uint16 {
		crc := uint16(0xFFFF)
		for _, b := range p {
			crc ^= uint16(b)
			for range 8 {
				crc = crc>>1 ^ 0x8408*(crc&1)
			}
		}
		return ^crc
	}
	random := rand.New(rand.NewPCG(1, 1))
	for n := range 64 {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		if got, want := frame.X25(p), slow(p); got != want {
			t.Errorf("X25 of %d octets is %04X, want %04X", n, got, want)
		}
	}
}

// TestWhole looks at whole frames of the simulator: every framing finds its
// own at its full length, asks for more of anything shorter, and no other one
// finds it.
func TestWhole(t *testing.T) {
	for _, c := range []struct {
		push simulate.Push
		name string
		sum  meter.Checksum
	}{
		{simulate.Aidon, "hdlc", meter.ChecksumValid}, {simulate.Kamstrup, "hdlc", meter.ChecksumValid},
		{simulate.SagemcomMBus, "mbus", meter.ChecksumValid}, {simulate.SML, "sml", meter.ChecksumValid},
		{simulate.SagemcomRaw, "bare", meter.ChecksumAbsent},
	} {
		data := message(c.push)
		for name, match := range matches() {
			m := match(data, true)
			if (m.State == frame.Whole) != (name == c.name) || name == c.name && m.Checksum != c.sum {
				t.Errorf("%s of %s: %+v", name, simulate.Pushes[c.push].Name, m)
			}
			if name != c.name {
				continue
			}
			for n := 1; n < m.Size; n++ {
				if part := match(data[:n], false); part.State != frame.More || part.Size <= n || part.Size > m.Size+1 {
					t.Fatalf("%s, %d of %d octets: %+v", name, n, m.Size, part)
				}
			}
		}
	}
}

func TestHDLC(t *testing.T) {
	whole := message(simulate.Aidon)
	change := func(at int, b byte) []byte {
		p := bytes.Clone(whole)
		p[at] ^= b
		return p
	}
	for _, c := range []struct {
		name string
		data []byte
		want frame.State
		sum  meter.Checksum
	}{
		{"whole", whole, frame.Whole, meter.ChecksumValid},
		{"a changed octet", change(40, 1), frame.Whole, meter.ChecksumInvalid},
		{"a changed header", change(4, 1), frame.None, 0},
		{"a changed length", change(2, 1), frame.None, 0},
		{"no type 3", change(1, 0x40), frame.None, 0},
		{"two flags", append([]byte{0x7E}, whole...), frame.None, 0},
		{"shorter than a frame can be", octets(t, "7E A0 03 01 01 01"), frame.None, 0},
		{"an address without end", octets(t, "7E A0 20 02 02 02 02 02 02 02"), frame.None, 0},
		{"an address of three octets", octets(t, "7E A0 20 02 02 03 03 13 00 00 00 00"), frame.None, 0},
	} {
		if m := frame.MatchHDLC(c.data, true); m.State != c.want || m.Checksum != c.sum {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
	// A frame without information has one checksum.
	short := octets(t, "7E A0 07 03 21 93")
	sum := frame.X25(short[1:])
	short = append(short, byte(sum), byte(sum>>8), 0x7E)
	if m := frame.MatchHDLC(short, true); m.State != frame.Whole || m.Size != len(short)-1 || m.Checksum != meter.ChecksumValid || len(m.Payload) > 0 {
		t.Errorf("without information: %+v", m)
	}
	first := frame.MatchHDLC(message(simulate.IskraSegmented), true)
	if !first.Part.More || !first.Part.Split || first.Part.Number != -1 {
		t.Errorf("the first of some segments: %+v", first.Part)
	}
}

func TestMBus(t *testing.T) {
	both := message(simulate.SagemcomMBus)
	first := frame.MatchMBus(both, true)
	if first.State != frame.Whole || first.Part.Number != 0 || !first.Part.More || first.Size != 256 {
		t.Fatalf("the first of two: %+v", first)
	}
	second := frame.MatchMBus(both[first.Size:], true)
	if second.State != frame.Whole || second.Part.Number != 1 || second.Part.More || first.Size+second.Size != len(both) {
		t.Fatalf("the second of two: %+v", second)
	}

	// A frame of 257 octets says that it has one.
	data := append(octets(t, "68 01 01 68 53 FF 10 01 67"), make([]byte, 252)...)
	sum := byte(0)
	for _, b := range data[4:] {
		sum += b
	}
	long := append(data, sum, 0x16)
	if m := frame.MatchMBus(long, false); m.State != frame.Whole || m.Checksum != meter.ChecksumValid || m.Size != len(long) || len(m.Payload) != 252 {
		t.Errorf("a length that wrapped: %v %v, %d octets", m.State, m.Checksum, m.Size)
	}
	long[100] ^= 1
	if m := frame.MatchMBus(long, false); m.State != frame.Whole || m.Checksum != meter.ChecksumInvalid {
		t.Errorf("a length that wrapped and a changed octet: %v %v", m.State, m.Checksum)
	}
	for _, text := range []string{"68 10 11 68 53 FF 10", "68 10 10 69 53 FF 10", "68 10 10 68 54 FF 10", "68 10 10 68 53 FF 80"} {
		if m := frame.MatchMBus(octets(t, text), false); m.State != frame.None {
			t.Errorf("%s: %+v", text, m)
		}
	}
}

// smlFrame frames a payload whose length is a multiple of four.
func smlFrame(payload []byte, sum func([]byte) uint16) []byte {
	p := append(bytes.Repeat([]byte{0x1B}, 4), 1, 1, 1, 1)
	p = append(append(p, payload...), 0x1B, 0x1B, 0x1B, 0x1B, 0x1A, 0x00)
	n := sum(p)
	return append(p, byte(n), byte(n>>8))
}

func TestSML(t *testing.T) {
	escaped := append(bytes.Repeat([]byte{0x1B}, 8), 1, 1, 1, 1)
	for _, c := range []struct {
		name string
		data []byte
		sum  meter.Checksum
		size int // of the frame; 0: all
	}{
		{"whole", smlFrame(make([]byte, 8), frame.X25), meter.ChecksumValid, 0},
		{"Holley", smlFrame(make([]byte, 8), frame.Kermit), meter.ChecksumValid, 0},
		{"an escape in the data", smlFrame(escaped, frame.X25), meter.ChecksumValid, 0},
		{"an end that is not at a multiple of four", smlFrame([]byte{1, 2, 0x1B, 0x1B, 0x1B, 0x1B, 0x1A, 0, 0, 0, 0, 0}, frame.X25), meter.ChecksumValid, 0},
		{"another checksum", smlFrame(make([]byte, 8), func([]byte) uint16 { return 0 }), meter.ChecksumInvalid, 0},
	} {
		m := frame.MatchSML(c.data, false)
		if c.size == 0 {
			c.size = len(c.data)
		}
		if m.State != frame.Whole || m.Checksum != c.sum || m.Size != c.size {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
	broken := append(smlFrame(make([]byte, 8), frame.X25)[:12], smlFrame(make([]byte, 4), frame.X25)...)
	if m := frame.MatchSML(broken, false); m.State != frame.None || !m.Certain {
		t.Errorf("broken off by the next: %+v", m)
	}
	if m := frame.MatchSML(octets(t, "1B 1B 1B 1B 02 02 02 02"), false); m.State != frame.None {
		t.Errorf("another version: %+v", m)
	}
}

func TestBare(t *testing.T) {
	match := frame.BareMatcher()
	whole := message(simulate.SagemcomRaw)
	ciphered := octets(t, "DB 08 4C 47 5A 67 72 01 02 03 05 30 00 00 00 01")
	for _, c := range []struct {
		name string
		data []byte
		end  bool
		want frame.State
	}{
		{"whole", whole, true, frame.Whole},
		{"whole, then the next", append(bytes.Clone(whole), whole...), false, frame.Whole},
		{"behind the header of HDLC", append([]byte{0xE6, 0xE7, 0x00}, whole...), true, frame.Whole},
		{"behind half of it", append([]byte{0xE6, 0xE7}, whole...), true, frame.None},
		{"cut", whole[:len(whole)-1], true, frame.More},
		{"ciphered", ciphered, true, frame.Whole},
		{"ciphered with another title", octets(t, "DB 07 4C 47 5A"), true, frame.None},
		{"a block", octets(t, "E0 C0 00 01 00 00 02 0F 00"), true, frame.Whole},
		{"longer than any", octets(t, "E0 C0 00 01 00 00 82 FF FF 0F 00"), true, frame.None},
	} {
		if m := match(c.data, c.end); m.State != c.want {
			t.Errorf("%s: %+v, want %v", c.name, m, c.want)
		}
	}
}

// FuzzMatch checks that no framing panics, that what it finds lies within the
// window, and that it says the same however the octets are cut into reads: what
// was decided stays so when more octets come.
func FuzzMatch(f *testing.F) {
	for p := range simulate.NumPushes {
		f.Add(message(p))
	}
	f.Add([]byte("\x68\x01\x01\x68\x53\xFF\x10\x01\x67"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 1500 {
			return
		}
		for name, match := range matches() {
			var decided frame.Match
			for n := 1; n <= len(data); n++ {
				m := match(data[:n], false)
				if m.State == frame.Whole && (m.Size <= 0 || m.Size > n || len(m.Payload) > m.Size) {
					t.Fatalf("%s: %+v of %d octets", name, m, n)
				}
				if m.State == frame.More && m.Size <= n {
					t.Fatalf("%s: %d octets ask for %d", name, n, m.Size)
				}
				if decided.State == frame.Whole && !reflect.DeepEqual(m, decided) || decided.State == frame.None && n > 1 && m.State != frame.None {
					t.Fatalf("%s: %+v, with %d octets %+v", name, decided, n, m)
				}
				decided = m
			}
			match(data, true)
		}
	})
}
