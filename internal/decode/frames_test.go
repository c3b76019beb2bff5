package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
)

// frameFacts are what a file of real frames says beside its octets.
type frameFacts struct {
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

// result is a message as the program would tell it.
type result struct {
	objects map[string]string
	reading map[string]any
}

// decodeStream reads all messages of a stream.
func decodeStream(t *testing.T, data []byte, key, auth string, each func(result)) {
	keys := cipher.Keys{}
	var err error
	if keys.Key, err = cipher.ParseKey(key); err != nil {
		t.Fatal(err)
	}
	if keys.AAD, err = cipher.ParseAAD(auth); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	r := decode.NewReader(decode.Options{Keys: keys, Now: func() time.Time { return at }})
	r.Reset(bytes.NewReader(data))
	for m, ok := r.Next(); ok; m, ok = r.Next() {
		if m.Pushed == nil {
			continue
		}
		out := result{objects: map[string]string{}, reading: map[string]any{}}
		for i := range m.Pushed.Objects {
			if o := &m.Pushed.Objects[i]; o.Type != cosem.Absent {
				out.objects[o.Code.String()] = string(o.AppendValue(nil)) + unitText(o)
			}
		}
		if m.Err == nil {
			full := *m.Reading
			(&derive.Deriver{}).Apply(&full)
			if err := json.Unmarshal(full.AppendJSON(nil, time.UTC), &out.reading); err != nil {
				t.Fatal(err)
			}
		}
		each(out)
	}
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
			var want frameFacts
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

func compare(t *testing.T, want *frameFacts, data []byte) (values int) {
	var got []result
	decodeStream(t, data, want.Key, want.Auth, func(r result) { got = append(got, r) })
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

// TestRealFramesDamaged puts each file behind noise and behind a damaged copy of
// itself: what is good is read, and nothing is read that is not in the file.
func TestRealFramesDamaged(t *testing.T) {
	folder := os.Getenv("SMARTMETER_FRAMES")
	if folder == "" {
		t.Skip("SMARTMETER_FRAMES names no folder of real frames")
	}
	files, _ := filepath.Glob(filepath.Join(folder, "expected", "*.json"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var facts frameFacts
			if err := json.Unmarshal(text, &facts); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(folder, name+".bin"))
			if err != nil {
				t.Fatal(err)
			}
			messages := func(stream []byte) map[string]int {
				all := map[string]int{}
				decodeStream(t, stream, facts.Key, facts.Auth, func(r result) { all[fmt.Sprint(r.objects)]++ })
				return all
			}
			want := messages(data)
			if data[0] == 0x0F || len(want) == 0 {
				t.Skip("nothing to find again: it has no check, or no message")
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range 60 {
				noise := make([]byte, random.IntN(40))
				for i := range noise {
					noise[i] = byte(random.Uint32())
				}
				bad := bytes.Clone(data)
				switch at := random.IntN(len(bad)); random.IntN(3) {
				case 0:
					bad[at] ^= 1 << random.IntN(8)
				case 1:
					bad = bad[:at]
				case 2:
					bad = append(bad[:at], bad[min(len(bad), at+1+random.IntN(9)):]...)
				}
				got := messages(slices.Concat(noise, bad, data))
				for m := range want {
					if got[m] == 0 {
						t.Errorf("behind %x and %x: %s is lost", noise, bad, m)
					}
				}
				for m := range got {
					if want[m] == 0 {
						t.Errorf("behind %x and %x: %s is read", noise, bad, m)
					}
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}
