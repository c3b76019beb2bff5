package decode_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads every telegram of testdata and compares what came out:
// verdict, objects bracket for bracket, and the reading as the JSON socket
// sends it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("../dsmr/testdata/telegrams/*.*")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d telegrams, %v", len(files), err)
	}
	encrypted, err := filepath.Glob("../dsmr/testdata/encrypted/*.bin")
	if err != nil || len(encrypted) == 0 {
		t.Fatal(encrypted, err)
	}
	keys := keysOf(t)
	for _, file := range append(files, encrypted...) {
		if strings.HasSuffix(file, ".tsv") || strings.HasSuffix(file, ".md") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := describe(t, file, keys[filepath.Base(file)])
			golden := filepath.Join("../dsmr/testdata/golden", filepath.Base(file)+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-golden +got)\n%s", diff)
			}
		})
	}
}

// keysOf are the keys of the encrypted files, as their index tells them.
func keysOf(t *testing.T) map[string]cipher.Keys {
	t.Helper()
	index, err := os.ReadFile("../dsmr/testdata/encrypted/index.tsv")
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]cipher.Keys)
	for row := range strings.Lines(string(index)) {
		name, _, _ := strings.Cut(row, "\t")
		keys[name] = keysIn(t, row)
	}
	return keys
}

// keysIn are the keys that a row of an index names.
func keysIn(t *testing.T, row string) (k cipher.Keys) {
	t.Helper()
	var err error
	for _, word := range strings.FieldsFunc(row, func(r rune) bool { return r <= ' ' || r == ';' || r == ',' }) {
		if text, found := strings.CutPrefix(word, "key="); found {
			k.Key, err = cipher.ParseKey(text)
		} else if text, found := strings.CutPrefix(word, "ak="); found {
			k.AAD, err = cipher.ParseAAD(text)
		}
		if err != nil {
			t.Fatalf("%s: %v", row, err)
		}
	}
	return k
}

func describe(t *testing.T, file string, keys cipher.Keys) []byte {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := decode.NewReader(decode.Options{Keys: keys, Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }})
	r.Reset(bytes.NewReader(data))
	d := &derive.Deriver{Zone: amsterdam}
	for {
		m, more := r.Next()
		if !more {
			break
		}
		if isOfFrame(m.Err) {
			fmt.Fprintf(&out, "frame: %v\n", m.Err)
		} else if m.Way != 0 {
			fmt.Fprintf(&out, "frame of %s, verified by %s\n", m.Maker, m.Way)
		}
		if m.Reading == nil {
			continue
		}
		verdict := "good"
		if m.Err != nil {
			verdict = m.Err.Error()
		}
		fmt.Fprintf(&out, "checksum %s, %s; standard %q, tariffs %d\n", m.Telegram.Checksum, verdict, m.Reading.Standard, m.Reading.Tariffs)
		for o := range dsmr.Objects(m.Telegram.Body()) {
			fmt.Fprintf(&out, "%s", meter.AppendText(nil, o.OBIS))
			for _, v := range o.Values {
				fmt.Fprintf(&out, " %s", meter.AppendText(nil, v))
			}
			if _, ok := dsmr.Meaning(o.OBIS); !ok {
				fmt.Fprint(&out, " unknown")
			}
			fmt.Fprintln(&out)
		}
		for _, line := range r.Odd() {
			fmt.Fprintf(&out, "odd: %s\n", meter.AppendText(nil, line))
		}
		d.Apply(m.Reading)
		fmt.Fprintf(&out, "%s\n", strings.ReplaceAll(string(m.Reading.AppendJSON(nil, amsterdam)), ",\"", ",\n  \""))
	}
	if f := r.Frames(); f.Frames > 0 { // none is refused: the Reader is not Strict
		fmt.Fprintf(&out, "{Frames:%d Decrypted:%d NoKey:%d WrongKey:%d Damaged:%d Repeats:%d}\n", f.Frames, f.Decrypted, f.NoKey, f.WrongKey, f.Damaged, f.Repeats)
	}
	stats := r.Stats()
	fmt.Fprintf(&out, "%+v\n", stats)
	return out.Bytes()
}
