package decode_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

var start = time.Date(2026, 6, 21, 10, 59, 40, 0, time.UTC)

// pushLine is the line of a simulated meter that pushes.
type pushLine struct {
	reader *decode.Reader
	at     time.Time
}

func newPushLine() *pushLine {
	l := &pushLine{at: start}
	keys := cipher.Keys{Key: []byte("@ABCDEFGHIJKLMNO"), AAD: []byte("abcdefghijklmnop")}
	l.reader = decode.NewReader(decode.Options{Keys: keys, Now: func() time.Time { return l.at }})
	return l
}

// read decodes a stream. The readings are valid until the next one.
func (l *pushLine) read(line io.Reader, at time.Time, each func(*meter.Reading)) {
	l.at = at
	l.reader.Reset(line)
	for m, ok := l.reader.Next(); ok; m, ok = l.reader.Next() {
		if m.Err == nil && m.Reading != nil {
			each(m.Reading)
		}
	}
}

// readings decodes a stream and returns copies.
func (l *pushLine) readings(data []byte, at time.Time) (all []meter.Reading) {
	l.read(bytes.NewReader(data), at, func(r *meter.Reading) { all = append(all, *r) })
	return all
}

// parity is how much less exactly than P1 text a form may print a quantity:
// P1 has 0.001 kWh, 0.001 kW, 0.1 V and 0.1 A or finer.
var parity = map[meter.Unit]float64{meter.KilowattHour: 0.0101, meter.KilovarHour: 0.0101, meter.Kilowatt: 0.00051,
	meter.Kilovar: 0.00051, meter.Volt: 0.56, meter.Ampere: 0.11, meter.Hertz: 0.06, meter.UnitNone: 0.0051}

// TestSameHousehold reads one household by P1 text and by each push: what both
// have is the same.
func TestSameHousehold(t *testing.T) {
	for p := range simulate.NumPushes {
		t.Run(simulate.Pushes[p].Name, func(t *testing.T) {
			options := simulate.Options{Seed: 7, Start: start, Zone: time.UTC}
			push := simulate.NewPush(p, options)
			options.Standard = simulate.H1
			text, parser := simulate.New(options), new(dsmr.Parser)
			l := newPushLine()
			compared := map[meter.Quantity]bool{}
			for i := range 60 {
				now := start.Add(time.Duration(i) * 10 * time.Second)
				got := l.readings(push.Message(now), now)
				if len(got) != 1 {
					t.Fatalf("%s: %d readings of one message", now, len(got))
				}
				s := frame.NewScanner(bytes.NewReader(text.Telegram(now)))
				s.Scan()
				want, err := parser.Parse(s.Frame().Telegram, now)
				if err != nil {
					t.Fatal(err)
				}
				if !got[0].Time.IsZero() && got[0].Time.Wall() != want.Time.Wall() {
					t.Errorf("%s: the meter's time is %v, want %v", now, got[0].Time, want.Time)
				}
				for q := range meter.NumQuantities {
					a, ok := got[0].Values.Get(q)
					b, both := want.Values.Get(q)
					if !ok || !both {
						continue
					}
					limit := parity[meter.Quantities[q].Unit]
					if p == simulate.SMLLocked {
						limit = 1
					}
					if d := a.Float64() - b.Float64(); d > limit || d < -limit {
						t.Errorf("%s: %s is %s, P1 says %s", now, meter.Quantities[q].JSON, a, b)
					}
					compared[q] = true
				}
			}
			want := []meter.Quantity{meter.PowerImport, meter.PowerExport, meter.EnergyImportTotal, meter.EnergyExportTotal}
			if p == simulate.SMLLocked {
				want = want[2:]
			}
			for _, q := range want {
				if !compared[q] {
					t.Errorf("no message had %s", meter.Quantities[q].JSON)
				}
			}
		})
	}
}

// TestMutated damages messages: what is read is what was sent, or nothing.
func TestMutatedPush(t *testing.T) {
	for p := range simulate.NumPushes {
		t.Run(simulate.Pushes[p].Name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(p)))
			push := simulate.NewPush(p, simulate.Options{Seed: 3, Start: start})
			message := push.Message(start)
			want := newPushLine().readings(message, start)
			if len(want) != 1 {
				t.Fatalf("%d readings of a message that is whole", len(want))
			}
			for range 2000 {
				damaged := damage(bytes.Clone(message), random)
				for _, got := range newPushLine().readings(damaged, start) {
					if got.Checksum != meter.ChecksumAbsent && !reflect.DeepEqual(got, want[0]) {
						t.Fatalf("% X gives another reading", damaged)
					}
				}
			}
		})
	}
}

// damage changes up to three octets, or takes some out, or puts some in.
func damage(p []byte, random *rand.Rand) []byte {
	for range 1 + random.IntN(3) {
		at := random.IntN(len(p))
		switch random.IntN(4) {
		case 0:
			p = append(p[:at], p[min(at+1+random.IntN(4), len(p)):]...)
		case 1:
			p = append(p[:at:at], append([]byte{byte(random.Uint32())}, p[at:]...)...)
		default:
			p[at] ^= 1 << random.IntN(8)
		}
		if len(p) == 0 {
			return p
		}
	}
	return p
}

// BenchmarkPush is the way from bytes to reading: frame, check, join, decrypt,
// decode. The issues' limits are 5 us for the 27 objects of aidon-se, 7 us where
// it decrypts (kamstrup), and 3 us for SML.
func BenchmarkPush(b *testing.B) {
	for p, info := range simulate.Pushes {
		push := simulate.NewPush(simulate.Push(p), simulate.Options{Seed: 3})
		var data []byte
		const many = 64 // with counters that begin anew, as after a change of the key
		for i := range many {
			data = push.AppendMessage(data, start.Add(time.Duration(i+1)*10*time.Second))
		}
		b.Run(info.Name, func(b *testing.B) {
			l := newPushLine()
			l.reader.Reset(&endless{data: data})
			b.SetBytes(int64(len(data) / many))
			b.ReportAllocs()
			for b.Loop() {
				if m, ok := l.reader.Next(); !ok || m.Err != nil {
					b.Fatal(m.Err)
				}
			}
		})
	}
}

// TestSteadyStateAllocatesNothing guards that a year of messages costs no
// memory.
func TestPushAllocatesNothing(t *testing.T) {
	for p := range simulate.NumPushes {
		push := simulate.NewPush(p, simulate.Options{Seed: 3})
		var data []byte
		for i := range 300 { // encrypted messages count, so that each is another one
			data = push.AppendMessage(data, start.Add(time.Duration(i)*time.Second))
		}
		l, n := newPushLine(), 0
		l.reader.Reset(bytes.NewReader(data))
		step := func() {
			if m, ok := l.reader.Next(); ok && m.Err == nil && m.Reading != nil {
				n++
			}
		}
		for range 20 {
			step()
		}
		if got := testing.AllocsPerRun(200, step); got != 0 || n < 200 {
			t.Errorf("%s: %v allocations a message, want 0", simulate.Pushes[p].Name, got)
		}
	}
}

// outcome of a stream of pushes: its readings as JSON, and what passed to the
// raw socket.
type pushOutcome struct {
	Readings []string
	Raw      string
	Stats    frame.Stats
}

func readPushes(data []byte, size int) (o pushOutcome) {
	keys := cipher.Keys{Key: []byte("@ABCDEFGHIJKLMNO"), AAD: []byte("abcdefghijklmnop")}
	r := decode.NewReader(decode.Options{Keys: keys, Now: func() time.Time { return start }, Raw: func(p []byte, _ bool) { o.Raw += string(p) }})
	r.Reset(&pieces{data, size})
	for m, ok := r.Next(); ok; m, ok = r.Next() {
		if m.Err == nil && m.Reading != nil {
			o.Readings = append(o.Readings, string(m.Reading.AppendJSON(nil, time.UTC)))
		}
	}
	o.Stats = r.Stats()
	return o
}

// pieces gives its data so many bytes at a time.
type pieces struct {
	data []byte
	size int
}

func (p *pieces) Read(to []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(to[:min(len(to), p.size)], p.data)
	p.data = p.data[n:]
	return n, nil
}

// TestPushesHoweverCut reads streams of several meters, damaged and with noise
// in between, as a whole and in pieces: readings, counters and raw bytes are
// the same, and what was not damaged is read.
func TestPushesHoweverCut(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 5))
		var stream []byte
		whole := map[string]bool{}
		for range 6 {
			kind := simulate.Push(random.IntN(int(simulate.NumPushes)))
			if kind == simulate.SagemcomRaw || simulate.Pushes[kind].Encrypted { // which has no check, or whose counters go back
				continue
			}
			message := simulate.NewPush(kind, simulate.Options{Seed: seed, Start: start}).Message(start.Add(time.Duration(random.IntN(5000)) * time.Second))
			want := readPushes(message, len(message)).Readings
			switch random.IntN(3) {
			case 0:
				stream = append(stream, damage(bytes.Clone(message), random)...)
			case 1:
				stream = append(stream, simulate.Noise(seed, random.IntN(200))...)
				fallthrough
			default:
				stream = append(stream, message...)
				whole[want[0]] = true
			}
		}
		at := readPushes(stream, len(stream)+1)
		for _, size := range []int{1, 7, 100} {
			got := readPushes(stream, size)
			if !slices.Equal(got.Readings, at.Readings) || got.Raw != at.Raw || got.Stats != at.Stats {
				t.Fatalf("seed %d in pieces of %d:\n%+v\nwant\n%+v", seed, size, got.Stats, at.Stats)
			}
		}
		if at.Raw != string(stream) {
			t.Errorf("seed %d: the raw bytes are %d, want all %d", seed, len(at.Raw), len(stream))
		}
		read := map[string]bool{}
		for _, r := range at.Readings {
			read[r] = true
		}
		for want := range whole {
			if !read[want] {
				t.Errorf("seed %d: a whole message was lost: %s", seed, want)
			}
		}
	}
}
