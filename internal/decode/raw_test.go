package decode_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// passed is what a Reader gave to the raw socket, and where messages start in
// it.
func passed(t testing.TB, line io.Reader, keys cipher.Keys) (all []byte, starts []int) {
	t.Helper()
	r := decode.NewReader(decode.Options{Keys: keys, Raw: func(p []byte, start bool) {
		if len(p) == 0 {
			t.Error("nothing was passed")
		}
		if start {
			starts = append(starts, len(all))
		}
		all = append(all, p...)
	}})
	r.Reset(line)
	for more := true; more; {
		_, more = r.Next()
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
	return all, starts
}

func TestWhereTelegramsStart(t *testing.T) {
	e, keys := line()
	frame := sealed(e, numbered(1))
	for _, test := range []struct {
		name   string
		keys   cipher.Keys
		stream string // a message starts at each "^"
	}{
		{"nothing", cipher.Keys{}, ""},
		{"the stream begins with one", cipher.Keys{}, "^/ISk5\r\n!\r\n"},
		{"two", cipher.Keys{}, "^/ISk5\r\n\r\n1-0:1.8.1(1*kWh)\r\n!1234\r\n^/ISk5\r\n\r\n!\r\n"},
		{"in the middle of one", cipher.Keys{}, "(1*kWh)\r\n!1234\r\n^/ISk5\r\n!\r\n"},
		{"lines end with LF", cipher.Keys{}, "!\n^/ISk5\n!\n^/ISk5\n"},
		{"lines end with CR", cipher.Keys{}, "!\r^/ISk5\r!\r^/ISk5\r"},
		{"a slash in a line is none", cipher.Keys{}, "^/ISk5\r\n0-0:96.13.0(a/b)\r\n x/y\r\n!\r\n"},
		{"NUL between telegrams", cipher.Keys{}, "^/ISk5\r\n!\r\n\x00\x00^/ISk5\r\n!\r\n"},
		{"0xFF right behind the mark", cipher.Keys{}, "^/ESY5\r\n!\xff\xff\xff^/ESY5\r\n!\xff"},
		{"noise at the start", cipher.Keys{}, "\xff\x81^/ISk5\r\n!\r\n"},
		{"binary text inside is none", cipher.Keys{}, "^/AUX5\r\n0-0:96.13.0(\xff/\x00/\x80/)\r\n!1234\r\n^/AUX5\r\n!\r\n"},
		{"text before is none", cipher.Keys{}, "junk/ISk5\r\n^/ISk5\r\n!\r\n"},
		{"the next comes before the end", cipher.Keys{}, "^/ISk5\r\n1-0:1.8.1(1*k\r\n^/ISk5\r\n!\r\n"},
		{"a mark inside a line ends nothing", cipher.Keys{}, "^/ISk5\r\n0-0:96.13.0(a!\xff/)\r\n!\r\n"},
		{"one without end stops counting", cipher.Keys{}, "^/ISk5" + strings.Repeat("x", 16<<10) + "\xff^/ISk5\r\n!\r\n"},
		{"one of the greatest length does not", cipher.Keys{}, "^/ISk5" + strings.Repeat("x", 16<<10-7) + "\xff/ISk5\r\n!\r\n"},
		{"frames that nobody opens", cipher.Keys{}, "^/ISk5\r\n!\r\n^" + frame + "^" + frame + "\r\n^/ISk5\r\n!\r\n"},
		{"a telegram from a frame", keys, "^/ISk5\r\n!\r\n^" + numbered(1) + "^/ISk5\r\n!\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want []int
			var stream []byte
			for i, part := range strings.Split(test.stream, "^") {
				if i > 0 {
					want = append(want, len(stream))
				}
				stream = append(stream, part...)
			}
			in := stream
			if len(test.keys.Key) > 0 {
				in = bytes.ReplaceAll(stream, []byte(numbered(1)), []byte(frame))
			}
			for how, r := range map[string]io.Reader{"at once": bytes.NewReader(in), "byte by byte": iotest.OneByteReader(bytes.NewReader(in))} {
				got, starts := passed(t, r, test.keys)
				if diff := cmp.Diff(string(stream), string(got)); diff != "" {
					t.Errorf("%s: bytes (-want +got):\n%s", how, diff)
				}
				if diff := cmp.Diff(want, starts); diff != "" {
					t.Errorf("%s: starts (-want +got):\n%s", how, diff)
				}
			}
		})
	}
}

// FuzzRaw: however a line is cut into reads, the same bytes pass, and messages
// start at the same places; without a key all bytes do.
func FuzzRaw(f *testing.F) {
	f.Add([]byte("/ISk5\r\n\r\n1-0:1.8.1(1*kWh)\r\n!1234\r\n/ISk5\r\n!\r\n"), uint8(1))
	f.Add([]byte("x\r\n!\xff\xff/ESY5\n!\x00/ESY5(\xff/)\n!\r/"), uint8(2))
	f.Add([]byte("/h!!hS0\x01"), uint8('.')) // the tag of M-Bus within a line
	f.Add([]byte("\xdb\b00000000\x82\x01\x04"+strings.Repeat("0", 255)+"h01"), uint8('\r'))
	e, keys := line()
	f.Add([]byte(sealed(e, numbered(1))[:60]+sealed(e, numbered(2))+"/ISk5\r\n!\r\n"), uint8(9))
	f.Add([]byte("/ISk5\r\n\xDB\x08SAGgp\x00\x00\x01\x1F\x30\r\n/ISk5\r\n!\r\n"+sealed(e, numbered(3))), uint8(5))
	for kind := range simulate.NumPushes {
		m := simulate.NewPush(kind, simulate.Options{Seed: 5, Start: start}).Message(start)
		f.Add(append(append(bytes.Clone(m), m...), m[:len(m)/2]...), uint8(13))
	}
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		for _, keys := range []cipher.Keys{{}, keys} {
			all, starts := passed(t, bytes.NewReader(stream), keys)
			if len(keys.Key) == 0 && !bytes.Equal(all, stream) {
				t.Errorf("out came %q, want %q", all, stream)
			}
			for _, at := range starts {
				if !bytes.Contains([]byte("/\xDB~h\x1B\x0F\xE0\xE6\xDD"), all[at:at+1]) {
					t.Errorf("a message starts with %q", all[at])
				}
			}
			for how, r := range map[string]io.Reader{"byte by byte": iotest.OneByteReader(bytes.NewReader(stream)), "in steps": &steps{stream, int(step) + 1}} {
				gotAll, gotStarts := passed(t, r, keys)
				if !bytes.Equal(gotAll, all) {
					t.Errorf("%s: out came %q, at once %q", how, gotAll, all)
				}
				if diff := cmp.Diff(starts, gotStarts); diff != "" {
					t.Errorf("%s: starts (-at once +cut):\n%s", how, diff)
				}
			}
		}
	})
}
