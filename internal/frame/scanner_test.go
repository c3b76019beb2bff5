package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// signed ends a telegram with its checksum.
func signed(text string) string {
	body := strings.ReplaceAll(text, "\n", "\r\n") + "!"
	return fmt.Sprintf("%s%04X\r\n", body, frame.Checksum([]byte(body)))
}

const small = "/ISK5\\2M550T-1012\n\n1-3:0.2.8(50)\n1-0:1.7.0(00.111*kW)\n"

// found is what a Scanner made of some bytes.
func found(r io.Reader) (list []string, stats frame.Stats, err error) {
	s := frame.NewScanner(r)
	for s.Scan() {
		t := s.Frame().Telegram
		if s.Frame().Kind != frame.Text {
			continue // nobody opens it
		}
		what := t.Checksum.String()
		if t.Truncated {
			what = "truncated"
		}
		list = append(list, what+" "+string(t.Bytes))
	}
	return list, s.Stats(), s.Err()
}

func load(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../dsmr/testdata/telegrams/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestChecksum(t *testing.T) {
	long := strings.Repeat("123456789", 9)
	for _, test := range []struct {
		text string
		want uint16
	}{{"", 0}, {"123456789", 0xBB3D}, {long, slow(long)}, {long[:37], slow(long[:37])}} {
		if got := frame.Checksum([]byte(test.text)); got != test.want {
			t.Errorf("%q: got %04X, want %04X", test.text, got, test.want)
		}
	}
}

// slow is the definition, bit by bit.
func slow(text string) uint16 {
	var crc uint16
	for _, b := range []byte(text) {
		crc ^= uint16(b)
		for range 8 {
			bit := crc & 1
			crc >>= 1
			if bit == 1 {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// TestRestoredBytes: what readers on the way take out of a telegram's line ends
// and the empty line behind its identification does not cost its checksum.
func TestRestoredBytes(t *testing.T) {
	good := signed(small)
	noCR := strings.ReplaceAll(good, "\r\n", "\n")
	for _, test := range []struct {
		name, text string
		want       meter.Checksum
	}{
		{"as it was", good, meter.ChecksumValid},
		{"without CR", noCR, meter.ChecksumValid},
		{"without the empty line", strings.Replace(good, "\r\n\r\n", "\r\n", 1), meter.ChecksumValid},
		{"without both", strings.Replace(noCR, "\n\n", "\n", 1), meter.ChecksumValid},
		{"an empty line too many", strings.Replace(good, "\r\n\r\n", "\r\n\r\n\r\n", 1), meter.ChecksumInvalid},
		{"an empty line elsewhere is missing", strings.Replace(signed("/A\n\n1-0:1.7.0(1*kW)\n\n"), ")\r\n\r\n", ")\r\n", 1), meter.ChecksumInvalid},
		{"a changed digit", strings.Replace(strings.Replace(good, "\r\n\r\n", "\r\n", 1), "0.1", "0.2", 1), meter.ChecksumInvalid},
	} {
		s := frame.NewScanner(strings.NewReader(test.text))
		if !s.Scan() || s.Frame().Telegram.Checksum != test.want {
			t.Errorf("%s: got %s, want %s", test.name, s.Frame().Telegram.Checksum, test.want)
		}
	}
}

func TestScanner(t *testing.T) {
	good := signed(small)
	bare := strings.TrimSuffix(good, "\r\n")
	other := signed("/KFM5KAIFA-METER\n\n1-0:1.7.0(00.222*kW)\n")
	old := "/ISk5\\2MT382-1004\r\n\r\n1-0:1.7.0(0001.01*kW)\r\n!"
	lf := strings.ReplaceAll(bare, "\r\n", "\n")
	aidon := "/ADN9 6534\r\n1-0:71.7.0(0123.1*A)!"
	aidon = fmt.Sprintf("%s%04X", aidon, frame.Checksum([]byte(aidon)))
	raw := signed("/AUX59903218166\n\n0-0:96.13.0(" + strings.Repeat("\xFF", 1024) + ")\n")
	for _, test := range []struct {
		name, in string
		want     []string
	}{
		{"one", good, []string{"valid " + bare}},
		{"no line end behind the checksum", bare, []string{"valid " + bare}},
		{"two at once", good + other, []string{"valid " + bare, "valid " + strings.TrimSpace(other)}},
		{"two without anything between", bare + strings.TrimSpace(other), []string{"valid " + bare, "valid " + strings.TrimSpace(other)}},
		{"the tail of one, then one", good[30:] + good, []string{"valid " + bare}},
		{"noise between", "\x00\xFF" + good + "\xFF\x00" + good, []string{"valid " + bare, "valid " + bare}},
		{"a slash in noise is no start", "ab/cd\r\n" + good, []string{"valid " + bare}},
		{"restart at a line", good[:40] + "\r\n" + good, []string{"valid " + bare}},
		{"restart in mid-line", good[:40] + good, []string{"valid " + bare}},
		{"no checksum", old + "\r\n", []string{"absent " + old}},
		{"no checksum, noise behind", old + "\xFF\xFF", []string{"absent " + old}},
		{"no checksum, end of the stream", old, []string{"absent " + old}},
		{"no checksum, the next behind", old + "\r\n" + old + "\r\n", []string{"absent " + old, "absent " + old}},
		{"wrong checksum", bare[:len(bare)-1] + "x\r\n", []string{"invalid " + bare[:len(bare)-1]}},
		{"one bit", strings.Replace(good, "00.111", "00.112", 1), []string{"invalid " + strings.Replace(bare, "00.111", "00.112", 1)}},
		{"lower case", strings.ToLower(good[len(good)-6:]), nil},
		{"LF only", lf + "\n", []string{"valid " + lf}},
		{"end mark behind the last bracket, no checksum", "/ADN9 6534\r\n1-0:71.7.0(0123.1*A)!\r\n" + good, []string{"absent /ADN9 6534\r\n1-0:71.7.0(0123.1*A)!", "valid " + bare}},
		{"some line ends without CR", strings.Replace(good, "\r\n1-0", "\n1-0", 1), []string{"valid " + strings.Replace(bare, "\r\n1-0", "\n1-0", 1)}},
		{"end mark behind the last bracket", aidon + "\r\n", []string{"valid " + aidon}},
		{"an exclamation in a text is no end", signed("/A\n\n0-0:96.13.0(hey)! you\n1-0:1.7.0(00.111*kW)\n"),
			[]string{"valid " + strings.TrimSpace(signed("/A\n\n0-0:96.13.0(hey)! you\n1-0:1.7.0(00.111*kW)\n"))}},
		{"parity bits", parity(good), []string{"valid " + bare}},
		{"parity bits, two", parity(good + good), []string{"valid " + bare, "valid " + bare}},
		{"parity bits after the tail of one", parity(good[30:] + good), []string{"valid " + bare}},
		{"parity bits, then without", parity(good) + good, []string{"valid " + bare, "valid " + bare}},
		{"without, then parity bits", good + parity(good), []string{"valid " + bare, "valid " + bare}},
		{"parity bits, no checksum", parity(old + "\r\n"), []string{"absent " + old}},
		{"parity bits, one bit wrong", wrongParity(good), []string{"valid " + bare}}, // the wrong one is the parity bit
		{"parity bits, cut off", parity(good[:50]), []string{"truncated " + good[:50]}},
		{"parity bits, restart in mid-line", parity(good[:40] + good), []string{"valid " + bare}},
		{"parity slash in noise", "\xAF\x00\x01" + good, []string{"valid " + bare}},
		{"raw 0xFF under the checksum", raw, []string{"valid " + strings.TrimSpace(raw)}},
		{"cut off", good[:50], []string{"truncated " + good[:50]}},
		{"never ends", "/" + strings.Repeat("x", 5*frame.MaxTelegram) + "\r\n" + good, []string{"valid " + bare}},
		{"a start inside what never ends", "/" + strings.Repeat("x\r\n", 5000) + good, []string{"valid " + bare}},
		{"nothing", "", nil},
		{"no telegram", strings.Repeat("garbage ! / ", 5000), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":             strings.NewReader(test.in),
				"byte by byte":        iotest.OneByteReader(strings.NewReader(test.in)),
				"halves":              iotest.HalfReader(strings.NewReader(test.in)),
				"data with the error": iotest.DataErrReader(strings.NewReader(test.in)),
			} {
				got, _, err := found(r)
				if err != nil {
					t.Errorf("%s: %v", how, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", how, diff)
				}
			}
		})
	}
}

// parity is how 7E1 looks to who reads 8N1.
func parity(text string) string { return string(simulate.EvenParity([]byte(text))) }

// wrongParity has one parity bit wrong, behind the identification.
func wrongParity(text string) string {
	p := []byte(parity(text))
	p[len(p)-20] ^= 0x80
	return string(p)
}

func TestThreeDigitChecksum(t *testing.T) {
	data := load(t, "nl-warmtelink-b9f.txt")
	got, _, _ := found(bytes.NewReader(data))
	if len(got) != 1 || !strings.HasPrefix(got[0], "valid") || !strings.HasSuffix(got[0], "!B9F") {
		t.Errorf("got %q", got)
	}
}

func TestScannerError(t *testing.T) {
	want := errors.New("unplugged")
	_, _, err := found(io.MultiReader(strings.NewReader(signed(small)), iotest.ErrReader(want)))
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	_, _, err = found(lazy{})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: got %v, want %v", err, io.ErrNoProgress)
	}
}

// TestCutTelegrams: each telegram that breaks off is counted, wherever it does, and
// a whole one behind them is found.
func TestCutTelegrams(t *testing.T) {
	whole := signed("/ISK5\\2M550T-1012\n\n" + strings.Repeat("1-3:0.2.8(50)\n", 40))
	for name, size := range map[string]int{
		"in mid-line": 401, "at a line end": strings.Index(whole, "\r\n\r\n") + 4 + 20*len("1-3:0.2.8(50)\r\n"),
	} {
		const n = 200 // more than the longest telegram and the buffer hold
		_, stats, err := found(strings.NewReader(strings.Repeat(whole[:size], n) + whole))
		if err != nil || stats.Telegrams != 1 || stats.Cut != n || stats.Skipped == 0 {
			t.Errorf("%s: got %+v, %v, want %d cut off and one whole", name, stats, err, n)
		}
	}
}

type lazy struct{}

func (lazy) Read([]byte) (int, error) { return 0, nil }

func TestScannerReset(t *testing.T) {
	s := frame.NewScanner(strings.NewReader(signed(small)[:50]))
	for s.Scan() {
		if !s.Frame().Telegram.Truncated {
			t.Error("half a telegram is not marked truncated")
		}
	}
	s.Reset(strings.NewReader(signed(small)))
	if !s.Scan() || s.Frame().Telegram.Checksum != meter.ChecksumValid {
		t.Error("no telegram from the next connection")
	}
	if got := s.Stats(); got.Telegrams != 1 || got.Cut != 1 {
		t.Errorf("counters: got %+v", got)
	}
}

// FuzzScanner: whatever the bytes are and however they are cut, the telegrams
// are the same, each lies in the input, and a valid one has a right checksum.
func FuzzScanner(f *testing.F) {
	files, err := filepath.Glob("../dsmr/testdata/telegrams/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(7))
	}
	f.Add([]byte(signed(small)[:40]+signed(small)), uint8(1))
	f.Add([]byte("/"+strings.Repeat("x\r\n/", 9000)+"\r\n!1234"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		want, wantStats, err := found(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got, stats, _ := found(iotest.OneByteReader(bytes.NewReader(data)))
		if !slices.Equal(want, got) || stats != wantStats {
			t.Fatalf("byte by byte: %d telegrams %+v, at once %d %+v", len(got), stats, len(want), wantStats)
		}
		got, _, _ = found(&steps{data, int(step)%64 + 1})
		if !slices.Equal(want, got) {
			t.Fatalf("in steps: %d telegrams, at once %d", len(got), len(want))
		}
		for s := frame.NewScanner(bytes.NewReader(data)); s.Scan(); {
			telegram, from := s.Frame().Telegram, data
			if s.Frame().Kind != frame.Text {
				continue
			}
			if telegram.Parity {
				from = masked(data)
			}
			if !bytes.HasPrefix(from[telegram.Offset:], telegram.Bytes) {
				t.Fatalf("at %d does not stand %q", telegram.Offset, telegram.Bytes)
			}
		}
		for _, found := range want {
			verdict, text, _ := strings.Cut(found, " ")
			if !strings.HasPrefix(text, "/") || !bytes.Contains(data, []byte(text)) && !bytes.Contains(masked(data), []byte(text)) || len(text) > frame.MaxTelegram+5 {
				t.Fatalf("invented %q", text)
			}
			body, digits, _ := cutLast(text, "!")
			if verdict != "valid" {
				continue
			}
			var sum uint16
			if _, err := fmt.Sscanf(digits, "%x", &sum); err != nil {
				t.Fatalf("%q: %v", digits, err)
			}
			restored := strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n")
			line, rest, _ := strings.Cut(restored, "\r\n")
			filled := line + "\r\n\r\n" + rest // the empty line behind the identification
			if slow(body+"!") != sum && slow(restored+"!") != sum && slow(filled+"!") != sum {
				t.Fatalf("called valid: %q", text)
			}
		}
	})
}

// masked is data without bit 7.
func masked(data []byte) []byte {
	m := bytes.Clone(data)
	for i := range m {
		m[i] &= 0x7F
	}
	return m
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// steps reads n bytes at a time.
type steps struct {
	data []byte
	n    int
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.data)
	s.data = s.data[n:]
	return n, nil
}
