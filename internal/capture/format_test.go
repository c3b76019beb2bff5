package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

const text = `# smartmeter capture 1
# made: 2026-11-25T19:00:00+01:00
# program: smartmeter 0.1.0 linux/arm64
# source: /dev/ttyUSB0 (auto)
# redacted: yes
# note: one thing
# note: another
0.000 = opened
0.412 < /KFM5\\2KAIFA\r\n
0.412 < \r\n
1.000 < \x00\xFF !\x20
3599.999 = lost: no data for 15s
3600.001 = lost: opening /dev/ttyUSB0: no such file
`

func TestWriteAndRead(t *testing.T) {
	zone := time.FixedZone("", 3600)
	want := &capture.Capture{
		Header: capture.Header{
			Made: time.Date(2026, 11, 25, 19, 0, 0, 0, zone), Program: "smartmeter 0.1.0 linux/arm64", Source: "/dev/ttyUSB0 (auto)",
			Redacted: true, Notes: []string{"one thing", "another"},
		},
		Records: []capture.Record{
			{Kind: capture.Opened},
			{At: 412 * time.Millisecond, Data: []byte("/KFM5\\2KAIFA\r\n")},
			{At: 412 * time.Millisecond, Data: []byte("\r\n")},
			{At: time.Second, Data: []byte("\x00\xFF ! ")},
			{At: 3599999 * time.Millisecond, Kind: capture.Lost, Text: "no data for 15s"},
			{At: 3600001 * time.Millisecond, Kind: capture.Lost, Text: "opening /dev/ttyUSB0: no such file"},
		},
	}
	if diff := cmp.Diff(text, written(t, want)); diff != "" {
		t.Errorf("written: (-want +got)\n%s", diff)
	}
	for name, in := range map[string]string{
		"as written":           text,
		"with other line ends": strings.ReplaceAll(text, "\n", "\r\n"),
		"copied from an issue": "```text\n" + text + "```\n",
		"by Windows' editor":   "\ufeff" + text,
		"indented":             strings.ReplaceAll("\n"+text, "\n", "\n  "),
		"without its last end": strings.TrimSuffix(text, "\n"),
	} {
		got, err := capture.Read(iotest.OneByteReader(strings.NewReader(in)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	const first = "# smartmeter capture 1\n"
	for _, test := range []struct{ in, want string }{
		{"# smartmeter capture 2\n", "use a newer smartmeter"},
		{"# smartmeter capture one\n", "names no version"},
		{first + "what\n", `line 2: a line must be seconds, "<"`},
		{first + "1.0\n", "line 2"},
		{first + "\n1.0 < a\n1.0 > b\n", "line 4"},
		{first + "-1 < a\n", "line 2"},
		{first + "NaN < a\n", "line 2"},
		{first + "1e300 < a\n", "line 2"},
		{first + "1.0 = sleeping\n", "line 2"},
		{first + `1.0 < a\` + "\n", "a backslash stands at the end"},
		{first + `1.0 < a\q` + "\n", "'q' is not known"},
		{first + `1.0 < a\x5` + "\n", "line 2"},
		{first + `1.0 < a\xGG` + "\n", "is not a byte"},
	} {
		if _, err := capture.Read(strings.NewReader(test.in)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.in, err, test.want)
		}
	}
	if _, err := capture.Read(io.LimitReader(endless{}, capture.MaxSize+10)); !errors.Is(err, capture.ErrTooLong) {
		t.Errorf("got %v, want %v", err, capture.ErrTooLong)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestPlain: what decode and replay read is the same whatever the file.
func TestPlain(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"raw", "0)\r\n!\r\n/A\r\n!\r\n", "0)\r\n!\r\n/A\r\n!\r\n"},
		{"short", "/A", "/A"},
		{"nothing", "", ""},
		{"a comment, but no capture", "# smart\n/A\r\n", "# smart\n/A\r\n"},
		{"capture", text, "/KFM5\\2KAIFA\r\n\r\n\x00\xFF ! "},
		{"hex of HDLC", "7ea0 0b\r\n01:02", "\x7E\xA0\x0B\x01\x02"},
		{"hex that begins anywhere", strings.Repeat("0102 FF\n", 40), strings.Repeat("\x01\x02\xFF", 40)},
		{"a number is none", "00123456.789*kWh)\r\n", "00123456.789*kWh)\r\n"},
		{"digits are none", "1234", "1234"},
		{"hex", "DB08 5341\r\n47 67 ", "\xDB\x08SAgg"[:4] + "Gg"},
	} {
		for _, r := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
			got, err := io.ReadAll(capture.Plain(r))
			if err != nil || string(got) != test.want {
				t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
			}
		}
		c, err := capture.Read(strings.NewReader(test.in))
		if err != nil || string(c.Bytes()) != test.want {
			t.Errorf("%s: Read gives %q, %v, want %q", test.name, c.Bytes(), err, test.want)
		}
	}
}

// TestPaced: a file without times gets a second for each telegram.
func TestPaced(t *testing.T) {
	c, err := capture.Read(strings.NewReader("tail)\r\n/A\r\n1-0:1.7.0(1*kW)\r\n!\r\n\x00/A\r\n1-0:1.7.0(2*kW)\r\n!12AB\r\nhead"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range c.Records {
		got = append(got, r.At.String()+" "+string(r.Data))
	}
	want := []string{"0s tail)\r\n/A\r\n1-0:1.7.0(1*kW)\r\n!\r\n", "1s \x00/A\r\n1-0:1.7.0(2*kW)\r\n!12AB\r\n", "2s head"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestPacedEncrypted: encrypted telegrams come a second apart, too, though nobody
// has their key.
func TestPacedEncrypted(t *testing.T) {
	e := simulate.NewEncrypter([16]byte{15: 1})
	var file []byte
	var want []string
	for n := range 3 {
		from := len(file)
		if n == 0 {
			file = append(file, 0xA6, 0x4C, 0xDB, 0xCF) // the end of another one
		}
		file = e.AppendFrame(file, []byte("/A\r\n\r\n1-0:1.7.0(1*kW)\r\n!\r\n"))
		want = append(want, fmt.Sprintf("%v %X", time.Duration(n)*time.Second, file[from:]))
	}
	c, err := capture.Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range c.Records {
		got = append(got, fmt.Sprintf("%v %X", r.At, r.Data))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// FuzzFormat: what is written is read again, and written the same.
func FuzzFormat(f *testing.F) {
	f.Add([]byte("/A\r\n\x00\\ "), int64(1234), "why\n", "source ")
	f.Fuzz(func(t *testing.T, data []byte, ms int64, cause, source string) {
		ms = (ms%1e9 + 1e9) % 1e9
		c := &capture.Capture{Header: capture.Header{Source: source, Notes: []string{cause}}, Records: []capture.Record{
			{Kind: capture.Opened}, {At: time.Duration(ms) * time.Millisecond, Data: data},
			{At: time.Duration(ms) * time.Millisecond, Kind: capture.Lost, Text: cause},
		}}
		once := written(t, c)
		back, err := capture.Read(strings.NewReader(once))
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if !bytes.Equal(back.Bytes(), data) {
			t.Errorf("got %q, want %q", back.Bytes(), data)
		}
		if diff := cmp.Diff(once, written(t, back)); diff != "" {
			t.Errorf("(-once +twice)\n%s", diff)
		}
	})
}
