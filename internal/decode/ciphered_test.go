package decode_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

const luxembourg = "00112233445566778899AABBCCDDEEFF" // the authentication key that all meters there share

func loadFrame(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../dsmr/testdata/encrypted/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// vectors are the frames in testdata with their keys; index.tsv tells where
// they come from. text is the file with the telegram, or else head is how it
// begins.
var vectors = []struct {
	file, key, ak string
	text, head    string
	verdict       string
	notice        string
}{
	{"lu-encrypted-nexxtlab.bin", "D491470F47126332B07D1923B3504188", luxembourg, "lu-smarty-cfde.txt", "", "valid", "SAG tag"},
	{"lu-encrypted-openhab.bin", "D491470F47126332B07D1923B3504188", luxembourg, "lu-smarty-longid-cfde-bad.txt", "", "invalid", "SAG tag"},
	{"lu-encrypted-synthetic-aad.bin", "50fb5fbd11976b2c635a0b020fd45336", luxembourg, "lu-smarty-6b4a.txt", "", "valid", "SAG tag"},
	{"lu-encrypted-synthetic-noaad.bin", "50fb5fbd11976b2c635a0b020fd45336", luxembourg, "lu-smarty-6b4a.txt", "", "valid", "SAG tag without authentication key"},
	{"lu-encrypted-synthetic-sec20.bin", "50fb5fbd11976b2c635a0b020fd45336", luxembourg, "lu-smarty-6b4a.txt", "", "valid", "SAG checksum, there is no tag"},
	{"lu-encrypted-athombv-aad.bin", "0123456789abcdef0123456789abcdef", "ffeeddccbbaa99887766554433221100", "", `/Lux5\253694471_M`, "valid", "tag"},
	{"lu-encrypted-athombv-noaad.bin", "0123456789abcdef0123456789abcdef", luxembourg, "", `/Lux5\253694471_M`, "valid", "tag without authentication key"},
	{"at-encrypted-synthetic.bin", "50fb5fbd11976b2c635a0b020fd45336", "46ab42409f8858a701e5598247bc4a93", "at-t210dr-6744.txt", "", "valid", "SAG tag"},
	{"at-encrypted-esphome.bin", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", luxembourg, "", `/EST5\253710000_A`, "valid", "SYS tag"},
	{"at-encrypted-energyagent.bin", "A8C74F67ECA8EF9C55C4743FF6F4F031", "F6089912E1CC910884DFC86E9F028201", "", `/EST5\253717584_A`, "valid", "SAG checksum, the tag does not fit"},
	{"at-encrypted-shrdzm.bin", "953E7F1725EA910F26E053813A639094", "", "", `/EST5\253717584_A`, "valid", "SAG checksum, the tag does not fit"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.file, func(t *testing.T) {
			frame := loadFrame(t, v.file)
			got := decrypt(t, bytes.NewReader(frame), keys(v.key, v.ak))
			if v.text != "" {
				if diff := cmp.Diff(string(load(t, v.text)), got.Out); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
			if !strings.HasPrefix(got.Out, v.head) || !strings.HasSuffix(got.Out, "\r\n") {
				t.Errorf("got %q", got.Out)
			}
			if telegrams := found(strings.NewReader(got.Out)); len(telegrams) != 1 || !strings.HasPrefix(telegrams[0], v.verdict+" ") {
				t.Errorf("got %q, want one that is %s", telegrams, v.verdict)
			}
			if diff := cmp.Diff(cipher.Stats{Frames: 1, Decrypted: 1}, got.Stats); diff != "" {
				t.Errorf("counters (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{v.notice}, got.Notices); diff != "" {
				t.Errorf("notices (-want +got)\n%s", diff)
			}
			whole := cipher.Keys{Key: unhex(v.key), AAD: append([]byte{0x30}, unhex(v.ak)...)}
			if v.ak == "" {
				whole.AAD = nil
			}
			if diff := cmp.Diff(got, decrypt(t, bytes.NewReader(frame), whole)); diff != "" {
				t.Errorf("17 bytes of additional data (-16 +17)\n%s", diff)
			}
		})
	}
}

func TestWay(t *testing.T) {
	for way, want := range []string{"none", "tag", "tag without authentication key", "checksum, the tag does not fit", "checksum, there is no tag", "none"} {
		if got := cipher.Way(way).String(); got != want {
			t.Errorf("%d: got %q, want %q", way, got, want)
		}
	}
}

// TestSimulatedFrames seals a real telegram as the real meter did.
func TestSimulatedFrames(t *testing.T) {
	for _, v := range vectors {
		if v.notice != "SAG tag" || v.text == "" {
			continue
		}
		frame := loadFrame(t, v.file)
		e := simulate.Encrypter{
			Title: [8]byte(frame[2:10]), Key: [16]byte(unhex(v.key)), AuthKey: [16]byte(unhex(v.ak)),
			Counter: uint32(frame[14])<<24 | uint32(frame[15])<<16 | uint32(frame[16])<<8 | uint32(frame[17]), Control: frame[13],
		}
		if got := e.AppendFrame(nil, load(t, v.text)); !bytes.Equal(got, frame) {
			t.Errorf("%s: got %x, want %x", v.file, got, frame)
		}
	}
}

// line is a simulated meter's line: an Encrypter, its keys, and telegrams
// that differ.
func line() (*simulate.Encrypter, cipher.Keys) {
	e := simulate.NewEncrypter([16]byte(unhex("50fb5fbd11976b2c635a0b020fd45336")))
	e.Counter = 1000
	return e, cipher.Keys{Key: bytes.Clone(e.Key[:]), AAD: bytes.Clone(e.AuthKey[:])}
}

func numbered(n int) string {
	return signed(strings.Replace(small, "00.111", "00."+string([]byte{byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}), 1))
}

func sealed(e *simulate.Encrypter, telegram string) string {
	return string(e.AppendFrame(nil, []byte(telegram)))
}

func TestDecrypter(t *testing.T) {
	_, keys := line()
	for _, test := range streams(t) {
		t.Run(test.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":             strings.NewReader(test.in),
				"byte by byte":        iotest.OneByteReader(strings.NewReader(test.in)),
				"halves":              iotest.HalfReader(strings.NewReader(test.in)),
				"data with the error": iotest.DataErrReader(strings.NewReader(test.in)),
			} {
				got := decrypt(t, r, keys)
				if diff := cmp.Diff(test.want, got.Out); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", how, diff)
				}
				if diff := cmp.Diff(test.stats, got.Stats); diff != "" {
					t.Errorf("%s: counters (-want +got)\n%s", how, diff)
				}
			}
		})
	}
}

// TestStream is the stream of the corpus: the tail of a frame, two good ones,
// the second again, a damaged one, noise with a false start, a good one.
func TestStream(t *testing.T) {
	data := loadFrame(t, "stream-lu-encrypted-synthetic.bin")
	want := cipher.Stats{Frames: 5, Decrypted: 3, Damaged: 1, Repeats: 1}
	for step := 1; step < 700; step += 13 {
		got := decrypt(t, &steps{data, step}, keys("50fb5fbd11976b2c635a0b020fd45336", luxembourg))
		if got.Stats != want {
			t.Errorf("in steps of %d: got %+v, want %+v", step, got.Stats, want)
		}
		if diff := cmp.Diff([]string{"SAG tag", cipher.ErrFrame.Error()}, got.Notices); diff != "" {
			t.Errorf("in steps of %d: notices (-want +got)\n%s", step, diff)
		}
		var verdicts []string
		telegrams := found(strings.NewReader(got.Out))
		for _, telegram := range telegrams {
			verdict, text, _ := strings.Cut(telegram, " ")
			if strings.HasPrefix(text, "/Lux5") {
				verdicts = append(verdicts, verdict)
			}
		}
		if diff := cmp.Diff([]string{"valid", "invalid", "valid"}, verdicts); diff != "" {
			t.Errorf("in steps of %d: (-want +got)\n%s", step, diff)
		}
	}
}

// TestPlainBytesPassAtOnce: no byte waits for the next read but those that a
// frame may begin with.
func TestPlainBytesPassAtOnce(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"1", "1"},
		{"/ISK5\\2M550T-1012\r\n", "/ISK5\\2M550T-1012\r\n"},
		{"abc\xDB", "abc"},
		{"abc\xDB\x07", "abc\xDB\x07"},
		{"abc\xDB\x08SAGgp\x00\x00\x01", "abc"},
		{"abc\xDB\x08SAGgp\x00\x00\x01\x80x", "abc\xDB\x08SAGgp\x00\x00\x01\x80x"},
		{"abc\xDB\x08SAGgp\x00\x00\x01\x82\x01\x00\x31x", "abc\xDB\x08SAGgp\x00\x00\x01\x82\x01\x00\x31x"},
	} {
		_, keys := line()
		got := ""
		r := decode.NewReader(decode.Options{Keys: keys, Raw: func(p []byte, _ bool) { got += string(p) }})
		r.Reset(io.MultiReader(strings.NewReader(test.in), readFunc(func([]byte) (int, error) {
			if got != test.want {
				t.Errorf("%q: %q has passed when more is asked for, want %q", test.in, got, test.want)
			}
			return 0, io.EOF
		})))
		for more := true; more; {
			_, more = r.Next()
		}
		if got != test.in {
			t.Errorf("%q: %q has passed in the end", test.in, got)
		}
	}
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// TestLineError: the line's error comes after all that came before it.
func TestLineError(t *testing.T) {
	e, keys := line()
	want := errors.New("unplugged")
	got := ""
	r := decode.NewReader(decode.Options{Keys: keys, Raw: func(p []byte, _ bool) { got += string(p) }})
	r.Reset(io.MultiReader(strings.NewReader(sealed(e, numbered(1))+"\xDB\x08"), iotest.ErrReader(want)))
	if m, more := r.Next(); !more || m.Err != nil {
		t.Errorf("got %v, %v", m.Err, more)
	}
	for range 2 {
		if _, more := r.Next(); more || !errors.Is(r.Err(), want) {
			t.Errorf("at the end: %v, %v", more, r.Err())
		}
	}
	if got != numbered(1)+"\xDB\x08" {
		t.Errorf("got %q", got)
	}
}

// TestNextConnection: a message does not go on after a lost connection, and
// frames that were read before it are repeats.
func TestNextConnection(t *testing.T) {
	e, keys := line()
	f1, f2 := sealed(e, numbered(1)), sealed(e, numbered(2))
	got := ""
	r := decode.NewReader(decode.Options{Keys: keys, Raw: func(p []byte, _ bool) { got += string(p) }})
	for _, next := range []string{f1 + f2[:50], f1 + f2} {
		r.Reset(strings.NewReader(next))
		for more := true; more; {
			_, more = r.Next()
		}
	}
	if want := numbered(1) + numbered(2); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := r.Frames(), (cipher.Stats{Frames: 4, Decrypted: 2, Damaged: 1, Repeats: 1}); got != want {
		t.Errorf("counters: got %+v, want %+v", got, want)
	}
}
