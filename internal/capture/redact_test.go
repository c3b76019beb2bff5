package capture_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func redact(t testing.TB, c *capture.Capture, keys cipher.Keys) *capture.Capture {
	t.Helper()
	out, err := c.Redact(keys)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func written(t testing.TB, c *capture.Capture) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// harmless tells identifiers that tell no meter: none, zeros, or masked by who
// gave the telegram to the corpus.
var harmless = regexp.MustCompile(`^(0|x|X| |20|[A-Z]{1,3}$)*$|^ER[0-9][0-9]$`)

// TestRedactCorpus: no identifier of the corpus is left, and all else is.
func TestRedactCorpus(t *testing.T) {
	searched := 0
	for _, s := range corpus(t) {
		t.Run(s.name, func(t *testing.T) {
			if s.name == "at-encrypted-nokey.bin" {
				if _, err := inPieces(s.data, 37).Redact(s.keys); !errors.Is(err, capture.ErrEncrypted) {
					t.Errorf("got %v, want %v", err, capture.ErrEncrypted)
				}
				return
			}
			want, ids := understand(s.data, s.keys)
			redacted := redact(t, inPieces(s.data, 37), s.keys)
			out := redacted.Bytes()
			got, _ := understand(out, cipher.Keys{})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-before +after)\n%s", diff)
			}
			if len(s.keys.Key) == 0 && len(out)/4 != len(s.data)/4 {
				t.Errorf("%d bytes became %d", len(s.data), len(out))
			}
			for _, id := range ids {
				if harmless.MatchString(id) {
					continue
				}
				searched++
				absent(t, out, id)
				if text, err := hex.DecodeString(id); err == nil && len(text) > 3 {
					absent(t, out, string(text))
					absent(t, out, strings.TrimSpace(string(text)))
				}
				absent(t, out, hex.EncodeToString([]byte(id)))
				absent(t, out, strings.ToUpper(hex.EncodeToString([]byte(id))))
			}
			text := written(t, redacted)
			again := written(t, redact(t, redacted, cipher.Keys{}))
			if diff := cmp.Diff(text, again); diff != "" {
				t.Errorf("redacted again: (-once +twice)\n%s", diff)
			}
			back, err := capture.Read(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text, written(t, redact(t, back, cipher.Keys{}))); diff != "" {
				t.Errorf("read and redacted again: (-once +twice)\n%s", diff)
			}
		})
	}
	if searched < 100 {
		t.Errorf("only %d identifiers were searched for", searched)
	}
}

func absent(t *testing.T, out []byte, id string) {
	t.Helper()
	if bytes.Contains(bytes.ToUpper(out), bytes.ToUpper([]byte(id))) {
		t.Errorf("%q is still there", id)
	}
}

// TestRedactLines: what the lines of a whole telegram become.
func TestRedactLines(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"decimal", "0-0:96.1.0(1234567890)", "0-0:96.1.0(0000000001)"},
		{"hex text", "0-0:96.1.1(4530303433303037303532383730333138)", "0-0:96.1.1(4530303030303030303030303030303031)"},
		{"hex text in small letters", "0-0:96.1.1(4b384547303034303436333935353037)", "0-0:96.1.1(4b305858303030303030303030303031)"},
		{"bytes", "0-1:96.1.0(621848012D2C0B0C)", "0-1:96.1.0(000000000A0A0A1A)"},
		{"the same twice", "0-0:96.1.1(1234567890)\r\n0-2:96.1.0(1234567890)\r\n0-3:96.1.0(1234567891)", "0-0:96.1.1(0000000001)\r\n0-2:96.1.0(0000000001)\r\n0-3:96.1.0(0000000002)"},
		{"the same as hex text", "0-0:42.0.0(ISK1030792957277)\r\n0-0:96.1.1(49534B31303330373932393537323737)", "0-0:42.0.0(ISK0000000000001)\r\n0-0:96.1.1(49534B30303030303030303030303031)"},
		{"short", "0-0:96.1.1(K50322)", "0-0:96.1.1(K00001)"},
		{"none", "0-1:96.1.0()\r\n0-0:96.1.0(ER23)\r\n0-1:96.1.0(000000000000)", "0-1:96.1.0()\r\n0-0:96.1.0(ER23)\r\n0-1:96.1.0(000000000000)"},
		{"one that has the form of a new one", "0-0:96.1.0(0000000001)\r\n0-1:96.1.0(1234567890)", "0-0:96.1.0(0000000001)\r\n0-1:96.1.0(0000000002)"},
		{"EAN", "0-0:96.1.2(353431343430303132333435363738393030)", "0-0:96.1.2(303030303030303030303030303030303031)"},
		{"version", "0-0:96.1.4(50217)\r\n1-3:0.2.8(50)\r\n0-0:96.1.4(3530323137)", "0-0:96.1.4(50217)\r\n1-3:0.2.8(50)\r\n0-0:96.1.4(3530323137)"},
		{"without its group", "C.1.0(12345678)\r\n96.1.0(A12345678)", "C.8.8(88888888)\r\n96.1.0(C88888888)"},
		{"values and times", "0-0:1.0.0(230903131547S)\r\n1-0:1.8.1(005454.121*kWh)\r\n1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(2147483647*s)\r\n1-0:1.8.0(0012345678*Wh)\r\n0-1:24.2.1(632525252525W)(00000000)\r\n0-0:1.0.0(20240111 09:35:00)",
			"0-0:1.0.0(230903131547S)\r\n1-0:1.8.1(005454.121*kWh)\r\n1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(2147483647*s)\r\n1-0:1.8.0(0012345678*Wh)\r\n0-1:24.2.1(632525252525W)(00000000)\r\n0-0:1.0.0(20240111 09:35:00)"},
		{"message", "0-0:96.13.0(4A616E2053746F6B2C203132C3A9)", "0-0:96.13.0(3030303030303030303030303030)"},
		{"message in plain text", "0-0:96.13.0(Jan Stok, 12)", "0-0:96.13.0(Xay Xyyy, 88)"},
		{"message over lines", "0-0:96.13.0(\r\n4A61\r\n6E)\r\n1-0:1.7.0(1*kW)", "0-0:96.13.0(\r\n3030\r\n30)\r\n1-0:1.7.0(1*kW)"},
		{"message that is not closed", "0-0:96.13.0(4A61\r\n1-0:1.7.0(1*kW)", "0-0:96.13.0(3030\r\n1-0:1.7.0(1*kW)"},
		{"object that is not known", "0-0:96.77.1(1234567890)(12.5*kW)(210204163500W)", "0-0:96.77.1(8888888888)(12.5*kW)(210204163500W)"},
		{"id that is none", "12345678:1.8.1(12345678*kWh)", "88888888:8.8.8(12345678*kWh)"},
		{"identifier in the place of a value", "1-0:1.8.1(4530303433303037)\r\n1-0:1.7.0(K8EG004046395507)", "1-0:1.8.1(8888888888888888)\r\n1-0:1.7.0(X8CX888888888888)"},
		{"between brackets", "1-0:1.8.1(1*kWh)4530(2*kWh)", "1-0:1.8.1(1*kWh)8888(2*kWh)"},
		{"the end of an identifier", "0-0:96.1.1(4530303433303037303532383730333138)\r\n037303532383730333138)", "0-0:96.1.1(4530303030303030303030303030303031)\r\n888888888888888888888)"},
	} {
		out := string(redact(t, inPieces([]byte(signed("/A", test.in)), 5), cipher.Keys{}).Bytes())
		if diff := cmp.Diff(signed("/A", test.want), out); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestRedactHeader(t *testing.T) {
	for _, test := range []struct{ in, id, want, newID string }{
		{"/XMX5LGBBFG1009421637", "", "/XMX5LGBBFG0000000001", ""},
		{"/AUX59903218166", "", "/AUX50000000001", ""},
		{"/FLU5\\253770234_A", "", "/FLU5\\253770234_A", ""},
		{"/ISk5\\2MT382-1000", "", "/ISk5\\2MT382-1000", ""},
		{"/KMP5 KA6U001660297912", "204B413655303031363630323937393132", "/KMP5 KA0X000000000001", "204B413058303030303030303030303031"},
	} {
		out := string(redact(t, inPieces([]byte(signed(test.in, "", "0-0:96.1.1("+test.id+")")), 5), cipher.Keys{}).Bytes())
		if diff := cmp.Diff(signed(test.want, "", "0-0:96.1.1("+test.newID+")"), out); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.in, diff)
		}
	}
}

// TestRedactElse: of what is no whole telegram each letter and digit is masked,
// with parity bits and without.
func TestRedactElse(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"a line without a telegram", "0-0:96.1.0(K8eg1234)\r\n", "8-8:88.8.8(X8ay8888)\r\n"},
		{"noise", "0-0:96.\xF0.1\xA8453030\xB1\x00\xFF!\r\n", "8-8:88.\xF9.8\xA8888888\xB8\x00\xFF!\r\n"},
		{"parity bits", string(simulate.EvenParity([]byte("0-1:96.1.0(K8eg1234 *)\r\n"))), string(simulate.EvenParity([]byte("9-9:99.9.9(Z9cx9999 *)\r\n")))},
		{"a wrong checksum", "/ISk5\\2M\r\n\r\n1-0:1.8.1(1*kWh)\r\n!12ab\r\n", "/XXy8\\8X\r\n\r\n8-8:8.8.8(8*yXy)\r\n!88aa\r\n"},
		{"no end", "/ISk5\\2M\r\n\r\n1-0:1.8.1(1*kWh)\r\n", "/XXy8\\8X\r\n\r\n8-8:8.8.8(8*yXy)\r\n"},
		{"a broken line, no checksum", "/ISk5\\2M\r\n\r\n1-0:1.8.1(1*kWh\r\n!\r\n", "/XXy8\\8X\r\n\r\n8-8:8.8.8(8*yXy\r\n!\r\n"},
	} {
		out := string(redact(t, inPieces([]byte(test.in), 5), cipher.Keys{}).Bytes())
		if diff := cmp.Diff(test.want, out); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// TestRedactChecksums: right stays right, in the form that it had, and wrong
// stays wrong.
func TestRedactChecksums(t *testing.T) {
	grown := 0
	for n := range 400 {
		body := fmt.Sprintf("/A\r\n\r\n0-0:96.1.1(%010d)\r\n1-0:1.7.0(%06d*kW)\r\n!", 1234567890+n, n)
		sum := frame.Checksum([]byte(body))
		for _, form := range []string{"%04X", "%X", "%x"} {
			in := body + fmt.Sprintf(form, sum) + "\r\n"
			out := redact(t, inPieces([]byte(in), 11), cipher.Keys{}).Bytes()
			if got := verdicts(out); len(got) != 1 || got[0] != "valid false false" {
				t.Fatalf("%q became %q: %s", in, out, got)
			}
			if len(out) > len(in) {
				grown++
			}
		}
	}
	if grown == 0 {
		t.Error("no checksum has grown: the test is too small")
	}
	// Without the CR of its line ends it fits as well.
	noCR := strings.ReplaceAll(signed("/A", "", "0-0:96.1.1(1234567890)"), "\r", "")
	if got := verdicts(redact(t, inPieces([]byte(noCR), 7), cipher.Keys{}).Bytes()); got[0] != "valid false false" {
		t.Errorf("without CR: got %s", got)
	}
	// Noise in it looks as if it had parity bits, and the checksum counts it in.
	odd := "/A\r\n0-0:96.1.1(1234567890)\r\n0-0:96.13.0(\xB1\xA9\x8D\r\n!"
	odd += fmt.Sprintf("%04X\r\n", frame.Checksum([]byte(odd)))
	if got := verdicts(redact(t, inPieces([]byte(odd), 7), cipher.Keys{}).Bytes()); got[0] != "valid false false" {
		t.Errorf("with odd bytes: got %s", got)
	}
	// This checksum is wrong, and would be right for the redacted telegram.
	trap := "/A\r\n0-0:96.1.1(1234567890)\r\n!" + signed("/A", "0-0:96.1.1(0000000001)")[len("/A\r\n0-0:96.1.1(0000000001)\r\n!"):]
	if got := verdicts([]byte(trap)); got[0] != "invalid false false" {
		t.Fatalf("the trap is %s", got)
	}
	if got := verdicts(redact(t, inPieces([]byte(trap), 7), cipher.Keys{}).Bytes()); got[0] != "invalid false false" {
		t.Errorf("the trap became %s", got)
	}
}

// TestRedactDamaged: what a bad cable does to telegrams leaves no piece of an
// identifier that could be recognised.
func TestRedactDamaged(t *testing.T) {
	const id, gas = "4530303433303037303532383730333138", "4730303339303031373633373738373137"
	telegram := signed("/KFM5KAIFA-METER", "", "1-3:0.2.8(42)", "0-0:1.0.0(190514213620S)", "0-0:96.1.1("+id+")", "1-0:1.8.1(002000.123*kWh)",
		"1-0:1.7.0(00.329*kW)", "0-0:96.13.0()", "0-1:24.1.0(003)", "0-1:96.1.0("+gas+")", "0-1:24.2.1(190514210000S)(01543.012*m3)")
	old := "/ISk5\\2MT382-1003\r\n\r\n0-0:96.1.1(" + id + ")\r\n1-0:1.8.1(02000.123*kWh)\r\n1-0:1.7.0(0000.32*kW)\r\n0-0:96.13.0()\r\n" +
		"0-1:24.1.0(03)\r\n0-1:96.1.0(" + gas + ")\r\n0-1:24.3.0(190514210000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(01543.012)\r\n!\r\n"
	var pieces []string
	for _, digits := range []string{id, gas} {
		text, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+12 <= len(digits); i++ { // six characters
			if p := digits[i : i+12]; strings.Trim(p, "03") != "" { // zeros are in new names too
				pieces = append(pieces, p)
			}
		}
		for i := 0; i+8 <= len(text); i++ {
			pieces = append(pieces, string(text[i:i+8]))
		}
	}
	for seed := range uint64(400) {
		chance := rand.New(rand.NewPCG(seed, 1))
		sent := telegram
		if seed%2 == 1 {
			sent = old
		}
		stream := []byte(sent)
		for range 20 {
			damaged := []byte(sent)
			for n := 1 + chance.IntN(8); n > 0 && len(damaged) > 1; n-- {
				at := chance.IntN(max(1, len(damaged)-1))
				switch chance.IntN(4) {
				case 0: // a bit
					damaged[at] ^= 1 << chance.IntN(8)
				case 1: // bytes that were lost
					damaged = slices.Delete(damaged, at, min(len(damaged), at+1+chance.IntN(40)))
				case 2: // noise
					damaged = slices.Insert(damaged, at, byte(chance.IntN(256)), byte(chance.IntN(256)))
				case 3: // the end
					if chance.IntN(8) == 0 {
						damaged = damaged[:at+1]
					}
				}
			}
			stream = append(stream, damaged...)
		}
		out := string(redact(t, inPieces(stream, 64), cipher.Keys{}).Bytes())
		onlyMasks(t, []byte(out))
		for _, p := range pieces {
			if i := strings.Index(out, p); i >= 0 {
				t.Fatalf("seed %d: %s is left in %q", seed, p, out[max(0, i-40):min(len(out), i+40)])
			}
		}
	}
}

// onlyMasks sees that outside of telegrams that give a reading no letter or
// digit stays but those that a mask is made of: nothing there can tell anything,
// whatever it was.
func onlyMasks(t *testing.T, out []byte) {
	t.Helper()
	check := func(p []byte) {
		for _, b := range p {
			c := b & 0x7F
			if isLetterOrDigit := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'; isLetterOrDigit && strings.IndexByte("8CXay9AZcx", c) < 0 {
				t.Fatalf("%q stays in %q", c, p)
			}
		}
	}
	done := 0
	for s := frame.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if s.Frame().Kind != frame.Text {
			continue
		}
		telegram := s.Frame().Telegram
		if _, err := new(dsmr.Parser).Parse(telegram, time.Time{}); err == nil {
			check(out[done:telegram.Offset])
			done = int(telegram.Offset) + len(telegram.Bytes)
		}
	}
	check(out[done:])
}

func TestRedactRefuses(t *testing.T) {
	var frame sample
	for _, s := range corpus(t) {
		if s.name == "lu-encrypted-synthetic-aad.bin" {
			frame = s
		}
	}
	wrong := cipher.Keys{Key: make([]byte, 16)}
	sml := append([]byte{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1, 0x76, 5, 0, 0x81}, bytes.Repeat([]byte{0x0A, 1, 0xE5}, 50)...)
	for _, test := range []struct {
		name string
		data []byte
		keys cipher.Keys
		want error
	}{
		{"no key", frame.data, cipher.Keys{}, capture.ErrEncrypted},
		{"wrong key", frame.data, wrong, capture.ErrKey},
		{"another protocol", sml, cipher.Keys{}, capture.ErrBinary},
	} {
		c, err := inPieces(test.data, 64).Redact(test.keys)
		if !errors.Is(err, test.want) || c != nil {
			t.Errorf("%s: got %v, %v, want %v", test.name, c, err, test.want)
		}
	}
	// With the key, what is left out is told.
	half := append(append([]byte(nil), frame.data[:500]...), frame.data...)
	out := redact(t, inPieces(half, 64), frame.keys)
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "1 encrypted frames") || len(verdicts(out.Bytes())) != 1 {
		t.Errorf("got %q, %s", out.Notes, verdicts(out.Bytes()))
	}
}

// TestRedactAddresses: where the line is tells whose it is, too.
func TestRedactAddresses(t *testing.T) {
	for _, test := range []struct{ source, cause, wantSource, wantCause string }{
		{"192.168.1.20:23", "read tcp 192.168.1.5:44332->192.168.1.20:23: connection reset by peer", "network", "read tcp ADDRESS->ADDRESS: connection reset by peer"},
		{"[fd00::20]:23", "connecting to [fd00::20]:23: dial tcp [fd00::20]:23: connection refused", "network", "connecting to ADDRESS: dial tcp ADDRESS: connection refused"},
		{"meter.smith.example:23", "connecting to meter.smith.example:23: dial tcp: lookup meter.smith.example on 127.0.0.53:53: no such host", "network",
			"connecting to HOST:23: dial tcp: lookup NAME on ADDRESS: no such host"},
		{"/dev/serial/by-id/usb-FTDI_A5XK3RJT-if00-port0 (auto: 115200 8N1)", "opening serial device /dev/serial/by-id/usb-FTDI_A5XK3RJT-if00-port0: no such file or directory",
			"serial (auto: 115200 8N1)", "opening serial device DEVICE: no such file or directory"},
		{"homewizard://hw.smith.example:80", "asking the HomeWizard for a telegram: dial tcp: lookup hw.smith.example: no such host", "homewizard",
			"asking the HomeWizard for a telegram: dial tcp: lookup NAME: no such host"},
		{"ws://me:***@p1.smith.example:80/x", "opening a WebSocket at p1.smith.example:80: EOF", "ws", "opening a WebSocket at HOST:80: EOF"},
		{"mqtt:smith/p1", "the broker does not let this app read smith/p1", "mqtt", "the broker does not let this app read TOPIC"},
		{"p1-smith.txt", "no data for 15s", "file", "no data for 15s"},
	} {
		c := &capture.Capture{Header: capture.Header{Source: test.source}, Records: []capture.Record{{Kind: capture.Lost, Text: test.cause}}}
		for range 2 { // redacting again changes nothing
			c = redact(t, c, cipher.Keys{})
			if c.Source != test.wantSource || c.Records[0].Text != test.wantCause {
				t.Errorf("%s: got %q, %q, want %q, %q", test.source, c.Source, c.Records[0].Text, test.wantSource, test.wantCause)
			}
		}
	}
}

func signed(lines ...string) string {
	body := strings.Join(lines, "\r\n") + "\r\n!"
	return fmt.Sprintf("%s%04X\r\n", body, frame.Checksum([]byte(body)))
}
