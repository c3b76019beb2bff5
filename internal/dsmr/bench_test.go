package dsmr_test

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

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

var samples = []struct{ name, file string }{
	{"DSMR22", "nl-22-iskra-mt382-1003-a.txt"},
	{"DSMR5", "nl-50-sagemcom-de4a.txt"},
	{"Belgian", "be-lg-e660-024f.txt"},
}

func load(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/telegrams/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// BenchmarkTelegram is the way from bytes to reading: frame, checksum, parse.
func BenchmarkTelegram(b *testing.B) {
	for _, sample := range samples {
		b.Run(sample.name, func(b *testing.B) {
			data := load(b, sample.file)
			s, p, now := dsmr.NewScanner(&endless{data: data}), new(dsmr.Parser), time.Now()
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if !s.Scan() {
					b.Fatal(s.Err())
				}
				if _, err := p.Parse(s.Telegram(), now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFloor is what no reader of telegrams can go below: the checksum
// and one look at every line.
func BenchmarkFloor(b *testing.B) {
	for _, sample := range samples {
		b.Run(sample.name, func(b *testing.B) {
			data := load(b, sample.file)
			b.SetBytes(int64(len(data)))
			sum, count := 0, 0
			for b.Loop() {
				sum += int(dsmr.Checksum(data))
				for rest := data; ; count++ {
					i := bytes.IndexByte(rest, '\n')
					if i < 0 {
						break
					}
					rest = rest[i+1:]
				}
			}
			if sum+count == 0 {
				b.Fatal("nothing was done")
			}
		})
	}
}

// TestSteadyStateAllocatesNothing guards that a year of telegrams a second
// costs no memory.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, sample := range samples {
		s, p, now := dsmr.NewScanner(&endless{data: load(t, sample.file)}), new(dsmr.Parser), time.Now()
		var sum meter.Value
		step := func() {
			if !s.Scan() {
				t.Fatal(io.ErrUnexpectedEOF)
			}
			r, err := p.Parse(s.Telegram(), now)
			if err != nil {
				t.Fatal(err)
			}
			v, _ := r.Values.Get(meter.PowerImport)
			sum = sum.Add(v)
		}
		step()
		if got := testing.AllocsPerRun(1000, step); got != 0 {
			t.Errorf("%s: %v allocations a telegram, want 0", sample.name, got)
		}
	}
}
