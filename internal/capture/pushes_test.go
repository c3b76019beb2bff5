package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// pushed is what a message of DLMS or SML says but for whose it is.
type pushed struct {
	Layout, Time, Values string
	ids                  []string
}

func pushedOf(data []byte, keys cipher.Keys) (list []pushed) {
	r := decode.NewReader(decode.Options{Keys: keys})
	r.Reset(bytes.NewReader(data))
	for m, more := r.Next(); more; m, more = r.Next() {
		if m.Pushed == nil || m.Err != nil {
			continue
		}
		p := pushed{Layout: m.Pushed.Layout, Time: m.Reading.Time.String()}
		for q := range meter.NumQuantities {
			if v, ok := m.Reading.Values.Get(q); ok {
				p.Values += fmt.Sprintf("%s=%s ", meter.Quantities[q].JSON, v)
			}
		}
		if m.Reading.EquipmentID != "" {
			p.ids = append(p.ids, m.Reading.EquipmentID)
		}
		list = append(list, p)
	}
	return list
}

// saidBy returns the messages of a simulated meter, and its keys.
func saidBy(kind simulate.Push) (data []byte, keys cipher.Keys) {
	start := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	push := simulate.NewPush(kind, simulate.Options{Seed: 3, Start: start})
	for i := range 3 {
		data = push.AppendMessage(data, start.Add(time.Duration(i)*10*time.Second))
	}
	if push.Encrypter != nil {
		keys = cipher.Keys{Key: push.Encrypter.Key[:], AAD: append([]byte{0x30}, push.Encrypter.AuthKey[:]...)}
	}
	return data, keys
}

// TestRedactPushes: of what meters push by DLMS or SML all is left but for whose
// it is, and redacting that again changes nothing.
func TestRedactPushes(t *testing.T) {
	for kind := range simulate.NumPushes {
		t.Run(simulate.Pushes[kind].Name, func(t *testing.T) {
			data, keys := saidBy(kind)
			want := pushedOf(data, keys)
			out := redact(t, inPieces(data, 37), keys)
			got := pushedOf(out.Bytes(), cipher.Keys{})
			ids := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ids" }, cmp.Ignore())
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(pushed{}), ids); diff != "" {
				t.Errorf("(-before +after)\n%s", diff)
			}
			for i := range got {
				for _, id := range want[i].ids {
					if slices.Contains(got[i].ids, id) {
						t.Errorf("the meter is still %s", id)
					}
					if number, err := strconv.Atoi(id[len(id)-8:]); err == nil {
						absentNumber(t, out.Bytes(), number)
					}
				}
			}
			if again := redact(t, out, cipher.Keys{}); written(t, again) != written(t, out) {
				t.Errorf("redacted again:\n% X\n% X", out.Bytes(), again.Bytes())
			}
		})
	}
}

// TestPacedPushes: the messages of a raw file come one after the other.
func TestPacedPushes(t *testing.T) {
	for _, kind := range []simulate.Push{simulate.Aidon, simulate.IskraSegmented, simulate.SML} {
		data, _ := saidBy(kind)
		c, err := capture.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(c.Bytes(), data) || len(c.Records) < 3 || len(c.Records) > 4 || c.Records[2].At <= c.Records[1].At {
			t.Errorf("%s: %d records of 3 messages", simulate.Pushes[kind].Name, len(c.Records))
		}
	}
}

// absentNumber checks that a serial number is gone, as digits and as octets.
func absentNumber(t *testing.T, out []byte, number int) {
	t.Helper()
	octets := []byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)}
	for _, form := range [][]byte{octets, []byte(fmt.Sprint(number)), fmt.Appendf(nil, "%08d", number)} {
		if bytes.Contains(out, form) {
			t.Errorf("% X is still there", form)
		}
	}
}

// TestRedactPushesRefuses: without the key of a meter that encrypts, beside
// telegrams and where no message is whole, nothing is written.
func TestRedactPushesRefuses(t *testing.T) {
	telegram := []byte(signed("/A", "1-0:1.8.1(1*kWh)"))
	for kind := range simulate.NumPushes {
		data, keys := saidBy(kind)
		for name, c := range map[string]struct {
			data []byte
			keys cipher.Keys
			want error
		}{
			"behind a telegram": {slices.Concat(telegram, data), keys, capture.ErrBinary},
			"before one":        {slices.Concat(data, telegram), keys, capture.ErrBinary},
			"half of one":       {data[len(data)/12 : len(data)/6], keys, nil},
			"without its key":   {data, cipher.Keys{}, capture.ErrEncrypted},
			"another key":       {data, cipher.Keys{Key: make([]byte, 16)}, capture.ErrKey},
		} {
			if strings.Contains(name, "key") && !simulate.Pushes[kind].Encrypted {
				continue
			}
			out, err := inPieces(c.data, 37).Redact(c.keys)
			switch {
			case err == nil && (name == "before one" || name == "half of one"): // no message, so that it is 0
				isLeft := bytes.Contains(out.Bytes(), []byte("00000")) && name == "half of one"
				if isLeft || bytes.Contains(out.Bytes(), []byte("1-0:")) {
					t.Errorf("%s, %s: %q", simulate.Pushes[kind].Name, name, out.Bytes())
				}
			case c.want != nil && !errors.Is(err, c.want):
				t.Errorf("%s, %s: %v, want %v", simulate.Pushes[kind].Name, name, err, c.want)
			}
		}
	}
}

// TestRedactDamagedPushes: what is left of a message that is not whole is 0, and
// the whole ones beside it stay.
func TestRedactDamagedPushes(t *testing.T) {
	for kind := range simulate.NumPushes {
		data, keys := saidBy(kind)
		if kind == simulate.SagemcomRaw { // which ends nowhere when it is damaged
			continue
		}
		want := pushedOf(data, keys)
		broken := bytes.Clone(data)
		broken[20] ^= 0x10
		out := redact(t, inPieces(slices.Concat(data[len(data)-60:], broken), 37), keys)
		got := pushedOf(out.Bytes(), cipher.Keys{})
		if len(got) != len(want)-1 {
			t.Errorf("%s: %d messages of %d, one of which is damaged", simulate.Pushes[kind].Name, len(got), len(want))
		}
		for _, id := range want[0].ids {
			if number, err := strconv.Atoi(id[len(id)-8:]); err == nil {
				absentNumber(t, out.Bytes(), number)
			}
		}
	}
}
