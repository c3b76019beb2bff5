package decode_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func TestFrameCounter(t *testing.T) {
	for _, test := range []struct {
		name      string
		counters  []uint32
		delivered []uint32 // those of the counters whose frame was new
	}{
		{"one by one", []uint32{7, 8, 9}, []uint32{7, 8, 9}},
		{"frames lost on the way", []uint32{7, 9, 500, 0xFFFFFFFF}, []uint32{7, 9, 500, 0xFFFFFFFF}},
		{"from zero", []uint32{0, 1, 2}, []uint32{0, 1, 2}},
		{"unchanged", []uint32{7, 7, 7, 8}, []uint32{7, 8}},
		{"a buffer comes again", []uint32{1000, 1001, 1002, 1003, 1000, 1001, 1002, 1003, 1004}, []uint32{1000, 1001, 1002, 1003, 1004}},
		{"a buffer comes again, a low counter", []uint32{20, 21, 22, 23, 20, 21, 22, 23, 24}, []uint32{20, 21, 22, 23, 24}},
		{"new key", []uint32{370000, 370001, 0, 1, 2}, []uint32{370000, 370001, 0, 1, 2}},
		{"new key, the first frames missed", []uint32{370000, 100, 101}, []uint32{370000, 100, 101}},
		{"new key soon after another", []uint32{40, 3, 4}, []uint32{40, 3, 4}},
		{"new key at once after another", []uint32{10, 0, 5, 10, 11}, []uint32{10, 11}},
		{"low enough to be sure", []uint32{16, 0, 1}, []uint32{16, 0, 1}},
		{"a step less", []uint32{16, 1, 2, 17}, []uint32{16, 17}},
		{"less than half, but not low", []uint32{370000, 150000, 370001}, []uint32{370000, 370001}},
		{"the end of the counter", []uint32{0xFFFFFFFF, 0xFFFFFFFF, 0, 1}, []uint32{0xFFFFFFFF, 0, 1}},
		{"lower, counting upwards", []uint32{370000, 200000, 200001, 200002, 200003}, []uint32{370000, 200002, 200003}},
		{"lower, once", []uint32{370000, 200000, 370001, 200001, 370002, 200002}, []uint32{370000, 370001, 370002}},
		{"lower, unchanged", []uint32{370000, 200000, 200000, 200000, 200000}, []uint32{370000}},
		{"lower, counting downwards", []uint32{370000, 200002, 200001, 200000}, []uint32{370000}},
		{"lower and up again in between", []uint32{1000, 500, 501, 1001, 502, 1002}, []uint32{1000, 1001, 1002}},
		{"not low enough to be sure", []uint32{300, 200, 301}, []uint32{300, 301}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, keys := line()
			stream, want := "", ""
			left := test.delivered
			for i, counter := range test.counters {
				e.Counter = counter
				stream += sealed(e, numbered(i))
				if len(left) > 0 && left[0] == counter && !slices.Contains(test.counters[:i], counter) {
					left = left[1:]
					want += numbered(i)
				}
			}
			if len(left) > 0 {
				t.Fatalf("the test delivers %d, which never came", left)
			}
			got := decrypt(t, strings.NewReader(stream), keys)
			if got.Out != want {
				t.Errorf("got %q, want %q", got.Out, want)
			}
			n, delivered := uint64(len(test.counters)), uint64(len(test.delivered))
			if want := (cipher.Stats{Frames: n, Decrypted: delivered, Repeats: n - delivered}); got.Stats != want {
				t.Errorf("counters: got %+v, want %+v", got.Stats, want)
			}
		})
	}
}

// TestFrameCounterOfEachMeter: a new meter begins anew, and the old one is
// still known when it comes again.
func TestFrameCounterOfEachMeter(t *testing.T) {
	e, keys := line()
	other := *e
	other.Title[7], other.Counter = 9, 5
	first, second := sealed(e, numbered(1)), sealed(&other, numbered(2))
	got := decrypt(t, strings.NewReader(first+second+first+second+sealed(e, numbered(3))), keys)
	if want := numbered(1) + numbered(2) + numbered(3); got.Out != want {
		t.Errorf("got %q, want %q", got.Out, want)
	}
	// More titles than are remembered: the oldest is forgotten.
	stream := first
	for n := range byte(4) {
		other.Title[7] = 20 + n
		stream += sealed(&other, numbered(2))
	}
	got = decrypt(t, strings.NewReader(stream+first), keys)
	if want := (cipher.Stats{Frames: 6, Decrypted: 6}); got.Stats != want {
		t.Errorf("got %+v, want %+v", got.Stats, want)
	}
}

// TestFrameCounterOfDamagedFrames: what is not authentic moves no counter.
func TestFrameCounterOfDamagedFrames(t *testing.T) {
	e, keys := line()
	first := sealed(e, numbered(1))
	e.Counter = 1 << 30
	damaged := sealed(e, numbered(2))
	damaged = string(simulate.FlipBit([]byte(damaged), 8*40))
	e.Counter = 1001
	got := decrypt(t, strings.NewReader(first+damaged+sealed(e, numbered(3))), keys)
	if want := (cipher.Stats{Frames: 3, Decrypted: 2, Damaged: 1}); got.Stats != want {
		t.Errorf("got %+v, want %+v", got.Stats, want)
	}
}
