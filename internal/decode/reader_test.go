package decode_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
)

// TestFrameInATelegram: bytes that look like an encrypted frame, and are none, stay
// in the telegram. Without a checksum it is not believed then.
func TestFrameInATelegram(t *testing.T) {
	const body = "/ISk5\\2MT382-1003\r\n\r\n1-0:1.8.1(01234.784*kWh)\r\n"
	frame := "\xDB\x08noise!!!\x1F\x20" + strings.Repeat("x", 30)
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"inside", body + frame + "1-0:1.8.2(04321.725*kWh)\r\n!\r\n", dsmr.ErrDamaged},
		{"before it", frame + body + "!\r\n", nil},
		{"behind it", body + "!\r\n" + frame, nil},
	} {
		for _, keys := range []cipher.Keys{{}, {Key: make([]byte, 16)}} {
			for how, r := range map[string]io.Reader{"at once": strings.NewReader(test.text), "byte by byte": iotest.OneByteReader(strings.NewReader(test.text))} {
				reader := decode.NewReader(decode.Options{Keys: keys})
				reader.Reset(r)
				var got []error
				for {
					m, more := reader.Next()
					if !more {
						break
					}
					if m.Reading != nil {
						got = append(got, m.Err)
					}
				}
				if len(got) != 1 || !errors.Is(got[0], test.want) || reader.Frames().Frames != 1 {
					t.Errorf("%s, %s, %s: got %v and %+v, want %v", test.name, how, keys, got, reader.Frames(), test.want)
				}
			}
		}
	}
}
