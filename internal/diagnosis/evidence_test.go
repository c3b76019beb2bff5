package diagnosis_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// judged reads a capture to its end, as the app does, and tells the verdict.
func judged(line io.Reader) *diagnosis.Evidence {
	e := new(diagnosis.Evidence)
	r := decode.NewReader(decode.Options{})
	r.Reset(io.TeeReader(line, evidenceWriter{e}))
	for {
		m, more := r.Next()
		if !more {
			break
		}
		e.Message(decode.CauseOf(m.Err))
	}
	e.Cut(r.Stats().Cut)
	return e
}

type evidenceWriter struct{ e *diagnosis.Evidence }

func (w evidenceWriter) Write(p []byte) (int, error) {
	w.e.Bytes(p)
	return len(p), nil
}

// resampled is what a UART makes of a line that sends at another speed: its
// bits, ten a byte with start and stop, sampled ratio times as often.
func resampled(data []byte, num, den int) []byte {
	var line []bool
	for _, b := range data {
		line = append(line, false)
		for bit := range 8 {
			line = append(line, b>>bit&1 == 1)
		}
		line = append(line, true)
	}
	level := func(i int) bool { // half a bit late, as a UART looks
		at := (i*2 + 1) * den / (num * 2)
		return at >= len(line) || line[at]
	}
	var out []byte
	for i := 0; i < len(line)*num/den; {
		if level(i) {
			i++
			continue
		}
		var b byte
		for bit := range 8 {
			if level(i + 1 + bit) {
				b |= 1 << bit
			}
		}
		out = append(out, b)
		i += 10
	}
	return out
}

// inverted is what a cable without inverter delivers.
func inverted(data []byte) []byte {
	out := make([]byte, len(data))
	for i, b := range data {
		out[i] = ^(b<<1 | b>>7)
	}
	return out
}

// TestVerdicts is the corpus of damaged captures: none gives a reading, each
// its verdict.
func TestVerdicts(t *testing.T) {
	dutch := load(t, "nl-50-sagemcom-de4a.txt")
	belgian := load(t, "be-lg-e660-024f.txt")
	old := load(t, "nl-22-iskra-mt382-1003-a.txt")
	swedish := load(t, "se-ellevio-80ff.txt")
	halves := func(a, b []byte) []byte { // lines of two telegrams, interleaved
		var out []byte
		left, right := bytes.SplitAfter(a, []byte("\n")), bytes.SplitAfter(b, []byte("\n"))
		for i := 1; i < min(len(left), len(right)); i++ {
			out = append(append(out, left[i-1]...), right[i]...)
		}
		return append(out, left[len(left)-2]...)
	}
	for _, test := range []struct {
		name    string
		capture []byte
		want    diagnosis.Cause
	}{
		{"nothing", nil, diagnosis.Waiting},
		{"115200 read at 9600", resampled(dutch, 1, 12), diagnosis.Noise},
		{"9600 read at 115200", resampled(old, 12, 1), diagnosis.Noise},
		{"9600 read at 19200", resampled(old, 2, 1), diagnosis.Noise},
		{"inverted", inverted(bytes.Repeat(dutch, 3)), diagnosis.Noise},
		{"random noise", simulate.Noise(7, 5000), diagnosis.Noise},
		{"bits flipped", simulate.FlipBit(dutch, 8*300+1), diagnosis.Checksums},
		{"bits flipped, Belgium", simulate.FlipBit(belgian, 8*1000+3), diagnosis.Checksums},
		{"bytes lost", simulate.Cut(swedish, 200, 40), diagnosis.Checksums},
		{"lines interleaved", halves(dutch, belgian), diagnosis.Checksums},
		{"a line inserted", simulate.Insert(dutch, 400, []byte("what is this\r\n")), diagnosis.Checksums},
		{"no end", dutch[:len(dutch)-8], diagnosis.Cut},
		{"no end, many", bytes.Repeat(dutch[:len(dutch)-8], 5), diagnosis.Cut},
		{"no start", bytes.Repeat(dutch[30:], 3), diagnosis.Cut},
		{"truncated", dutch[:200], diagnosis.Cut},
		{"checksum taken off", []byte(strings.ReplaceAll(string(dutch), "!DE4A", "!")), diagnosis.NoChecksum},
		{"no checksum, bytes lost", simulate.Cut(old, 90, 30), diagnosis.Damaged},
		{"no checksum, a bracket lost", simulate.Cut(old, 100, 12), diagnosis.Damaged},
		{"parity bits, and bits lost", simulate.EvenParity(bytes.Repeat(old[5:], 2)), diagnosis.Parity},
		{"HDLC", bytes.Repeat([]byte("\x7E\xA0\x87\x01\x02\x01\x10\x9E\x6D\xE6\xE7\x00\x0F\x40\x00\x00\x00\x00\x02\x19\x0A\x0E\x4B\x61\x6D\x7E"), 4), diagnosis.HDLC},
		{"SML", bytes.Repeat([]byte("\x1B\x1B\x1B\x1B\x01\x01\x01\x01\x76\x05\x00\x7A\x43\x02\x62\x00\x62\x00\x72\x63\x01\x01\x76\x01"), 3), diagnosis.SML},
		{"wired M-Bus", bytes.Repeat([]byte("\x68\xFA\xFA\x68\x53\xFF\x00\x01\x67\x0F\x80\x06\x87\x0E\x0C\x07\xE5\x09\x1B\x01\x09\x2F"), 3), diagnosis.MBus},
		{"wired M-Bus, encrypted", bytes.Repeat([]byte("\x68\xFA\xFA\x68\x53\xFF\x00\x01\x67\xDB\x08\x4B\x46\x4D\x67\x50\x00\x00\x09\x81\xF8\x20"), 3), diagnosis.Encrypted},
		{"Linky", []byte("\x02\nADCO 021528603314 '\r\nOPTARIF BASE 0\r\nISOUSC 30 9\r\nBASE 002565285 ,\r\n\x03\x02\nADCO 021528603314 '\r\n"), diagnosis.TIC},
		{"JSON of a reader", bytes.Repeat([]byte(`{"wifi_ssid":"x","smr_version":50,"active_power_w":123.000}`+"\n"), 9), diagnosis.JSON},
		{"JSON over several lines", []byte("{\r\n  \"power\": 123\r\n}\r\n"), diagnosis.JSON},
		{"an HTTP answer", []byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request"), diagnosis.HTTP},
		{"a web page", []byte("<!DOCTYPE html><html><body>P1 reader</body></html>"), diagnosis.HTTP},
		{"telnet's negotiation", []byte("\xFF\xFD\x18\xFF\xFD\x20\xFF\xFD\x23\xFF\xFD\x27"), diagnosis.Telnet},
		{"telnet's negotiation and a banner", []byte("\xFF\xFB\x01\xFF\xFB\x03Welcome to the reader\r\n"), diagnosis.Telnet},
		{"a login", []byte("OpenWrt 23.05\r\np1reader login: "), diagnosis.Telnet},
		{"this program's last word", []byte("Too many connections\r\n"), diagnosis.TooMany},
		{"ser2net's last word", []byte("Port already in use\r\n"), diagnosis.TooMany},
		{"a banner of SSH", []byte("SSH-2.0-dropbear_2022.83\r\n"), diagnosis.OtherText},
	} {
		t.Run(test.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"at once": bytes.NewReader(test.capture), "byte by byte": iotest.OneByteReader(bytes.NewReader(test.capture))} {
				e := judged(r)
				if e.Count(diagnosis.Good) > 0 {
					t.Errorf("%s: %d readings from a damaged capture", how, e.Count(diagnosis.Good))
				}
				if got := e.Cause(); got != test.want {
					t.Errorf("%s: got %q, want %q", how, got, test.want)
				}
			}
		})
	}
}

// rejected is how many telegrams and frames gave no reading.
func rejected(e *diagnosis.Evidence) (n uint64) {
	for _, c := range diagnosis.Counted() {
		if c != diagnosis.Cut {
			n += e.Count(c)
		}
	}
	return n
}

func load(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../dsmr/testdata/telegrams/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestGoodVerdict(t *testing.T) {
	for _, file := range []string{"nl-50-sagemcom-de4a.txt", "nl-22-lg-e350.txt", "hu-aux-5c2e.txt", "stream-be-7e1-parity.bin", "lu-smarty-lf-only.txt"} {
		e := judged(bytes.NewReader(load(t, file)))
		if got := e.Cause(); got != diagnosis.Good || rejected(e) != 0 {
			t.Errorf("%s: got %q, %d bad", file, got, rejected(e))
		}
	}
	e := judged(io.MultiReader(bytes.NewReader(load(t, "nl-50-sagemcom-de4a.txt")), bytes.NewReader(load(t, "nl-40-spec-522b-bad.txt"))))
	if got := e.Cause(); got != diagnosis.Checksums || e.Count(diagnosis.Good) != 1 || rejected(e) != 1 {
		t.Errorf("one good, one bad: got %q, %d, %d", got, e.Count(diagnosis.Good), rejected(e))
	}
	e.Reset()
	if got := e.Cause(); got != diagnosis.Waiting {
		t.Errorf("after Reset: got %q", got)
	}
}
