package source

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.bug.st/serial"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func TestLinesOfTelegrams(t *testing.T) {
	type counts struct{ Lines, ParityLines, Frames int }
	tests := []struct {
		name, bytes string
		want        counts
	}{
		{"an object", "1-0:1.8.1(000051.775*kWh)\r\n", counts{1, 0, 0}},
		{"LF only", "1-0:1.8.1(000051.775*kWh)\n", counts{1, 0, 0}},
		{"without medium", "1.8.1(000051)\r\n", counts{1, 0, 0}},
		{"a value on its own line", "(00012.345)\r\n", counts{1, 0, 0}},
		{"two, and half of one before", "51.775*kWh)\r\n0-0:96.14.0(0001)\r\n1-0:1.7.0(00.332*kW)\r\n", counts{2, 0, 0}},
		{"not ended", "1-0:1.8.1(000051.775*kWh)", counts{}},
		{"broken by a NUL", "1-0:1.8.1(0000\x0051.775*kWh)\r\n", counts{}},
		{"broken by its parity", "\x00-0:\x00.\x00.\x00(0000\x00\x00.\x00\x005*\x00\x00\x00\x00\x00\n", counts{}},
		{"swallowed end", "1-0:1.8.1(000051.775*kW\r\n", counts{}},
		{"header", "/ISk5\\2M550T-1013\r\n\r\n", counts{}},
		{"too short", "a(b)\r\n", counts{}},
		{"text without brackets", "AT command mode)\r\n", counts{}},
		{"parity bits", string(simulate.EvenParity([]byte("1-0:1.8.1(000051.775*kWh)\r\n"))), counts{0, 1, 0}},
		{"parity bits, one of them wrong", string(simulate.FlipBit(simulate.EvenParity([]byte("1-0:1.8.1(000051.775*kWh)\r\n")), 39)), counts{}},
		{"a frame", "\xdb\x08SAG\x67\x00\x00\x00\x01\x82\x02\xba\x30\x00\x00\x00\x07", counts{0, 0, 1}},
		{"a short frame", "\xdb\x08SAG\x67\x00\x00\x00\x01\x81\xf0\x30", counts{0, 0, 1}},
		{"a frame behind the end of another", "\xdb\xdb\xdb\x08SAGg\x00\x00\x00\x01\x82\x02\xba", counts{0, 0, 1}},
		{"no frame: title", "\xdb\x07SAGg\x00\x00\x00\x01\x82\x02\xba", counts{}},
		{"no frame: length", "\xdb\x08SAGg\x00\x00\x00\x01\x83\x02\xba", counts{}},
	}
	for _, test := range tests {
		var whole, bytewise burst
		whole.add([]byte(test.bytes))
		for i := range len(test.bytes) {
			bytewise.add([]byte(test.bytes[i : i+1]))
		}
		if diff := cmp.Diff(test.want, counts{whole.lines, whole.parityLines, whole.frames}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if whole != bytewise {
			t.Errorf("%s: byte by byte it is %+v, want %+v", test.name, bytewise, whole)
		}
	}
}

// Every telegram there is shows its mode, plain or with parity bits.
func TestEveryTelegramShowsItsMode(t *testing.T) {
	files, err := filepath.Glob("../dsmr/testdata/telegrams/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		telegram := telegramFile(t, filepath.Base(file))
		var plain, parity burst
		plain.add(telegram)
		if plain.lines == 0 || plain.parityLines+plain.frames > 0 || plain.isSlow() {
			t.Errorf("%s: %+v", file, plain)
		}
		text := !slices.ContainsFunc(telegram, func(c byte) bool { return c > 0x7F })
		if parity.add(simulate.EvenParity(telegram)); text && (parity.parityLines != plain.lines || parity.lines+parity.frames > 0) {
			t.Errorf("%s with parity bits: %+v, want %d lines", file, parity, plain.lines)
		}
	}
}

// A wrong mode shows none, but which speed is right.
func TestNoWrongModeShowsATelegram(t *testing.T) {
	for _, file := range []string{"nl-50-iskra-3812.txt", "nl-22-lg-e350.txt", "si-iskra-ie7-nocrc.txt", "dk-lg-e360-9b00.txt"} {
		telegram := telegramFile(t, file)
		for kind, uart := range uarts {
			for _, sent := range modes {
				for _, heard := range modes {
					sameSpeed := sent.line.BaudRate == heard.line.BaudRate
					plain := heard.line.DataBits == 8 && heard.line.Parity == serial.NoParity
					if sameSpeed && (uart.Blind || plain && !uart.Resync || sent == heard) {
						continue // the text may come through
					}
					var b burst
					if b.add(uart.Hear(telegram, sent.name, heard.name)); b.lines+b.frames > 0 || b.parityLines > 0 && sent.line.DataBits != 7 {
						t.Errorf("%s sent as %s and heard by a %s UART as %s shows %d lines", file, sent, kind, heard, b.lines+b.parityLines)
					}
					if heard.name == "115200 8N1" && sent.line.BaudRate != 38400 && b.isSlow() == sameSpeed {
						t.Errorf("%s sent as %s, slow for a %s UART: %v", file, sent, kind, b.isSlow())
					}
				}
			}
		}
	}
}

func FuzzBurst(f *testing.F) {
	f.Add([]byte("1-0:1.8.1(000051.775*kWh)\r\n"), 3)
	f.Add([]byte("\xdb\x08SAGg\x00\x00\x00\x01\x82\x02\xba"), 5)
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		if len(p) == 0 {
			return
		}
		cut = int(uint(cut) % uint(len(p)))
		var whole, pieces burst
		whole.add(p)
		pieces.add(p[:cut])
		pieces.add(p[cut:])
		if whole != pieces {
			t.Errorf("%q cut at %d: %+v, want %+v", p, cut, pieces, whole)
		}
		if whole.bytes != len(p) || whole.slow > whole.bytes || whole.lines+whole.parityLines+whole.frames > len(p)/leastLine {
			t.Errorf("%q: %+v", p, whole)
		}
	})
}
