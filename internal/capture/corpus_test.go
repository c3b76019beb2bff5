package capture_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// sample is a file of the corpus, as a capture.
type sample struct {
	name string
	data []byte
	keys cipher.Keys
}

// corpus is every telegram and stream that the project has.
func corpus(t testing.TB) []sample {
	t.Helper()
	var all []sample
	for _, pattern := range []string{"dsmr/testdata/telegrams/*.*", "dsmr/testdata/encrypted/*.bin", "simulate/testdata/*.txt", "app/testdata/*.txt"} {
		files, err := filepath.Glob("../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, ".tsv") {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, sample{name: filepath.Base(file), data: data})
		}
	}
	keys := keysOf(t)
	for i := range all {
		all[i].keys = keys[all[i].name]
	}
	return all
}

var keyed = regexp.MustCompile(`(?m)^(\S+)\t.*?\bkey=([0-9A-Fa-f]{32})(?:[; ,]+ak=([0-9A-Fa-f]{32}))?`)

// keysOf are the keys of the encrypted files.
func keysOf(t testing.TB) map[string]cipher.Keys {
	index, err := os.ReadFile("../dsmr/testdata/encrypted/index.tsv")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]cipher.Keys{}
	for _, row := range keyed.FindAllStringSubmatch(string(index), -1) {
		key, err := cipher.ParseKey(row[2])
		if err != nil {
			t.Fatal(err)
		}
		aad, err := cipher.ParseAAD(row[3])
		if err != nil {
			t.Fatal(err)
		}
		keys[row[1]] = cipher.Keys{Key: key, AAD: aad}
	}
	if len(keys) == 0 {
		t.Fatal("no keys")
	}
	return keys
}

// inPieces is a capture of data that came n bytes at a time.
func inPieces(data []byte, n int) *capture.Capture {
	c := &capture.Capture{Records: []capture.Record{{Kind: capture.Opened}}}
	for len(data) > 0 {
		m := min(n, len(data))
		c.Records = append(c.Records, capture.Record{At: time.Duration(len(c.Records)) * time.Millisecond, Data: data[:m:m]})
		data = data[m:]
	}
	return c
}

// understood is what the program makes of a telegram, its identifiers aside.
type understood struct {
	Verdict string
	Good    bool
	JSON    string
	Odd     int
	Objects []string
}

var identifiers = regexp.MustCompile(`"(header|powerSn|[a-zA-Z]+Sn|textMessage|messageCode)":"(?:[^"\\]|\\.)*",?`)

// understand parses a stream, and returns the identifiers in it apart.
func understand(data []byte, keys cipher.Keys) (list []understood, ids []string) {
	zone := time.FixedZone("CET", 3600)
	reader := decode.NewReader(decode.Options{Keys: keys, Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }})
	reader.Reset(bytes.NewReader(data))
	for {
		m, more := reader.Next()
		if !more {
			return list, ids
		}
		if m.Reading == nil {
			continue
		}
		telegram, r, err := m.Telegram, m.Reading, m.Err
		ids = append(ids, r.EquipmentID)
		for _, c := range r.Channels {
			ids = append(ids, c.ID, c.EAN)
		}
		u := understood{Verdict: telegram.Checksum.String(), Good: err == nil}
		if list = append(list, u); err != nil {
			continue // nothing of it stays
		}
		u.Odd, u.JSON = r.Odd, identifiers.ReplaceAllString(string(r.AppendJSON(nil, zone)), "")
		for o := range dsmr.Objects(telegram.Body()) {
			u.Objects = append(u.Objects, string(meter.AppendText(nil, o.OBIS)))
		}
		list[len(list)-1] = u
	}
}
