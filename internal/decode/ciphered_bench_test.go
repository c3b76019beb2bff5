package decode_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// frames is a line that sends a telegram in frames for ever. Their counter
// runs to 63 and begins anew, as after a change of the key.
func frames(e *simulate.Encrypter, telegram []byte) io.Reader {
	var data []byte
	for e.Counter = 0; e.Counter < 64; {
		data = e.AppendFrame(data, telegram)
	}
	return &endless{data: data}
}

// BenchmarkEncrypted is the way from an encrypted line to the reading: open,
// frame, checksum, parse.
func BenchmarkEncrypted(b *testing.B) {
	for _, sample := range append(samples, struct{ name, file string }{"Luxembourg", "lu-smarty-6b4a.txt"}) {
		b.Run(sample.name, func(b *testing.B) {
			data := load(b, sample.file)
			e, keys := line()
			r := decode.NewReader(decode.Options{Keys: keys})
			r.Reset(frames(e, data))
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

// TestDecryptingAllocatesNothing: neither does a line that is encrypted,
// whatever the way in which it is verified, nor one whose frames are dropped.
func TestDecryptingAllocatesNothing(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*simulate.Encrypter, *cipher.Keys)
		gives  bool
	}{
		{"tag", func(*simulate.Encrypter, *cipher.Keys) {}, true},
		{"tag without authentication key", func(e *simulate.Encrypter, _ *cipher.Keys) { e.NoAAD = true }, true},
		{"wrong authentication key", func(e *simulate.Encrypter, _ *cipher.Keys) { e.AuthKey[0]++ }, true},
		{"no tag", func(e *simulate.Encrypter, _ *cipher.Keys) { e.Control = 0x20 }, true},
		{"authenticated only", func(e *simulate.Encrypter, _ *cipher.Keys) { e.Control = 0x10 }, true},
		{"wrong key", func(e *simulate.Encrypter, _ *cipher.Keys) { e.Key[0]++ }, false},
		{"no key", func(_ *simulate.Encrypter, k *cipher.Keys) { k.Key = nil }, false},
	} {
		data := load(t, "lu-smarty-6b4a.txt")
		e, keys := line()
		test.change(e, &keys)
		const plain = 100 // bytes between frames, so that every Read returns
		noise := bytes.Repeat([]byte{0}, plain)
		var stream []byte
		for e.Counter = 0; e.Counter < 64; {
			stream = append(e.AppendFrame(stream, data), noise...)
		}
		r := decode.NewReader(decode.Options{Keys: keys, Raw: func([]byte, bool) {}})
		r.Reset(&endless{data: stream})
		step := func() {
			if m, more := r.Next(); !more || (m.Err == nil) != test.gives {
				t.Fatalf("%s: %v", test.name, m.Err)
			}
		}
		for range 10 {
			step()
		}
		if got := testing.AllocsPerRun(1000, step); got != 0 {
			t.Errorf("%s: %v allocations a read, want 0", test.name, got)
		}
		if gives := r.Frames().Decrypted > 0; gives != test.gives || r.Frames().Frames < 100 {
			t.Errorf("%s: %+v", test.name, r.Frames())
		}
	}
}

// TestEncryptedLine goes from a simulated meter to readings, without an
// allocation once it runs.
func TestEncryptedLine(t *testing.T) {
	e, keys := line()
	r := decode.NewReader(decode.Options{Keys: keys})
	r.Reset(frames(e, load(t, "lu-smarty-6b4a.txt")))
	step := func() {
		if m, more := r.Next(); !more || m.Err != nil || m.Telegram.Checksum != meter.ChecksumValid {
			t.Fatal(m.Err, r.Err())
		}
	}
	step()
	if got := testing.AllocsPerRun(1000, step); got != 0 {
		t.Errorf("%v allocations a telegram, want 0", got)
	}
	if s := r.Stats(); s.Skipped+s.Cut > 0 {
		t.Errorf("counters: %+v", s)
	}
}

// TestSimulatedLuxembourg is a household in Luxembourg: telegrams of its own
// each ten seconds, every one encrypted.
func TestSimulatedLuxembourg(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := simulate.New(simulate.Options{Standard: simulate.Smarty, Seed: 3, Start: start})
	e, keys := line()
	var wire bytes.Buffer
	w := e.Writer(&wire)
	var want []string
	for n := range 30 {
		telegram := m.Telegram(start.Add(time.Duration(n) * 10 * time.Second))
		want = append(want, string(telegram))
		if _, err := w.Write(telegram); err != nil {
			t.Fatal(err)
		}
	}
	got := decrypt(t, &wire, keys)
	if list := valid(got.Out); len(list) != len(want) {
		t.Fatalf("%d telegrams, want %d", len(list), len(want))
	}
	for i, telegram := range valid(got.Out) {
		if telegram != want[i] {
			t.Errorf("got %q, want %q", telegram, want[i])
		}
	}
}
