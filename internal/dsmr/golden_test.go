package dsmr_test

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

	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var update = flag.Bool("update", false, "write the golden files anew")

var amsterdam = time.FixedZone("CET", 3600)

// TestGolden reads every telegram of testdata and compares what came out:
// verdict, objects bracket for bracket, and the reading as the JSON socket
// sends it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/telegrams/*.*")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d telegrams, %v", len(files), err)
	}
	encrypted, err := filepath.Glob("testdata/encrypted/*.bin")
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
			golden := filepath.Join("testdata/golden", filepath.Base(file)+".golden")
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
func keysOf(t *testing.T) map[string]dsmr.Keys {
	t.Helper()
	index, err := os.ReadFile("testdata/encrypted/index.tsv")
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]dsmr.Keys)
	for row := range strings.Lines(string(index)) {
		name, _, _ := strings.Cut(row, "\t")
		keys[name] = keysIn(t, row)
	}
	return keys
}

// keysIn are the keys that a row of an index names.
func keysIn(t *testing.T, row string) (k dsmr.Keys) {
	t.Helper()
	var err error
	for _, word := range strings.FieldsFunc(row, func(r rune) bool { return r <= ' ' || r == ';' || r == ',' }) {
		if text, found := strings.CutPrefix(word, "key="); found {
			k.Key, err = dsmr.ParseKey(text)
		} else if text, found := strings.CutPrefix(word, "ak="); found {
			k.AAD, err = dsmr.ParseAAD(text)
		}
		if err != nil {
			t.Fatalf("%s: %v", row, err)
		}
	}
	return k
}

func describe(t *testing.T, file string, keys dsmr.Keys) []byte {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	decrypter := dsmr.NewDecrypter(bytes.NewReader(data), keys)
	decrypter.Notify = func(n dsmr.Notice) {
		if n.Err != nil {
			fmt.Fprintf(&out, "frame: %v\n", n.Err)
		} else {
			fmt.Fprintf(&out, "frame of %s, verified by %s\n", n.Maker, n.Way)
		}
	}
	s := dsmr.NewScanner(decrypter)
	p := new(dsmr.Parser)
	d := &derive.Deriver{Zone: amsterdam}
	for s.Scan() {
		telegram := s.Telegram()
		r, err := p.Parse(telegram, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		verdict := "good"
		if err != nil {
			verdict = err.Error()
		}
		fmt.Fprintf(&out, "checksum %s, %s; standard %q, tariffs %d\n", telegram.Checksum, verdict, r.Standard, r.Tariffs)
		for o := range dsmr.Objects(telegram.Body()) {
			fmt.Fprintf(&out, "%s", meter.AppendText(nil, o.OBIS))
			for _, v := range o.Values {
				fmt.Fprintf(&out, " %s", meter.AppendText(nil, v))
			}
			if _, ok := dsmr.Meaning(o.OBIS); !ok {
				fmt.Fprint(&out, " unknown")
			}
			fmt.Fprintln(&out)
		}
		for _, line := range p.Odd() {
			fmt.Fprintf(&out, "odd: %s\n", meter.AppendText(nil, line))
		}
		d.Apply(r)
		fmt.Fprintf(&out, "%s\n", strings.ReplaceAll(string(r.AppendJSON(nil, amsterdam)), ",\"", ",\n  \""))
	}
	if f := decrypter.Stats(); f.Frames > 0 { // none is refused: the Decrypter is not Strict
		fmt.Fprintf(&out, "{Frames:%d Decrypted:%d NoKey:%d WrongKey:%d Damaged:%d Repeats:%d}\n", f.Frames, f.Decrypted, f.NoKey, f.WrongKey, f.Damaged, f.Repeats)
	}
	stats := s.Stats()
	fmt.Fprintf(&out, "%+v\n", stats)
	return out.Bytes()
}
