package decode_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var corpus = flag.String("telegrams", "../dsmr/testdata/telegrams", "folder with telegrams and an index.tsv that tells of each whether its checksum is right")

// TestCorpus reads every telegram of an index and holds it against what the
// index says: a right checksum gives a reading, a wrong one none, a telegram
// without one a reading that no other could correct. Streams have so many good
// ones, and a file in hex is the file beside it.
func TestCorpus(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(*corpus, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(index)), "\n")
	const least = 80
	if len(rows) < least {
		t.Fatalf("%d rows, want %d at least", len(rows), least)
	}
	for _, row := range rows[1:] {
		column := strings.Split(row, "\t")
		name, sum, notes := column[0], column[5], column[6]
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(*corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(filepath.Join(*corpus, strings.TrimSuffix(name, ".bin")+".hex")); err == nil {
				if plain, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), "")); err != nil || !bytes.Equal(plain, data) {
					t.Errorf("the hex file is another one: %v", err)
				}
			}
			r := decode.NewReader(decode.Options{Keys: keysIn(t, notes)})
			r.Reset(bytes.NewReader(data))
			var count [3]int
			for {
				m, more := r.Next()
				if !more {
					break
				}
				if m.Reading == nil {
					continue
				}
				telegram, err := m.Telegram, m.Err
				if !telegram.Truncated {
					count[telegram.Checksum]++
				}
				if telegram.Checksum == meter.ChecksumValid && (err != nil || m.Reading.Header == "" || len(r.Odd()) > 0) {
					t.Errorf("a good telegram gives header %q, %v, odd lines %q", m.Reading.Header, err, r.Odd())
				}
				if telegram.Checksum == meter.ChecksumInvalid && err == nil {
					t.Error("a reading of a telegram whose checksum is wrong")
				}
			}
			want, ok := expected(sum)
			if strings.Contains(notes, "only fits after CRLF is restored") {
				want = 1
			}
			if valid := count[meter.ChecksumValid]; ok && valid != want {
				t.Errorf("%d telegrams with a right checksum, want %d (%s)", valid, want, sum)
			}
			if sum == "none" && strings.HasSuffix(name, ".txt") && count[meter.ChecksumAbsent] != 1 {
				t.Errorf("%d telegrams without checksum, want 1", count[meter.ChecksumAbsent])
			}
		})
	}
}

var validFrames = regexp.MustCompile(`^(\d+) valid frames?`)

// expected is how many telegrams have a right checksum, by the index.
func expected(sum string) (n int, ok bool) {
	switch {
	case sum == "yes":
		return 1, true
	case sum == "no", sum == "none":
		return 0, true
	}
	m := validFrames.FindStringSubmatch(sum)
	if m == nil {
		return 0, false
	}
	_, err := fmt.Sscan(m[1], &n)
	return n, err == nil
}
