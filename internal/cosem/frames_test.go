package cosem_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/sml"
)

// expected is what a file of real frames says beside its octets.
type expected struct {
	Expect   string
	Key      string
	Auth     string
	Messages []struct {
		IDs     []string
		Times   []string
		Values  []struct{ OBIS, Value, Unit string }
		Reading map[string]float64
		May     map[string][]float64
	}
}

// lookup finds a code in the table of package dsmr, by what it means.
func lookup(c cosem.Code) (meter.Quantity, bool) {
	help, ok := dsmr.Meaning(c.Append(nil))
	if !ok {
		return 0, false
	}
	for q := range meter.Quantities {
		if meter.Quantities[q].Help == help {
			return meter.Quantity(q), true
		}
	}
	return 0, false
}

func opener(key, auth string) func([]byte) ([]byte, error) {
	return func(apdu []byte) ([]byte, error) {
		k, _ := hex.DecodeString(key)
		a, _ := hex.DecodeString(auth)
		if len(k) == 0 {
			return nil, errors.New("no key")
		}
		title := apdu[2:10]
		n, body, err := axdr.Length(apdu[10:])
		if err != nil || n > len(body) {
			return nil, errors.New("length")
		}
		body = body[:n]
		nonce := append(slices.Clone(title), body[1:5]...)
		block, _ := aes.NewCipher(k)
		gcm, _ := cipher.NewGCMWithTagSize(block, 12)
		control, text := body[0], body[5:]
		if control&0x10 != 0 && len(a) > 0 {
			return gcm.Open(nil, nonce, text, append([]byte{control}, a...))
		}
		if control&0x10 != 0 {
			text = text[:len(text)-12]
		}
		return gcm.Seal(nil, nonce, text, nil)[:len(text)], nil
	}
}

// result is a message as the program would tell it.
type result struct {
	objects map[string]string
	reading map[string]any
}

// decodeStream reads all messages of a stream.
func decodeStream(data []byte, key, auth string, each func(result)) {
	d := dlms.Decoder{Open: opener(key, auth)}
	var s sml.Decoder
	var j dlms.Joiner
	r := cosem.Reader{Lookup: lookup}
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var scanner scanner
	scanner.scan(data, func(name string, m frame.Match) {
		var message *cosem.Message
		var err error
		if name == "sml" {
			message, err = s.Decode(m.Payload)
		} else if apdu := j.Add(m.Payload, m.Part, at); apdu != nil {
			message, err = d.Decode(apdu)
		}
		if message == nil || err != nil {
			return
		}
		reading, err := r.Reading(message, m.Checksum, at)
		out := result{objects: map[string]string{}, reading: map[string]any{}}
		for i := range message.Objects {
			o := &message.Objects[i]
			if o.Type != cosem.Absent {
				out.objects[o.Code.String()] = string(o.AppendValue(nil)) + unitText(o)
			}
		}
		if err == nil {
			full := *reading
			(&derive.Deriver{}).Apply(&full)
			json.Unmarshal(full.AppendJSON(nil, time.UTC), &out.reading)
		}
		each(out)
	})
}

func unitText(o *cosem.Object) string {
	if o.Type != cosem.Number {
		return ""
	}
	return o.Unit.String()
}

func TestRealFrames(t *testing.T) {
	folder := os.Getenv("SMARTMETER_FRAMES")
	if folder == "" {
		t.Skip("SMARTMETER_FRAMES names no folder of real frames")
	}
	files, err := filepath.Glob(filepath.Join(folder, "expected", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no expected/*.json in %s: %v", folder, err)
	}
	right, values := 0, 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		ok := t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want expected
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(folder, name+".bin"))
			if err != nil {
				t.Fatal(err)
			}
			values += compare(t, &want, data)
		})
		if ok {
			right++
		}
	}
	t.Logf("%d of %d frames, %d values equal", right, len(files), values)
}

// kinds are the prefixes of fields that may only be there when they are
// expected.
var kinds = []string{"currentUsage", "currentDelivery", "currentL", "totalUse", "totalDelivered", "totalT", "totalReactiveUse",
	"totalReactiveDelivered", "voltageL", "frequency"}

func compare(t *testing.T, want *expected, data []byte) (values int) {
	var got []result
	decodeStream(data, want.Key, want.Auth, func(r result) { got = append(got, r) })
	switch want.Expect {
	case "silent":
		if len(got) != 0 {
			t.Errorf("%d messages of a damaged one: %v", len(got), got)
		}
		return 0
	case "optional":
		if len(got) == 0 {
			return 0
		}
	}
	if len(got) != len(want.Messages) {
		t.Fatalf("%d messages, want %d", len(got), len(want.Messages))
	}
	for i, m := range want.Messages {
		have := map[string]string{}
		for k, v := range got[i].objects {
			have[k] = v
		}
		for _, v := range m.Values {
			if have[v.OBIS] != v.Value+v.Unit {
				t.Errorf("message %d: %s is %q, want %q", i, v.OBIS, have[v.OBIS], v.Value+v.Unit)
			}
			delete(have, v.OBIS)
			values++
		}
		if len(have) > 0 {
			t.Errorf("message %d: objects that nobody expects: %v", i, have)
		}
		values += compareReading(t, got[i].reading, m.Reading, m.May)
		if id := fmt.Sprint(got[i].reading["powerSn"]); len(m.IDs) > 0 && len(m.Reading) > 0 && !slices.Contains(m.IDs, id) {
			t.Errorf("message %d: powerSn %s, want one of %v", i, id, m.IDs)
		}
		if ts := fmt.Sprint(got[i].reading["powerTs"]); len(m.Times) > 0 && len(m.Reading) > 0 && !slices.Contains(m.Times, ts) {
			t.Errorf("message %d: powerTs %s, want one of %v", i, ts, m.Times)
		}
	}
	return values
}

func compareReading(t *testing.T, got map[string]any, want map[string]float64, may map[string][]float64) (values int) {
	for field, v := range want {
		if f, ok := got[field].(float64); !ok || math.Abs(f-v) > 1e-9 {
			t.Errorf("%s is %v, want %v", field, got[field], v)
		}
		values++
	}
	for field, v := range got {
		f, isNumber := v.(float64)
		if _, ok := want[field]; ok || !isNumber {
			continue
		}
		if allowed, ok := may[field]; ok {
			if !slices.ContainsFunc(allowed, func(a float64) bool { return math.Abs(a-f) < 1e-9 }) {
				t.Errorf("%s is %v, want one of %v or none", field, f, allowed)
			}
			continue
		}
		if slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(field, k) }) {
			t.Errorf("%s is %v and nobody expects it", field, f)
		}
	}
	return values
}
