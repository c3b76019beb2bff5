package decode_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

var amsterdam = time.FixedZone("CET", 3600)

func load(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../dsmr/testdata/telegrams/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signed ends a telegram with its checksum.
func signed(text string) string {
	body := strings.ReplaceAll(text, "\n", "\r\n") + "!"
	return fmt.Sprintf("%s%04X\r\n", body, frame.Checksum([]byte(body)))
}

const small = "/ISK5\\2M550T-1012\n\n1-3:0.2.8(50)\n1-0:1.7.0(00.111*kW)\n"

// outcome is what a Reader made of a stream: what it gave to the raw socket,
// and what it said of frames and of telegrams that it refused.
type outcome struct {
	Out     string
	Stats   cipher.Stats
	Notices []string
}

// readAll reads a stream to its end.
func readAll(t testing.TB, r io.Reader, o decode.Options) (o2 outcome, reader *decode.Reader) {
	t.Helper()
	var got outcome
	o.Raw = func(p []byte, _ bool) { got.Out += string(p) }
	reader = decode.NewReader(o)
	reader.Reset(r)
	got.Notices = notices(reader)
	if err := reader.Err(); err != nil {
		t.Fatal(err)
	}
	got.Stats = reader.Frames()
	return got, reader
}

// notices reads to the end, and returns what there was to say of frames.
func notices(r *decode.Reader) (list []string) {
	for {
		m, more := r.Next()
		if !more {
			return list
		}
		switch {
		case m.Way != 0:
			list = append(list, strings.TrimSpace(m.Maker+" "+m.Way.String()))
		case isOfFrame(m.Err):
			list = append(list, m.Err.Error())
		}
	}
}

func isOfFrame(err error) bool {
	return errors.Is(err, cipher.ErrNoKey) || errors.Is(err, cipher.ErrKey) || errors.Is(err, cipher.ErrFrame) || errors.Is(err, cipher.ErrUnverified)
}

func decrypt(t testing.TB, r io.Reader, keys cipher.Keys) outcome {
	t.Helper()
	o, _ := readAll(t, r, decode.Options{Keys: keys})
	return o
}

// found is what a Scanner made of some bytes.
func found(r io.Reader) (list []string) {
	s := frame.NewScanner(r)
	for s.Scan() {
		if t := s.Frame().Telegram; s.Frame().Kind == frame.Text {
			what := t.Checksum.String()
			if t.Truncated {
				what = "truncated"
			}
			list = append(list, what+" "+string(t.Bytes))
		}
	}
	return list
}

// unhex is for constants.
func unhex(text string) []byte {
	p, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return p
}

func keys(key, ak string) cipher.Keys { return cipher.Keys{Key: unhex(key), AAD: unhex(ak)} }

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

// endless gives the same bytes again and again.
type endless struct {
	data []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.data[e.at:])
	e.at = (e.at + n) % len(e.data)
	return n, nil
}
