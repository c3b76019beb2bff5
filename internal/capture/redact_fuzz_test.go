package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// FuzzRedact: whatever a line sends, what is redacted stays as it is, and
// telegrams keep their verdicts.
func FuzzRedact(f *testing.F) {
	for _, s := range corpus(f) {
		f.Add(s.data, uint8(29))
	}
	for kind := range simulate.NumPushes {
		data, _ := saidBy(kind)
		f.Add(data, uint8(60))
	}
	f.Add([]byte("0-0:96.13.0(\r\n4A\r\n6A6)\r\n0-0:96.1.1(45303030\xB0\x31\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		before := inPieces(data, int(step)+1)
		once, err := before.Redact(cipher.Keys{})
		if errors.Is(err, capture.ErrEncrypted) || errors.Is(err, capture.ErrBinary) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if pushed := pushedOf(data, cipher.Keys{}); len(pushed) > 0 {
			if again := redact(t, once, cipher.Keys{}); written(t, once) != written(t, again) {
				t.Errorf("% X becomes % X, and that % X", data, once.Bytes(), again.Bytes())
			}
			return
		}
		if frames(once.Bytes()) > 0 { // a new digit completed the head of one
			return
		}
		if diff := cmp.Diff(verdicts(data), verdicts(once.Bytes())); diff != "" {
			t.Errorf("(-before +after)\n%s", diff)
		}
		onlyMasks(t, once.Bytes())
		twice, err := once.Redact(cipher.Keys{})
		if errors.Is(err, capture.ErrBinary) { // the same of another protocol's
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(written(t, once), written(t, twice)); diff != "" {
			t.Errorf("(-once +twice)\n%s", diff)
		}
	})
}

func frames(data []byte) uint64 {
	r := decode.NewReader(decode.Options{})
	r.Reset(bytes.NewReader(data))
	for more := true; more; {
		_, more = r.Next()
	}
	return r.Frames().Frames
}

// verdicts are those on a stream's telegrams, framed or not.
func verdicts(data []byte) (list []string) {
	r := decode.NewReader(decode.Options{})
	r.Reset(bytes.NewReader(data))
	for {
		m, more := r.Next()
		if !more {
			return list
		}
		if t := m.Telegram; m.Reading != nil {
			list = append(list, fmt.Sprint(t.Checksum, t.Truncated, t.Parity))
		}
	}
}
