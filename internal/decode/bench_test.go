package decode_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var samples = []struct{ name, file string }{
	{"DSMR22", "nl-22-iskra-mt382-1003-a.txt"},
	{"DSMR5", "nl-50-sagemcom-de4a.txt"},
	{"Belgian", "be-lg-e660-024f.txt"},
}

// BenchmarkTelegram is the way from bytes to reading: frame, checksum, parse.
func BenchmarkTelegram(b *testing.B) {
	for _, sample := range samples {
		b.Run(sample.name, func(b *testing.B) {
			data := load(b, sample.file)
			r := decode.NewReader(decode.Options{Now: func() time.Time { return time.Time{} }})
			r.Reset(&endless{data: data})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if m, more := r.Next(); !more || m.Err != nil {
					b.Fatal(m.Err, r.Err())
				}
			}
		})
	}
}

// BenchmarkFloor is what a reader of telegrams is measured by: the checksum
// by the usual eight tables, and one look at every line, without any meaning.
func BenchmarkFloor(b *testing.B) {
	var tables [8][256]uint16
	for i := range 256 {
		tables[0][i] = frame.Checksum([]byte{byte(i)})
	}
	for k := 1; k < 8; k++ {
		for i := range 256 {
			crc := tables[k-1][i]
			tables[k][i] = crc>>8 ^ tables[0][crc&0xFF]
		}
	}
	for _, sample := range samples {
		b.Run(sample.name, func(b *testing.B) {
			data := load(b, sample.file)
			b.SetBytes(int64(len(data)))
			sum, count := 0, 0
			for b.Loop() {
				sum += int(slicingBy8(&tables, data))
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

func slicingBy8(t *[8][256]uint16, p []byte) uint16 {
	var crc uint16
	for len(p) >= 8 {
		crc = t[7][p[0]^byte(crc)] ^ t[6][p[1]^byte(crc>>8)] ^ t[5][p[2]] ^ t[4][p[3]] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]]
		p = p[8:]
	}
	for _, b := range p {
		crc = crc>>8 ^ t[0][byte(crc)^b]
	}
	return crc
}

// TestSteadyStateAllocatesNothing guards that a year of telegrams a second
// costs no memory.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, sample := range samples {
		r := decode.NewReader(decode.Options{Raw: func([]byte, bool) {}})
		r.Reset(&endless{data: load(t, sample.file)})
		var sum meter.Value
		step := func() {
			m, more := r.Next()
			if !more || m.Err != nil {
				t.Fatal(m.Err, r.Err())
			}
			v, _ := m.Reading.Values.Get(meter.PowerImport)
			sum = sum.Add(v)
		}
		step()
		if got := testing.AllocsPerRun(1000, step); got != 0 {
			t.Errorf("%s: %v allocations a telegram, want 0", sample.name, got)
		}
	}
}
